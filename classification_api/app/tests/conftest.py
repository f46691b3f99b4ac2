"""What the tests share: the service as the Procfile starts it, and the data's held-out rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.tests import browser
from app.tests.pages import Open
from app.tests.twins import Twins
from classification_model import bundle
from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.processing.data_manager import Dataset, load_dataset, split_dataset
from classification_model.processing.profile import Profile
from classification_model.train_pipeline import run_training
from harness import SOURCE_HOME, UVICORN, free_port, serving
from homes import MOVED_ON, make_home, table_has_moved_on
from tables import TABLES

# Milliseconds for what a page does at once where the machine has nothing else to do.
PATIENCE = 120_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    """A client of the service, started by its Procfile as a platform would."""
    port = free_port()
    with serving(["honcho", "start", "--port", str(port), "web"], port) as client:
        yield client


@pytest.fixture(scope="session")
def config() -> Config:
    if table_has_moved_on(Home(SOURCE_HOME)):
        pytest.skip(MOVED_ON)
    return load_config(Home(SOURCE_HOME))


@pytest.fixture(scope="session")
def held_out(config: Config) -> Dataset:
    """The rows of the repository's data that its model was not trained on."""
    return split_dataset(load_dataset(config, Home(SOURCE_HOME)), config).held_out


@pytest.fixture(scope="session")
def profile() -> Profile:
    """What the training of the repository's model saw."""
    return bundle.load(Home(SOURCE_HOME)).profile()


@pytest.fixture(scope="session")
def row(profile: Profile) -> dict[str, Any]:
    """A row that is in order: each column's example."""
    return dict(profile.example())


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


@pytest.fixture(scope="module", params=["the repository's", "awkward"])
def twins(request: pytest.FixtureRequest, trained: Callable[[str], Home]) -> Iterator[Twins]:
    """The service and its plain FastAPI twin, for two models."""
    home = SOURCE_HOME if request.param not in TABLES else trained(request.param).path
    with asyncio.Runner() as runner:
        twins = Twins(str(home), runner)
        twins.start()
        yield twins
        twins.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Not for the whole session: while it is there, nothing else may run an event loop."""
    path = browser.find()
    if path is None:
        pytest.skip("no Chromium or Chrome on this machine; apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path)
        yield launched
        launched.close()


@pytest.fixture
def opened(chromium: Browser, client: httpx.Client) -> Iterator[Open]:
    """Opens a service's page. In the end it has asked no other host, and nothing went wrong."""
    asked: list[str] = []
    wrong: list[str] = []
    contexts = []

    def open_page(service: httpx.Client = client, path: str = "/", **options: Any) -> Page:
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.goto(str(service.base_url.join(path)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert {urlsplit(url).hostname for url in asked if not url.startswith("blob:")} <= {"127.0.0.1"}
    # The browser notes each answer of 400 and more; those are the tests' own.
    assert [line for line in wrong if not line.startswith("Failed to load resource")] == []


@pytest.fixture(scope="module", params=["awkward", "digits"])
def other(
    request: pytest.FixtureRequest, trained: Callable[[str], Home]
) -> Iterator[tuple[httpx.Client, Home]]:
    """Another home's service: words with accents and odd names, or ten classes of 64 numbers."""
    home = trained(request.param)
    port = free_port()
    environment = {"MODEL_HOME": str(home.path)}
    with serving([*UVICORN, "--port", str(port)], port, environment) as client:
        yield client, home
