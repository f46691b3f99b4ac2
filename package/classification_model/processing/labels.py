"""The classes of a target, as the person wrote them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation

from classification_model.config.schema import Label
from classification_model.errors import ConfigError

__all__ = ["lookalikes", "positive_label", "typed_labels"]

_EXACT = 2**53  # up to here every reader of JSON has the same whole number


def typed_labels(texts: Sequence[str]) -> list[Label]:
    """Texts as labels: numbers where every text is how Python writes a whole number.

    So each label, written again, is the text that it was: ``3.10``, ``+``, ``007``, ``1E5``,
    ``0.5`` and ids of 19 digits stay text.
    """
    distinct = set(texts)
    kinds: tuple[Callable[[str], int | float], ...] = (int, float)
    for kind in kinds:
        if all(_survives(text, kind) for text in distinct):
            return [kind(text) for text in texts]
    return list(texts)


def _survives(text: str, kind: Callable[[str], int | float]) -> bool:
    try:
        number = kind(text)
    except ValueError:
        return False
    return str(number) == text and abs(number) <= _EXACT and number == int(number)


def positive_label(text: str | None, classes: Sequence[Label]) -> Label | None:
    """The named one of two classes, by default the second; nothing for more classes.

    Raises:
        ConfigError: the text is no class.
    """
    two = len(classes) == 2
    if text is None:
        return classes[1] if two else None
    for label in classes:
        if str(label) == text:
            return label if two else None
    known = ", ".join(repr(str(label)) for label in classes[:10])
    raise ConfigError(f"positive: {text!r} is no class of the table; name one of {known}")


def lookalikes(labels: Iterable[Label]) -> list[tuple[str, ...]]:
    """Labels that look the same, or are one number, together: they may be one class."""
    alike = defaultdict[object, set[str]](set)
    for label in labels:
        seen = "".join(c for c in str(label).casefold() if c.isprintable() and not c.isspace())
        try:
            alike[Decimal(seen)].add(str(label))
        except InvalidOperation:
            alike[seen].add(str(label))
    return [tuple(sorted(same)) for same in alike.values() if len(same) > 1]
