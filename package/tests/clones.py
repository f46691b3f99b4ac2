"""Real git repositories with a home in them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from classification_model.config.home import Home
from homes import REPOSITORY, copy_of

__all__ = ["clone_of", "commit", "git"]


def clone_of(home: Home, folder: Path) -> Home:
    """A copy of a home, committed in a repository with this one's attributes, on ``main``."""
    copy = copy_of(home, folder / "home")
    shutil.copy(REPOSITORY / ".gitattributes", folder)
    (folder / ".gitignore").write_text(".lock\n", encoding="utf-8")
    git(copy, "init", "--quiet", "--initial-branch=main", "..")
    commit(copy)
    return copy


def git(home: Home, *arguments: str, check: bool = True) -> str:
    """What a command of git says."""
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    run = subprocess.run(
        ["git", *who, *arguments], cwd=home.path, check=check, capture_output=True, text=True
    )
    return run.stdout


def commit(home: Home) -> str:
    """Commit everything; the commit's digest."""
    git(home, "add", "--all", "..")
    git(home, "commit", "--quiet", "--allow-empty", "--message", "Train")
    return git(home, "rev-parse", "HEAD").strip()
