"""Our choice of estimator beside LightGBM's, CatBoost's and scikit-learn's boosting as they come.

    tox -e bench_models [-- --only NAME ...] [--sizes [NAME ...]] [--write]
    tox -e bench_autogluon [-- --only NAME ...] [--write]

Each table takes the whole road: CSV, init, split, encoding. The peers get the same encoded
columns, told which of them are categories, and AutoGluon the columns as they are; all are judged by
the log loss on the same held-out rows: a quarter, and where rows are few each of the four quarters in
turn. A ratio below 1 means that ours is lower than the best of the others, and the difference from it
comes with two standard errors. ``--sizes`` measures the tables of ``bench_sizes`` instead. ``--write``
puts what was printed into docs/bench/models.md, under a heading of its own.
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
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold

from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.estimators import build_classifier
from classification_model.init import scaffold
from classification_model.pipeline import encoding_step
from classification_model.processing.arrays import Floats, Matrix
from classification_model.processing.data_manager import Dataset, Split, load_dataset
from classification_model.processing.features import Feature
from classification_model.training.selection import choose
from tools.bench_sizes import large_tables

Table = tuple[Sequence[str], Sequence[Sequence[object]], str]
"""Header, rows, and the name of the target."""

SMALL = 1500
"""Up to this many rows, each quarter is held out in turn: a few hundred rows say little."""


PEERS = ("LightGBM", "CatBoost", "scikit-learn")

AUTOGLUON_SECONDS = 90
"""For each division of a table; its preset is the one that AutoGluon takes by itself, medium_quality."""

_SMALL_TABLES, _SIZES, _AUTOGLUON = "Small tables", "Tables of growing size", "AutoGluon"

_BEHIND = 1.03
"""A ratio above this is behind, where two standard errors of the difference do not explain it."""

_TRUTH = "the truth"

OUTPUT = Path(__file__).parents[2] / "docs" / "bench" / "models.md"


class Result(NamedTuple):
    """Log losses of each held-out row: ours, and those of the others, shape ``(others, rows)``."""

    ours: Floats
    peers: Floats
    seconds: float

    @property
    def best(self) -> Floats:
        best: Floats = self.peers[self.peers.mean(axis=1).argmin()]
        return best

    @property
    def ratio(self) -> float:
        return float(self.ours.mean() / self.best.mean())

    @property
    def difference(self) -> tuple[float, float]:
        """Ours less the best of the others, and two standard errors of it."""
        each = self.ours - self.best
        return float(each.mean()), float(2 * each.std(ddof=1) / np.sqrt(len(each)))

    @property
    def is_behind(self) -> bool:
        difference, error = self.difference
        return self.ratio > _BEHIND and difference > error


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

    def diamonds() -> Table:
        from plotnine.data import diamonds

        return from_frame(diamonds.sample(10_000, random_state=0), "cut")

    return {
        "cancer": lambda: from_scikit_learn(datasets.load_breast_cancer()),
        "digits": lambda: from_scikit_learn(datasets.load_digits()),
        "penguins": penguins,
        "affairs": affairs,
        "diamonds, a sample": diamonds,
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
    choice = choose(train, split.train.labels, plan, seed=0, time_budget=40)
    classify = build_classifier(plan, choice.estimator, 0)
    return classify.fit(train, split.train.labels).predict_proba(test)


def peer(name: str, split: Split, plan: tuple[Feature, ...], train: Matrix, test: Matrix) -> Any:
    """A library's default on the encoded columns, on one thread."""
    if name == _AUTOGLUON:
        return autogluon(split)

    def frame(matrix: Matrix) -> pd.DataFrame:
        columns = pd.DataFrame(matrix, columns=[f"f{i}" for i in range(matrix.shape[1])])
        for i, feature in enumerate(plan):
            if feature.kind == "category":
                codes = np.nan_to_num(matrix[:, i], nan=-2).astype(int)
                # Missing, unseen, each category, and a rare one.
                levels = range(-2, len(feature.categories) + 1)
                columns[f"f{i}"] = pd.Categorical(codes, categories=levels)
        return columns

    if name == "LightGBM":
        from lightgbm import LGBMClassifier

        model = LGBMClassifier(n_jobs=1, random_state=0, verbose=-1)
    elif name == "CatBoost":
        from catboost import CatBoostClassifier

        categories = [i for i, feature in enumerate(plan) if feature.kind == "category"]
        model = CatBoostClassifier(
            thread_count=1, random_seed=0, verbose=0, cat_features=categories,
            allow_writing_files=False,
        )  # fmt: skip
    else:
        model = HistGradientBoostingClassifier(random_state=0, categorical_features="from_dtype")
    labels: Any = [str(label) for label in split.train.labels]
    return model.fit(frame(train), labels).predict_proba(frame(test))


