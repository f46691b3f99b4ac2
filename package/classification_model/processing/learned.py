"""What a bundle holds of columns of text or of many categories: their learned encoders.

Each number of an encoder is a feature like any other; one call of the encoder computes all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from classification_model.config.schema import FrozenModel
from classification_model.processing.features import Feature
from classification_model.processing.functions import Functions, Look
from classification_model.processing.target_statistics import CodeStatistics
from classification_model.processing.text.encoder import TextEncoder

__all__ = ["Learned"]

_USUAL = 0.8

Encoder = Annotated[TextEncoder | CodeStatistics, Field(discriminator="kind")]


class Learned(FrozenModel):
    """The learned encoders of a model, by the columns that they encode."""

    columns: tuple[Encoder, ...] = ()

    def source(self) -> bytes:
        """The bytes of the bundle's file."""
        return self.model_dump_json().encode() + b"\n"

    @classmethod
    def parse(cls, source: bytes) -> Learned:
        """From the bytes of the bundle's file, which a model without such columns lacks."""
        return cls.model_validate_json(source) if source else cls()

    def features(self) -> dict[str, tuple[Feature, ...]]:
        """The features that stand in the place of each column."""
        return {
            encoder.column: tuple(
                Feature(name=name, kind="number", inputs=(encoder.column,), function=name)
                for name in encoder.names
            )
            for encoder in self.columns
        }

    def texts(self) -> dict[str, TextEncoder]:
        """The encoders of columns of text."""
        return {one.column: one for one in self.columns if isinstance(one, TextEncoder)}

    def vocabularies(self) -> dict[str, frozenset[str]]:
        """The known words of each column of text, where most texts hold one; not of codes."""
        return {
            column: encoder.vocabulary()
            for column, encoder in self.texts().items()
            if encoder.familiar > _USUAL
        }

    def made(self, seed: int) -> dict[str, list[str]]:
        """Texts of known words for each column of text, the commonest words first."""
        random = np.random.default_rng(seed)
        return {
            name: [text.example(), *text.made(200, random)] for name, text in self.texts().items()
        }

    def functions(self, others: Functions) -> Functions:
        """The functions of the features, beside others."""
        by_name, parts = dict(others.by_name), dict(others.parts)
        for encoder in self.columns:
            look = encoder.reader()
            last = _Last(look)
            for place, name in enumerate(encoder.names):
                by_name[name] = last.part(place)
                parts[name] = look, place
        return replace(others, by_name=by_name, parts=parts)


class _Last:
    """Keeps the numbers of the last value, because a row asks for one after the other."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._last: tuple[object, tuple[float, ...]] = (self, ())

    def part(self, place: int) -> Callable[[Any], float]:
        def number(value: object) -> float:
            # One assignment, and the value is kept beside its numbers: threads cannot mix them.
            last = self._last
            if last[0] is not value:
                self._last = last = value, self._look(value)
            return last[1][place]

        return number
