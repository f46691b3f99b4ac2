"""How a column writes its dates, and the one rule that reads them.

A column without a time of day holds days (``date``), any other holds times (``datetime``). With a
time zone the times are instants: whatever zone a text names, it becomes that of the column, and
so do the features made of it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from classification_model.config.zones import zone_of

__all__ = ["DateFormat"]

_TIME = re.compile("%[HIcX]")
_EXAMPLE = datetime(2024, 12, 31, 18, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DateFormat:
    """How dates are written: in the letters of ``strptime``, or as ISO 8601 has them.

    ``written`` is empty where ISO 8601 is all. A text of ISO 8601 is always read, too. ``zone``
    is empty, ``UTC``, an offset such as ``+02:00`` or a name such as ``Europe/Berlin``.
    """

    written: str = ""
    zone: str = ""

    @property
    def has_time(self) -> bool:
        """Whether the column holds times and not days."""
        return bool(self.zone or _TIME.search(self.written))

    def parse(self, value: str | date) -> date:
        """The day or the time that a text or a date means.

        Raises:
            ValueError: it is no such date; the message shows how one is written.
        """
        found = self._from_text(value) if isinstance(value, str) else value
        if found is None:
            raise ValueError(f"should be a {self._kind()} such as {self.example()}")
        if not self.has_time:
            return found.date() if isinstance(found, datetime) else found
        if not isinstance(found, datetime):
            found = datetime(found.year, found.month, found.day)  # noqa: DTZ001 - midnight there
        return self._in_zone(found)

    def example(self) -> str:
        """A date as this format writes it."""
        if self.written:
            return _EXAMPLE.strftime(self.written)
        return _EXAMPLE.isoformat() if self.zone else "2024-12-31"

    def text(self, value: date) -> str:
        """A day or a time in ISO 8601, which every format reads."""
        return value.isoformat()

    def _kind(self) -> str:
        return "date with its time" if self.has_time else "date"

    def _from_text(self, text: str) -> date | None:
        written = self.written
        if not written or written.startswith("%Y-%m-%d"):  # where both take a text, they agree
            with suppress(ValueError):
                return datetime.fromisoformat(text)
        with suppress(ValueError):
            return datetime.strptime(text, written or "%Y-%m-%d")  # noqa: DTZ007 - see _in_zone
        with suppress(ValueError):
            return datetime.fromisoformat(text)
        return None

    def _in_zone(self, time: datetime) -> datetime:
        if not self.zone:
            if time.tzinfo is not None:
                raise ValueError(
                    "names a time zone, and the column has none; leave it away, or set time_zone "
                    "in config.yml"
                )
            return time
        zone = zone_of(self.zone)
        if time.tzinfo is None:
            return time.replace(tzinfo=zone)
        try:
            return time.astimezone(zone)
        except OverflowError:
            raise ValueError("should be between the years 1 and 9999") from None
