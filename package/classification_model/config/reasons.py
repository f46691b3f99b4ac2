"""What config.yml says of how reasons are worded in letters to people."""

from __future__ import annotations

from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from classification_model.config.schema import FrozenModel

__all__ = ["MOST_REASONS", "SaidWording", "Wording"]

MOST_REASONS = 4
"""So many reasons are told at most."""

_FIELDS = frozenset({"column", "value", "reference"})


def _known_fields(template: str) -> str:
    try:
        parts = [*Formatter().parse(template)]
    except ValueError as error:
        raise ValueError(f"no template: {error}; write {{{{ and }}}} for braces") from None
    for _, name, form, conversion in parts:
        if name is not None and (name not in _FIELDS or form or conversion):
            raise ValueError(
                f"no field {{{name}}}; there are {{column}}, {{value}} and {{reference}}, the "
                "usual value"
            )
    return template


Template = Annotated[str, AfterValidator(_known_fields)]


class Wording(FrozenModel):
    """What is said of a column: ``always``, or ``below`` and ``above`` its usual value."""

    always: Template | None = None
    below: Template | None = None
    above: Template | None = None


def _from_text(said: object) -> object:
    return {"always": said} if isinstance(said, str) else said


SaidWording = Annotated[Wording, BeforeValidator(_from_text)]
"""A wording as config.yml has it: a text is one for ``always``."""
