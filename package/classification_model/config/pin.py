"""The line of the service's requirements that names the package of the clone."""

from __future__ import annotations

import re
from pathlib import Path

from classification_model.config.home import Home

__all__ = ["MARK", "PIN", "pinned", "requirements_of"]

MARK = "  # the package of this repository"
PIN = re.compile(rf"^([\w.-]+)==\S+{re.escape(MARK)}$", re.MULTILINE)


def requirements_of(home: Home) -> Path | None:
    """The service's requirements, where the home is the package of a clone that has them."""
    if home.path.name != "classification_model" or len(home.path.parents) < 2:
        return None
    file = home.path.parents[1] / "classification_api" / "requirements.txt"
    return file if file.is_file() else None


def pinned(requirements: str, version: str, name: str | None = None) -> str | None:
    """The requirements with our line pinned; nothing where there is no such line."""
    line = PIN.search(requirements)
    if line is None:
        return None
    pin = f"{name or line[1]}=={version}{MARK}"
    return f"{requirements[: line.start()]}{pin}{requirements[line.end() :]}"
