"""Both suites with the lowest versions that are allowed, or with the newest of the day.

    tox -e ranges -- lowest
    tox -e ranges -- newest

Whatever constraints.txt says: it keeps the other environments the same, and so they cannot tell
whether what pyproject.toml allows works. What fails here moves a bound, or is mended.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from configparser import ConfigParser, SectionProxy
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
EXTRAS = "batch,cluster,excel,serve,store,train"
SUITES = {"package": "test_package", "classification_api": "test_app"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tox -e ranges --", description=__doc__)
    parser.add_argument(
        "which", nargs="*", choices=[[], *RESOLUTIONS], help="both, if none is named"
    )
    failed = [
        f"{suite} with the {which} versions"
        for which in parser.parse_args().which or RESOLUTIONS
        for suite in tried(which)
    ]
    for name in failed:
        print(f"failed: {name}", file=sys.stderr)
    return 1 if failed else 0


def tried(which: str) -> list[str]:
    """The suites that fail with the lowest or the newest versions."""
    with tempfile.TemporaryDirectory() as folder:
        programs = Path(folder) / "bin"
        path = os.pathsep.join([str(programs), os.environ["PATH"]])
        plain = {k: v for k, v in os.environ.items() if k not in ("PIP_CONSTRAINT", "PYTHONPATH")}
        environment = {**plain, "VIRTUAL_ENV": folder, "PATH": path, "OMP_NUM_THREADS": "1"}

        def run(*command: str, cwd: Path = REPOSITORY) -> int:
            return subprocess.run(command, cwd=cwd, env=environment, check=False).returncode

        def must(*command: str) -> None:
            if status := run(*command):
                raise SystemExit(status)

        package = f"{REPOSITORY / 'package'}[{EXTRAS}]"
        must("uv", "venv", "--quiet", "--python", sys.executable, folder)
        must("uv", "pip", "install", "--resolution", RESOLUTIONS[which], package)
        must("uv", "pip", "install", *sorted({tool for suite in SUITES for tool in tools(suite)}))
        # The plugin of an old anyio does not fit a new pytest, and no test uses it; nor do the
        # checks of an old scikit-learn.
        environment["PYTEST_ADDOPTS"] = "-p no:anyio -W ignore::pytest.PytestRemovedIn10Warning"
        return [suite for suite in SUITES if run(*tests(suite), cwd=REPOSITORY / suite)]


def tests(suite: str) -> list[str]:
    """The command that tests a suite, as its tox.ini has it."""
    return environment_of(suite)["commands"].replace("{posargs}", "-q").split()


def tools(suite: str) -> list[str]:
    """What a suite needs beside the package, always the newest: it is not what is tried."""
    return [line for line in environment_of(suite)["deps"].split() if line[0].isalpha()]


def environment_of(suite: str) -> SectionProxy:
    """The environment of tox that tests a suite."""
    parser = ConfigParser(interpolation=None)
    parser.read(REPOSITORY / suite / "tox.ini", encoding="utf-8")
    return parser[f"testenv:{SUITES[suite]}"]


if __name__ == "__main__":
    sys.exit(main())
