"""The limits of a model, from its report and its facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from classification_model.card.classes import hardly_found
from classification_model.card.facts import Facts
from classification_model.card.few import shown_share
from classification_model.evaluation.report import Report

__all__ = ["limits"]

_FEW_ROWS = 50
_OFTEN = 0.2
_OFF = 0.25
_NAMED = 6


def limits(report: Report, facts: Facts) -> Iterator[str]:
    """A sentence or two on each thing to be careful about, what is worst first."""
    yield from _effortless(report)
    yield from _not_found(report, facts.min_rows)
    yield from _probabilities(report)
    yield from _classes(report)
    half = (report.accuracy.high - report.accuracy.low) / 2
    yield (
        f"It was judged on {report.rows:,} rows, so its accuracy is known to within about "
        f"{half * 100:.1f} points either way, and only for rows that come from where these came "
        "from. Other times, places and ways of measuring need a test of their own."
    )
    yield (
        "It has learned what goes together, not what causes what. That a column matters to it is "
        "no reason to believe that changing the column would change the outcome."
    )
    yield from _missing(report, facts)
    yield from _ranges(facts)
    yield from _fitted_by_rules(facts)
    yield from _unused(report)
    if facts.left_out:
        yield f"It does not look at {_names(facts.left_out)}; the reasons are given below."


def _effortless(report: Report) -> Iterator[str]:
    single = report.baselines[1]
    if report.metrics.log_loss >= single.metrics.log_loss:
        yield f"By log loss it is no better than the {single.name}, which takes no effort."


def _not_found(report: Report, least: int) -> Iterator[str]:
    missed = [*hardly_found(report, least)]
    if missed:
        yield (
            f"Hardly found, of the held-out rows of the class: {_names(missed)}. That it answers "
            "something else says little of such a row."
        )
    unknown = [
        str(label)
        for label, row in zip(report.classes, report.confusion, strict=True)
        if sum(row) < max(least, 1)
    ]
    if unknown:
        yield f"Too few held-out rows to say how well it is found: {_names(unknown)}."


def _classes(report: Report) -> Iterator[str]:
    few = [
        f"{label} ({rows})"
        for label, rows in zip(report.classes, report.class_rows, strict=True)
        if rows < _FEW_ROWS
    ]
    if few:
        yield f"Few training rows: {_names(few)}. Take its answers about them as hints."


def _missing(report: Report, facts: Facts) -> Iterator[str]:
    often = [
        f"{name} ({shown_share(share, report.training_rows, facts.min_rows, '.0%')})"
        for name, share in report.missing.items()
        if share >= _OFTEN
    ]
    if often:
        yield f"Often missing in training: {_names(often)}. Then it answers from the others."
    schema, seen = facts.manifest.row_schema, facts.profile.columns
    never = [
        name
        for name, column in schema.columns.items()
        if not column.required and not seen[name].missing
    ]
    if never:
        yield (
            f"Never missing in training: {_names(never)}. A row without them is answered, with a "
            "warning; how well was not tested."
        )


def _ranges(facts: Facts) -> Iterator[str]:
    kinds = {column.kind for column in facts.manifest.row_schema.columns.values()}
    beyond = [
        words
        for kind, words in (
            ({"integer", "number"}, "a number beyond those seen in training"),
            ({"category"}, "a category that training has not seen"),
            ({"text"}, "a text without a word that training has seen"),
        )
        if kinds & kind
    ]
    if beyond:
        yield f"For {' or '.join(beyond)} it still answers, with a warning; it is a guess then."


def _probabilities(report: Report) -> Iterator[str]:
    outside = sum(
        part.rows for part in report.calibration if not part.low <= part.predicted <= part.high
    )
    # One bin of ten is outside its interval by chance often enough.
    if outside > _OFF * report.rows:
        yield (
            "Its probabilities are not to be taken at their word: they are off by "
            f"{report.calibration_error:.2f} on average, and for {outside:,} of {report.rows:,} "
            "rows by more than chance explains."
        )


def _fitted_by_rules(facts: Facts) -> Iterator[str]:
    recipe = facts.manifest.recipe
    by = [f"the column {recipe.weight.column!r}"] if recipe.weight else []
    by += ["their class"] if recipe.class_weight else []
    if by:
        yield (
            f"In fitting, rows counted by {_names(by)}; here each row counts once. So its "
            "probabilities need not follow the shares of the classes."
        )
    if recipe.monotonic:
        ways = _names(f"{name!r} {way}" for name, way in recipe.monotonic.items())
        yield f"The positive class was told to move one way only with some columns: {ways}."


def _unused(report: Report) -> Iterator[str]:
    useless = [one.column for one in report.importance if one.mean <= one.spread]
    if useless:
        yield (
            f"Shuffling {_names(useless)} makes it no worse than chance does: it hardly uses "
            "them, or finds the same in other columns."
        )


def _names(names: Iterable[str]) -> str:
    known = list(names)
    if len(known) > _NAMED:
        return f"{', '.join(known[:_NAMED])} and {len(known) - _NAMED} more"
    return " and ".join([", ".join(known[:-1]), known[-1]] if len(known) > 1 else known)
