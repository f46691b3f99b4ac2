"""Add a table's new columns to a config.yml that a person has edited, and change nothing else.

The text is edited and not written again, so comments and order stay as they are.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from classification_model.config.core import Config, load_config, parse_config
from classification_model.config.formats import NEWEST
from classification_model.config.home import Home
from classification_model.config.schema import Column, FrozenModel
from classification_model.errors import ConfigError, DataError
from classification_model.init.config_text import column_as_yaml, configuration, part
from classification_model.init.infer_schema import learn
from classification_model.init.inferred_schema import Finding, InferredSchema
from classification_model.processing.csv_reader import Table
from classification_model.processing.data_manager import read_csv
from classification_model.processing.near_names import renamed_to
from classification_model.progress import Progress

__all__ = ["Update", "decided_otherwise", "drops", "update"]

_TOLD_OTHERWISE = {
    "columns", "digest", "features", "format", "ignored", "missing_markers", "positive",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Update:
    """What was added to a config.yml.

    ``diff`` has the lines that were added, and ``otherwise`` what ``init`` would decide today of
    the rest, where that is something else.
    """

    home: Home
    added: tuple[str, ...]
    diff: str
    otherwise: tuple[str, ...]


def update(home: Home, progress: Progress | None = None) -> Update:
    """Add the columns of a home's table that its config.yml does not know.

    Raises:
        DataError: the table cannot be read or has nothing to learn; nothing was written.
        ConfigError: config.yml is wrong, or its text cannot be added to.
    """
    config, file = load_config(home), home.config_file
    if config.format < NEWEST:
        raise ConfigError(
            f"{file}: has no `format: {NEWEST}`, so a new column would mean something else; see "
            "docs/own-data.md, and write the file in the new format first"
        )
    name = str(home.datasets / config.dataset) + (f"#{config.sheet}" if config.sheet else "")
    told = progress or Progress()
    table = read_csv(
        Path(name), [config.target], config.encoding, keep_total=config.keep_total, progress=told
    )
    learned = learn(name, table, config.target, test_size=config.test_size, progress=told.count)
    known = {*config.columns, *config.ignored, *config.apart()}
    new = [found for found in learned.findings if found.name not in known]
    before = file.read_bytes().decode("utf-8")
    after = _with_columns(before, [_as_there(found, table, learned, config) for found in new])
    _check(after, home, config, new)
    if new:
        staged = file.with_name(f".{file.name}.staged")
        staged.write_bytes(after.encode())
        staged.replace(file)
    today = parse_config(file, configuration(learned, dataset=config.dataset).encode())
    diff = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "config.yml", "config.yml", n=1, lineterm=""
    )
    otherwise = decided_otherwise(config, today, learned)
    return Update(home, tuple(found.name for found in new), "\n".join(diff), tuple(otherwise))


def decided_otherwise(config: Config, today: Config, learned: InferredSchema) -> Iterator[str]:
    """What ``init`` would decide today of columns that a config.yml knows."""
    there = {found.name for found in learned.findings}
    unknown = [
        name for name in there if name not in {*config.columns, *config.ignored, *config.apart()}
    ]
    for name, column in config.columns.items():
        if name not in there:
            yield f"{name!r} is not in the table{renamed_to(name, unknown)}"
        elif name in today.ignored:
            yield f"{name!r} is used; init would leave it out: {today.ignored[name]}"
        elif column != today.columns[name]:
            yield f"{name!r} is {_told(column)}; init would take it as {_told(today.columns[name])}"
    for name, reason in config.ignored.items():
        if name in today.columns:
            kind = today.columns[name].kind
            yield f"{name!r} stays ignored ({reason}); init would use it as {kind}"
    if config.positive is not None and config.positive != today.positive:
        yield f"positive is {config.positive!r}; init would say {today.positive!r}"
    ours, theirs = ({*one.missing_markers} for one in (config, today))
    if ours != theirs:
        yield (
            f"missing_markers are {_plain(tuple(sorted(ours)))}; init would say "
            f"{_plain(tuple(sorted(theirs)))}"
        )


def drops(config: Config, today: Config, learned: InferredSchema) -> Iterator[str]:
    """What a config.yml decides that is gone where ``init`` replaces it."""
    yield from decided_otherwise(config, today, learned)
    for name, reason in config.ignored.items():
        if today.ignored.get(name, reason) != reason:
            yield f"why {name!r} is ignored ({reason})"
    for key in Config.model_fields:
        if key not in _TOLD_OTHERWISE and getattr(config, key) != getattr(today, key):
            yield f"{key} {_plain(getattr(config, key))}"


def _told(column: Column) -> str:
    written = column_as_yaml(column)
    if isinstance(written, str):
        return written
    return ", ".join(f"{key} {value}" for key, value in written.items()).removeprefix("kind ")


def _plain(value: Any) -> str:
    """A value of config.yml in a few words."""
    if isinstance(value, FrozenModel):
        value = value.model_dump(exclude_defaults=True)
    if isinstance(value, Mapping):
        return "(" + ", ".join(map(str, value)) + ")"
    return ", ".join(map(repr, value)) if isinstance(value, tuple) else str(value)


def _as_there(found: Finding, table: Table, learned: InferredSchema, config: Config) -> Finding:
    """A finding whose markers for "missing" are its own, where config.yml lacks them for all."""
    texts = {text.strip() for text in table.column(found.name)}
    more = texts & {*learned.missing_markers} - {*config.missing_markers}
    own = tuple(sorted({*found.column.missing_markers, *more}))
    column = found.column.model_copy(update={"missing_markers": own})
    return Finding(found.name, column, found.seen, found.values, found.decision, found.reason)


def _with_columns(text: str, new: list[Finding]) -> str:
    used = [found for found in new if found.decision != "left out"]
    left_out = {found.name: found.reason for found in new if found.decision == "left out"}
    entries = []
    for found in used:
        remark = [f"{found.name!r}: {found.reason}"] if found.reason else []
        entries.append(part(remark, {found.name: column_as_yaml(found.column)}))
    text = _below(text, "columns", "".join(entries))
    if left_out and "ignored" not in _keys(text):
        return _below(text, "columns", "\n" + part((), {"ignored": left_out}), indented=False)
    return _below(text, "ignored", part((), left_out)) if left_out else text


def _keys(text: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return {key.value: (key, value) for key, value in pairs}


def _below(text: str, key: str, lines: str, *, indented: bool = True) -> str:
    """The text with lines below the last entry of a key."""
    if not lines:
        return text
    name, value = _keys(text)[key]
    entries = value.value if isinstance(value, yaml.MappingNode) else []
    indent = " " * (entries[0][0].start_mark.column if entries else 2) if indented else ""
    rows = text.splitlines(keepends=True)
    end = "\r\n" if rows[0].endswith("\r\n") else "\n"
    last = _last_line(value) if entries else name.end_mark.line
    if not rows[last].endswith(("\n", "\r")):
        rows[last] += end
    added = [f"{indent if line else ''}{line}{end}" for line in lines.splitlines()]
    return "".join([*rows[: last + 1], *added, *rows[last + 1 :]])


def _last_line(node: yaml.Node) -> int:
    """The line that the last text of a node ends on; a block itself ends where the next begins."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    return int(node.end_mark.line)


def _check(after: str, home: Home, config: Config, new: list[Finding]) -> None:
    """See that a file says what it said, and the new columns.

    Raises:
        ConfigError: it does not: it is written in a way that lines cannot be added to.
    """
    file = home.config_file
    try:
        now = parse_config(file, after.encode())
        same = now.model_copy(update={"digest": config.digest, "features": config.features})
        kept = {name: c for name, c in now.columns.items() if name in config.columns}
        known = {name: why for name, why in now.ignored.items() if name in config.ignored}
        if same.model_copy(update={"columns": kept, "ignored": known}) == config and (
            {*now.columns, *now.ignored}
            == {*config.columns, *config.ignored, *(found.name for found in new)}
        ):
            return
    except (ConfigError, DataError):
        pass
    names = ", ".join(repr(found.name) for found in new)
    raise ConfigError(
        f"{file}: lines cannot be added to it; write columns and ignored with a line for each "
        f"column, or add {names} by hand"
    )
