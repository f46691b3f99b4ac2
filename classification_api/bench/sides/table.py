"""The sides of the comparison, and how each is started."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness import API

__all__ = ["COUNTED", "FOUND", "KEPT", "OURS", "Side", "sides", "together"]

OURS, COUNTED = "ours", "ours, counted for operators"
KEPT = "ours, counted and kept in a store"

FOUND = "/found"
"""Where a server of two sides says what each turn took."""


@dataclass(frozen=True)
class Side:
    """One server: how it is called, its command but for the port, what it finds in its
    environment (``{folder}`` is an empty one), and whether it takes a bare list of rows."""

    name: str
    command: Sequence[str]
    bare_list: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


def sides() -> Iterator[Side]:
    """Those that can be had here. All run by the Procfile's command, with another application."""
    words = shlex.split((API / "Procfile").read_text(encoding="utf-8").removeprefix("web: "))
    words = [word for word in words if word not in ("--host", "0.0.0.0", "--port", "$PORT")]  # noqa: S104
    uvicorn, ours, *options = words

    def command(application: str, python: str = sys.executable) -> list[str]:
        return [python, "-m", uvicorn, application, *options]

    yield Side(OURS, command(ours))
    yield Side(COUNTED, command(ours), environment={"OPERATOR_KEYS": "*"})
    store = {"STORE": "sqlite:///{folder}/answers.db", "STORE_INPUTS": "yes"}
    yield Side(KEPT, command(ours), environment={"OPERATOR_KEYS": "*", **store})
    yield Side("bare ASGI function, same work", command("bench.sides.bare:app"))
    yield Side("empty FastAPI endpoint, same models", command("bench.sides.empty:app"))
    yield Side("tutorial", command("bench.sides.tutorial:app"))
    if python := _vetiver_python():
        yield Side("vetiver", command("bench.sides.vetiver_app:app", python), bare_list=True)


def together(one: Side, other: Side, seconds: float) -> Side:
    """Both sides of ours in one server, in turns that take so many seconds."""
    application = "bench.sides.together:app"
    return Side(
        f"{one.name}, and {other.name}",
        [application if word == "app.main:app" else word for word in one.command],
        environment={
            "SIDES": json.dumps([one.environment, other.environment]),
            "TURN_SECONDS": str(seconds),
        },
    )


def _vetiver_python() -> str | None:
    """The interpreter of an environment with vetiver, made at the first call and kept.

    Nothing, where vetiver cannot be installed: the table then says that it was not measured.
    """
    folder = Path(sys.prefix) / "vetiver"
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet"]
    package = str(API.parent / "package")
    try:
        if not (folder / "installed").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
            subprocess.run([*install, "vetiver", "httptools", "uvloop", package], check=True)
            (folder / "installed").touch()
        # The model in the package may be another one by now.
        subprocess.run([*install, "--no-deps", "--force-reinstall", package], check=True)
    except subprocess.CalledProcessError as error:
        print(f"vetiver is left out: {error}", file=sys.stderr)
        return None
    return python
