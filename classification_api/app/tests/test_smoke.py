"""The smoke test that follows a deployment, against the real service."""

from __future__ import annotations

import os
import subprocess
import sys

import httpx

from harness import REPOSITORY, UVICORN, free_port, serving

KEY = "a-key-of-enough-length"


def smoke(client: httpx.Client, **environment: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "tools.release", "smoke", str(client.base_url)]
    run = subprocess.run(
        [*command, "--seconds", "0"],
        cwd=REPOSITORY / "package",
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


def test_the_service_passes_the_smoke_test_of_its_deployment(client: httpx.Client) -> None:
    status, printed, complaint = smoke(client)
    assert (status, complaint) == (0, "")
    assert "golden rows agree" in printed


def test_a_service_that_asks_for_a_key_passes_with_one_and_not_without() -> None:
    port = free_port()
    with serving([*UVICORN, "--port", str(port)], port, {"API_KEYS": KEY}) as client:
        assert smoke(client, SERVICE_API_KEY=KEY)[0] == 0
        status, _, complaint = smoke(client)
    assert status == 1
    assert "401" in complaint
