"""Take a newer version of this project into a clone that is filled with data of one's own.

    git remote add upstream URL-OF-THIS-PROJECT
    git fetch upstream
    tox -c package -e upgrade -- upstream/main

It merges, and keeps what is yours: the files of ``KEPT`` and the package's name. In a clone that is
older than this file:

    git show upstream/main:package/tools/upgrade.py | python - upstream/main
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = "package/classification_model"
KEPT = (
    f"{HOME}/config.yml",
    f"{HOME}/features.py",
    f"{HOME}/VERSION",
    f"{HOME}/datasets",
    f"{HOME}/trained_models",
    "package/sample_input.csv",
)
"""What becomes yours as a whole: no merge changes it."""

PROJECT = "package/pyproject.toml"
REQUIREMENTS = "classification_api/requirements.txt"
NAME = re.compile(r'(?m)^name = "(.*)"$')
PIN = re.compile(r"(?m)^.*(?=  # the package of this repository$)")


def git(*arguments: str) -> str:
    """What git prints. Where it fails, the program ends with its words."""
    run = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"git {arguments[0]}: {run.stderr.strip() or run.stdout.strip()}")
    return run.stdout


def upgrade(newer: str) -> list[str]:
    """Merge a newer version, without a commit.

    Returns:
        The files in which both sides changed the same lines, for a person to settle.
    """
    if git("status", "--porcelain", "--untracked-files=no"):
        sys.exit("there are changes that are not committed: commit them, then upgrade")
    sides = ("HEAD", git("merge-base", "HEAD", newer).strip(), newer)
    merge = ["git", "merge", "--no-commit", "--no-ff", "--quiet", newer]
    subprocess.run(merge, capture_output=True, check=False)  # conflicts are settled below
    keep_files()
    for path in sorted({PROJECT, REQUIREMENTS, *unsettled()}):
        settle(path, sides)
    return unsettled()


def unsettled() -> list[str]:
    return git("diff", "--name-only", "--diff-filter=U").split("\n")[:-1]


def keep_files() -> None:
    """Put back what is yours, and take out what the other side has added to it."""
    for path in KEPT:
        if git("ls-tree", "HEAD", path):
            git("restore", "--source=HEAD", "--staged", "--worktree", "--", path)
        else:
            git("rm", "-r", "--force", "--quiet", "--ignore-unmatch", "--", path)


def settle(path: str, sides: tuple[str, str, str]) -> None:
    """Merge a file once more, as if you had never given the package a name or a version.

    pyproject.toml then gets your name back. All else that says it follows at the next training.
    """
    mine, others = (NAME.search(git("show", f"{sides[at]}:{PROJECT}")) for at in (0, 2))
    pin = PIN.search(git("show", f"{sides[2]}:{REQUIREMENTS}"))
    if not (mine and others and pin and all(git("ls-tree", side, path) for side in sides)):
        return
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, str(number)) for number in range(3)]
        for file, side in zip(files, sides, strict=True):
            text = git("show", f"{side}:{path}").replace(mine[1], others[1])
            file.write_text(PIN.sub(pin[0], text), encoding="utf-8")
        command = ["git", "merge-file", "-p", *map(str, files)]
        merged = subprocess.run(command, capture_output=True, text=True, check=False)
    if merged.returncode == 0:
        text = NAME.sub(mine[0], merged.stdout) if path == PROJECT else merged.stdout
        Path(path).write_text(text, encoding="utf-8")
        git("add", "--", path)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tox -c package -e upgrade --",
        description="Merge a newer version of this project, and keep what is yours.",
    )
    parser.add_argument("newer", metavar="BRANCH", help="of this project, as in upstream/main")
    newer = parser.parse_args().newer
    os.chdir(git("rev-parse", "--show-toplevel").strip())
    print(f"Merging {newer}. Yours, and kept as they are:", *KEPT, sep="\n  ")
    if left := upgrade(newer):
        print("You and this project changed the same lines of:", *left, sep="\n  ")
        sys.exit("Settle them, `git add` and `git commit`; then go on as docs/upgrading.md says.")
    git("commit", "--no-edit", "--quiet")
    print("Merged. Now raise VERSION, run tox -c package -e train, commit, and run the tests.")


if __name__ == "__main__":
    main()
