"""What the tests share: the repository, the installed package, and homes to spoil."""

from __future__ import annotations

from pathlib import Path

import pytest

from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.processing.data_manager import Split, load_dataset, split_dataset
from classification_model.train_pipeline import run_training
from homes import SOURCE, copy_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home of the test's own, with the committed model."""
    return copy_home(tmp_path / "home", trained=True)


@pytest.fixture(scope="session")
def source_home() -> Home:
    """The home in the repository. Read it, and leave it as it is."""
    return Home(SOURCE)


@pytest.fixture(scope="session")
def config(source_home: Home) -> Config:
    return load_config(source_home)


@pytest.fixture(scope="session")
def split(config: Config, source_home: Home) -> Split:
    """The rows that the shipped model was trained on, and those that it has never seen."""
    return split_dataset(load_dataset(config, source_home), config)


@pytest.fixture(scope="session")
def retrained(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that was trained by these tests, from the committed data and configuration."""
    home = copy_home(tmp_path_factory.mktemp("retrained") / "home", trained=False)
    run_training(home.path)
    return home


@pytest.fixture
def titanic(config: Config) -> None:
    """For what is known of the Titanic only."""
    if config.target != "survived" or "pclass" not in config.columns:
        pytest.skip("the repository's data is no longer the Titanic's")
