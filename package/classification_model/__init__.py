"""A classifier that goes from a labelled CSV to a versioned, tested, installable model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classification_model.notebook import init_home, train_home
    from classification_model.predict import make_prediction

__all__ = ["__version__", "init_home", "make_prediction", "train_home"]

__version__ = (Path(__file__).parent / "VERSION").read_text(encoding="utf-8").strip()


def __getattr__(name: str) -> Any:
    # Lazy, so that importing the package to read its version costs nothing more.
    if name == "make_prediction":
        from classification_model.predict import make_prediction

        return make_prediction
    if name in ("init_home", "train_home"):
        from classification_model import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
