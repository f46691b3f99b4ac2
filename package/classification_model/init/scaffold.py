"""Write a home from a CSV: a configuration that a person can read and edit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from classification_model.config.core import Config, load_config, parse_config
from classification_model.config.home import Home
from classification_model.config.repository import Repository
from classification_model.config.versions import free
from classification_model.errors import ConfigError
from classification_model.init.config_text import TEST_SIZE, configuration
from classification_model.init.infer_schema import learn
from classification_model.init.inferred_schema import InferredSchema
from classification_model.init.parts import one_file
from classification_model.init.update import drops
from classification_model.processing.data_manager import read_csv
from classification_model.progress import Progress

__all__ = ["create"]

_MOST_DROPPED = 12
_ENDINGS = (".csv", ".jsonl", ".ndjson", ".parquet", ".pq", ".xlsx", ".gz", ".zip")

_FEATURES = '''"""Features of one's own: pure functions of a row's values, named under ``derived`` in config.yml.

Any value may be ``None``, which means missing. A function returns a number or a category, or
``None``::

    def age_at_entry(born, entered):
        return None if born is None or entered is None else (entered - born).days / 365.25
"""
'''


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
    in. The table is copied byte for byte; of a folder of Parquet parts one file is made. ``encoding`` is that of its text, where the text does not
    say it; ``sheet`` is one of a workbook.
    A VERSION that is there stays unless a tag of git has it, and so does a trained model until the
    next training replaces it. A features.py that is there stays unless ``force`` is set; then the
    table that is replaced goes, too. ``progress`` is told of the rows and the columns.

    Raises:
        DataError: the table cannot be read or has nothing to learn; nothing was written.
        ConfigError: there is a home already, and ``force`` is not set.
        OSError: the home cannot be written; what was there is as it was.
    """
    with one_file(source) as file:
        return _created(
            file, target, Home(folder.resolve()), force=force, encoding=encoding, sheet=sheet,
            progress=progress or Progress(),
        )  # fmt: skip


def _created(
    source: Path,
    target: str,
    home: Home,
    *,
    force: bool,
    encoding: str | None,
    sheet: str | None,
    progress: Progress,
) -> tuple[Home, InferredSchema]:
    name = f"{source}#{sheet}" if sheet else str(source)
    table = read_csv(Path(name), [target], encoding, keep_total=False, progress=progress)
    learned = learn(name, table, target, test_size=TEST_SIZE, progress=progress.count)
    dataset = _dataset(source)
    config = configuration(learned, dataset=dataset, sheet=sheet).encode()
    today = parse_config(home.config_file, config)
    if home.config_file.exists():
        lost = list(_lost(home, today, learned))
        if not force:
            raise ConfigError(_refusal(home, lost))
        learned = replace(learned, notes=(*learned.notes, *(f"dropped: {line}" for line in lost)))
    before = _table_of(home)
    _write(home, source, dataset, config, force=force)
    if before is not None and before.name != dataset:
        # Nobody would look for people in a file that nothing reads any more.
        for file in (before, before.with_name(f"{before.name}.stamp.json")):
            file.unlink(missing_ok=True)
    return home, learned


def _table_of(home: Home) -> Path | None:
    """The table that a home has by now."""
    try:
        name = load_config(home).dataset
    except ConfigError:
        return None
    return home.datasets / name if Path(name).name == name else None


def _lost(home: Home, today: Config, learned: InferredSchema) -> Iterator[str]:
    """What a person decided of the home that is there."""
    try:
        yield from drops(load_config(home), today, learned)
    except ConfigError as error:
        yield f"a config.yml that cannot be read ({error})"
    if (table := _table_of(home)) and table.name != today.dataset and table.exists():
        yield f"datasets/{table.name}"
    if home.features_source() not in ("", _FEATURES):
        yield "features.py"


def _refusal(home: Home, lost: list[str]) -> str:
    more = f"; and {len(lost) - _MOST_DROPPED} more" if len(lost) > _MOST_DROPPED else ""
    what = f", and replacing it drops: {'; '.join(lost[:_MOST_DROPPED])}{more}" if lost else ""
    return (
        f"{home.config_file}: there is a home already{what}; add new columns with --update, name "
        "another folder with --home, or replace it with --force"
    )


def _first_version(home: Home) -> str:
    """What VERSION says, else 1.0.0, or the next that no tag has: that is another model."""
    beside = home if home.path.is_dir() else Home(home.path.parent)
    repository = Repository.of(beside) if beside.path.is_dir() else None
    return free(home.next_version() or "1.0.0", repository.tags() if repository else {})


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
        (staged / "VERSION").write_text(f"{_first_version(home)}\n", encoding="utf-8")
        (staged / "features.py").write_text(_FEATURES, encoding="utf-8")
        (staged / "config.yml").write_bytes(config)
        home.datasets.mkdir(parents=True, exist_ok=True)
        home.trained_models.mkdir(exist_ok=True)
        (staged / dataset).replace(home.datasets / dataset)
        (staged / "VERSION").replace(home.path / "VERSION")
        if force or not (home.path / "features.py").exists():
            (staged / "features.py").replace(home.path / "features.py")
        (staged / "config.yml").replace(home.config_file)
