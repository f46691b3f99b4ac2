"""The smoke test that follows a deployment, against the real service."""

from __future__ import annotations

import subprocess
import sys

import httpx

from app.tests.servers import REPOSITORY


def test_the_service_passes_the_smoke_test_of_its_deployment(client: httpx.Client) -> None:
    command = [sys.executable, "-m", "tools.release", "smoke", str(client.base_url)]
    run = subprocess.run(
        [*command, "--seconds", "0"],
        cwd=REPOSITORY / "package",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "golden rows agree" in run.stdout
