"""Our choice of estimator against FLAML's, on the same tables, features and splits.

    tox -e bench_models [-- --seconds 45] [--only NAME ...]

Each table takes the whole road: CSV, init, split, encoding. FLAML gets the same encoded
columns, told which of them are categories, and a time budget; both are judged by the log loss
on the same held-out rows: a quarter, and where rows are few each of the four quarters in turn.
A ratio below 1 means that ours is lower.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.init import scaffold
from classification_model.pipeline import EncodingStep, build_classifier
from classification_model.processing.data_manager import Dataset, Split, load_dataset
from classification_model.processing.features import Feature, Matrix, feature_plan
from classification_model.training.selection import choose

Table = tuple[Sequence[str], Sequence[Sequence[object]], str]
"""Header, rows, and the name of the target."""

SMALL = 1500
"""Up to this many rows, each quarter is held out in turn: a few hundred rows say little."""


class Result(NamedTuple):
    """Log losses on held-out rows, and seconds."""

    ours: float
    flaml: float
    seconds: float
    flaml_seconds: float


def from_scikit_learn(source: Any) -> Table:
    names = [f"x{i}" for i in range(source.data.shape[1])]
    rows = [(*row, f"c{label}") for row, label in zip(source.data, source.target, strict=True)]
    return [*names, "label"], rows, "label"


def from_river(source: Any) -> Table:
    pairs = list(source)
    names = list(pairs[0][0])
    return [*names, "label"], [(*x.values(), f"c{y}") for x, y in pairs], "label"


def from_frame(frame: pd.DataFrame, target: str) -> Table:
    plain = frame.astype(object).where(frame.notna(), "")
    return list(frame.columns), plain.to_numpy().tolist(), target


def made(seed: int, rows: int, columns: int, classes: int) -> Table:
    data, target = datasets.make_classification(
        rows, columns, n_informative=max(4, columns // 3), n_classes=classes, flip_y=0.05,
        class_sep=0.8, random_state=seed,
    )  # fmt: skip
    names = [f"x{i}" for i in range(columns)]
    labelled = [(*row, f"c{y}") for row, y in zip(data.round(4), target, strict=True)]
    return [*names, "label"], labelled, "label"


def tables() -> dict[str, Callable[[], Table]]:
    """What is compared; the packages are imported only for the tables that are asked for."""

    def river(name: str) -> Table:
        from river import datasets as river_datasets

        return from_river(getattr(river_datasets, name)())

    def penguins() -> Table:
        from palmerpenguins import load_penguins

        return from_frame(load_penguins(), "species")

    def affairs() -> Table:
        from statsmodels.datasets import fair

        frame = fair.load_pandas().data
        frame["any"] = np.where(frame.pop("affairs") > 0, "yes", "no")
        return from_frame(frame, "any")

    return {
        "cancer": lambda: from_scikit_learn(datasets.load_breast_cancer()),
        "digits": lambda: from_scikit_learn(datasets.load_digits()),
        "penguins": penguins,
        "affairs": affairs,
        "phishing": lambda: river("Phishing"),
        "bananas": lambda: river("Bananas"),
        "segments": lambda: river("ImageSegments"),
        "made, 2 classes": lambda: made(0, 2000, 20, 2),
        "made, 4 classes": lambda: made(1, 4000, 40, 4),
        "made, wide": lambda: made(2, 1000, 90, 2),
        "made, long": lambda: made(3, 10000, 10, 2),
    }


def home_of(table: Table, folder: Path) -> Home:
    header, rows, target = table
    source = folder / "data.csv"
    with source.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return scaffold.create(source, target, folder / "home")[0]


def ours(split: Split, plan: tuple[Feature, ...], train: Matrix, test: Matrix) -> Any:
    choice = choose(train, split.train.labels, plan, seed=0, time_budget=60)
    classify = build_classifier(plan, choice.estimator, 0)
    return classify.fit(train, split.train.labels).predict_proba(test)


def flaml(
    split: Split, plan: tuple[Feature, ...], train: Matrix, test: Matrix, seconds: float
) -> Any:
    from flaml import AutoML

    def frame(matrix: Matrix) -> pd.DataFrame:
        columns = pd.DataFrame(matrix, columns=[f"f{i}" for i in range(matrix.shape[1])])
        for i, feature in enumerate(plan):
            if feature.kind == "category":
                levels = range(-1, len(feature.categories))
                columns[f"f{i}"] = pd.Categorical(matrix[:, i], categories=levels)
        return columns

    automl = AutoML()
    labels = np.array([str(label) for label in split.train.labels])
    automl.fit(
        frame(train), labels, task="classification", metric="log_loss", time_budget=seconds,
        n_jobs=2, seed=0, verbose=0,
    )  # fmt: skip
    return automl.predict_proba(frame(test))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def divisions(data: Dataset) -> Iterator[Split]:
    """Training and held-out rows, of each class a quarter held out."""
    labels = [str(label) for label in data.labels]
    folds = StratifiedKFold(4, shuffle=True, random_state=0).split(labels, labels)
    for _, test in islice(folds, 4 if len(labels) <= SMALL else 1):
        yield Split.of(data, np.isin(np.arange(len(labels)), test))


def compare(name: str, home: Home, seconds: float) -> Result:
    """Both on each division of a table, and one line about them."""
    config = load_config(home)
    results = []
    for split in divisions(load_dataset(config, home)):
        encode = EncodingStep(
            config.row_schema(), feature_plan(config.row_schema(), config.derived)
        )
        train = encode.fit_matrix(split.train.typed())
        test, plan = encode.matrix(split.held_out.typed()), encode.features_
        truth = [str(label) for label in split.held_out.labels]
        with quiet():
            start = time.monotonic()
            mine = log_loss(truth, ours(split, plan, train, test))
            middle = time.monotonic()
            other = log_loss(truth, flaml(split, plan, train, test, seconds))
            end = time.monotonic()
        results.append(Result(mine, other, middle - start, end - middle))
    mean = Result(*np.mean(results, axis=0))
    shape = f"{len(train) + len(test)} x {len(plan)}"
    print(
        f"{name:18} {shape:>15} {len(results):6} {mean.ours:8.4f} {mean.flaml:8.4f} "
        f"{mean.ours / mean.flaml:7.3f} {mean.seconds:7.1f} {mean.flaml_seconds:7.1f}",
        flush=True,
    )
    return mean


def main() -> None:
    parser = argparse.ArgumentParser(prog="tox -e bench_models --")
    parser.add_argument("--seconds", type=float, default=45, help="FLAML's time budget")
    parser.add_argument("--only", nargs="*", help="names of tables")
    options = parser.parse_args()
    print(
        f"{'table':18} {'rows x features':>15} {'splits':>6} {'ours':>8} {'FLAML':>8} "
        f"{'ratio':>7} {'s':>7} {'s':>7}"
    )
    results = []
    titanic = Home(Path("classification_model").resolve())
    if not options.only or "titanic" in options.only:
        results.append(compare("titanic", titanic, options.seconds))
    for name, table in tables().items():
        if not options.only or name in options.only:
            with tempfile.TemporaryDirectory() as folder:
                results.append(compare(name, home_of(table(), Path(folder)), options.seconds))
    ratios = np.array([result.ours / result.flaml for result in results])
    times = np.array([result.seconds / result.flaml_seconds for result in results])
    print(
        f"mean ratio {ratios.mean():.3f} (geometric {np.exp(np.log(ratios).mean()):.3f}), worst "
        f"{ratios.max():.3f}; {int((ratios <= 1.02).sum())} of {len(ratios)} level or ahead; "
        f"mean share of its time {times.mean():.2f}"
    )


if __name__ == "__main__":
    main()
