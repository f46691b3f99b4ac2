"""Simulate the gate: how often it refuses what is level, and what is worse.

``python -m tools.simulate_gate`` prints the table into docs/how-it-works.md. Tables of five kinds
are drawn, a quarter of their rows is held out, and two recipes are fitted on the rest. Level are
two fits of one recipe with different seeds, or two nearly equal recipes. Worse is the same recipe,
its probabilities moved towards the class shares until it loses two margins on 20,000 fresh rows.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from sklearn.base import ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from classification_model.evaluation.paired import guess_losses, judge_recipes, margin_of

__all__ = ["KINDS", "Trial", "main", "trial"]

Floats = npt.NDArray[np.float64]
Shift = Callable[[Floats], Floats]

KINDS: dict[str, dict[str, object]] = {
    "plain": {"flip_y": 0.1, "class_sep": 1.0},
    "noisy": {"flip_y": 0.4, "class_sep": 0.7},
    "rare class": {"flip_y": 0.02, "weights": [0.95]},
    "three classes": {"flip_y": 0.1, "n_classes": 3},
    "nearly separable": {"flip_y": 0.0, "class_sep": 2.5},
}
SIZES = 200, 500, 2000, 5000, 20_000
_FRESH = 20_000
_DOCUMENT = Path(__file__).parents[2] / "docs" / "how-it-works.md"
_BEGIN, _END = "<!-- simulate: begin -->", "<!-- simulate: end -->"


@dataclass(frozen=True, slots=True)
class Trial:
    """What the gate said in one simulated training, and the loss that it would have seen."""

    level_refused: bool
    near_refused: bool
    worse_refused: bool
    seen: float


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """A table: its training rows, its held-out rows and fresh ones; matrices with classes."""

    train: tuple[Floats, npt.NDArray[np.intp]]
    held_out: tuple[Floats, npt.NDArray[np.intp]]
    fresh: tuple[Floats, npt.NDArray[np.intp]]

    @property
    def shares(self) -> Floats:
        counts = np.bincount(self.train[1])
        shares: Floats = counts / counts.sum()
        return shares


def trial(kind: str, rows: int, seed: int) -> Trial:
    """Draw one table of a kind in :data:`KINDS`, and ask the gate three times."""
    drawn = _draw(kind, rows, seed)
    guess = guess_losses(drawn.held_out[1], drawn.shares)

    def losses(
        model: Callable[[int], ClassifierMixin], start: int, shift: Shift
    ) -> Callable[[int], Floats]:
        return lambda number: _losses(
            model(start + number).fit(*drawn.train), drawn.held_out, shift
        )

    def same(scores: Floats) -> Floats:
        return scores

    boosting = losses(_boosting, 0, same)
    level = judge_recipes(boosting, losses(_boosting, 100, same), guess)
    near = judge_recipes(losses(_logistic(1.0), 0, same), losses(_logistic(0.7), 0, same), guess)
    worse = judge_recipes(boosting, losses(_boosting, 100, _worse(drawn)), guess)
    return Trial(
        level.verdict == "worse", near.verdict == "worse", worse.verdict == "worse", worse.seen
    )


def main() -> None:
    """Simulate all kinds and sizes, and write the table between the marks of the document."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=100)
    trials = options.parse_args().trials
    lines = [
        f"Of {trials} simulated trainings of each kind, how many the gate refused:",
        "",
        "| table | rows, a quarter held out | level: other seed | level: near | worse by two margins | can be seen |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    with joblib.Parallel(n_jobs=-1) as parallel:
        for kind in KINDS:
            for rows in SIZES:
                done: list[Trial] = parallel(
                    joblib.delayed(trial)(kind, rows, seed) for seed in range(trials)
                )
                lines.append(_line(kind, rows, done))
                print(lines[-1], flush=True)
    _write("\n".join(lines))


def _line(kind: str, rows: int, done: list[Trial]) -> str:
    shares = [
        np.mean([getattr(one, name) for one in done])
        for name in ("level_refused", "near_refused", "worse_refused")
    ]
    seen = np.median([one.seen for one in done])
    return f"| {kind} | {rows} | " + " | ".join(f"{s:.0%}" for s in shares) + f" | {seen:.3f} |"


def _write(table: str) -> None:
    before, rest = _DOCUMENT.read_text(encoding="utf-8").split(_BEGIN)
    after = rest.split(_END)[1]
    text = f"{before}{_BEGIN}\n{table}\n{_END}{after}"
    _DOCUMENT.write_text(text, encoding="utf-8")


def _draw(kind: str, rows: int, seed: int) -> _Drawn:
    x, y = make_classification(
        rows + _FRESH, 12, n_informative=6, n_redundant=2, random_state=seed, **KINDS[kind]
    )
    x, y = x.astype(np.float64), y.astype(np.intp)
    cut = rows * 3 // 4
    return _Drawn((x[:cut], y[:cut]), (x[cut:rows], y[cut:rows]), (x[rows:], y[rows:]))


def _boosting(seed: int) -> ClassifierMixin:
    return HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.08, max_leaf_nodes=5, min_samples_leaf=10, max_features=0.5,
        l2_regularization=1.0, early_stopping=False, random_state=seed,
    )  # fmt: skip


def _logistic(c: float) -> Callable[[int], ClassifierMixin]:
    return lambda _: LogisticRegression(C=c, max_iter=500)


def _losses(
    model: ClassifierMixin, rows: tuple[Floats, npt.NDArray[np.intp]], shift: Shift
) -> Floats:
    return _of_truth(shift(model.predict_proba(rows[0])), rows[1])


def _of_truth(scores: Floats, truth: npt.NDArray[np.intp]) -> Floats:
    losses: Floats = -np.log(np.clip(scores[np.arange(len(truth)), truth], 1e-7, 1))
    return losses


def _worse(drawn: _Drawn) -> Shift:
    """Move probabilities towards the class shares, until they lose two margins on fresh rows."""
    scores, truth = _boosting(0).fit(*drawn.train).predict_proba(drawn.fresh[0]), drawn.fresh[1]
    loss = _of_truth(scores, truth)
    margin = margin_of(loss, guess_losses(truth, drawn.shares))

    def shifted(part: float) -> Shift:
        return lambda scores: (1 - part) * scores + part * drawn.shares

    def lost(part: float) -> float:
        return float((_of_truth(shifted(part)(scores), truth) - loss).mean()) - 2 * margin

    # Shares make an overconfident model better before they make it worse.
    start = min(np.linspace(0, 0.9, 19), key=lost)
    return shifted(float(brentq(lost, start, 1.0))) if lost(1.0) > 0 else shifted(1.0)


if __name__ == "__main__":
    main()
