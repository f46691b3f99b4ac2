"""One training at a time in a home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from classification_model.config.home import Home
from classification_model.errors import BusyError, MissingExtraError, SaveError

__all__ = ["locked"]


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Keep other trainings out of a home for as long as this lasts.

    The system lets go of the lock when the process ends, however that comes about. The empty
    file by which it is known, ``trained_models/.lock``, stays.

    Raises:
        BusyError: another training is going on there.
        SaveError: the folder of the trained models cannot be written to.
        MissingExtraError: filelock is not installed.
    """
    try:
        from filelock import FileLock, Timeout
    except ImportError:
        raise MissingExtraError(purpose="training", extra="train", module="filelock") from None
    folder = home.trained_models
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        folder.mkdir(exist_ok=True)
        lock.acquire()
    except Timeout:
        raise BusyError(
            f"{home.path}: busy: another training is going on here; train again when it is done"
        ) from None
    except OSError as error:
        raise SaveError(
            f"{folder}: cannot be written to: {error.strerror or error}; nothing was trained"
        ) from None
    try:
        yield
    finally:
        lock.release()
