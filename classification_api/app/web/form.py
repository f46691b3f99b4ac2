"""The page as HTML: one field for each column of the row schema of the model that is served."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from html import escape
from pathlib import Path
from string import Template

from classification_model.bundle import golden
from classification_model.config.schema import Column, RowSchema
from classification_model.predict import Model
from classification_model.processing.profile import ColumnProfile
from classification_model.processing.value_rules import date_format, number_format, parser

from .fields import breakable, fields

__all__ = ["render", "web_name"]

_TEMPLATE = Path(__file__).with_name("page.html")
_EXAMPLES = 12
_BARS = 10  # as many as one reads at a glance; of more classes the likeliest are shown


def render(model: Model, root: str, *, operated: bool = False) -> str:
    """The whole page.

    Args:
        model: whose columns, classes and golden rows the page shows.
        root: the path under which the service stands, such as ``/model-a``; else nothing.
        operated: whether there are operators, who may see /live.
    """
    manifest = model.manifest
    schema, seen = manifest.row_schema, model.profile.columns
    first = model.profile.example()
    examples, _ = golden.parse(model.golden)
    rows = [_as_fields(row, schema) for row in (first, *examples[:_EXAMPLES])]
    facts = {
        "target": manifest.target,
        "classes": [str(label) for label in manifest.classes],
        "names": [manifest.name_of(label) for label in manifest.classes],
        "encoding": web_name(manifest.encoding),
        "columns": list(schema.columns),
        "kinds": [_kind(column) for column in schema.columns.values()],
        "ranges": [_range(seen[name]) for name in schema.columns],
        "examples": rows,
        "trained": _trained(model),
        "threshold": _threshold(model),
        "coverage": manifest.sets and manifest.sets.coverage,
        "abstainBelow": manifest.abstain_below,
    }
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        root=escape(root),
        live=f'\n<a href="{escape(root)}/live">Live</a>' if operated else "",
        target=escape(manifest.target),
        version=escape(manifest.version),
        rows=f"{manifest.rows:,}",
        classes=_count(len(manifest.classes), "class", "classes"),
        columns=_count(len(schema.columns), "column", "columns"),
        fields=fields(model, rows[0]),
        bars="\n".join(_bar(manifest.name_of(label)) for label in manifest.classes),
        many="many" if len(manifest.classes) > _BARS else "few",
        facts=json.dumps(facts).replace("<", "\\u003c"),
        column_names=", ".join(f"<code>{breakable(name)}</code>" for name in schema.columns),
    )


def _trained(model: Model) -> list[float]:
    """The share of each class among the training rows."""
    counts = dict(model.profile.classes)
    total = sum(counts.values()) or 1
    return [counts.get(label, 0) / total for label in model.manifest.classes]


def _kind(column: Column) -> dict[str, object]:
    timed = column.kind == "date" and date_format(column).has_time
    return {"kind": column.kind, "timed": timed}


def _range(seen: ColumnProfile) -> tuple[float | str, float | str] | None:
    """The least and the greatest value, where they differ."""
    low, high = seen.range()
    return None if low is None or high is None or low == high else (low, high)


def _threshold(model: Model) -> dict[str, float | int] | None:
    """From which probability of which class on that class is answered, where it is so decided."""
    decision = model.manifest.decision
    if decision is None or decision.threshold is None or decision.positive is None:
        return None
    return {"of": decision.positive, "at": decision.threshold}


def _as_fields(row: dict[str, object], schema: RowSchema) -> list[str]:
    """A row as its fields hold it; what does not fit its column is left empty."""
    return [_as_field(row[name], column, schema) for name, column in schema.columns.items()]


def _as_field(value: object, column: Column, schema: RowSchema) -> str:
    try:
        typed = parser(column, schema.missing_markers)(value)
    except ValueError:
        return ""
    if typed is None:
        return ""
    if isinstance(typed, bool):
        return "true" if typed else "false"
    if isinstance(typed, int | float):
        return number_format(column).write(float(typed))
    if isinstance(typed, datetime):
        return typed.replace(tzinfo=None).isoformat(timespec="seconds")
    return typed.isoformat() if isinstance(typed, date) else str(typed)


def _bar(label: str) -> str:
    return (
        f'<li><span class="name">{escape(label)}</span><span class="share">&ndash;</span>'
        '<span class="track"><span class="bar"></span></span></li>'
    )


def web_name(encoding: str | None) -> str | None:
    """What browsers call an encoding of Python's."""
    known = {"cp932": "shift_jis", "cp949": "euc-kr", "mac-roman": "macintosh", "cp866": "ibm866"}
    name = (encoding or "").replace("_", "-")
    name = re.sub("^cp(?=125[0-8]$)", "windows-", name)
    return known.get(name, re.sub("^iso8859", "iso-8859", name)) or None


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
