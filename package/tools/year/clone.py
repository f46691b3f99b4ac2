"""The scratch clone: commands, files and commits, and what each had to say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.year.customers import Row, read, write

__all__ = ["Clone", "Silent"]

REPOSITORY = Path(__file__).resolve().parents[3]


class Silent(Exception):  # noqa: N818 - a finding about the product, not a fault of the year
    """A command did not say what it must, or did not end as it must."""


class Clone:
    """A clone of this repository that is somebody's.

    Args:
        folder: empty, and removed by whoever made it.
        count: how many rows its table begins with.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self.top = folder / "clone"
        self.package = self.top / "package"
        self.home = self.package / "classification_model"
        self.table = self.home / "datasets" / "raw.csv"
        self.config = self.home / "config.yml"
        self.models = self.home / "trained_models"
        self.seen: list[str] = []
        command = ["git", "clone", "--quiet", "--no-tags", str(REPOSITORY), str(self.top)]
        subprocess.run(command, check=True)

    @property
    def version(self) -> str:
        return (self.home / "VERSION").read_text(encoding="utf-8").strip()

    def run(self, *arguments: str, says: Sequence[str] = (), status: int = 0) -> str:
        """Run a module of the package, and see that it says all of it and ends so."""
        environment = {**os.environ, "PYTHONPATH": str(self.package), "COLUMNS": "400"}
        environment.pop("MODEL_HOME", None)
        run = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.package, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = " ".join((run.stdout + run.stderr).split())
        missing = [text for text in says if " ".join(text.split()) not in said]
        if missing or run.returncode != status:
            raise Silent(
                f"{' '.join(arguments)} ended with {run.returncode}, not {status}, or did not say "
                f"{missing}:\n{run.stdout}{run.stderr}"
            )
        self.seen += says
        return said

    def model(self, *arguments: str, says: Sequence[str] = (), status: int = 0) -> str:
        """Run a command of ``classification-model``."""
        return self.run("classification_model", *arguments, says=says, status=status)

    def train(self, *arguments: str, says: Sequence[str] = ()) -> None:
        """Train under the next version, let the service follow, commit and tag it."""
        self.model("train", "--bump", "minor", *arguments, says=says)
        self.follow()
        self.commit(f"Train {self.version}")
        self.git("tag", self.version)

    def follow(self) -> None:
        """What ``tox -e train`` does after a training."""
        self.run("tools.pin_api")
        self.run("tools.sample")

    def refused(self, *arguments: str, says: Sequence[str], status: int = 1) -> None:
        """See that training stops, says why, and leaves model and VERSION."""
        before = self.version, self.files()
        self.model("train", "--bump", "minor", *arguments, says=says, status=status)
        if before != (self.version, self.files()):
            raise Silent("a training that was refused has changed the model or VERSION")

    def files(self) -> dict[str, bytes]:
        """The model's files."""
        return {file.name: file.read_bytes() for file in self.models.glob("[!.]*")}

    def edit(self, old: str, new: str) -> None:
        """Edit config.yml as a person does."""
        text = self.config.read_text(encoding="utf-8")
        if old not in text:
            raise Silent(f"config.yml has no {old!r}")
        self.config.write_text(text.replace(old, new, 1), encoding="utf-8")

    def rows(self, change: Callable[[list[Row]], list[Row]]) -> None:
        """Change the rows of the table."""
        write(self.table, change(read(self.table)))

    def git(self, *arguments: str, check: bool = True) -> str:
        who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
        run = subprocess.run(
            ["git", *who, *arguments], cwd=self.top, check=check, capture_output=True, text=True
        )
        return run.stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def size(self) -> float:
        """The megabytes of git's packed history."""
        self.git("gc", "--quiet")
        counted = self.git("count-objects", "-v").split("size-pack: ")[1]
        return int(counted.split("\n", 1)[0]) / 1024

    def bundle_size(self) -> float:
        """The megabytes of the model."""
        return sum(map(len, self.files().values())) / 2**20
