"""``classification-model serve`` starts the same service, from a clone and from a wheel."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from harness import API, JSON, SOURCE_HOME, body, free_port, started


def test_the_command_starts_the_clones_service(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "classification_model", "serve"]
    options = ["--home", str(SOURCE_HOME), "--port", str(port)]
    with started([*command, *options], port, log=log) as server:
        assert server.ask(content=body(), headers=JSON).status == 200
    assert "Traceback" not in log.read_text(encoding="utf-8")


def test_under_the_name_that_it_has_in_a_wheel_it_serves_and_logs_the_same(tmp_path: Path) -> None:
    """Its modules name each other relatively, and its loggers are under its own name."""
    left_out = shutil.ignore_patterns("tests", "__pycache__")
    shutil.copytree(API / "app", tmp_path / "elsewhere" / "_service", ignore=left_out)
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "uvicorn", "elsewhere._service.main:app"]
    options = ["--app-dir", str(tmp_path), "--port", str(port)]
    with started([*command, *options], port, environment={"ACCESS_LOG": "all"}, log=log) as server:
        assert server.ask(content=body(), headers=JSON).status == 200
    written = log.read_text(encoding="utf-8")
    assert "are answered in front of FastAPI" in written
    assert "POST /predict 200 in" in written
