"""Write a home from a CSV: a configuration that a person can read and edit."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.config.schema import Column
from classification_model.errors import ConfigError
from classification_model.init.infer_schema import Learned, learn
from classification_model.processing.data_manager import read_csv
from classification_model.progress import Progress

__all__ = ["create"]

_TEST_SIZE = 0.25

_PLAIN = re.compile(r"[^\W_]([\w .,()/+'-]*[\w.()/+'])?")


def create(
    source: Path,
    target: str,
    folder: Path,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> tuple[Home, Learned]:
    """Learn a CSV's schema and write a home for it: config.yml, VERSION, datasets/raw.csv.

    The CSV is copied byte for byte. A VERSION that is there stays, and so does a trained model
    until the next training replaces it. ``progress`` is told of each column.

    Raises:
        DataError: the CSV cannot be read or has nothing to learn; nothing was written.
        ConfigError: there is a home already, and ``force`` is not set.
    """
    home = Home(folder.resolve())
    if home.config_file.exists() and not force:
        raise ConfigError(
            f"{home.config_file}: there is a home already; name another folder with --home, or "
            "replace it with --force"
        )
    told = (progress or Progress()).count
    learned = learn(str(source), read_csv(source), target, test_size=_TEST_SIZE, progress=told)
    home.datasets.mkdir(parents=True, exist_ok=True)
    home.trained_models.mkdir(exist_ok=True)
    raw = home.datasets / "raw.csv"
    if source.resolve() != raw:
        shutil.copyfile(source, raw)
    home.config_file.write_text(configuration(learned), encoding="utf-8")
    version = home.path / "VERSION"
    if not version.exists():
        version.write_text("1.0.0\n", encoding="utf-8")
    load_config(home)
    return home, learned


def configuration(learned: Learned) -> str:
    """The text of a config.yml for what was learned, with a comment above each part."""
    return "\n".join(
        "".join(f"{line}\n" for line in (*(f"# {words}" for words in comments), *_yaml(values)))
        for comments, values in _parts(learned)
    )


def _parts(learned: Learned) -> Iterator[tuple[Sequence[str], Mapping[str, Any]]]:
    """The parts of a config.yml: the lines of a comment, and what stands below it."""
    yield (
        (
            "What this model predicts, what a row of its data looks like, and how it is",
            "trained. Edit it, and train again. Unknown keys are refused.",
        ),
        {
            "pipeline_save_file": "classification_model_v",
            "dataset": "raw.csv",
            "target": learned.target,
        },
    )
    yield (
        ('Texts that mean "there is no value here", in the CSV and in a request.',),
        {"missing_markers": list(learned.missing_markers)},
    )
    if learned.decimal_comma:
        yield ("Numbers are written as 1,5.",), {"decimal_comma": "yes"}
    looked_at = [f for f in learned.findings if f.decision == "used, look at it"]
    yield (
        (
            "The columns that the model looks at, and what was seen in the whole file.",
            *(f"Look at {f.name!r}: {f.reason}" for f in looked_at),
        ),
        {"columns": {name: _column(column) for name, column in learned.used().items()}},
    )
    if ignored := learned.ignored():
        comment = "Columns that the model does not look at, and why. Move one up to use it."
        yield (comment,), {"ignored": ignored}
    yield (
        ("The share of rows held out to judge the model, and the seed of all that is drawn.",),
        {"test_size": str(_TEST_SIZE), "random_state": "0"},
    )
    yield (
        ("Candidates are compared by cross-validation when training, for so many seconds.",),
        {"estimator": "auto", "time_budget": "60"},
    )


def _yaml(values: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Nested mappings, lists of texts and texts as lines of strict YAML."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield f"{indent}{_quoted(key)}:"
            yield from _yaml(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{indent}{_quoted(key)}:"
            for item in value:
                if isinstance(item, Mapping):
                    first, *rest = _yaml(item)
                    yield f"{indent}  - {first}"
                    yield from (f"{indent}    {line}" for line in rest)
                else:
                    yield f"{indent}  - {_quoted(item)}"
        else:
            yield f"{indent}{_quoted(key)}: {_quoted(value)}"


def _quoted(text: str) -> str:
    """Text as it is where that is plain, in quotes and escaped where YAML might misread it."""
    if _PLAIN.fullmatch(text):
        return text
    escaped = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(escaped)}"'


def _column(column: Column) -> dict[str, Any]:
    """A column as config.yml has it: what is not said is left away, and all else is text."""
    values = column.model_dump(exclude_defaults=True)
    return {
        key: list(value) if isinstance(value, tuple) else _text(value)
        for key, value in values.items()
        if value is not None
    }


def _text(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
