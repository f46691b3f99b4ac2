"""Pin in the service's requirements.txt what its requirements need in turn.

    tox -c classification_api -e pin

The platform sees that file and no constraints.txt, so without these lines it would install
whatever is newest on the day. Names come from what is installed, versions from
constraints.txt, so that what is deployed is what is tested. ``--check`` writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "classification_api" / "requirements.txt"
CONSTRAINTS = REPOSITORY / "constraints.txt"
HEADER = "# What those need, as constraints.txt has it; written by tox -c classification_api -e pin"


def requirements(text: str) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line]


def needed(roots: Iterable[Requirement]) -> set[NormalizedName]:
    """The normalized names of all that some requirements need, and they themselves."""
    found: set[NormalizedName] = set()
    waiting = [(root, "") for root in roots]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        extras = {"", *requirement.extras}
        if name in found and extras == {""}:
            continue
        found.add(name)
        for line in metadata.requires(name) or ():
            waiting += [(Requirement(line), extra) for extra in extras]
    return found


def pinned(text: str) -> str:
    """requirements.txt with the block that follows from what stands before it."""
    chosen = text.partition(f"\n{HEADER}")[0].rstrip("\n")
    roots = requirements(chosen)
    versions = {
        canonicalize_name(pin.name): str(pin)
        for pin in requirements(CONSTRAINTS.read_text(encoding="utf-8"))
    }
    rest = sorted(needed(roots) - {canonicalize_name(root.name) for root in roots})
    missing = [name for name in rest if name not in versions]
    if missing:
        raise SystemExit(f"Error: constraints.txt has no version of {', '.join(missing)}: add it")
    return "\n".join([chosen, "", HEADER, *(versions[name] for name in rest), ""])


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
    print(f"{REQUIREMENTS.relative_to(REPOSITORY)}: pinned {len(requirements(after))} versions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
