"""The command line: ``tox -c package -e rehearse``."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.rehearsal import servers
from tools.rehearsal.ledger import Broken, Ledger
from tools.rehearsal.stage import Stage
from tools.rehearsal.walk import walk
from tools.release.project import REPOSITORY


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="tox -c package -e rehearse --", description="Walk a release on this machine."
    )
    parser.add_argument("--name", help="release under this distribution name, as a fork would")
    name = parser.parse_args().name
    status = ["git", "status", "--porcelain"]
    changed = subprocess.run(status, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    if changed.stdout:
        print("Note: what is not committed is not rehearsed.", flush=True)
    ledger = Ledger()
    failure = None
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        try:
            with servers.index(Path(folder) / "index") as address:
                walk(Stage(Path(folder), address, ledger), name)
        except Broken as broken:
            failure = str(broken)
    if ledger.rows:
        print(f"\n{ledger.table()}")
    if failure:
        print(f"\nError: {failure}", file=sys.stderr)
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
