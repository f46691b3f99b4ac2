"""How a column of texts writes its dates: decided by the whole column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from classification_model.processing.dates import DateFormat

__all__ = ["DateReading", "infer"]

# Where several fit, the first does: month first with slashes, as pandas has it. With points, the
# day is first wherever people write so.
_WEEK = "%G-W%V"  # of ISO 8601; it begins on Monday, and strptime has no such
_DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%d.%m.%Y", "%m.%d.%Y", "%d.%m.%y", "%m.%d.%y"),
    *("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y"),
    *("%m-%d-%Y", "%d-%m-%Y", "%m-%d-%y", "%d-%m-%y"),
    *("%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d %B %Y", "%d-%B-%Y", "%d %b %y", "%d-%b-%y"),
    *(
        "%b %d, %Y",
        "%B %d, %Y",
        "%b %d %Y",
        "%B %d %Y",
        "%d. %B %Y",
        "%d. %b %Y",
        "%d%b%Y",
        "%d%b%y",
    ),
    *("%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%B %Y", "%b-%Y", "%B-%Y", "%G-W%V-%u", _WEEK),
    *("%a %d %b %Y", "%a, %d %b %Y", "%A, %d %B %Y", "%A, %B %d, %Y", "%a, %b %d, %Y"),
)
_TAIL = re.compile(
    r"(?P<between>,? |T)(?P<hour>[0-9]{1,2}:[0-9]{2})(?P<second>:[0-9]{2}(?P<fraction>\.[0-9]+)?)?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:UTC|GMT|Z|[+-][0-9]{2}:?[0-9]{2}))?"
)
_SAMPLED = 1000
_NAMED = ("UTC", "GMT")
_SHAPES = {"%Y": "[0-9]{4}", "%b": "[A-Za-z]{3}", "%a": "[A-Za-z]{3}", "%y": "[0-9]{2}"} | {
    **dict.fromkeys(("%m", "%d"), "[0-9]{1,2}"),
    **dict.fromkeys(("%B", "%A"), "[A-Za-z]{3,}"),
    "%G": "[0-9]{4}",
    "%V": "[0-9]{2}",
    "%u": "[1-7]",
}
_DAY_SHAPES = {
    day: re.compile(re.sub("%.", lambda found: _SHAPES[found[0]], day.replace(".", "[.]")))
    for day in _DAYS
}


@dataclass(frozen=True, slots=True)
class DateReading:
    """How dates are written.

    ``other`` is a format of other days that takes every text as well. ``odd`` are the texts that
    are no date. ``zones`` are the offsets from UTC that texts have.
    """

    format: DateFormat
    other: DateFormat | None
    odd: tuple[str, ...]
    zones: tuple[timedelta, ...] = ()


def infer(counts: Mapping[str, int]) -> DateReading | None:
    """Find the format that takes the most cells.

    Args:
        counts: each text of the column with its number of cells.

    Returns:
        Nothing where most texts are no date.
    """
    texts = [*counts]
    sample = {text: counts[text] for text in texts[:: len(texts) // _SAMPLED + 1]}
    fits = _best(_best(_candidates(texts), sample), counts)
    if not fits:
        return None
    written, *others = fits
    read = {text: time for text in counts if (time := _read(text, written)) is not None}
    if written == "%Y%m%d" and not all(1900 <= day.year <= 2100 for day in read.values()):
        return None  # numbers of eight digits
    if written == "%Y-%m" and all(t.month == (t.year + 1) % 100 for t in read.values()):
        return None  # seasons, such as 2009-10
    offsets = tuple(
        sorted({offset for t in read.values() if (offset := t.utcoffset()) is not None})
    )
    zone = "UTC" if written.endswith(_NAMED) else _zone(offsets)
    other = next((form for form in others if any(_read(t, form) != read[t] for t in read)), None)
    return DateReading(
        format=DateFormat("" if written == "%Y-%m-%d" else written, zone),
        other=None if other is None or "." in written else DateFormat(other, zone),
        odd=tuple(text for text in counts if text not in read),
        zones=offsets,
    )


def _candidates(texts: Sequence[str]) -> Iterable[str]:
    """The formats that texts from all over the column look like."""
    tails = Counter[str]()
    days: dict[str, None] = {}
    for text in texts[:: len(texts) // 100 + 1]:
        found = _TAIL.search(text)
        day = text[: found.start()] if found else text
        if fitting := [form for form, shape in _DAY_SHAPES.items() if shape.fullmatch(day)]:
            days |= dict.fromkeys(fitting)
            tails[_tail(found) if found else ""] += 1
    ordered = [tail for tail, _ in tails.most_common()]
    return [day + tail for tail in ordered for day in _DAYS if day in days]


def _tail(found: re.Match[str]) -> str:
    """How the time of day is written, in the letters of ``strptime``."""
    second = ":%S" + (".%f" if found["fraction"] else "") if found["second"] else ""
    half = found["half"] or ""
    time = f"%I:%M{second}{half[:-2]}%p" if half else f"%H:%M{second}"
    zone = found["zone"] or ""
    blank = zone[: len(zone) - len(zone.lstrip())]
    named = zone.strip() if zone.strip() in _NAMED else "%z" if zone else ""
    return f"{found['between']}{time}{blank}{named}"


def _best(forms: Iterable[str], counts: Mapping[str, int]) -> list[str]:
    """The formats that take most cells; none where that is less than half of them."""
    fits = {
        form: sum(count for text, count in counts.items() if _read(text, form) is not None)
        for form in forms
    }
    most = max(fits.values(), default=0)
    return [form for form, fit in fits.items() if fit == most and 2 * fit >= sum(counts.values())]


def _read(text: str, form: str) -> datetime | None:
    with suppress(ValueError):
        if form == _WEEK:
            return datetime.fromisoformat(text)
        if form.startswith("%Y-%m-%d") and not form.endswith(_NAMED):
            time = datetime.fromisoformat(text)
            return time if len(form) > len("%Y-%m-%d") or len(text) == len("2024-12-31") else None
        return datetime.strptime(text, form)  # noqa: DTZ007 - it has the zone that it names
    return None


def _zone(offsets: Sequence[timedelta]) -> str:
    """The zone that all texts share; UTC where they differ, as summer and winter do."""
    if not offsets:
        return ""
    if len(offsets) > 1 or not offsets[0]:
        return "UTC"
    minutes = int(offsets[0].total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
