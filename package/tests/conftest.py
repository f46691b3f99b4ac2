"""What the tests share: the repository's home, and small ones to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.processing.data_manager import Split, load_dataset, split_dataset
from classification_model.train_pipeline import run_training
from dist import build
from homes import (
    FEATURES,
    MOVED_ON,
    REPOSITORY,
    SOURCE,
    copy_of,
    make_home,
    table_has_moved_on,
)
from tables import PEOPLE

# How long an example takes says more of the machine than of the code.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")
# The same few examples for each mutant; see [tool.mutmut] in pyproject.toml.
settings.register_profile("mutation", max_examples=25, derandomize=True, database=None)

DERIVED = """
derived:
  title:
    function: title
    inputs:
      - name
    kind: category
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what reads the home that ships: what may fail when that is about another table."""
    reading = {"config", "source_home", "split", "retrained"}
    for item in items:
        if isinstance(item, pytest.Function) and reading.intersection(item.fixturenames):
            item.add_marker(pytest.mark.shipped_home)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A small home, trained. Read it, and leave it as it is."""
    home = make_home(PEOPLE, tmp_path_factory.mktemp("people") / "made")
    text = home.config_file.read_text(encoding="utf-8")
    text = text.replace("  name: text\n", "  name: raw\n")
    home.config_file.write_text(text + DERIVED, encoding="utf-8")
    shutil.copyfile(FEATURES, home.path / "features.py")
    run_training(home.path)
    return home


@pytest.fixture
def home(people: Home, tmp_path: Path) -> Home:
    """A trained home of the test's own, to spoil."""
    return copy_of(people, tmp_path / "home")


@pytest.fixture(scope="session")
def source_home() -> Home:
    """The home in the repository. Read it, and leave it as it is."""
    return Home(SOURCE)


@pytest.fixture(scope="session")
def config(source_home: Home) -> Config:
    if table_has_moved_on(source_home):
        pytest.skip(MOVED_ON)
    return load_config(source_home)


@pytest.fixture(scope="session")
def split(config: Config, source_home: Home) -> Split:
    """The rows that the shipped model was trained on, and those that it has never seen."""
    return split_dataset(load_dataset(config, source_home), config)


@pytest.fixture(scope="session")
def retrained(source_home: Home, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The repository's home, trained again by these tests."""
    home = copy_of(source_home, tmp_path_factory.mktemp("retrained") / "home")
    shutil.rmtree(home.trained_models)
    run_training(home.path)
    return home


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wheel and sdist of the repository. Read them, and leave them as they are."""
    folder = tmp_path_factory.mktemp("dist")
    # A build writes into the tree; pytest's other processes must wait.
    with FileLock(tmp_path_factory.getbasetemp().parent / "build.lock"):
        return build(REPOSITORY / "package", folder)


@pytest.fixture
def titanic(config: Config) -> None:
    """For what is known of the Titanic only."""
    if config.target != "survived" or "pclass" not in config.columns:
        pytest.skip("the repository's data is no longer the Titanic's")
