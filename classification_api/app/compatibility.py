"""Whether the service, the home and the bundle in it belong together."""

from __future__ import annotations

import hashlib

from classification_model.config.home import Home
from classification_model.errors import IncompatibleModelError
from classification_model.predict import Model

from . import __version__

__all__ = ["FORMAT", "check_fit"]

FORMAT = 1
"""The format of the bundles whose schema and features this service understands."""


def check_fit(home: Home, model: Model) -> None:
    """Raises IncompatibleModelError: one of them is of another version than the others."""
    manifest = model.manifest
    if manifest.format != FORMAT:
        raise IncompatibleModelError(
            f"{home.trained_models}: the bundle is of format {manifest.format}, and version "
            f"{__version__} of this service reads format {FORMAT}: update the service, or train "
            "with the package that it was made for"
        )
    # A home that only serves need not have one. What it has is what its model was made by.
    if home.config_file.is_file():
        found = hashlib.sha256(home.config_file.read_bytes()).hexdigest()
        if found != manifest.config_sha256:
            raise IncompatibleModelError(
                f"{home.config_file}: sha256 {found[:12]}, and model {manifest.version} was "
                f"trained with sha256 {manifest.config_sha256[:12]}: train again, or restore the "
                "file"
            )
