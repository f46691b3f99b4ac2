"""The command line: ``python -m tools.release STEP``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from tools.release import deploy, monitor, propose, smoke, tag
from tools.release.index import wait_for
from tools.release.project import Project, Stop


def served(seconds: float) -> str:
    project = Project.read()
    wait_for(project, seconds=seconds)
    return f"the index serves {project.pin}, the very wheel that was built"


STEPS: dict[str, tuple[Callable[[], str], str]] = {
    "check": (tag.check, "the tag is VERSION, and new to the index"),
    "branch": (propose.branch, "commit the published model and the new pin, and push them"),
    "announce": (propose.announce, "make the release, and open the pull request"),
    "deployable": (deploy.deployable, "the index serves what the repository holds"),
    "monitor": (monitor.monitor, "ask the service what drifted, and keep an issue about it"),
    "railway": (deploy.railway, "upload the service, and wait for the verdict"),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tox -c package -e release --")
    steps = parser.add_subparsers(dest="step", required=True)
    for name, (_, text) in STEPS.items():
        steps.add_parser(name, help=text)
    wait = steps.add_parser("served", help="wait until the index serves the built wheel")
    wait.add_argument("--seconds", type=float, default=1200, help="how long to wait for it")
    asked = steps.add_parser("smoke", help="ask a running service for version and golden rows")
    asked.add_argument("url", nargs="?", help="in the place of $SERVICE_URL")
    asked.add_argument("--seconds", type=float, default=300, help="how long to wait for it")
    wanted = parser.parse_args()
    try:
        match wanted.step:
            case "served":
                print(served(wanted.seconds))
            case "smoke":
                print(smoke.smoke(wanted.url, seconds=wanted.seconds))
            case step:
                print(STEPS[step][0]())
    except Stop as stop:
        print(f"Error: {stop}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
