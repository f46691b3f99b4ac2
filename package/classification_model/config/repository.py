"""What git knows of a home: its tags, and its files as they were. Without git there is nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from classification_model.config.home import Home

__all__ = ["Repository"]


@dataclass(frozen=True, slots=True)
class Repository:
    """The clone that a home is in.

    Attributes:
        top: its folder.
        prefix: the home's path in it, empty or ending with a slash.
    """

    top: Path
    prefix: str

    @classmethod
    def of(cls, home: Home) -> Repository | None:
        """The clone of a home, or nothing where git or a clone is missing."""
        found = _git(home.path, "rev-parse", "--show-toplevel", "--show-prefix")
        if found is None:
            return None
        top, prefix = found.decode().split("\n")[:2]
        return cls(Path(top), prefix)

    def tags(self) -> dict[str, str]:
        """The commit of each tag, by the version that it names: ``v1.0.0`` names 1.0.0."""
        lines = (
            self._git("for-each-ref", "refs/tags", "--format=%(refname:short) %(objectname)") or b""
        )
        commits = {}
        for line in lines.decode().splitlines():
            name = line.split(" ")[0]
            if commit := self.commit(f"refs/tags/{name}"):
                commits[name.removeprefix("v")] = commit
        return commits

    def commit(self, name: str) -> str | None:
        """The digest of a commit that is named."""
        found = self._git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return found.decode().strip() if found else None

    def history(self, folder: str) -> list[str]:
        """The commits that changed a folder of the home, the newest first."""
        found = self._git("log", "--all", "--format=%H", "--", f"{self.prefix}{folder}")
        return found.decode().split() if found else []

    def files(self, commit: str, folder: str, ending: str = "") -> Mapping[str, bytes]:
        """The files of a folder of the home by name, as a commit has them."""
        place = f"{commit}:{self.prefix}{folder}"
        names = (self._git("ls-tree", "--name-only", "-z", place) or b"").decode().split("\0")
        read = {
            name: self._git("show", f"{place}/{name}")
            for name in names
            if name and name.endswith(ending)
        }
        return {name: content for name, content in read.items() if content is not None}

    def _git(self, *arguments: str) -> bytes | None:
        return _git(self.top, *arguments)


def _git(folder: Path, *arguments: str) -> bytes | None:
    # What a hook of git sets would name another clone.
    environment = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
    try:
        run = subprocess.run(  # noqa: S603 - no shell, and nothing that a stranger wrote
            ["git", *arguments],  # noqa: S607 - the git that a person has
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return run.stdout if run.returncode == 0 else None
