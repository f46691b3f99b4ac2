"""What the tests share: the service as the Procfile starts it, and the data's held-out rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.tests.servers import SOURCE_HOME, free_port, serving
from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.processing.data_manager import Dataset, load_dataset, split_dataset


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
