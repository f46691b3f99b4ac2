"""How the service stops."""

from __future__ import annotations

import signal

import pytest

from harness import running
from torture.drain import drain


@pytest.mark.parametrize("keep_alive", [True, False])
def test_no_request_is_lost_when_it_stops(*, keep_alive: bool) -> None:
    with running({"DRAIN_SECONDS": 2}) as server:
        seen = drain(server, clients=32, keep_alive=keep_alive, seconds=0.3)
        log = server.log.read_text(encoding="utf-8")
    assert seen.answered_after > 0
    assert seen.lost == 0
    assert seen.health == 503
    assert seen.exit_code == -signal.SIGTERM
    assert "Traceback" not in log


def test_a_stuck_upload_does_not_keep_it_from_stopping() -> None:
    settings = {"DRAIN_SECONDS": 0.2, "GRACE_SECONDS": 0.5, "RECEIVE_SECONDS": 3600}
    with running(settings) as server:
        seen = drain(server, clients=2, keep_alive=True, seconds=0.1, stuck=2)
        log = server.log.read_text(encoding="utf-8")
    assert seen.lost == 0
    assert seen.exit_code == -signal.SIGTERM
    assert "Traceback" not in log
