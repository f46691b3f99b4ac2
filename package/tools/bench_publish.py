"""What the rule of few rows costs: the log loss of ``auto`` with it, beside that without it.

    tox -e bench_publish [-- --seconds 30] [--min-rows 5] [--only NAME ...]

The tables and divisions are those of ``bench_models``. Each time the whole road is walked twice,
on the same rows and with the same candidates: once with ``publish: min_rows`` as it is asked for,
once with 1. A ratio above 1 is what the rule costs.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.metrics import log_loss

from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.config.schema import Publish
from classification_model.processing.data_manager import Dataset, Split, load_dataset
from classification_model.progress import Progress
from classification_model.training import fitting
from tools.bench_models import divisions, home_of, quiet, tables


def loss(config: Config, split: Split) -> float:
    """The log loss on the held-out rows of what ``auto`` chooses on the others."""
    with quiet():
        train = fitting.encode(config, split.train)
        choice = fitting.choose_estimator(config, train, Progress())
        pipeline = fitting.fit(config, choice, train)
        answers = pipeline.predict_proba(split.held_out.typed())
    truth = [str(label) for label in split.held_out.labels]
    return float(log_loss(truth, answers, labels=[str(c) for c in pipeline.classes_]))


def pairs(config: Config, data: Dataset, min_rows: int, seconds: float) -> Iterator[list[float]]:
    """With the rule and without it, on each division of a table."""
    timed = config.model_copy(update={"time_budget": seconds})
    for split in divisions(data):
        yield [
            loss(timed.model_copy(update={"publish": Publish(min_rows=least)}), split)
            for least in (min_rows, 1)
        ]


def homes(only: list[str] | None, folder: Path) -> Iterator[tuple[str, Home]]:
    for name, table in tables().items():
        if not only or name in only:
            place = folder / name
            place.mkdir()
            try:
                yield name, home_of(table(), place)
            except ImportError as error:
                print(f"{name:18} left out: {error.name} is not installed")
    if not only or "titanic" in only:
        yield "titanic", Home(Path("classification_model").resolve())


def main() -> None:
    parser = argparse.ArgumentParser(prog="tox -e bench_publish --")
    parser.add_argument("--seconds", type=float, default=30, help="the time budget of auto")
    parser.add_argument("--min-rows", type=int, default=5, help="the rule that is measured")
    parser.add_argument("--only", nargs="*", help="names of tables")
    options = parser.parse_args()
    print(f"{'table':18} {'splits':>6} {'with':>8} {'without':>8} {'ratio':>7}")
    logs = []
    with tempfile.TemporaryDirectory() as folder:
        for name, home in homes(options.only, Path(folder)):
            config = load_config(home)
            data = load_dataset(config, home)
            found = np.array([*pairs(config, data, options.min_rows, options.seconds)])
            ratios = np.log(found[:, 0] / found[:, 1])
            logs.append(ratios.mean())
            ruled, free = found.mean(axis=0)
            print(f"{name:18} {len(found):6} {ruled:8.4f} {free:8.4f} {np.exp(logs[-1]):7.4f}",
                  flush=True)  # fmt: skip
    error = np.std(logs, ddof=1) / np.sqrt(len(logs)) if len(logs) > 1 else float("nan")
    print(f"geometric mean {np.exp(np.mean(logs)):.4f}, standard error {error:.4f}")


if __name__ == "__main__":
    main()
