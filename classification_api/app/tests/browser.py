"""The browser that the page is tested in: found on this machine, or installed where one may.

``python -m app.tests.browser`` installs Debian's chromium where there is no browser, and where
that takes no password. It never fails: without a browser its tests are skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

__all__ = ["find", "install"]

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_STEPS = (
    ("apt-get", "update", "--quiet"),
    ("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "chromium"),
)


def find() -> str | None:
    """The path of an installed Chromium or Chrome."""
    found = filter(None, map(shutil.which, _NAMES))
    return next(found, None)


def install() -> None:
    """Install chromium by apt, where there is apt and this is root."""
    if shutil.which("apt-get") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in _STEPS:
        try:
            subprocess.run(step, env=environment, timeout=600, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            sys.stderr.write(f"{' '.join(step)}: {error}\n")
            return


if __name__ == "__main__":
    if find() is None:
        install()
    sys.stdout.write(f"Browser: {find() or 'none; the tests of the page will be skipped'}\n")
