"""Why a person got the unwanted answer, in the words that config.yml has for it."""

from __future__ import annotations

from collections.abc import Mapping

from classification_model.config.reasons import MOST_REASONS, Wording
from classification_model.inference.explanations import Explanation
from classification_model.processing.profile import Profile
from classification_model.processing.value_rules import TypedRow, TypedValue

__all__ = ["worded"]


def worded(
    found: Explanation, row: TypedRow, wordings: Mapping[str, Wording], profile: Profile
) -> list[str]:
    """The reasons for the class that is explained, the strongest first, four at most.

    They are the columns that have a wording and pushed towards the class.
    """
    ranked = sorted(found.contributions.items(), key=lambda item: -item[1])
    pushed = [name for name, contribution in ranked if contribution > 0 and name in wordings]
    said = (
        _said(name, row[name], profile.columns[name].example, wordings[name]) for name in pushed
    )
    return [text for text in said if text is not None][:MOST_REASONS]


def _said(name: str, value: TypedValue, usual: TypedValue, wording: Wording) -> str | None:
    template = wording.always
    if isinstance(value, int | float) and isinstance(usual, int | float):
        beside = wording.below if value < usual else wording.above if value > usual else None
        template = beside or template
    if template is None:
        return None
    return template.format(column=name, value=_written(value), reference=_written(usual))


def _written(value: TypedValue) -> str:
    if value is None:
        return "missing"
    return f"{value:g}" if isinstance(value, float) else str(value)
