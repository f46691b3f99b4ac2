"""Judge a model on held-out rows, and put all results into one report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sklearn.metrics import f1_score
from threadpoolctl import threadpool_limits

from classification_model.config.schema import Label, RowSchema
from classification_model.evaluation import bootstrap, curves, influence
from classification_model.evaluation.abstained import abstained
from classification_model.evaluation.baselines import baselines
from classification_model.evaluation.coverage import covered
from classification_model.evaluation.decided import decided
from classification_model.evaluation.fairness import groups
from classification_model.evaluation.importance import Predict, importance
from classification_model.evaluation.metrics import NAMES, Metrics, Outcomes, align, score
from classification_model.evaluation.report import Estimate, Report
from classification_model.evaluation.slices import Few, slices
from classification_model.processing.columns import ColumnEncoder
from classification_model.processing.data_manager import Dataset
from classification_model.processing.decisions import Decision
from classification_model.processing.features import Feature
from classification_model.processing.functions import BUILT_IN, Functions
from classification_model.processing.labels import positive_label
from classification_model.processing.sets import PredictionSets

__all__ = ["evaluate"]

# Beyond this, resampling takes minutes, and what it finds is what the influence of rows says.
_MOST_RESAMPLED = 20_000


def evaluate(  # noqa: PLR0913 - a judgement needs all of it
    *,
    predict: Predict,
    features: Sequence[Feature],
    schema: RowSchema,
    train: Dataset,
    held_out: Dataset,
    classes: Sequence[Label],
    seed: int,
    positive: Label | None = None,
    functions: Functions = BUILT_IN,
    min_rows: int = 1,
    decision: Decision | None = None,
    sets: PredictionSets | None = None,
    abstain_below: float | None = None,
    fairness: Sequence[str] = (),
) -> Report:
    """Judge a model on held-out rows. The same arguments give the same report.

    It keeps to one thread, in which sums are rounded the same however many cores there are,
    and in which small trees do not wait for each other on a busy machine.

    Args:
        predict: encoded rows in, probabilities of shape ``(rows, classes)`` out.
        features: how rows are encoded: what serving encodes by.
        positive: the one of two classes that curves are about; by default the second.
        functions: those that the features name.
        schema: the raw columns.
        train: the rows that the model was fitted on, for the baselines and the quartiles.
        held_out: rows that it has not seen; each class is among them.
        classes: the labels in the order of the probabilities.
        seed: of the bootstrap, the shuffled columns and the baselines.
        min_rows: how many training rows must hold what a slice is named by.
        decision: how a class is answered; by default the most probable one.
        sets: how a set of classes is answered, where that is asked for.
        abstain_below: from which probability on a class is answered at all.
        fairness: the columns whose groups are judged apart.
    """
    positive = positive_label(None, classes) if positive is None else positive
    with threadpool_limits(limits=1):
        encoder = ColumnEncoder(schema, features, functions)
        matrix = encoder.encode(held_out.columns)
        probabilities = predict(matrix)
        judged = align(held_out.labels, probabilities, classes, decision)
        metrics = score(held_out.labels, probabilities, classes, decision)
        ranked = importance(
            held_out,
            predict=predict,
            features=features,
            functions=functions,
            schema=schema,
            classes=classes,
            seed=seed,
        )
        return Report(
            metrics=metrics,
            **_counts(train, classes),
            **_estimates(judged, metrics, seed),
            baselines=baselines(
                (encoder.encode(train.columns), train.labels),
                (matrix, held_out.labels),
                features=features,
                classes=classes,
                seed=seed,
            ),
            **_by_part(schema, train, held_out, judged, min_rows, fairness),
            importance=ranked,
            **_pictured(judged, classes, positive, decision.threshold if decision else None),
            **_answered(judged, decision, sets, abstain_below),
        )


def _by_part(
    schema: RowSchema,
    train: Dataset,
    held_out: Dataset,
    judged: Outcomes,
    least: int,
    fairness: Sequence[str],
) -> dict[str, Any]:
    """What is said of parts of the rows: where it is weak, and of the groups that are named."""
    of, few = (schema, train.columns, held_out.columns, judged), Few(least, train.groups)
    return {
        "slices": slices(*of, min_rows=least, groups=train.groups),
        "groups": groups(fairness, *of, few),
    }


def _counts(train: Dataset, classes: Sequence[Label]) -> dict[str, Any]:
    """The classes with their rows, and the share of rows that each column misses."""
    rows = Counter(train.labels)
    return {
        "classes": tuple(classes),
        "class_rows": tuple(rows[label] for label in classes),
        "missing": {name: float(c.missing().mean()) for name, c in train.columns.items()},
    }


def _estimates(
    judged: Outcomes, metrics: Metrics, seed: int
) -> dict[str, Estimate | tuple[Estimate, ...]]:
    """Each metric with its interval, and F1 with one for each class."""
    many = len(judged.truth) > _MOST_RESAMPLED
    found = influence.influences(judged) if many else bootstrap.resampled(judged, seed=seed)
    interval = influence.interval if many else bootstrap.interval
    everything = list(range(judged.classes))
    f1 = f1_score(judged.truth, judged.predicted, labels=everything, average=None, zero_division=0)
    counts = Counter(judged.truth.tolist())
    rows = [counts[k] for k in everything]
    fewest = min(filter(None, rows))
    of = {"accuracy": sum(rows), "balanced_accuracy": fewest, "roc_auc": fewest}
    return {
        **{
            name: interval(getattr(metrics, name), found[name]).as_share_of(of.get(name))
            for name in NAMES
        },
        "f1": tuple(
            interval(float(f1[k]), found["f1"][:, k]).as_share_of(rows[k]) for k in everything
        ),
    }


def _answered(
    judged: Outcomes,
    decision: Decision | None,
    sets: PredictionSets | None,
    abstain_below: float | None,
) -> dict[str, Any]:
    """What is said of decisions and sets, by the names of the report."""
    return {
        "decided": decided(judged, decision),
        "coverage": covered(judged, sets),
        "abstained": abstained(judged, abstain_below),
    }


def _pictured(
    judged: Outcomes, classes: Sequence[Label], positive: Label | None, threshold: float | None
) -> dict[str, Any]:
    """The data of the pictures, by the names of the report's fields."""
    of = 1 if positive is None else classes.index(positive)
    bins = curves.calibration(judged, of)
    return {
        "positive": positive,
        "calibration": bins,
        "calibration_error": curves.calibration_error(bins),
        "confusion": curves.confusion(judged),
        "roc": curves.roc_curves(judged, classes, of),
        "precision_recall": curves.pr_curves(judged, classes, of),
        "steps": curves.steps(judged, of, threshold or 0.5),
        "histogram": curves.histogram(judged, classes, of),
    }
