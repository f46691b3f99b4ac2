"""The fields of the form: one for each column, with what training saw beside it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from classification_model.config.schema import Column
from classification_model.predict import Model
from classification_model.processing.profile import ColumnProfile
from classification_model.processing.value_rules import date_format

from .ranking import ranked

__all__ = ["breakable", "fields"]

_ROOMY = 16  # as many fields as one fills in without a pause; of more the first ones are shown
_FIRST = 12
_MANY = 24  # options; more are searched and not scrolled through
_DATE_INPUTS = {False: 'type="date"', True: 'type="datetime-local" step="1"'}
_BOOLEANS = {"true": "yes", "false": "no"}


def fields(model: Model, values: list[str]) -> str:
    """All fields with these values in them; of many columns those first that matter most."""
    columns, seen = model.manifest.row_schema.columns, model.profile.columns
    made = {
        name: _field(i, name, column, seen[name], values[i])
        for i, (name, column) in enumerate(columns.items())
    }
    if len(made) <= _ROOMY:
        return _group(made.values(), "roomy")
    order = ranked(model)
    # A text takes a whole line: first, so that it leaves no hole.
    first = sorted(order[:_FIRST], key=lambda name: columns[name].kind != "text")
    rest = [name for name in columns if name not in first]
    return (
        f"{_group((made[name] for name in first), 'roomy')}\n"
        f'<details class="rest"><summary>{len(rest)} more columns, filled in already'
        f"</summary>\n{_group((made[name] for name in rest), 'dense')}\n</details>"
    )


def breakable(name: str) -> str:
    """A name as HTML that may be broken after its underscores."""
    return escape(name).replace("_", "_<wbr>")


def _group(made: Iterable[str], density: str) -> str:
    inside = "\n".join(made)
    return f'<div class="fields {density}">\n{inside}\n</div>'


def _field(number: int, name: str, column: Column, seen: ColumnProfile, value: str) -> str:
    """A label, a control with a value in it, what training saw, and room for what is wrong."""
    identity = f"field-{number}"
    hint = _hint(column, seen)
    described = f"{identity}-hint {identity}-note" if hint else f"{identity}-note"
    attributes = f'id="{identity}" aria-describedby="{described}"'
    lines = [
        f'<label for="{identity}">{breakable(name)}</label>',
        _control(column, seen, value, attributes),
        f'<p class="hint" id="{identity}-hint">{hint}</p>' if hint else "",
        f'<p class="note" id="{identity}-note"></p>',
    ]
    return f'<div class="field {column.kind}">{"".join(lines)}</div>'


def _control(column: Column, seen: ColumnProfile, value: str, attributes: str) -> str:
    if column.kind == "category":
        words = _words(column, seen)
        if len(words) > _MANY:
            return _search(words, seen, value, attributes)
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


def _words(column: Column, seen: ColumnProfile) -> list[str]:
    return [word for word in seen.categories if word in (column.categories or seen.categories)]


def _search(words: list[str], seen: ColumnProfile, value: str, attributes: str) -> str:
    """A field that finds an option by what is typed, the commonest first, and takes any other."""
    identity = attributes.split('"')[1]
    common = sorted(words, key=lambda word: -seen.categories[word])
    options = "".join(f'<option value="{escape(word)}"></option>' for word in common)
    return (
        f'<input type="text" {attributes} value="{escape(value)}" list="{identity}-options" '
        f'autocomplete="off"><datalist id="{identity}-options">{options}</datalist>'
    )


def _select(options: Iterable[tuple[str, str]], column: Column, value: str, attributes: str) -> str:
    choices = options if column.required else [*options, ("", "(missing)")]
    inside = "".join(
        f'<option value="{escape(key)}"{" selected" if key == value else ""}>{escape(word)}</option>'
        for key, word in choices
    )
    return f"<select {attributes}>{inside}</select>"


def _hint(column: Column, seen: ColumnProfile) -> str:
    """What training saw, as HTML."""
    low, high = seen.range()
    usual = "" if low is None or high is None else f"{_shown(low)} to {_shown(high)}"
    if column.kind == "category" and (known := len(_words(column, seen))) > _MANY:
        usual = f"type to search {known:,}"
    # What was always there may be left out, too; a warning says so then.
    if column.required or not seen.missing or column.kind in ("category", "boolean"):
        return usual
    return f"{usual}, or empty" if usual else "may be empty"


def _shown(bound: float | str) -> str:
    if isinstance(bound, str):
        return f'<span class="whole">{escape(bound)}</span>'
    return f"{bound:.10g}"
