"""The versions of what makes a bundle."""

from __future__ import annotations

import platform
from importlib import metadata

__all__ = ["library_versions", "python_version"]

_LIBRARIES = ("joblib", "numpy", "onnx", "onnxruntime", "pydantic", "scikit-learn", "skl2onnx")


def library_versions() -> dict[str, str]:
    """The installed versions of the libraries that decide what a bundle holds."""
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def python_version() -> str:
    """The running Python, as major.minor."""
    return ".".join(platform.python_version_tuple()[:2])
