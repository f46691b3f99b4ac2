"""What a person is told of a model that was saved."""

from __future__ import annotations

from pathlib import Path

from classification_model.card.facts import FIGURES, REFITTED
from classification_model.cli import tables
from classification_model.cli.options import home_option
from classification_model.cli.terminal import console
from classification_model.config.home import PACKAGE_HOME, Home
from classification_model.train_pipeline import Trained

__all__ = ["told"]


def told(trained: Trained, home: Path | None, seconds: float) -> None:
    """Print how good it is, where its card is, and what comes next."""
    out = console()
    out.say(tables.predicts(trained.bundle.manifest))
    out.print(tables.metrics_table(trained.report))
    if trained.comparison:
        out.print(tables.comparison_table(trained.comparison))
    if trained.bundle.manifest.refitted:
        out.say(f"{FIGURES} {REFITTED[0].upper()}{REFITTED[1:]}.")
    card = Home.find(home).trained_models / trained.bundle.manifest.files[".html"].name
    out.say(f"Trained in {seconds:.1f} s. Its card: {card}")
    if Home.find(home).path != PACKAGE_HOME:
        out.say("Score rows with it:")
        out.command(f"classification-model predict new.csv --output scored.csv{home_option(home)}")
