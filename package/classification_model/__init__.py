"""A classifier that goes from a labelled CSV to a versioned, tested, installable model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classification_model.predict import make_prediction

__all__ = ["__version__", "make_prediction"]

__version__ = (Path(__file__).parent / "VERSION").read_text(encoding="utf-8").strip()


def __getattr__(name: str) -> Any:
    # Lazy, so that importing the package to read its version costs nothing more.
    if name == "make_prediction":
        from classification_model.predict import make_prediction

        return make_prediction
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
