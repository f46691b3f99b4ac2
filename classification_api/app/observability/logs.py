"""Write log lines as text or JSON, with the id of a request and nothing of its content."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Self

from uvicorn.logging import DefaultFormatter

from .. import __name__ as application_name
from ..config import Settings

__all__ = ["REQUEST_ID", "write_logs"]

REQUEST_ID: ContextVar[bytes | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered."""


def write_logs(settings: Settings) -> None:
    """Have the server's lines and the application's written as the settings say.

    The server's own access log is closed: the application writes one, as ACCESS_LOG says. Where
    the server was given another configuration of logs than its own, that one formats the lines.
    """
    server = logging.getLogger("uvicorn")
    for handler in server.handlers:
        if isinstance(handler.formatter, DefaultFormatter):
            as_json = settings.LOG_FORMAT == "json"
            handler.setFormatter(_JSON() if as_json else _Text.like(handler.formatter))
    application = logging.getLogger(application_name)
    application.handlers = server.handlers
    application.propagate = not server.handlers
    for logger in (application, server, logging.getLogger("uvicorn.error")):
        logger.setLevel(settings.LOG_LEVEL.upper())
    access = logging.getLogger("uvicorn.access")
    access.handlers, access.propagate = [], False


class _WithoutValues(logging.Formatter):
    """Shows where an exception was raised, not what it says: that may be part of a request."""

    def formatException(self, ei: object) -> str:  # noqa: N802 - the name is logging's
        error = ei[1] if isinstance(ei, tuple) else None
        return "".join(_places(error)).rstrip()


def _places(error: BaseException | None) -> Iterator[str]:
    if error is None:
        return
    yield from _places(
        error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    )
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"


class _Text(_WithoutValues, DefaultFormatter):
    """The server's own format, and the request's id at the end of the line."""

    @classmethod
    def like(cls, formatter: DefaultFormatter) -> Self:
        return cls("%(levelprefix)s %(message)s", use_colors=formatter.use_colors)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        line = super().formatMessage(record)
        identity = REQUEST_ID.get()
        return line if identity is None else f"{line.rstrip()} request_id={identity.decode()}"


class _JSON(_WithoutValues):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage().rstrip(),
        }
        identity = REQUEST_ID.get()
        if identity is not None:
            line["request_id"] = identity.decode()
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
