"""The service, the home and the bundle in it are of one make, or nothing is served."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from app import compatibility
from classification_model import bundle
from classification_model.config.home import Home
from classification_model.errors import IncompatibleModelError
from classification_model.predict import Model
from harness import SOURCE_HOME, failing_to_start
from homes import copy_of


def test_a_configuration_that_is_not_the_models_is_one_line_and_a_status(tmp_path: Path) -> None:
    home = copy_of(Home(SOURCE_HOME), tmp_path / "home")
    with home.config_file.open("a", encoding="utf-8") as stream:
        stream.write("\n")
    # It would have to be one that a person could have written: what is in it does not matter.
    expected = bundle.load(home).manifest.config_sha256
    run = failing_to_start({"MODEL_HOME": str(home.path)})
    assert run.returncode == 3
    assert "Traceback" not in run.stderr
    assert expected[:12] in run.stderr
    assert str(home.config_file) in run.stderr


def test_a_bundle_of_another_format_is_refused_with_both_numbers() -> None:
    source = bundle.load(Home(SOURCE_HOME))
    manifest = source.manifest.model_copy(update={"format": 99})
    model = Model(dataclasses.replace(source, manifest=manifest))
    with pytest.raises(
        IncompatibleModelError, match=f"format 99.* reads format {compatibility.FORMAT}"
    ):
        compatibility.check_fit(Home(SOURCE_HOME), model)
