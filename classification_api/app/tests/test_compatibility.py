"""The service and the bundle are of one make, or nothing is served."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import httpx
import pytest

from app import compatibility
from classification_model import bundle
from classification_model.config.home import Home
from classification_model.errors import IncompatibleModelError
from classification_model.predict import Model
from harness import SOURCE_HOME, running
from homes import copy_of


def test_a_home_whose_version_and_configuration_are_of_the_next_training_is_served(
    tmp_path: Path,
) -> None:
    home = copy_of(Home(SOURCE_HOME), tmp_path / "home")
    version = bundle.load(home).manifest.version
    (home.path / "VERSION").write_text("77.0.0")
    with home.config_file.open("a", encoding="utf-8") as stream:
        stream.write("# to be tried next\n")
    with running({"MODEL_HOME": str(home.path)}) as server:
        assert version in httpx.get(f"http://127.0.0.1:{server.port}/health").text


def test_a_bundle_of_another_format_is_refused_with_both_numbers() -> None:
    source = bundle.load(Home(SOURCE_HOME))
    manifest = source.manifest.model_copy(update={"format": 99})
    model = Model(dataclasses.replace(source, manifest=manifest))
    with pytest.raises(
        IncompatibleModelError, match=f"format 99.* reads format {compatibility.FORMAT}"
    ):
        compatibility.check_fit(Home(SOURCE_HOME), model)
