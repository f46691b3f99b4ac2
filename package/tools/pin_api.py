"""Make the API require the package of this repository: its name and its VERSION."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

REQUIREMENTS = Path("../classification_api/requirements.txt")


def pinned(requirements: str, name: str, version: str) -> str:
    """The requirements with the line of ``name`` pinned to ``version``."""
    line = re.compile(rf"^{re.escape(name)}==.*$", re.MULTILINE)
    if not line.search(requirements):
        raise SystemExit(f"{REQUIREMENTS}: no line '{name}==...' to pin")
    return line.sub(f"{name}=={version}", requirements)


def main() -> int:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = Path("classification_model/VERSION").read_text(encoding="utf-8").strip()
    before = REQUIREMENTS.read_text(encoding="utf-8")
    after = pinned(before, project["name"], version)
    if after != before:
        REQUIREMENTS.write_text(after, encoding="utf-8")
        print(f"{REQUIREMENTS}: pinned {project['name']}=={version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
