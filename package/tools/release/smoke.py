"""Ask a running service who it is, and whether it answers as its model did when trained.

Where the service asks for a key (its ``API_KEYS``), SERVICE_API_KEY is sent.
"""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

from tools.release.deploy import service_url
from tools.release.project import Project, Stop, TrainedModel

__all__ = ["smoke"]

TOLERANCE = 1e-5
"""The largest difference in a probability that other hardware may make; as for golden rows."""


def smoke(url: str | None = None, *, seconds: float = 300, pause: float = 3) -> str:
    """The service answers with this repository's version, bundle and golden rows.

    A deployment takes its time, and its predecessor answers until then; so a wrong version is
    asked again until ``seconds`` are over, and a wrong prediction is not.

    Raises:
        Stop: it does not.
    """
    address = (url or service_url()).rstrip("/")
    project = Project.read()
    model = project.model()
    deadline = time.monotonic() + seconds
    while (fault := _identity_fault(address, project, model)) is not None:
        if time.monotonic() + pause > deadline:
            raise Stop(
                f"{address}/health {fault}, after {seconds:g} s: look at the deployment's log, "
                "or roll back as docs/deploy.md says"
            )
        time.sleep(pause)
    rows = _check_golden(address, model)
    return (
        f"{address} serves {project.version}, bundle {model.digest[:12]}; {rows} golden rows agree"
    )


def _identity_fault(address: str, project: Project, model: TrainedModel) -> str | None:
    try:
        health = _call(f"{address}/health")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"does not answer ({error})"
    for name, expected in (("model_version", project.version), ("bundle_digest", model.digest)):
        if health.get(name) != expected:
            return f"says {name} {health.get(name)!r}, and this repository holds {expected!r}"
    return None if health.get("ready") is True else "says that it is not ready"


def _check_golden(address: str, model: TrainedModel) -> int:
    golden = model.golden()
    try:
        answer = _call(f"{address}/predict", {"inputs": [line["row"] for line in golden]})
        found = answer["probabilities"]
        if len(found) != len(golden):
            raise ValueError(f"{len(found)} answers to {len(golden)} rows")
        for number, (line, shares) in enumerate(zip(golden, found, strict=True)):
            pairs = zip(line["probabilities"], shares, strict=True)
            if any(not abs(then - now) <= TOLERANCE for then, now in pairs):
                raise ValueError(f"golden row {number} is {shares}, was {line['probabilities']}")
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise Stop(
            f"{address}/predict does not answer as recorded ({error}): roll back as "
            "docs/deploy.md says"
        ) from None
    return len(golden)


def _call(url: str, body: object = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    if key := os.environ.get("SERVICE_API_KEY"):
        headers["x-api-key"] = key
    request = urllib.request.Request(url, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    if not isinstance(answer, dict):
        raise ValueError(f"{url} answers no JSON object")  # noqa: TRY004
    return answer
