"""How fast rows with a text are scored: one by one over HTTP, and a file of them."""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pandas as pd

from classification_model import init_home, train_home
from classification_model.batch.run import score_files

__all__ = ["batch", "rate"]

_ROWS, _WORDS, _KNOWN = 3000, 20, 4000
_ASKED = 3000
_FILE = 100_000
_PORT = 8765
_ESTIMATOR = "estimator:\n  name: lightgbm\n  parameters: {rounds: 100}\n"


def _frame(rows: int, seed: int = 0) -> pd.DataFrame:
    """Numbers, two categories, and a text of words that come again in new company."""
    draw = np.random.default_rng(seed)
    words = np.array([f"w{n:x}{'aeiou'[n % 5]}{n % 7}" for n in range(_KNOWN)])
    chosen = np.minimum(draw.zipf(1.3, (rows, _WORDS)), _KNOWN) - 1
    frame = pd.DataFrame(draw.normal(size=(rows, 2)).round(3), columns=["a", "b"])
    frame["plan"], frame["place"] = draw.choice(["x", "y"], rows), draw.choice(list("pqrs"), rows)
    frame["text"] = [" ".join(line) for line in words[chosen]]
    score = frame["a"] + np.where(chosen % 3 == 0, 0.5, -0.25).sum(axis=1)
    return frame.assign(label=np.where(score > score.median(), "yes", "no"))


def _home(folder: Path, frame: pd.DataFrame) -> Path:
    home = init_home(frame, "label", folder).home
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(text.replace("estimator: auto\n", _ESTIMATOR), encoding="utf-8")
    train_home(home.path)
    return home.path


def rate(folder: Path, _number: int, _seconds: float) -> Iterator[tuple[str, str, str]]:
    """Rows a second through /predict, by the time that the service's processor takes for one."""
    frame, asked = _frame(_ROWS), _frame(_ASKED, seed=1).drop(columns="label")
    with_text = _seconds_each(_home(folder / "text", frame), asked)
    without = _seconds_each(
        _home(folder / "none", frame.drop(columns="text")), asked.drop(columns="text")
    )
    yield (
        f"one row with a text of {_WORDS} words through `/predict`",
        f"{1 / with_text:,.0f} a second",
        f"without the text {1 / without:,.0f}: {without / with_text:.2f} of it",
    )


def _seconds_each(home: Path, asked: pd.DataFrame) -> float:
    bodies = [json.dumps({"inputs": [row]}) for row in asked.to_dict("records")]
    with _served(home) as (process, connection):
        for body in bodies[:200]:
            _ask(connection, body)
        begun = _spent(process)
        for body in bodies:
            _ask(connection, body)
        return (_spent(process) - begun) / len(bodies)


def _ask(connection: HTTPConnection, body: str) -> None:
    connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"Error: /predict answered {answer.status}")


def _spent(process: int) -> float:
    """The seconds that a process has had of the processors."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _served(home: Path) -> Iterator[tuple[int, HTTPConnection]]:
    command = [sys.executable, "-m", "classification_model", "serve", "--home", str(home)]
    with subprocess.Popen([*command, "--port", str(_PORT)], stderr=subprocess.DEVNULL) as server:
        try:
            yield server.pid, _connected()
        finally:
            server.terminate()


def _connected() -> HTTPConnection:
    for _ in range(600):
        connection = HTTPConnection("127.0.0.1", _PORT)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().read():
                return connection
        except OSError:
            time.sleep(0.1)
    raise SystemExit("Error: the service does not start")


def batch(folder: Path, _number: int, _seconds: float) -> Iterator[tuple[str, str, str]]:
    """Rows of a file a second, by the time that two processors take for them."""
    home = _home(folder / "home", _frame(_ROWS)[["text", "label"]])
    file, rows = folder / "new.csv", _frame(_FILE, seed=2)["text"]
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["text"], *([text] for text in rows)])
    begun = _of_all()
    score_files([file], folder / "scored.csv", home=home)
    spent = (_of_all() - begun) / 2
    yield (
        f"{_FILE:,} texts of {_WORDS} words by `predict`, two cores",
        f"{_FILE / spent:,.0f} a second",
        "",
    )


def _of_all() -> float:
    every = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in every)
