"""VERSION follows the bundle that is saved, or stays where saving fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from classification_model.errors import SaveError

__all__ = ["kept_if_saved"]


@contextmanager
def kept_if_saved(changes: Mapping[Path, bytes]) -> Iterator[None]:
    """Write small files before a model is saved, and the old ones again where that fails.

    Raises:
        SaveError: one cannot be written.
    """
    before = {file: file.read_bytes() if file.exists() else None for file in changes}
    try:
        for file, content in changes.items():
            if before[file] != content:
                _write(file, content)
        yield
    except BaseException:
        for file, old in before.items():
            if old is not None and file.read_bytes() != old:
                _write(file, old)
        raise


def _write(file: Path, content: bytes) -> None:
    staged = file.with_name(f".{file.name}.staged")
    try:
        staged.write_bytes(content)
        staged.replace(file)
    except OSError as error:
        raise SaveError(f"{file}: cannot be written: {error.strerror}") from None
