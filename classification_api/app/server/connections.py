"""Cut connections that stand still: in a head, a body, or an answer that nobody reads.

All are looked at once a second, so no request needs a clock of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from ..config import Settings
from ..errors import RefusedError
from ..limits import body_too_slow

__all__ = ["sweep"]

# The application has clocks of its own, which are to go off first.
_LATER = 2


async def sweep(connections: Collection[Any], settings: Settings) -> None:
    """Once a second, cut the connections that have stood still for too long."""
    clock = asyncio.get_running_loop().time
    seen: dict[Any, tuple[object, float]] = {}
    while True:
        await asyncio.sleep(1)
        now, before, seen = clock(), seen, {}
        for connection in [*connections]:
            at = _at(connection)
            if at is None:
                continue
            known, since = before.get(connection, (None, now))
            if known != at:
                since = now
            seen[connection] = at, since
            if now - since > _allowed(connection, settings):
                _cut(connection, settings)


def _at(connection: Any) -> tuple[object, ...] | None:
    """Something that changes when the connection gets on; nothing where nobody waits for a client.

    That is where it is idle, and where an answer is on its way whose client has taken all so far.
    """
    cycle, closing = connection.cycle, connection.transport.is_closing()
    unread = connection.transport.get_write_buffer_size()
    streams = cycle and cycle.response_started and not cycle.response_complete
    if not (closing or unread) and (streams or connection.timeout_keep_alive_task is not None):
        return None
    return cycle, cycle and cycle.response_started, unread, closing


def _allowed(connection: Any, settings: Settings) -> float:
    cycle = connection.cycle
    if cycle is None or cycle.response_started:
        return settings.RECEIVE_SECONDS
    seconds = settings.RECEIVE_SECONDS + _LATER
    return seconds if cycle.more_body else seconds + settings.REQUEST_SECONDS


def _cut(connection: Any, settings: Settings) -> None:
    seconds, cycle = settings.RECEIVE_SECONDS, connection.cycle
    refuse = getattr(connection, "refuse", None)  # with another protocol there is nothing to say
    if refuse is None or connection.transport.is_closing():
        connection.transport.abort()
    elif cycle is None or cycle.response_complete:
        refuse(RefusedError(408, f"No request came within {seconds:g} seconds."))
    elif cycle.more_body and not cycle.response_started:
        refuse(body_too_slow(seconds))
    else:
        connection.transport.abort()
