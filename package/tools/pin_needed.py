"""Pin in the service's requirements.txt what its requirements need in turn.

    tox -c classification_api -e pin

The platform sees that file and no constraints.txt, so without these lines it would install
whatever is newest on the day. uv resolves them for every platform, to the versions of
constraints.txt, so that what is deployed is what is tested. ``--check`` writes nothing.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "classification_api" / "requirements.txt"
CONSTRAINTS = REPOSITORY / "constraints.txt"
PACKAGE = REPOSITORY / "package" / "pyproject.toml"
HEADER = "# What those need, as constraints.txt has it; written by tox -c classification_api -e pin"


def names(text: str) -> list[str]:
    """The normalized name of each requirement."""
    found = re.findall(r"^[\w.-]+", text, re.MULTILINE)
    return [re.sub(r"[-_.]+", "-", name).lower() for name in found]


def needed(chosen: str) -> str:
    """What chosen requirements need beside themselves, pinned."""
    project = tomllib.loads(PACKAGE.read_text(encoding="utf-8"))["project"]
    own = names(project["name"])
    others = "\n".join(line for line in chosen.splitlines() if names(line) != own)
    command = [
        *("uv", "pip", "compile", "--quiet", "--universal", "--no-annotate", "--no-header"),
        *("--python-version", project["requires-python"].removeprefix(">=")),
        *("--constraint", str(CONSTRAINTS)),
        *(f"--no-emit-package={name}" for name in names(chosen)),
        *(str(PACKAGE), "-"),
    ]
    return subprocess.run(
        command, input=others, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def pinned(text: str) -> str:
    """requirements.txt with the block that follows from what stands before it."""
    chosen = text.partition(f"\n{HEADER}")[0].rstrip("\n")
    rest = needed(chosen)
    missing = {*names(rest)} - {*names(CONSTRAINTS.read_text(encoding="utf-8"))}
    if missing:
        raise SystemExit(f"Error: constraints.txt has no version of {', '.join(missing)}: add it")
    return f"{chosen}\n\n{HEADER}\n{rest}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tox -c classification_api -e pin --")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it is stale")
    check = parser.parse_args().check
    before = REQUIREMENTS.read_text(encoding="utf-8")
    after = pinned(before)
    if after == before:
        return 0
    if check:
        print(
            "Error: classification_api/requirements.txt does not pin what it needs as "
            "constraints.txt has it: run tox -c classification_api -e pin",
            file=sys.stderr,
        )
        return 1
    REQUIREMENTS.write_text(after, encoding="utf-8")
    print(f"{REQUIREMENTS.relative_to(REPOSITORY)}: pinned {len(names(after))} versions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
