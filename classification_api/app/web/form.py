"""The page as HTML: one field for each column of the row schema of the model that is served."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from html import escape
from pathlib import Path
from string import Template

from classification_model.bundle import golden
from classification_model.config.schema import Column, RowSchema
from classification_model.predict import Model
from classification_model.processing.profile import ColumnProfile
from classification_model.processing.value_rules import date_format, number_format, parser

__all__ = ["render", "web_name"]

_TEMPLATE = Path(__file__).with_name("page.html")
_EXAMPLES = 12
_BARS = 10  # as many as one reads at a glance; of more classes the likeliest are shown
_ROOMY = 24  # as many fields as one fills in with some room around each
_DATE_INPUTS = {False: 'type="date"', True: 'type="datetime-local" step="1"'}
_BOOLEANS = {"true": "yes", "false": "no"}


def render(model: Model, root: str) -> str:
    """The whole page.

    Args:
        model: whose columns, classes and golden rows the page shows.
        root: the path under which the service stands, such as ``/model-a``; else nothing.
    """
    manifest = model.manifest
    schema, seen = manifest.row_schema, model.profile.columns
    first = model.profile.example()
    examples, _ = golden.parse(model.golden)
    rows = [_as_fields(row, schema) for row in (first, *examples[:_EXAMPLES])]
    columns = enumerate(schema.columns.items())
    facts = {
        "target": manifest.target,
        "classes": [str(label) for label in manifest.classes],
        "names": [manifest.name_of(label) for label in manifest.classes],
        "encoding": web_name(manifest.encoding),
        "columns": list(schema.columns),
        "examples": rows,
        "threshold": _threshold(model),
        "coverage": manifest.sets and manifest.sets.coverage,
        "abstainBelow": manifest.abstain_below,
    }
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        root=escape(root),
        target=escape(manifest.target),
        version=escape(manifest.version),
        rows=f"{manifest.rows:,}",
        classes=_count(len(manifest.classes), "class", "classes"),
        columns=_count(len(schema.columns), "column", "columns"),
        fields="\n".join(
            _field(i, name, column, seen[name], rows[0][i]) for i, (name, column) in columns
        ),
        bars="\n".join(_bar(manifest.name_of(label)) for label in manifest.classes),
        many="many" if len(manifest.classes) > _BARS else "few",
        density="dense" if len(schema.columns) > _ROOMY else "roomy",
        facts=json.dumps(facts).replace("<", "\\u003c"),
        column_names=", ".join(f"<code>{escape(name)}</code>" for name in schema.columns),
    )


def _threshold(model: Model) -> dict[str, float | int] | None:
    """From which probability of which class on that class is answered, where it is so decided."""
    decision = model.manifest.decision
    if decision is None or decision.threshold is None or decision.positive is None:
        return None
    return {"of": decision.positive, "at": decision.threshold}


def _field(number: int, name: str, column: Column, seen: ColumnProfile, value: str) -> str:
    """A label, a control with a value in it, what training saw, and room for what is wrong."""
    identity = f"field-{number}"
    hint = _hint(column, seen)
    described = f"{identity}-hint {identity}-note" if hint else f"{identity}-note"
    attributes = f'id="{identity}" aria-describedby="{described}"'
    lines = [
        f'<label for="{identity}">{escape(name)}</label>',
        _control(column, seen, value, attributes),
        f'<p class="hint" id="{identity}-hint">{escape(hint)}</p>' if hint else "",
        f'<p class="note" id="{identity}-note"></p>',
    ]
    return f'<div class="field {column.kind}">{"".join(lines)}</div>'


def _control(column: Column, seen: ColumnProfile, value: str, attributes: str) -> str:
    if column.kind == "category":
        words = [word for word in seen.categories if word in (column.categories or seen.categories)]
        return _select(((word, word) for word in words), column, value, attributes)
    if column.kind == "boolean":
        return _select(_BOOLEANS.items(), column, value, attributes)
    if column.kind == "text":
        return f'<textarea {attributes} rows="4">{escape(value)}</textarea>'
    # Numbers are typed as text: a browser's number field hands over nothing where it does not
    # understand, and so neither the service nor its message would ever see the value.
    kind = {
        "integer": 'type="text" inputmode="numeric"',
        "number": 'type="text" inputmode="decimal"',
        "date": _DATE_INPUTS[date_format(column).has_time],
    }.get(column.kind, 'type="text"')
    return f'<input {kind} {attributes} value="{escape(value)}" autocomplete="off">'


def _select(options: Iterable[tuple[str, str]], column: Column, value: str, attributes: str) -> str:
    choices = options if column.required else [*options, ("", "(missing)")]
    inside = "".join(
        f'<option value="{escape(key)}"{" selected" if key == value else ""}>{escape(word)}</option>'
        for key, word in choices
    )
    return f"<select {attributes}>{inside}</select>"


def _hint(column: Column, seen: ColumnProfile) -> str:
    low, high = seen.range()
    usual = "" if low is None or high is None else f"{_shown(low)} to {_shown(high)}"
    # What was always there may be left out, too; a warning says so then.
    if column.required or not seen.missing or column.kind in ("category", "boolean"):
        return usual
    return f"{usual}, or empty" if usual else "may be empty"


def _shown(bound: float | str) -> str:
    return bound if isinstance(bound, str) else f"{bound:.10g}"


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
