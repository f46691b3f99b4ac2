"""How a column writes its numbers, and the one rule that reads them.

Rows, whole columns, ``init`` and the page follow this rule. A number that is no text, as JSON
has it, needs none of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from classification_model.config.schema import Decimal, Thousands

__all__ = ["DECIMALS", "THOUSANDS", "NumberFormat", "fold"]

DECIMALS: tuple[Decimal, ...] = (".", ",")
THOUSANDS: tuple[Thousands, ...] = ("", ",", ".", " ", "'")

# Other characters for the minus sign, the blank between thousands, and the apostrophe.
# Japanese keyboards write digits and marks as wide as ideograms.
_WIDE = "".join(map(chr, range(0xFF10, 0xFF1A))) + "\uff0e\uff0c\uff0d\uff0b\uff05"
_FOLDED = str.maketrans("\u2212\u00a0\u202f\u2009\u2019" + _WIDE, "-   '0123456789.,-+%")
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_SIGNS = {"": 1, "+": 1, "-": -1, "()": -1}


def fold(text: str) -> str:
    """Text with one character for each sign of numbers, and without blanks around it."""
    return (text if text.isascii() else text.translate(_FOLDED)).strip()


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How numbers are written: ``1.234,5 kg`` has decimals by ``,``, thousands by ``.``, a unit.

    The unit may stand before or behind a number, or be left away; it never scales: ``12.5%`` is
    12.5. A number in round brackets is negative, as accountants write it, and so is ``120-``.
    """

    decimal: Decimal = "."
    thousands: Thousands = ""
    unit: str = ""

    def __post_init__(self) -> None:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}; choose two")

    def read(self, text: str) -> float | None:
        """The number of a text, or nothing where it is none."""
        if self.decimal == "." and not self.thousands and _PLAIN.fullmatch(text):
            return float(text)  # as most are written
        found = _pattern(self).fullmatch(fold(text))
        if found is None:
            return None
        brackets = (found["opened"] or "") + (found["closed"] or "")
        signs = brackets + "".join(found[part] or "" for part in ("before", "sign", "after"))
        if signs not in _SIGNS:
            return None
        digits = found["whole"].replace(self.thousands, "") if self.thousands else found["whole"]
        number = float(f"{digits or 0}.{found['fraction'] or 0}{found['power'] or ''}")
        return number * _SIGNS[signs]

    def parse(self, text: str) -> float:
        """The number that a text is; infinite where it is beyond a float.

        Raises:
            ValueError: it is no number, or one of another format; the message says how this
                one is written, and which numbers the text may mean.
        """
        if (number := self.read(text)) is None:
            raise ValueError(self._refusal(text))
        return number

    def parse_whole(self, text: str) -> float:
        """The same for a column of whole numbers, in which ``1.000`` may be a thousand.

        Raises:
            ValueError: as :meth:`parse`, or what looks like thousands is not written so here.
        """
        number = self.parse(text)
        if self.decimal in text and number.is_integer() and self._is_group(text):
            raise ValueError(self._refusal(text))
        return number

    def write(self, number: float) -> str:
        """A number as this format reads it, in as few characters as Python needs."""
        text = str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
        return text.replace(".", self.decimal)

    def example(self) -> str:
        """A number as this format writes it."""
        unit = f" {self.unit}" if self.unit else ""
        return f"1{self.thousands}234{self.decimal}5{unit}"

    def _is_group(self, text: str) -> bool:
        """Whether three digits follow the decimal mark, as in a group of thousands."""
        found = _pattern(self).fullmatch(fold(text))
        return bool(
            found
            and len(found["fraction"] or "") == 3
            and re.fullmatch("[1-9][0-9]{0,2}", found["whole"])
            and not found["power"]
        )

    def _refusal(self, text: str) -> str:
        found = {form.read(text) for form in _others(self.unit)}
        if self.thousands:
            found.add(self.read(fold(text).replace(self.thousands, "")))
        readings = sorted(number for number in found if number is not None)
        written = f"should be a number, written as {self.example()}"
        if not readings or readings == [self.read(text)]:
            return "should be a number" if self == NumberFormat() else written
        shown = " or ".join(f"{number:.15g}" for number in readings)
        return f"{written}; as it stands it may mean {shown}"


@cache
def _others(unit: str) -> tuple[NumberFormat, ...]:
    return tuple(NumberFormat(d, t, unit) for d in DECIMALS for t in THOUSANDS if d != t)


@cache
def _pattern(written: NumberFormat) -> re.Pattern[str]:
    """The texts, folded, that a format takes."""
    unit = re.escape(fold(written.unit))
    before, behind = (f"(?:{unit} ?)?", f"(?: ?{unit})?") if unit else ("", "")
    whole = "[0-9]*"
    if written.thousands:
        mark = re.escape(written.thousands)
        # 12,34,567 is how India groups.
        inner = "[0-9]{2,3}" if written.thousands == "," else "[0-9]{3}"
        whole = f"[1-9][0-9]{{0,2}}(?:{mark}{inner})*{mark}[0-9]{{3}}|{whole}"
    decimal = re.escape(written.decimal)
    # At least one digit, before or behind the decimal mark.
    return re.compile(
        rf"(?P<opened>\()?(?:(?P<before>[+-]) ?)?{before}(?P<sign>[+-])?"
        rf"(?={decimal}?[0-9])(?P<whole>{whole})(?:{decimal}(?P<fraction>[0-9]*))?"
        rf"(?P<power>[eE][+-]?[0-9]+)?{behind}(?: ?(?P<after>-))?(?P<closed>\))?"
    )
