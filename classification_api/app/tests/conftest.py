"""What the tests share: the service as the Procfile starts it, and the data's held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import httpx
import pytest

from app.tests.servers import SOURCE_HOME, free_port, serving
from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.processing.data_manager import Dataset, load_dataset, split_dataset
from classification_model.train_pipeline import run_training
from homes import make_home
from tables import TABLES


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    """A client of the service, started by its Procfile as a platform would."""
    port = free_port()
    with serving(["honcho", "start", "--port", str(port), "web"], port) as client:
        yield client


@pytest.fixture(scope="session")
def config() -> Config:
    return load_config(Home(SOURCE_HOME))


@pytest.fixture(scope="session")
def held_out(config: Config) -> Dataset:
    """The rows of the repository's data that its model was not trained on."""
    return split_dataset(load_dataset(config, Home(SOURCE_HOME)), config).held_out


@pytest.fixture(scope="session")
def row(config: Config) -> dict[str, Any]:
    """A row that is in order: each column's example."""
    return {name: column.example for name, column in config.columns.items()}


@pytest.fixture
def titanic(config: Config) -> None:
    """For what is known of the Titanic only."""
    if config.target != "survived" or "pclass" not in config.columns:
        pytest.skip("the repository's data is no longer the Titanic's")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Home]:
    """From the name of a table to a home trained on it, beside its data.csv; read it only."""

    @cache
    def train(name: str) -> Home:
        home = make_home(TABLES[name](), tmp_path_factory.mktemp(name) / "made")
        run_training(home.path)
        return home

    return train
