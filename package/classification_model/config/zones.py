"""Time zones by the names that config.yml may give them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

__all__ = ["zone_of"]

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})", re.ASCII)


@cache
def zone_of(name: str) -> tzinfo:
    """The time zone of a name or an offset.

    Raises:
        ValueError: there is no such zone.
    """
    if name == "UTC":
        return UTC
    if found := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        with suppress(ValueError):
            return timezone(-offset if found[1] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"no time zone {name!r}; name one such as UTC, +02:00 or Europe/Berlin (names of places "
            "need the package tzdata where the system has none)"
        ) from None
