"""How a command ends: one table of exit statuses, and one line on stderr for each error."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import typer

from classification_model.errors import (
    ClassificationModelError,
    MissingExtraError,
    RejectedModelError,
)
from classification_model.plain_text import printable

__all__ = ["MEANINGS", "Debug", "Status", "Stop", "ending"]


class Status(IntEnum):
    """What the shell is told. From 64 on they are those of ``sysexits.h`` and of shells."""

    DONE = 0
    FAILED = 1
    ROWS_REJECTED = 2
    MODEL_REFUSED = 3
    GIVEN_AWAY = 4
    DRIFTED = 5
    WRONG_USE = 64
    FAULT = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141


MEANINGS: Mapping[Status, str] = {
    Status.DONE: "done; of `predict`: every row was scored",
    Status.FAILED: "failed: the line on stderr says what, where and the cure; nothing was changed",
    Status.ROWS_REJECTED: "`predict` or `export` wrote its output, and left out some rows",
    Status.MODEL_REFUSED: "`train` refused the new model, and the one that was there stays",
    Status.GIVEN_AWAY: "`audit` found what tells of fewer people than `publish: min_rows` allows",
    Status.DRIFTED: "`drift` found columns that are not as they were in training",
    Status.WRONG_USE: "no such command, option or value",
    Status.FAULT: "a fault of this program; `--debug` shows where",
    Status.INTERRUPTED: "interrupted by Ctrl-C",
    Status.PIPE_CLOSED: "nobody reads the output any more, as after `| head`",
}

# What training alone needs, and imports without asking first.
_TRAINING = ("filelock", "onnx", "pyarrow", "skl2onnx")

# What a wrong command, option or value raises. Only what is derived from it has a public name.
_UsageError = typer.BadParameter.__bases__[0]


class Stop(Exception):  # noqa: N818 (an end, and not always an error)
    """End the command with a status, without a message."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.name)
        self.status = status


@dataclass
class Debug:
    """Whether tracebacks are wanted; known once the options are read."""

    wanted: bool = False


@contextmanager
def ending(debug: Debug | None = None) -> Iterator[None]:
    """End the process with the status of what is raised within.

    Nothing happens where nothing is raised, or an exit with status 0.
    """
    _show_everything()
    try:
        yield
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 (the last to know)
        status = _status(error, traced=debug is not None and debug.wanted)
        if status == Status.PIPE_CLOSED:
            _stop_writing()
        if status:
            raise SystemExit(status) from None


def _show_everything() -> None:
    """Escape characters that a stream cannot show, as in a pipe on Windows."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _status(error: BaseException, *, traced: bool) -> object:
    """Tell the user what was raised, and return its status."""
    if isinstance(error, SystemExit):
        return error.code  # who ends so has said what there is to say
    if isinstance(error, KeyboardInterrupt):
        _say("Interrupted")
        return Status.INTERRUPTED
    if isinstance(error, _UsageError):
        return _wrong_use(error)
    if isinstance(error, BrokenPipeError):
        return Status.PIPE_CLOSED
    if isinstance(error, Stop):
        return error.status
    if traced:
        traceback.print_exception(error)
    return _told(error)


def _wrong_use(error: Any) -> Status:
    """Say what was typed wrong, and where the help is."""
    message = error.format_message().rstrip(".")
    if message:  # where nothing was typed the help itself was shown
        help_of = f"; {error.ctx.command_path} --help shows what there is" if error.ctx else ""
        _say(f"Error: {message}{help_of}")
    return Status.WRONG_USE


def _told(error: BaseException) -> Status:
    """Say in one line what went wrong, and return its status."""
    if isinstance(error, ClassificationModelError):
        _say(f"Error: {error}")
        refused = isinstance(error, RejectedModelError)
        return Status.MODEL_REFUSED if refused else Status.FAILED
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        _say(f"Error: {where}{error.strerror}")
        return Status.FAILED
    if isinstance(error, ModuleNotFoundError) and error.name in _TRAINING:
        missing = MissingExtraError(purpose="this command", extra="train", module=error.name)
        _say(f"Error: {missing}")
        return Status.FAILED
    if isinstance(error, MemoryError):
        _say("Error: out of memory; give it more, or a part of the rows or columns")
        return Status.FAILED
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    _say(f"Error: a fault of this program: {what}; the same with --debug shows where it is")
    return Status.FAULT


def _say(line: str) -> None:
    """One line; a terminal gets it in red, and broken between words."""
    text = printable(line.replace("\n", " "))
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        text = textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
        if "NO_COLOR" not in os.environ:
            text = f"\033[31m{text}\033[0m"
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def _stop_writing() -> None:
    """Discard what Python still writes when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
