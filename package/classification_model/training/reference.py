"""Fit the recipe that a new one is compared with on the same rows, and compare the two."""

from __future__ import annotations

from classification_model.bundle import Bundle
from classification_model.bundle.provenance import Comparison, Reference
from classification_model.config.home import Home
from classification_model.errors import ClassificationModelError
from classification_model.evaluation.comparison import compare
from classification_model.evaluation.importance import importance
from classification_model.evaluation.paired import Paired, judge_recipes, suspected_leak
from classification_model.evaluation.slice_changes import ByColumn
from classification_model.progress import Progress
from classification_model.training import fitting
from classification_model.training.recipes import Candidate, Contestant, fitted_here

__all__ = ["held_against", "reference_here", "suspicion", "verdict"]


def reference_here(
    new: Candidate, old: Bundle, home: Home, progress: Progress
) -> tuple[Reference, Contestant] | None:
    """Fit the reference recipe, or the last one where the reference cannot be fitted any more."""
    last = Reference(version=old.manifest.version, recipe=old.manifest.recipe)
    known = [old.manifest.gate.reference, last]
    for position, reference in enumerate(known):
        if position and reference.recipe.is_same(known[0].recipe):
            continue
        progress.say(f"Fitting the recipe of {reference.version} on the same rows")
        try:
            contestant = fitted_here(
                reference.recipe, new.config, home, new.contestant.split, progress
            )
        except ClassificationModelError as error:
            progress.say(f"Note: the recipe of {reference.version} cannot be fitted here: {error}")
        else:
            return reference, contestant
    return None


def held_against(reference: Contestant, new: Candidate) -> tuple[Paired, Comparison]:
    """Compare the answers of both recipes to the same held-out rows."""
    ours, rule = new.contestant, new.config.gate
    reference.decision = ours.decision  # both are asked to decide alike
    paired = judge_recipes(
        reference.losses,
        ours.losses,
        ours.guess(),
        margin=rule.margin,
        share=rule.share_of_gain,
    )
    comparison = compare(
        reference.outcomes(),
        ours.outcomes(),
        ours.classes,
        lines=ours.split.held_out.lines.tolist(),
        paired=paired,
        decision=ours.decision,
        by=ByColumn(
            ours.config.row_schema(), ours.split.train.columns, ours.split.held_out.columns
        ),
    )
    return paired, comparison


def verdict(comparison: Comparison, version: str) -> str:
    """The verdict in words, with the margin and the loss that would be seen."""
    words = {
        "better": "surely better",
        "level": "level, surely within the margin",
        "unclear": "not to be told apart",
        "worse": "surely worse",
    }
    return (
        f"Against the recipe of {version}: {words[comparison.verdict]}. Worse by "
        f"{comparison.margin:.4f} is allowed; on {comparison.rows} rows a loss of "
        f"{comparison.seen:.4f} would be seen"
    )


def suspicion(new: Candidate, reference: Contestant) -> str | None:
    """Why the new recipe may be too good to be true, if it may."""
    return suspected_leak(
        guess=float(new.contestant.guess().mean()),
        reference=float(reference.losses().mean()),
        new=float(new.contestant.losses().mean()),
        by_column={one.column: one.mean for one in new.report.importance},
        by_column_before=_importance(reference),
    )


def _importance(contestant: Contestant) -> dict[str, float]:
    pipeline, config = contestant.pipeline(), contestant.config
    encode = pipeline.named_steps["encode"]
    ranked = importance(
        contestant.split.held_out,
        predict=lambda matrix: fitting.scores(pipeline, matrix),
        features=encode.features_,
        functions=encode.functions(),
        schema=config.row_schema(),
        classes=contestant.classes,
        seed=config.random_state,
    )
    return {one.column: one.mean for one in ranked}
