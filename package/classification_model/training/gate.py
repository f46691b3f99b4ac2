"""A new model earns its place: compared with the old one, and with the floor of config.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from classification_model.bundle import Bundle, Manifest
from classification_model.bundle.provenance import Comparison, Gate
from classification_model.config.core import Config
from classification_model.errors import BundleError, RejectedModelError
from classification_model.evaluation.comparison import compare
from classification_model.inference.engines import Probabilities
from classification_model.predict import Model
from classification_model.processing.column_rules import ColumnRules
from classification_model.processing.data_manager import Dataset

__all__ = ["GateResult", "decide", "passed", "score_as"]

_SMALLER_IS_BETTER = frozenset({"log_loss", "brier"})


@dataclass(frozen=True, slots=True)
class GateResult:
    """What goes into the manifest, what it rests on, and why the model should not pass."""

    gate: Gate | None
    comparison: Comparison | None
    reasons: tuple[str, ...]


def decide(
    *,
    old: Bundle | None,
    new: Bundle,
    held_out: Dataset,
    config: Config,
) -> GateResult:
    """Compare a new bundle with the one that it would replace, on the same held-out rows.

    The same model trained again keeps the record of how it first passed, so that training
    twice gives the same bytes.
    """
    reasons = _below_the_floor(config, new.manifest.metrics)
    if old is None:
        return GateResult(None, None, reasons)
    if old.manifest.files[".pkl"] == new.manifest.files[".pkl"]:
        return GateResult(old.manifest.gate, None, reasons)
    identity = {"old_version": old.manifest.version, "old_digest": old.digest}
    scores = score_as(old, new, held_out)
    if isinstance(scores, str):
        return GateResult(Gate(**identity, note=f"not compared: {scores}"), None, reasons)
    ours = Model(new).score_columns(held_out.columns)
    classes = new.manifest.classes
    comparison = compare(held_out.labels, scores, ours, classes, seed=config.random_state)
    if comparison.verdict == "worse":
        loss = comparison.differences[0]
        by = f"{loss.low:.4f} to {loss.high:.4f}"
        flips = f"{len(comparison.flips)} of {comparison.rows} held-out rows get another label"
        worse = (
            f"worse than model {old.manifest.version}: log loss {loss.new:.4f} where that has "
            f"{loss.old:.4f} (by {by}), and {flips}"
        )
        reasons = (worse, *reasons)
    return GateResult(Gate(**identity, verdict=comparison.verdict), comparison, reasons)


def passed(result: GateResult, old: Bundle | None, new: Bundle, *, force: bool) -> Manifest:
    """The manifest of a bundle with the record of how it passed.

    Raises:
        RejectedModelError: it should not, and nobody forces it.
    """
    record = result.gate
    if result.reasons and not force:
        kept = "the model that is there stays" if old else "nothing was saved"
        raise RejectedModelError(
            f"the new model is refused: {'; '.join(result.reasons)}; {kept}; --force overrules",
            result.comparison,
        )
    if result.reasons:
        record = (record or Gate()).model_copy(update={"overruled": result.reasons})
    return new.manifest.model_copy(update={"gate": record})


def score_as(old: Bundle, new: Bundle, rows: Dataset) -> Probabilities | str:
    """The old model's probabilities for rows of the new one's schema, in the new one's classes.

    Where the two cannot be compared, the reason.
    """
    columns = old.manifest.row_schema.columns
    if gone := [name for name in columns if name not in new.manifest.row_schema.columns]:
        return f"the old model needs the column {gone[0]!r}, which is gone"
    order = {label: i for i, label in enumerate(old.manifest.classes)}
    if set(order) != set(new.manifest.classes):
        return "the classes are others"
    try:
        model = Model(old)
    except BundleError as error:
        return str(error)
    checked = ColumnRules(old.manifest.row_schema).check(
        {name: rows.columns[name] for name in columns}
    )
    if not checked.good.all():
        line = rows.lines[checked.good.argmin()]
        return f"the old model refuses a row, that of line {line}"
    scores = model.score_columns(checked.columns)
    return scores[:, [order[label] for label in new.manifest.classes]]


def _below_the_floor(config: Config, metrics: Mapping[str, float]) -> tuple[str, ...]:
    reasons = []
    for name, bound in config.acceptance.items():
        found, less_is_better = metrics[name], name in _SMALLER_IS_BETTER
        if found > bound if less_is_better else found < bound:
            word = "above" if less_is_better else "below"
            reasons.append(f"{name} {found:.4f} is {word} the {bound:g} of acceptance")
    return tuple(reasons)
