"""From what is known about a model to the files of its card."""

from __future__ import annotations

from classification_model.card import html, markdown
from classification_model.card.content import compose
from classification_model.card.facts import Facts
from classification_model.card.few import without_few
from classification_model.card.names import named
from classification_model.card.pictures import pictures
from classification_model.evaluation.report import Report

__all__ = ["write"]


def write(*, report: Report, facts: Facts) -> dict[str, bytes]:
    """The card as files' bytes by suffix: pure, and the same for the same arguments.

    ``.md`` shows the pictures of ``.svg``, which lies beside it; ``.html`` needs no other file.
    """
    report = without_few(named(report, facts.manifest), facts.min_rows)
    card = compose(report, facts)
    texts = {
        ".html": html.render(card),
        ".md": markdown.render(card, picture=f"{facts.stem}.svg"),
        ".svg": html.sheet(pictures(report, facts.min_rows)) + "\n",
    }
    return {suffix: text.encode() for suffix, text in texts.items()}