def autogluon(split: Split) -> Any:
    """What AutoGluon learns from the columns as they are, on all cores."""
    from autogluon.tabular import TabularPredictor

    train, test = (pd.DataFrame(part.rows()) for part in (split.train, split.held_out))
    train[_TRUTH] = [str(label) for label in split.train.labels]
    with tempfile.TemporaryDirectory() as folder:
        learner = TabularPredictor(_TRUTH, eval_metric="log_loss", path=folder, verbosity=0)
        learner.fit(train, presets="medium_quality", time_limit=AUTOGLUON_SECONDS)
        return learner.predict_proba(test).sort_index(axis=1).to_numpy()


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


def row_losses(truth: Sequence[str], classes: Sequence[str], shares: Floats) -> Floats:
    """Log loss of each row, as scikit-learn's: no probability counts as less than the smallest step."""
    given = shares[np.arange(len(truth)), np.searchsorted(classes, truth)]
    return -np.log(np.clip(given, np.finfo(np.float64).eps, 1))


def compare(name: str, home: Home, others: Sequence[str]) -> tuple[str, Result]:
    """All on each division of a table, and one line about them."""
    config = load_config(home)
    found, seconds = [], []
    for split in divisions(load_dataset(config, home)):
        encode = encoding_step(config)
        words = [str(label) for label in split.train.labels]
        train = encode.fit_matrix(split.train.typed(), words)
        test, plan = encode.matrix(split.held_out.typed()), encode.features_
        truth = [str(label) for label in split.held_out.labels]
        with quiet():
            start = time.monotonic()
            shares = [ours(split, plan, train, test)]
            seconds.append(time.monotonic() - start)
            shares += [peer(one, split, plan, train, test) for one in others]
        classes = sorted({*words})
        found.append(np.array([row_losses(truth, classes, np.asarray(each)) for each in shares]))
    losses = np.hstack(found)
    result = Result(losses[0], losses[1:], float(np.mean(seconds)))
    shape = f"{len(train) + len(test):,} x {len(plan)}"
    columns = " | ".join(f"{loss:.4f}" for loss in losses.mean(axis=1))
    difference, error = result.difference
    line = (
        f"| {name} | {shape} | {len(found)} | {columns} | {result.ratio:.3f} "
        f"| {difference:+.4f} ± {error:.4f} | {result.seconds:.0f} |"
    )
    return line, result


def small_tables(only: Sequence[str] | None, others: Sequence[str] = PEERS) -> Iterator[str]:
    """Lines of a Markdown table, one for each small table, and what they come to."""
    yield f"| table | rows x features | splits | ours | {' | '.join(others)} | ratio | difference | s |"
    yield "|" + "---|" * (7 + len(others))
    results = []
    titanic = Home(Path("classification_model").resolve())
    for name, table in {"titanic": None, **tables()}.items():
        if only and name not in only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            home = titanic if table is None else home_of(table(), Path(folder))
            line, result = compare(name, home, others)
        results.append(result)
        yield line
    ratios = [one.ratio for one in results]
    yield ""
    yield (
        f"Geometric mean of the ratios {np.exp(np.log(ratios).mean()):.3f}, worst {max(ratios):.3f}; "
        f"behind by more than 3% and two standard errors: "
        f"{sum(one.is_behind for one in results)} of {len(results)}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="tox -e bench_models --")
    parser.add_argument("--only", nargs="*", help="names of tables")
    parser.add_argument("--sizes", nargs="*", help="init and train as rows grow, all or some")
    parser.add_argument("--autogluon", action="store_true", help="beside AutoGluon")
    parser.add_argument("--write", action="store_true", help="put it into docs/bench/models.md")
    options = parser.parse_args()
    if options.write and (options.only or options.sizes):
        parser.error("--write takes the place of a whole part of the page: give no names")
    if options.sizes is not None:
        title, lines = _SIZES, large_tables(options.sizes)
    elif options.autogluon:
        title, lines = _AUTOGLUON, small_tables(options.only, [_AUTOGLUON])
    else:
        title, lines = _SMALL_TABLES, small_tables(options.only)
    found = []
    for line in lines:
        print(line, flush=True)
        found.append(line)
    if options.write:
        write(title, found)


def write(title: str, lines: Sequence[str]) -> None:
    """Put lines under a heading of the page, in the place of those that are there."""
    sections = OUTPUT.read_text(encoding="utf-8").split("\n## ")
    there = [section.partition("\n")[0] for section in sections]
    sections[there.index(title)] = "\n".join([title, "", *lines, ""])
    OUTPUT.write_text("\n## ".join(sections), encoding="utf-8")


if __name__ == "__main__":
    main()
