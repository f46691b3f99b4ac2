"""The text of a config.yml, with a comment above each part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from yaml.representer import BaseRepresenter

from classification_model.config.formats import NEWEST
from classification_model.config.schema import Column
from classification_model.init.inferred_schema import InferredSchema
from classification_model.init.split_hints import Hint

__all__ = ["TEST_SIZE", "column_as_yaml", "configuration", "part"]

_Part = tuple[Sequence[str], Mapping[str, Any]]
"""A part of a config.yml: the lines of a comment, and what stands below it."""

TEST_SIZE = 0.25
"""The share of rows that is held out, until a person says something else."""


def _escaped(dumper: BaseRepresenter, text: str) -> yaml.ScalarNode:
    """A text that PyYAML would otherwise write as it cannot read it, such as U+0085 in a key."""
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


class _Dumper(yaml.SafeDumper):
    yaml_representers = {**yaml.SafeDumper.yaml_representers, str: _escaped}  # noqa: RUF012


def configuration(
    learned: InferredSchema, *, dataset: str = "raw.csv", sheet: str | None = None
) -> str:
    """The text of a config.yml for what was learned, with a comment above each part."""
    file = {"dataset": dataset}
    if learned.encoding not in ("utf-8", "utf-8-sig", "utf-16"):
        file["encoding"] = learned.encoding
    if sheet:
        file["sheet"] = sheet
    return "\n".join(part(comments, values) for comments, values in _parts(learned, file))


def part(comments: Sequence[str], values: Mapping[str, Any]) -> str:
    """A part of a config.yml: comments, and the values below them."""
    above = "".join(f"# {line}\n" for comment in comments for line in comment.splitlines())
    text: str = yaml.dump(
        values,
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=float("inf"),
    )
    return above + text


def _parts(learned: InferredSchema, file: Mapping[str, str]) -> Iterator[_Part]:
    yield from _target_parts(learned, file)
    yield from _column_parts(learned)
    yield (
        (
            "The share of rows held out to judge the model, and the seed of all that is drawn.",
            *_split_comment(learned.hints),
        ),
        {"test_size": TEST_SIZE, "random_state": 0},
    )
    yield (
        ("Candidates are compared by cross-validation when training, for so many seconds.",),
        {"estimator": "auto", "time_budget": 40},
    )


def _target_parts(learned: InferredSchema, file: Mapping[str, str]) -> Iterator[_Part]:
    yield (
        (
            "What this model predicts, what a row of its data looks like, and how it is",
            "trained. Edit it, and train again. Unknown keys are refused.",
        ),
        {
            "format": NEWEST,
            "pipeline_save_file": "classification_model_v",
            **file,
            "target": learned.target,
        },
    )
    if learned.positive is not None:
        comment = "Of the two classes the one that curves, thresholds and words are about."
        yield (comment,), {"positive": learned.positive}
    yield (
        ('Texts that mean "there is no value here", in the CSV and in a request.',),
        {"missing_markers": list(learned.missing_markers)},
    )


def _column_parts(learned: InferredSchema) -> Iterator[_Part]:
    remarks = [f for f in learned.findings if f.reason and f.decision != "left out"]
    yield (
        (
            "The columns that the model looks at. What training sees in them is only warned about;",
            "a rule such as `required: yes` or `maximum: 120` below a column's kind refuses.",
            "Kind `text` is learned from; `raw` is read by functions of features.py alone.",
            *(
                f"{'Look at ' if f.decision == 'used, look at it' else ''}{f.name!r}: {f.reason}"
                for f in remarks
            ),
        ),
        {"columns": {name: column_as_yaml(column) for name, column in learned.used().items()}},
    )
    if ignored := learned.ignored():
        comment = "Columns that the model does not look at, and why. Move one up to use it."
        yield (comment,), {"ignored": ignored}


def _split_comment(hints: Sequence[Hint]) -> Iterator[str]:
    """How rows could be held out otherwise, ready to be uncommented."""
    means = {
        "groups": "all rows with the same {!r} on one side",
        "time": "the newest by {!r} held out, folds looking forward only",
    }
    for position, (key, column) in enumerate(hints[:2]):
        yield f"{'Or' if position else 'Perhaps'} {means[key].format(column)}:"
        yield from part((), {"split": {key: column}}).splitlines()


def column_as_yaml(column: Column) -> str | dict[str, Any]:
    """A column as config.yml has it: its kind alone where that is all."""
    values = column.model_dump(exclude_defaults=True)
    if len(values) == 1:
        return column.kind
    return {key: [*value] if isinstance(value, tuple) else value for key, value in values.items()}
