"""Show how two models compare, on the terminal and as a page."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from classification_model.bundle.provenance import Comparison
from classification_model.card.side_by_side import page
from classification_model.cli import tables
from classification_model.cli.review import SideBySide
from classification_model.cli.terminal import console
from classification_model.config.core import load_config
from classification_model.config.home import Home

__all__ = ["refused", "show", "write"]


def show(found: Comparison, labels: Mapping[str, str]) -> None:
    """Print the metrics and the rows that get another label."""
    console().print(tables.comparison_table(found))
    console().print(tables.flips_table(found, labels))


def refused(found: Comparison, home: Home) -> None:
    """Show why the gate refuses a model, and write the page outside of the home, which stays."""
    labels = load_config(home).labels
    show(found, labels)
    file = Path(tempfile.mkdtemp(prefix="refused-")) / "comparison.html"
    made = page(found, old="the recipe that is there", new="The refused recipe", labels=labels)
    file.write_text(made, encoding="utf-8")
    console().say(f"The comparison as a page: {file}")


def write(found: SideBySide, output: Path) -> None:
    """Write a comparison, by the suffix as a page or as Markdown."""
    old, new = found.old.manifest, found.new.manifest
    text = found.markdown()
    if output.suffix.lower() in (".html", ".htm"):
        text = page(
            found.comparison,
            old=old.version,
            new=f"Model {new.version}",
            labels=new.labels,
            changes=found.schema_changes,
        )
    output.write_text(text, encoding="utf-8")
