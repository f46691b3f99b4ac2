"""How the service stops, and how it does not start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.drain import drop_newcomers
from app.tests.servers import API, UVICORN, free_port
from torture.drain import drain
from torture.server import body, running


@pytest.mark.parametrize("keep_alive", [True, False])
def test_no_request_is_lost_when_it_stops(*, keep_alive: bool) -> None:
    with running() as server:
        seen = drain(server, clients=32, keep_alive=keep_alive, seconds=0.3)
        log = server.log.read_text(encoding="utf-8")
    assert seen.answered_after > 0
    assert seen.lost == 0
    assert seen.health == 503
    assert seen.exit_code == -signal.SIGTERM
    assert "Traceback" not in log


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is the Linux kernel's")
def test_while_the_door_closes_who_is_in_stays_and_nobody_new_connects() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as client:
            drop_newcomers(listener)
            client.sendall(b"x")
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.recv(1) == b"x"
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.2)


def test_a_stuck_upload_does_not_keep_it_from_stopping() -> None:
    settings = {"DRAIN_SECONDS": 0.2, "GRACE_SECONDS": 0.5, "RECEIVE_SECONDS": 3600}
    with running(settings) as server:
        seen = drain(server, clients=2, keep_alive=True, seconds=0.1, stuck=2)
        log = server.log.read_text(encoding="utf-8")
    assert seen.lost == 0
    assert seen.exit_code == -signal.SIGTERM
    assert "Traceback" not in log


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_with_any_number_of_workers_a_missing_model_is_a_status(
    workers: int, tmp_path: Path
) -> None:
    (tmp_path / "VERSION").write_text("7.0.0")
    run = subprocess.run(
        [*UVICORN, "--port", str(free_port()), "--workers", str(workers)],
        cwd=API,
        env={**os.environ, "MODEL_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    assert "trained_models: no model; train one" in run.stderr


def test_workers_stop_when_the_process_that_started_them_is_gone() -> None:
    with running({"DRAIN_SECONDS": 0}, "--workers", "2") as server:
        server.process.kill()
        server.process.wait()
        while True:
            try:
                server.ask(content=body())
            except OSError:
                break
            time.sleep(0.1)
