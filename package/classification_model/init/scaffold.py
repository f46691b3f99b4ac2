"""Write a home from a CSV: a configuration that a person can read and edit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from yaml.representer import BaseRepresenter

from classification_model.config.core import parse_config
from classification_model.config.formats import NEWEST
from classification_model.config.home import Home
from classification_model.config.schema import Column
from classification_model.errors import ConfigError
from classification_model.init.infer_schema import learn
from classification_model.init.inferred_schema import InferredSchema
from classification_model.init.split_hints import Hint
from classification_model.processing.data_manager import read_csv
from classification_model.progress import Progress

__all__ = ["configuration", "create", "part"]

_TEST_SIZE = 0.25
_ENDINGS = (".csv", ".jsonl", ".ndjson", ".parquet", ".pq", ".xlsx", ".gz", ".zip")

_FEATURES = '''"""This home's own features: pure functions of a row's values.

Any value may be ``None``, which means missing. A function returns a number or a category, or
``None``; it is named under ``derived`` in config.yml.
"""

# def age_at_entry(born, entered):
#     return None if born is None or entered is None else (entered - born).days / 365.25
'''


def _escaped(dumper: BaseRepresenter, text: str) -> yaml.ScalarNode:
    """A text that PyYAML would otherwise write as it cannot read it, such as U+0085 in a key."""
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


class _Dumper(yaml.SafeDumper):
    yaml_representers = {**yaml.SafeDumper.yaml_representers, str: _escaped}  # noqa: RUF012


def create(
    source: Path,
    target: str,
    folder: Path,
    *,
    force: bool = False,
    encoding: str | None = None,
    sheet: str | None = None,
    progress: Progress | None = None,
) -> tuple[Home, InferredSchema]:
    """Learn a table's schema and write a home for it.

    That is config.yml, VERSION, features.py and datasets/raw.csv, or what the table's name ends
    in. The table is copied byte for byte. ``encoding`` is that of its text, where the text does not
    say it; ``sheet`` is one of a workbook.
    A VERSION that is there stays, and so does a trained model until the next training replaces it;
    a features.py that is there stays unless ``force`` is set. ``progress`` is told of each column.

    Raises:
        DataError: the table cannot be read or has nothing to learn; nothing was written.
        ConfigError: there is a home already, and ``force`` is not set.
        OSError: the home cannot be written; what was there is as it was.
    """
    home = Home(folder.resolve())
    if home.config_file.exists() and not force:
        raise ConfigError(
            f"{home.config_file}: there is a home already; name another folder with --home, or "
            "replace it with --force"
        )
    told = (progress or Progress()).count
    name = f"{source}#{sheet}" if sheet else str(source)
    table = read_csv(Path(name), encoding=encoding)
    learned = learn(name, table, target, test_size=_TEST_SIZE, progress=told)
    dataset = _dataset(source)
    config = configuration(learned, dataset=dataset, sheet=sheet).encode()
    parse_config(home.config_file, config)
    _write(home, source, dataset, config, force=force)
    return home, learned


def _dataset(source: Path) -> str:
    """What a table is called in its home: by how it is written and packed."""
    known = [end for end in source.suffixes[-2:] if end.lower() in _ENDINGS]
    return "raw" + ("".join(known).lower() or ".csv")


def _write(home: Home, source: Path, dataset: str, config: bytes, *, force: bool) -> None:
    """Write all files beside the home, then put them in their places, config.yml last."""
    beside = home.path if home.path.exists() else home.path.parent
    beside.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=beside, prefix=".init-") as temporary:
        staged = Path(temporary)
        shutil.copyfile(source, staged / dataset)
        (staged / "VERSION").write_text("1.0.0\n", encoding="utf-8")
        (staged / "features.py").write_text(_FEATURES, encoding="utf-8")
        (staged / "config.yml").write_bytes(config)
        home.datasets.mkdir(parents=True, exist_ok=True)
        home.trained_models.mkdir(exist_ok=True)
        (staged / dataset).replace(home.datasets / dataset)
        for name in ("VERSION", "features.py"):
            if not (home.path / name).exists() or (force and name == "features.py"):
                (staged / name).replace(home.path / name)
        (staged / "config.yml").replace(home.config_file)


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


def _parts(
    learned: InferredSchema, file: Mapping[str, str]
) -> Iterator[tuple[Sequence[str], Mapping[str, Any]]]:
    """The parts of a config.yml: the lines of a comment, and what stands below it."""
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
        {"columns": {name: _column(column) for name, column in learned.used().items()}},
    )
    if ignored := learned.ignored():
        comment = "Columns that the model does not look at, and why. Move one up to use it."
        yield (comment,), {"ignored": ignored}
    yield (
        (
            "The share of rows held out to judge the model, and the seed of all that is drawn.",
            *_split_comment(learned.hints),
        ),
        {"test_size": _TEST_SIZE, "random_state": 0},
    )
    yield (
        ("Candidates are compared by cross-validation when training, for so many seconds.",),
        {"estimator": "auto", "time_budget": 60},
    )


def _split_comment(hints: Sequence[Hint]) -> Iterator[str]:
    """How rows could be held out otherwise, ready to be uncommented."""
    means = {
        "groups": "all rows with the same {!r} on one side",
        "time": "the newest by {!r} held out, folds looking forward only",
    }
    for position, (key, column) in enumerate(hints[:2]):
        yield f"{'Or' if position else 'Perhaps'} {means[key].format(column)}:"
        yield from part((), {"split": {key: column}}).splitlines()


def _column(column: Column) -> str | dict[str, Any]:
    """A column as config.yml has it: its kind alone where that is all."""
    values = column.model_dump(exclude_defaults=True)
    if len(values) == 1:
        return column.kind
    return {key: [*value] if isinstance(value, tuple) else value for key, value in values.items()}
