"""Init and train on made tables of growing size, beside LightGBM as it comes: part of bench_models.

Both learn from the same rows, and both answer others that neither has seen. Seconds are those of
the commands as a person types them; LightGBM's are of its fit alone, on one core.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.metrics import log_loss

from classification_model.predict import make_prediction

__all__ = ["SIZES", "large_tables"]

SIZES: dict[str, tuple[int, int, int]] = {
    "10,000 x 20": (10_000, 20, 2),
    "5,000 x 200": (5_000, 200, 2),
    "20,000 x 20, 10 classes": (20_000, 20, 10),
    "54,000 x 9, 5 classes": (54_000, 9, 5),
    "100,000 x 20": (100_000, 20, 2),
    "5,000 x 2,000": (5_000, 2_000, 2),
    "1,000,000 x 20": (1_000_000, 20, 2),
}
"""Rows, columns and classes."""

_ASKED = 20_000


class Cost(NamedTuple):
    """Seconds of the clock and of all cores, and the most gigabytes of memory."""

    wall: float
    cpu: float
    memory: float


def large_tables(only: Sequence[str] | None = None) -> Iterator[str]:
    """Lines of a Markdown table, one for each size."""
    yield (
        "| rows x columns | ours | LightGBM | ratio | init and train, s | CPU, s | peak, GB "
        "| files, MB | LightGBM, s |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, shape in SIZES.items():
        if not only or name in only:
            yield _line(name, *_made(*shape))


def _made(rows: int, columns: int, classes: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to learn from, and others to be asked about."""
    informative = min(columns - 2, max(8, 2 * classes, columns // 20))
    data, target = datasets.make_classification(
        rows + _ASKED, columns, n_informative=informative, n_redundant=2, n_classes=classes,
        flip_y=0.05, class_sep=0.9, random_state=7,
    )  # fmt: skip
    frame = pd.DataFrame(data.round(4), columns=[f"x{i}" for i in range(columns)])
    frame["label"] = np.char.add("c", target.astype(str))
    return frame.iloc[:rows], frame.iloc[rows:]


def _line(name: str, learned: pd.DataFrame, asked: pd.DataFrame) -> str:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        cost = _trained(learned, Path(folder), home)
        files = sum(file.stat().st_size for file in (home / "trained_models").iterdir()) / 1e6
        answers = make_prediction(input_data=asked.drop(columns="label"), home=home)
    probabilities = pd.DataFrame(answers["probabilities"]).sort_index(axis=1).to_numpy()
    ours = log_loss(asked["label"], probabilities / probabilities.sum(axis=1, keepdims=True))
    theirs, seconds = _lightgbm(learned, asked)
    return (
        f"| {name} | {ours:.4f} | {theirs:.4f} | {ours / theirs:.3f} | {cost.wall:.0f} "
        f"| {cost.cpu:.0f} | {cost.memory:.1f} | {files:.1f} | {seconds:.1f} |"
    )


def _trained(learned: pd.DataFrame, folder: Path, home: Path) -> Cost:
    learned.to_csv(folder / "data.csv", index=False)
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    tool = [sys.executable, "-m", "classification_model"]
    run = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
    run([*tool, "init", str(folder / "data.csv"), "--target", "label", "--home", str(home)])
    run([*tool, "train", "--home", str(home)])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.monotonic() - begun, cpu, used.ru_maxrss / 2**20)


def _lightgbm(learned: pd.DataFrame, asked: pd.DataFrame) -> tuple[float, float]:
    from lightgbm import LGBMClassifier

    begun = time.monotonic()
    model = LGBMClassifier(n_jobs=1, random_state=0, verbose=-1)
    model.fit(learned.drop(columns="label"), learned["label"])
    seconds = time.monotonic() - begun
    return log_loss(asked["label"], model.predict_proba(asked.drop(columns="label"))), seconds
