"""What is served is the bundle that is there, whatever the home says of its next training."""

from __future__ import annotations

from pathlib import Path

import httpx

from classification_model import bundle
from classification_model.config.home import Home
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
