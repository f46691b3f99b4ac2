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
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
EXTRAS = "batch,cluster,serve,train"
# What the suites need beside the package, always the newest: it is not what is tried.
TOOLS = {
    "package": ["build", "pypiserver", "PyYAML", "setuptools", "twine"],
    "classification_api": [
        "axe-playwright-python", "honcho", "httpx", "playwright", "schemathesis",
        "tritonclient[http]",
    ],
}  # fmt: skip


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
        tools = [name for names in TOOLS.values() for name in names]
        must("uv", "pip", "install", "pytest", "hypothesis", *tools)
        # The plugin of an old anyio does not fit a new pytest, and no test uses it.
        tests = (str(programs / "python"), "-m", "pytest", "-q", "-p", "no:anyio")
        return [suite for suite in TOOLS if run(*tests, cwd=REPOSITORY / suite)]


if __name__ == "__main__":
    sys.exit(main())
