"""One version, one model: tags of a real git repository, and ``train --bump``."""

from __future__ import annotations

from pathlib import Path

import pytest
from clones import clone_of, commit, git
from told import Told

from classification_model import bundle, cli
from classification_model.config.home import Home
from classification_model.config.versions import Bump, free, raised
from classification_model.errors import ConfigError, SaveError
from classification_model.init import scaffold
from classification_model.train_pipeline import run_training
from homes import copy_of, files_of, make_home
from tables import PEOPLE


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A trained home. Read it, and leave it as it is."""
    home = make_home(PEOPLE, tmp_path_factory.mktemp("one") / "made")
    run_training(home.path)
    return home


@pytest.fixture
def home(trained: Home, tmp_path: Path) -> Home:
    """Version 1.0.0 in a git repository of its own, committed and tagged."""
    home = clone_of(trained, tmp_path / "clone")
    git(home, "tag", "v1.0.0")
    return home


def change(home: Home) -> None:
    """The same recipe, told otherwise: another bundle."""
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(text.replace("C: 0.5", "C: 0.45"), encoding="utf-8")


def test_a_tagged_version_is_refused_with_the_next_number(home: Home) -> None:
    git(home, "tag", "1.1.0")
    change(home)
    commit(home)
    before = files_of(home.trained_models)
    with pytest.raises(ConfigError, match=r"VERSION: 1\.0\.0 is the tag .*: write 1\.2\.0 into it"):
        run_training(home.path)
    assert files_of(home.trained_models) == before


def test_the_same_bundle_may_be_trained_again_after_its_tag(home: Home) -> None:
    commit(home)
    before = bundle.load(home).digest
    assert run_training(home.path).bundle.digest == before


def test_the_release_trains_on_its_own_tag(home: Home) -> None:
    change(home)
    assert git(home, "rev-parse", "HEAD") == git(home, "rev-parse", "v1.0.0^{commit}")
    run_training(home.path)


def test_a_tag_that_holds_no_such_model_is_nothing_to_stop_for(home: Home) -> None:
    git(home, "tag", "--delete", "v1.0.0")
    (home.path / "VERSION").write_text("0.9\n")
    git(home, "tag", "0.9")
    commit(home)
    run_training(home.path)


def test_what_takes_the_place_of_its_own_version_is_said_in_one_line(
    trained: Home, tmp_path: Path
) -> None:
    home, told = copy_of(trained, tmp_path / "home"), Told()
    run_training(home.path, progress=told)
    assert "takes the place" not in told
    change(home)
    run_training(home.path, progress=told)
    assert len([line for line in told.lines if "another model 1.0.0 takes the place" in line]) == 1


def test_bump_raises_version_with_the_model_and_passes_what_is_tagged(home: Home) -> None:
    git(home, "tag", "v1.1.0")
    change(home)
    cli.main(["train", "--bump", "minor", "--home", str(home.path)])
    assert home.version() == bundle.load(home).manifest.version == "1.2.0"


def test_a_refused_training_leaves_version(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(text + "acceptance:\n  accuracy: 1.0\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        cli.main(["train", "--bump", "major", "--home", str(home.path)])
    assert "is refused" in capsys.readouterr().err
    assert home.version() == bundle.load(home).manifest.version == "1.0.0"


def test_a_disk_that_fails_leaves_version(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise SaveError("no space")

    monkeypatch.setattr("classification_model.bundle.save", full)
    with pytest.raises(SaveError):
        run_training(home.path, bump="patch")
    assert home.version() == "1.0.0"


def test_init_starts_at_a_version_without_a_tag(home: Home, tmp_path: Path) -> None:
    source = PEOPLE.write(tmp_path / "data.csv")
    scaffold.create(source, "stays", home.path, force=True)
    assert home.version() == "1.1.0"
    scaffold.create(source, "stays", home.path.parent / "beside")
    assert Home(home.path.parent / "beside").version() == "1.1.0"
    scaffold.create(source, "stays", tmp_path / "elsewhere")
    assert Home(tmp_path / "elsewhere").version() == "1.0.0"


@pytest.mark.parametrize(
    ("version", "by", "after"),
    [
        ("1.4.2", "patch", "1.4.3"),
        ("1.4.2", "minor", "1.5.0"),
        ("1.4.2", "major", "2.0.0"),
        ("7", "minor", "7.1.0"),
        ("1.2rc1", "patch", "1.2.1"),
    ],
)
def test_versions_are_raised_by_a_part(version: str, by: Bump, after: str) -> None:
    assert raised(version, by) == after


def test_a_free_version_is_the_next_that_is_not_taken() -> None:
    assert free("1.0.0", {"1.0.0", "1.1.0", "1.2.0"}) == "1.3.0"
    assert free("1.0.0", {"2.0.0"}) == "1.0.0"
