"""Read whole columns of texts as numbers: most by Arrow, the rest by the rule for one text."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from classification_model.processing.arrays import Floats, Indices
from classification_model.processing.number_format import NumberFormat

__all__ = ["numbers_of"]


def numbers_of(
    texts: pa.Array,
    written: NumberFormat,
    rule: Callable[[str], float | None],
    *,
    whole: bool = False,
    shapes: tuple[pa.Array, Indices] | None = None,
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Numbers, NaN where there is none, and which texts the rule refuses.

    Arrow reads the texts of the commonest shape; ``whole`` asks for whole numbers. ``rule`` is
    asked about every other distinct text; it returns nothing for a missing value and raises
    ``ValueError`` for a fault.

    ``shapes`` are the different ones of texts without blanks around them, all digits but zero as
    nines, and that of each text: of shapes there are few.
    """
    pattern = _plain(written, whole=whole)
    if shapes is None:
        texts = pc.utf8_trim(texts, " ")
        plain = pc.match_substring_regex(texts, pattern)
    else:
        different, of_text = shapes
        plain = pc.match_substring_regex(different, pattern).take(pa.array(of_text))
        plain = pc.if_else(texts.is_valid(), plain, None)
    numbers = _read(pc.if_else(plain, texts, None), written)
    refused = np.zeros(len(texts), np.bool_)
    left = pc.indices_nonzero(pc.invert(plain)).to_numpy()
    if len(left):
        odd = texts.take(left).dictionary_encode()
        answers = [_asked(rule, text) for text in odd.dictionary.to_pylist()]
        codes = odd.indices.to_numpy()
        numbers[left] = np.array([number for number, _ in answers], np.float64)[codes]
        refused[left] = np.array([fault for _, fault in answers], np.bool_)[codes]
    return (numbers + 0.0 if whole else numbers), refused


def _plain(written: NumberFormat, *, whole: bool) -> str:
    """Texts of digits and marks alone that every rule takes: 38 digits fit into a float32."""
    decimal, mark = re.escape(written.decimal), re.escape(written.thousands)
    groups = f"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}}){{1,11}}|" if written.thousands else ""
    fraction = "0{1,2}" if whole else "[0-9]+"
    return f"^-?(?:{groups}[0-9]{{1,38}})(?:{decimal}{fraction})?$"


def _read(texts: pa.Array, written: NumberFormat) -> Floats:
    if written.thousands:
        texts = pc.replace_substring(texts, written.thousands, "")
    if written.decimal != ".":
        texts = pc.replace_substring(texts, written.decimal, ".")
    numbers: Floats = np.array(pc.cast(texts, pa.float64()))
    return numbers


def _asked(rule: Callable[[str], float | None], text: str) -> tuple[float, bool]:
    with suppress(ValueError):
        number = rule(text)
        return (np.nan if number is None else number), False
    return np.nan, True
