"""Back to an earlier model and forward again: from git, from a wheel, never the table."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from clones import clone_of, commit, git
from told import Told

from classification_model import bundle, cli
from classification_model.bundle.rollback import rollback
from classification_model.config.home import Home
from classification_model.errors import DamagedModelError, MissingModelError, SaveError
from classification_model.predict import make_prediction
from classification_model.train_pipeline import run_training
from homes import REPOSITORY, files_of, make_home
from tables import CUSTOMERS, Sample, customers


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A repository with 1.0.0, then 1.1.0 without the first customer. Read it only."""
    folder = tmp_path_factory.mktemp("rollback")
    home = make_home(Sample("stays", CUSTOMERS, customers(600, 0)), folder / "made")
    run_training(home.path)
    clone = clone_of(home, folder / "clone")
    table = clone.datasets / "raw.csv"
    head, _, *rest = table.read_text().splitlines(keepends=True)
    table.write_text("".join([head, *rest]))  # somebody asked to be forgotten
    run_training(clone.path, bump="minor", data_changed=True)
    commit(clone)
    return clone


@pytest.fixture
def home(trained: Home, tmp_path: Path) -> Home:
    shutil.copytree(trained.path.parent, tmp_path / "clone")
    return Home(tmp_path / "clone" / "home")


def test_an_earlier_model_comes_back_to_the_byte_and_forward_again(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    table, config = files_of(home.datasets), home.config_file.read_bytes()
    later = files_of(home.trained_models)
    cli.main(["rollback", "1.0.0", "--home", str(home.path)])
    assert "Model 1.0.0 in the place of 1.1.0, from commit" in capsys.readouterr().out
    commit(home)
    assert git(home, "diff", "HEAD~2", "--", "trained_models", "VERSION") == ""
    assert (files_of(home.datasets), home.config_file.read_bytes()) == (table, config)
    row = bundle.load(home).profile().example()
    assert make_prediction(home=home.path, input_data=[row])["version"] == "1.0.0"
    cli.main(["info", "--home", str(home.path)])
    assert (
        "the table has moved on: raw.csv was last trained on for 1.1.0" in capsys.readouterr().out
    )
    cli.main(["rollback", "1.1.0", "--home", str(home.path)])
    assert files_of(home.trained_models) == later
    assert home.version() == "1.1.0"
    cli.main(["info", "--home", str(home.path)])
    assert "moved on" not in capsys.readouterr().out.partition("Version")[2].partition("Note")[0]


def test_a_model_that_was_rolled_back_is_the_one_that_the_next_is_held_against(home: Home) -> None:
    rollback(home, "1.0.0")
    told = Told()
    trained = run_training(home.path, bump="major", data_changed=True, progress=told)
    assert trained.bundle.manifest.version == "2.0.0"
    assert "where model 1.0.0 had" in told


def test_what_history_lacks_is_refused_with_what_it_has(home: Home) -> None:
    before = files_of(home.trained_models)
    with pytest.raises(
        MissingModelError, match=r"no model of version 3\.0: it has 1\.0\.0, 1\.1\.0"
    ):
        rollback(home, "3.0")
    assert files_of(home.trained_models) == before


def test_without_git_a_wheel_is_asked_for(home: Home, tmp_path: Path) -> None:
    shutil.rmtree(home.path.parent / ".git")
    with pytest.raises(MissingModelError, match=r"it has none; .* or name a --wheel"):
        rollback(home, "1.0.0")


def wheel_of(home: Home, file: Path) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for model in home.trained_models.glob("[!.]*"):
            archive.write(model, f"classification_model/trained_models/{model.name}")
    return file


def test_a_wheel_gives_its_model_and_no_other(home: Home, tmp_path: Path) -> None:
    wheel = wheel_of(home, tmp_path / "model-1.1.0-py3-none-any.whl")
    rollback(home, "1.0.0")
    with pytest.raises(MissingModelError, match=r"no model of version 1\.0\.0: it has 1\.1\.0"):
        rollback(home, "1.0.0", wheel)
    assert rollback(home, "1.1.0", wheel).source == wheel.name
    assert bundle.load(home).manifest.version == home.version() == "1.1.0"
    wheel.write_bytes(b"no wheel")
    with pytest.raises(DamagedModelError, match="cannot be read as a wheel"):
        rollback(home, "1.1.0", wheel)


def test_a_wheel_whose_model_was_changed_is_refused(home: Home, tmp_path: Path) -> None:
    pickle = next(home.trained_models.glob("*.pkl"))
    whole = pickle.read_bytes()
    pickle.write_bytes(whole + b"\n")
    wheel = wheel_of(home, tmp_path / "model.whl")
    pickle.write_bytes(whole)
    before = files_of(home.trained_models)
    with pytest.raises(DamagedModelError, match="is not the file that the manifest of"):
        rollback(home, "1.1.0", wheel)
    assert files_of(home.trained_models) == before


def test_a_disk_that_fails_leaves_version_and_model(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise SaveError("no space")

    before = files_of(home.trained_models)
    monkeypatch.setattr("classification_model.bundle.rollback.restore", full)
    with pytest.raises(SaveError):
        rollback(home, "1.0.0")
    assert (files_of(home.trained_models), home.version()) == (before, "1.1.0")


def test_in_a_clone_the_services_pin_and_the_sample_follow(home: Home, tmp_path: Path) -> None:
    package = tmp_path / "repository" / "package"
    shutil.copytree(home.path.parent, package)
    (package / "home").rename(package / "classification_model")
    requirements = package.parent / "classification_api" / "requirements.txt"
    requirements.parent.mkdir()
    shutil.copy(REPOSITORY / "classification_api" / "requirements.txt", requirements)
    (package / "sample_input.csv").write_text("old\n1\n")
    # In this copy git calls the home by its old name, so a wheel has to do.
    place = Home(package / "classification_model")
    wheel = wheel_of(place, tmp_path / "model.whl")
    rollback(place, "1.1.0", wheel)
    assert "==1.1.0  # the package of this repository" in requirements.read_text()
    head = (package / "sample_input.csv").read_text().splitlines()[0]
    assert head.split(",") == [*bundle.load(place).manifest.row_schema.columns]


def test_it_answers_machines(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["rollback", "1.0.0", "--home", str(home.path), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["version"], found["before"]) == ("1.0.0", "1.1.0")


def test_a_model_that_was_rolled_back_is_audited_by_its_own_columns(home: Home) -> None:
    text = home.config_file.read_text(encoding="utf-8")
    text = text.replace("  visits: integer\n", "").replace("ignored:\n", "ignored:\n  visits: no\n")
    home.config_file.write_text(text, encoding="utf-8")
    cli.main(["audit", "--home", str(home.path)])
