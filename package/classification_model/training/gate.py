"""The gate: a new recipe is compared with the reference on rows that neither has seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from classification_model.bundle import Bundle
from classification_model.bundle.provenance import Comparison, Gate, Judged, Reference
from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.errors import RejectedModelError
from classification_model.evaluation.comparison import COST
from classification_model.evaluation.paired import Paired, margin_of, surely_below
from classification_model.progress import Progress
from classification_model.training.recipes import Candidate
from classification_model.training.reference import held_against, reference_here, suspicion, verdict

__all__ = ["GateResult", "decide", "passed"]

_SMALLER_IS_BETTER = frozenset({"log_loss", "brier"})


@dataclass(frozen=True, slots=True)
class GateResult:
    """The gate's record for the manifest, the comparison, and the reasons against the model."""

    gate: Gate
    comparison: Comparison | None = None
    reasons: tuple[str, ...] = ()


def decide(
    new: Candidate,
    old: Bundle | None,
    *,
    home: Home,
    same_table: bool,
    progress: Progress,
) -> GateResult:
    """Say whether a new recipe may take the place of the one that is there.

    Args:
        new: the recipe, fitted.
        old: the bundle that is there.
        home: of both.
        same_table: whether the old one was judged on the very same rows.
        progress: is told what is compared, and what cannot be.
    """
    judged = _judged(new)
    floor = tuple(_below_the_floor(new.config, new.report.metrics.model_dump()))
    fresh = Gate(judged=judged, reference=Reference(version=new.version, recipe=new.recipe))
    if old is None or old.manifest.recipe.target != new.recipe.target:
        note = (
            f"nothing was compared: model {old.manifest.version} predicts "
            f"{old.manifest.recipe.target!r}"
            if old
            else "nothing was there to be compared with"
        )
        progress.say(f"Note: {note}")
        return GateResult(fresh.model_copy(update={"note": note}), None, floor)
    lost = tuple(_lost_its_gain(judged, old))
    if others := _other_classes(new, old):
        return _incomparable(fresh, others, new.config, floor, lost, progress)
    found: GateResult | None
    if old.manifest.recipe.is_same(new.recipe):
        found = _same_recipe(new, old, judged, same_table=same_table, progress=progress)
    else:
        found = _other_recipe(new, old, fresh, home=home, progress=progress)
    if found is None:
        cannot = f"neither the recipe of {old.manifest.version} nor its reference fits here"
        return _incomparable(fresh, cannot, new.config, floor, lost, progress)
    return GateResult(found.gate, found.comparison, (*found.reasons, *lost, *floor))


def passed(result: GateResult, old: Bundle | None, new: Candidate, *, force: bool) -> Gate:
    """Return the record of how a recipe passed. A forced one is the reference from then on.

    Raises:
        RejectedModelError: there are reasons against it, and ``force`` is not set.
    """
    if not result.reasons:
        return result.gate
    if not force:
        kept = "the model that is there stays" if old else "nothing was saved"
        raise RejectedModelError(
            f"the new model is refused: {'; '.join(result.reasons)}; {kept}; --force overrules",
            result.comparison,
        )
    return result.gate.model_copy(
        update={
            "overruled": result.reasons,
            "reference": Reference(version=new.version, recipe=new.recipe),
        }
    )


def _judged(new: Candidate) -> Judged:
    losses, guess = new.contestant.losses(), new.contestant.guess()
    rows = len(losses)
    return Judged(
        rows=rows,
        log_loss=round(float(losses.mean()), 9),
        error=round(float(losses.std(ddof=1)) / rows**0.5, 9) if rows > 1 else 0.0,
        guess=round(float(guess.mean()), 9),
        learned=surely_below(losses, guess),
    )


def _incomparable(
    fresh: Gate,
    why: str,
    config: Config,
    floor: tuple[str, ...],
    lost: tuple[str, ...],
    progress: Progress,
) -> GateResult:
    """A recipe that cannot be compared passes only by a floor that a person has set."""
    note = f"cannot be compared: {why}"
    progress.say(f"Note: {note}")
    gate = fresh.model_copy(update={"note": note})
    if config.acceptance and not floor:
        return GateResult(gate, None, lost)
    reason = f"it {note}" + ("" if config.acceptance else " (no floor under acceptance is set)")
    return GateResult(gate, None, (reason, *lost, *floor))


