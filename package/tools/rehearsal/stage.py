"""Where a rehearsal plays: a clone, environments, artifacts, and how a step runs there."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.rehearsal.ledger import Broken, Ledger
from tools.rehearsal.workflow import Step, evaluate, jobs
from tools.release.project import REPOSITORY

__all__ = ["Stage"]

TAIL = 60
"""How many lines of a failed step's output are shown."""


class Stage:
    """A clone with a remote of its own, and the means to run a workflow's steps in it.

    Args:
        folder: empty, and removed by whoever made it.
        index: the address of the index.
        ledger: where each step is written down.
    """

    def __init__(self, folder: Path, index: str, ledger: Ledger) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.index = index
        self.ledger = ledger
        self.extra_indexes = " ".join([*_configured_extra_indexes(), f"{index}/simple/"])
        self.environment = _environment(self.extra_indexes)
        self.context: dict[str, str] = {
            "vars.PIP_INDEX_URL": os.environ.get("PIP_INDEX_URL", ""),
            "vars.PIP_EXTRA_INDEX_URL": self.extra_indexes,
            "github.event.repository.default_branch": "main",
            "github.token": "not-a-token",
        }
        self._clone()

    def _clone(self) -> None:
        origin = self.folder / "origin.git"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(origin), cwd=self.folder)
        self.git("config", "receive.shallowUpdate", "true", cwd=origin)
        self.git("push", "--quiet", str(origin), "HEAD:refs/heads/main", cwd=REPOSITORY)
        self.git("clone", "--quiet", str(origin), str(self.work), cwd=self.folder)

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        run = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.work,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            raise Broken(f"git {' '.join(arguments)}: {run.stderr.strip()}")
        return run.stdout.strip()

    def jobs(self, workflow: str) -> dict[str, list[Step]]:
        return jobs(self.work / ".github" / "workflows" / workflow)

    def fresh_checkout(self, commit: str) -> None:
        """What actions/checkout gives; only tox's environments stay where they are."""
        self.git("checkout", "--quiet", "--force", commit)
        self.git("clean", "-ffdxq", "--exclude=.tox")

    def run(self, step: Step, more: str = "", **settings: str) -> None:
        """Run a step's command, with more arguments and other settings where they are given."""
        done = self._execute(step, more, settings)
        if done.returncode:
            raise Broken(f"{step.run}{more} exited with {done.returncode}:\n{_tail(done.stdout)}")

    def expect_refusal(self, step: Step, *fragments: str, **settings: str) -> None:
        """Run a step that has to stop, with one line that says why and what to do."""
        done = self._execute(step, "", settings)
        said = [line for line in done.stdout.splitlines() if line.startswith("Error: ")]
        if done.returncode == 0:
            raise Broken(f"{step.run} let it pass:\n{_tail(done.stdout)}")
        if "Traceback" in done.stdout or len(said) != 1:
            raise Broken(f"{step.run} did not say in one line why:\n{_tail(done.stdout)}")
        missing = [fragment for fragment in fragments if fragment not in said[0]]
        if missing:
            raise Broken(f"{step.run} said {said[0]!r}, without {missing}")

    def _execute(
        self, step: Step, more: str, settings: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        given = {name: evaluate(text, self.context) for name, text in step.environment.items()}
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", step.run + more],
            cwd=self.work,
            env={**self.environment, **given, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def use(self, step: Step) -> None:
        """Do what an action would."""
        if step.uses in ("actions/checkout", "actions/setup-python"):
            return  # each job begins with a clean checkout, and the Python is this one
        artifacts = self.folder / "artifacts"
        if step.uses == "actions/upload-artifact":
            shutil.copytree(self.work / step.options["path"], artifacts / step.options["name"])
        elif step.uses == "actions/download-artifact":
            target = self.work / step.options["path"]
            shutil.copytree(artifacts / step.options["name"], target)
        elif step.uses == "pypa/gh-action-pypi-publish":
            self.upload(self.work / step.options["packages-dir"])
        else:
            raise Broken(f"no rehearsal knows the action {step.uses}")

    def upload(self, folder: Path, *, refused: bool = False) -> None:
        """Upload as the publishing action does, by twine; with ``refused``, the index must not."""
        files = sorted(map(str, folder.iterdir()))
        options = ["--repository-url", self.index, "--username", "me", "--password", "word"]
        plain = ["--non-interactive", "--disable-progress-bar", "--verbose"]
        command = [sys.executable, "-m", "twine", "upload", *plain, *options, *files]
        done = self.python_run(command)
        if refused and (done.returncode == 0 or "already exists" not in done.stdout):
            raise Broken(
                f"the index should have refused the same version again:\n{_tail(done.stdout)}"
            )
        if not refused and done.returncode:
            raise Broken(f"the upload failed:\n{_tail(done.stdout)}")

    def python_run(
        self, command: list[str], cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program, with its output in ``stdout``."""
        return subprocess.run(
            command,
            cwd=cwd or self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def install(self, place: str, *what: str) -> Path:
        """Install into an environment, which is made if it is not there; its Python."""
        folder = self.folder / place
        if not folder.exists():
            self._succeed([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        python = folder / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        self._succeed([*pip, "--no-compile", *what])
        return python

    def _succeed(self, command: list[str]) -> None:
        done = self.python_run(command)
        if done.returncode:
            raise Broken(f"{shlex.join(command)}:\n{_tail(done.stdout)}")

    def service_folder(self, place: str) -> Path:
        """What the platform is sent: the files of classification_api/ in git, and nothing else."""
        folder = self.folder / place
        command = ["git", "archive", "HEAD:classification_api"]
        packed = subprocess.run(command, cwd=self.work, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        return folder

    @contextmanager
    def changed(self, file: str, text: str) -> Iterator[None]:
        """A file of the clone with other content, for the time of a block."""
        path = self.work / file
        before = path.read_bytes()
        path.write_text(text, encoding="utf-8")
        try:
            yield
        finally:
            path.write_bytes(before)


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-TAIL:])


def _configured_extra_indexes() -> list[str]:
    """Those that pip uses anyway: the variable that adds ours would replace them."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, None] = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        if name.endswith(".extra-index-url"):
            found.update(dict.fromkeys(value.strip("'\"").split()))
    return list(found)


def _environment(extra_indexes: str) -> dict[str, str]:
    """That of a machine of its own: nothing of the tox that runs the rehearsal, nor of git's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TOX_", "PYTHON", "GIT_", "VIRTUAL_ENV"))
        and name not in ("PIP_CONSTRAINT", "MODEL_HOME", "ENGINE", "GITHUB_ACTIONS")
    }
    who = {"NAME": "rehearsal", "EMAIL": "rehearsal@example.invalid"}
    git = {f"GIT_{role}_{key}": who[key] for role in ("AUTHOR", "COMMITTER") for key in who}
    return {
        **kept,
        **git,
        # No commit here is anybody's, so none is signed.
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "commit.gpgSign",
        "GIT_CONFIG_VALUE_0": "false",
        "GIT_CONFIG_KEY_1": "tag.gpgSign",
        "GIT_CONFIG_VALUE_1": "false",
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1"])),
        "PIP_EXTRA_INDEX_URL": extra_indexes,
        "PIP_NO_COMPILE": "1",
    }
