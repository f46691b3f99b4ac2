"""Deploying to Railway: only what the index serves, and nothing else in its place."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from tools.release import index
from tools.release.project import REPOSITORY, Project, Stop, setting

__all__ = ["deployable", "railway", "service_url"]

RAILWAY_CLI = "@railway/cli@5.63.1"
SETTINGS = "Settings > Environments > railway on GitHub; docs/deploy.md says more"


def service_url() -> str:
    """The public address of the service, without a slash at its end."""
    url = setting(
        "SERVICE_URL",
        f"add a variable of that name with the service's public address under {SETTINGS}",
    )
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
        raise Stop(f"SERVICE_URL={url!r} is no address: write one such as https://example.org")
    return url.rstrip("/")


def _credentials() -> tuple[str, str]:
    token = setting("RAILWAY_TOKEN", f"add a secret with a project token under {SETTINGS}")
    if os.environ.get("RAILWAY_API_TOKEN"):
        raise Stop("RAILWAY_API_TOKEN is set beside RAILWAY_TOKEN, and railway refuses both: unset")
    service = setting("RAILWAY_SERVICE", f"add a variable with the service's name under {SETTINGS}")
    return token, service


def deployable() -> str:
    """The package that the service pins is on the index, with the model that lies here.

    Raises:
        Stop: it is not, or a setting for the steps that follow is missing.
    """
    _credentials()
    service_url()
    project = Project.read()
    requirements = (REPOSITORY / "classification_api/requirements.txt").read_text(encoding="utf-8")
    if not re.search(rf"^{re.escape(project.pin)}(\s|$)", requirements, re.MULTILINE):
        raise Stop(
            f"classification_api/requirements.txt does not pin {project.pin}: run "
            "tox -c package -e train, which does, and commit"
        )
    ours, theirs = project.model(), index.model_on_index(project)
    if theirs is None:
        raise Stop(
            f"{project.pin} is not on the index, so nothing is deployed: release it first "
            f"(git tag {project.version} && git push origin {project.version})"
        )
    if theirs.digest != ours.digest:
        raise Stop(
            f"the index's {project.pin} carries the model {theirs.digest[:12]}, and the repository "
            f"holds {ours.digest[:12]}, so nothing is deployed: merge the pull request of that "
            "release, or raise VERSION and tag it to release this model"
        )
    return f"{project.pin} is on the index, with the model {ours.digest[:12]} of this repository"


def railway() -> str:
    """Upload the service, and wait until Railway calls the deployment good or bad."""
    _, service = _credentials()
    npx = shutil.which("npx")
    if npx is None:
        raise Stop("npx is not installed, which runs Railway's command line: install Node.js")
    command = [
        npx, "--yes", RAILWAY_CLI, "up", "./classification_api", "--path-as-root", "--ci",
        "--service", service,
    ]  # fmt: skip
    run = subprocess.run(command, cwd=REPOSITORY, check=False)
    if run.returncode:
        raise Stop("Railway did not deploy it, and the version before goes on: see its log above")
    return "Railway calls the deployment good"