def _other_classes(new: Candidate, old: Bundle) -> str | None:
    """Which classes came and went, with their rows, if any did."""
    now = Counter([*new.contestant.split.train.labels, *new.contestant.split.held_out.labels])
    then = dict(old.profile().classes)
    came = [f"{label!r} ({now[label]} rows) is new" for label in now if label not in then]
    went = [f"{label!r} ({then[label]} rows) is gone" for label in then if label not in now]
    return f"the classes are others: {', '.join(came + went)}" if came or went else None


def _lost_its_gain(judged: Judged, old: Bundle) -> Iterator[str]:
    if old.manifest.gate.judged.learned and not judged.learned:
        yield (
            f"log loss {judged.log_loss:.4f} is not surely better than the {judged.guess:.4f} of "
            f"answering the class shares, and that of model {old.manifest.version} was"
        )


def _same_recipe(
    new: Candidate, old: Bundle, judged: Judged, *, same_table: bool, progress: Progress
) -> GateResult:
    """The same recipe: on the same table it must be as good, on another one it passes.

    Trained again on the same table, it keeps the record of how it first passed, so that training
    twice gives the same bytes.
    """
    before, then = old.manifest.gate, old.manifest.gate.judged
    if same_table:
        guess, losses = new.contestant.guess(), new.contestant.losses()
        rule = new.config.gate
        margin = margin_of(losses, guess, margin=rule.margin, share=rule.share_of_gain)
        if judged.log_loss - then.log_loss <= margin:
            return GateResult(before)
        changed = (
            f"the same recipe and table gave log loss {then.log_loss:.4f} and now "
            f"{judged.log_loss:.4f}: the code or a library has changed"
        )
        return GateResult(before.model_copy(update={"judged": judged}), None, (changed,))
    note = (
        f"the same recipe on another table: log loss {_with_interval(judged)}, where model "
        f"{old.manifest.version} had {_with_interval(then)}"
    )
    progress.say(f"Note: {note}")
    return GateResult(Gate(note=note, judged=judged, reference=before.reference))


def _with_interval(judged: Judged) -> str:
    low, high = (judged.log_loss + sign * 1.96 * judged.error for sign in (-1, 1))
    return f"{judged.log_loss:.4f} ({low:.4f} to {high:.4f} on {judged.rows} rows)"


def _other_recipe(
    new: Candidate, old: Bundle, fresh: Gate, *, home: Home, progress: Progress
) -> GateResult | None:
    """Both recipes on the same rows, or nothing where the old one cannot be fitted here."""
    found = reference_here(new, old, home, progress)
    if found is None:
        return None
    reference, contestant = found
    paired, comparison = held_against(contestant, new)
    gate = fresh.model_copy(
        update={
            "against": reference.version,
            "verdict": paired.verdict,
            "difference": round(paired.difference, 9),
            "margin": round(paired.margin, 9),
            "seen": round(paired.seen, 9),
            "reference": fresh.reference if paired.surpasses else reference,
            "suspicion": suspicion(new, contestant) if paired.verdict == "better" else None,
        }
    )
    progress.say(verdict(comparison, reference.version))
    if gate.suspicion:
        progress.say(f"Note: too good to be true? {gate.suspicion}")
    worse = paired.verdict == "worse"
    reasons = (_worse(reference.version, paired, comparison),) if worse else ()
    return GateResult(gate, comparison, (*reasons, *_costlier(reference.version, comparison)))


def _costlier(version: str, comparison: Comparison) -> Iterator[str]:
    for found in comparison.differences:
        if found.metric == COST and found.low > 0:
            yield (
                f"its decisions surely cost more than those of the recipe of {version}: a row "
                f"costs {found.new:.4f} where that has {found.old:.4f}"
            )


def _worse(version: str, paired: Paired, comparison: Comparison) -> str:
    loss = comparison.differences[0]
    return (
        f"worse than the recipe of {version}: log loss {loss.new:.4f} where that has "
        f"{loss.old:.4f} on the same rows (surely by {paired.low:.4f}; {paired.margin:.4f} is "
        f"allowed), and {len(comparison.flips)} of {comparison.rows} held-out rows get another label"
    )


def _below_the_floor(config: Config, metrics: Mapping[str, float]) -> Iterator[str]:
    for name, bound in config.acceptance.items():
        found, less_is_better = metrics[name], name in _SMALLER_IS_BETTER
        if found > bound if less_is_better else found < bound:
            word = "above" if less_is_better else "below"
            yield f"{name} {found:.4f} is {word} the {bound:g} of acceptance"
