"""An explanation as an answer tells it: the columns that moved a probability most."""

from __future__ import annotations

from datetime import date
from typing import Any

from classification_model.config.schema import Label
from classification_model.inference.explanations import Explanation
from classification_model.processing.profile import Profile
from classification_model.processing.value_rules import TypedRow, TypedValue

__all__ = ["told"]

_WORDS = 5


def told(
    found: Explanation, row: TypedRow, label: Label, profile: Profile, most: int
) -> dict[str, Any]:
    """Name at most so many columns of a row, the one that moved most first.

    ``base`` plus all ``contributions`` plus ``rest``, those of the columns that are not named, is
    the probability of ``class``. ``reference`` is the column's usual value. ``error`` is half the
    width of a 95% interval of the contributions, 0 where they are exact. A column of text has its
    ``words`` that moved most, each with its ``effect``: how far the probability falls without it.
    """
    ranked = sorted(found.contributions.items(), key=lambda item: -abs(item[1]))
    return {
        "class": label,
        "base": found.base,
        "contributions": [
            {
                "column": name,
                "value": _plain(row[name]),
                "contribution": contribution,
                "reference": profile.columns[name].example,
                **_words(found, name),
            }
            for name, contribution in ranked[:most]
        ],
        "rest": sum(contribution for _, contribution in ranked[most:]),
        "error": found.error,
    }


def _words(found: Explanation, column: str) -> dict[str, Any]:
    words = found.words.get(column, [])
    named = [{"word": word, "effect": effect} for word, effect in words[:_WORDS]]
    return {"words": named} if named else {}


def _plain(value: TypedValue) -> object:
    return value.isoformat() if isinstance(value, date) else value
