"""Check that the service understands the bundle that it is to serve."""

from __future__ import annotations

from classification_model.config.home import Home
from classification_model.errors import IncompatibleModelError
from classification_model.predict import Model

from . import __version__

__all__ = ["FORMAT", "check_fit"]

FORMAT = 2
"""The format of the bundles whose schema and features this service understands."""


def check_fit(home: Home, model: Model) -> None:
    """Raises IncompatibleModelError: the bundle is of a format that this service does not read."""
    manifest = model.manifest
    if manifest.format != FORMAT:
        raise IncompatibleModelError(
            f"{home.trained_models}: the bundle is of format {manifest.format}, and version "
            f"{__version__} of this service reads format {FORMAT}: update the service, or train "
            "with the package that it was made for"
        )
