"""What docs/container says is right, as far as that can be seen without an engine."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.config import Settings
from harness import JSON, REPOSITORY, body, free_port, running, started

FOLDER = REPOSITORY / "docs" / "container"
STEPS = [
    line.split(" ", 1)
    for line in (FOLDER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def step(name: str) -> str:
    (found,) = [what for which, what in STEPS if which == name]
    return found


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    text = (FOLDER / "kubernetes.yaml").read_text(encoding="utf-8")
    deployment, service = yaml.safe_load_all(text)
    template = deployment["spec"]["template"]
    assert service["spec"]["selector"] == template["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    (port,) = service["spec"]["ports"]
    (container,) = template["spec"]["containers"]
    assert container["ports"] == [{"containerPort": port["targetPort"]}]
    return {**container, "seconds": template["spec"]["terminationGracePeriodSeconds"]}


def test_the_steps_of_the_dockerfile_make_a_service_that_answers(tmp_path: Path) -> None:
    """Without Docker: what is copied lies under a folder, and what is installed is in another."""
    left_out = shutil.ignore_patterns("tests", "__pycache__", ".tox", "build", "*.egg-info")
    for which, what in STEPS:
        if which == "COPY":
            source, target = what.split()
            place = tmp_path / target.lstrip("/")
            place.parent.mkdir(exist_ok=True)
            if (REPOSITORY / source).is_dir():
                shutil.copytree(REPOSITORY / source, place, ignore=left_out)
            else:
                shutil.copy(REPOSITORY / source, place)
    words = [word.replace("/source", str(tmp_path / "source")) for word in shlex.split(step("RUN"))]
    assert words[:4] == ["python", "-m", "pip", "install"]
    installed = tmp_path / "installed"
    # All that it needs is here already.
    here = ["--no-deps", "--no-build-isolation", "--target", str(installed)]
    subprocess.run([sys.executable, *words[1:4], "--quiet", *here, *words[4:]], check=True)

    program, *options = json.loads(step("CMD"))
    assert program == "classification-model"
    port, exposed = free_port(), step("EXPOSE")
    assert options[-2:] == ["--port", exposed]
    command = [sys.executable, "-m", "classification_model", *options[:-1], str(port)]
    environment = {"PYTHONPATH": installed}
    with started(command, port, environment=environment) as server:
        assert server.ask(content=body(), headers=JSON).status == 200


def test_the_probes_ask_what_the_service_answers(client: httpx.Client, pod: dict[str, Any]) -> None:
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = pod[name]["httpGet"]
        assert asked["port"] == int(step("EXPOSE")) == pod["ports"][0]["containerPort"]
        assert client.get(asked["path"]).status_code == 200


def test_a_pod_has_the_time_that_the_service_takes_to_stop(pod: dict[str, Any]) -> None:
    settings = Settings.read({pair["name"]: pair["value"] for pair in pod["env"]})
    assert pod["seconds"] > settings.DRAIN_SECONDS + settings.GRACE_SECONDS


def test_a_pod_has_the_memory_that_the_service_takes(pod: dict[str, Any]) -> None:
    with running() as server:
        server.ask(content=body())
        assert server.memory() < int(pod["resources"]["requests"]["memory"].removesuffix("Mi"))
