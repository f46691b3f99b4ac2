"""Make the API, and what names it, follow the distribution's name and version.

The name is set under ``name`` in pyproject.toml, and the version in VERSION. The line of
requirements.txt that MARK ends follows both; so do the documents where they say what to
install. ``tox -e train`` runs this after each training.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

from classification_model.config.pin import MARK, PIN, pinned

__all__ = ["STRANGERS_VERSION", "follow", "refuse_the_strangers_version"]

PACKAGE = Path(__file__).resolve().parents[1]
REPOSITORY = PACKAGE.parent
REQUIREMENTS = REPOSITORY / "classification_api" / "requirements.txt"
FOLLOWERS = ("README.md", "package/README.md", "docs/*.md", ".github/dependabot.yml")

SHIPPED_NAME = "classification-model"
"""On PyPI this name is somebody else's, who has published one version under it."""

STRANGERS_VERSION = "0.0.1"


def refuse_the_strangers_version(name: str, version: str) -> None:
    """Keep the pin from ever meaning the package that somebody else has published."""
    same_name = re.sub(r"[-_.]+", "-", name).lower() == SHIPPED_NAME
    if same_name and re.match(r"v?(\d+!)?0+(\D|$)", version):
        raise SystemExit(
            f"Error: VERSION is {version}, and below 1.0 {name!r} is somebody else's package on "
            "PyPI: start at 1.0.0, or set a name of your own under name in package/pyproject.toml"
        )


def with_pin(requirements: str, name: str, version: str) -> tuple[str, str]:
    """The requirements with our line pinned, and the name that the line had before."""
    line, after = PIN.search(requirements), pinned(requirements, version, name)
    if line is None or after is None:
        raise SystemExit(
            f"Error: {REQUIREMENTS.relative_to(REPOSITORY)}: no line that ends with {MARK.strip()!r}"
            f": write {name}=={version}{MARK}"
        )
    return after, line[1]


def renamed(text: str, old: str, new: str) -> str:
    """A document with another name wherever it says what to install."""
    command = re.compile(
        rf"(?P<before>pip install\s+'?|dependency-name: ){re.escape(old)}(?![\w.-]*\w)"
    )
    return command.sub(rf"\g<before>{new}", text)


def follow(name: str, version: str) -> list[Path]:
    """Write the pin, and another name, to every place that follows.

    Returns:
        The files that changed.
    """
    refuse_the_strangers_version(name, version)
    requirements, old = with_pin(REQUIREMENTS.read_text(encoding="utf-8"), name, version)
    after = {REQUIREMENTS: requirements}
    for file in (file for pattern in FOLLOWERS for file in REPOSITORY.glob(pattern)):
        after[file] = renamed(file.read_text(encoding="utf-8"), old, name)
    changed = [file for file, text in after.items() if text != file.read_text(encoding="utf-8")]
    for file in changed:
        file.write_text(after[file], encoding="utf-8")
    return changed


def main() -> int:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = (PACKAGE / "classification_model/VERSION").read_text(encoding="utf-8").strip()
    for file in follow(project["name"], version):
        print(f"{file.relative_to(REPOSITORY)}: follows {project['name']}=={version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
