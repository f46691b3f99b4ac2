"""Two people train, and merge: nothing is lost, nothing is silent, one model stays."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from clones import clone_of, commit, git
from told import Told

from classification_model import bundle, cli
from classification_model.config.home import Home
from classification_model.errors import ClassificationModelError, ConflictedModelError
from classification_model.predict import make_prediction
from classification_model.train_pipeline import run_training
from dist import build, sources
from homes import REPOSITORY, files_of, make_home
from tables import CUSTOMERS, Sample, customers

MARKS = "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> colleague\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Version 1.0.0 of 600 customers. Read it, and leave it as it is."""
    home = make_home(
        Sample("stays", CUSTOMERS, customers(600, 0)), tmp_path_factory.mktemp("merges") / "made"
    )
    run_training(home.path)
    return home


@pytest.fixture
def home(trained: Home, tmp_path: Path) -> Home:
    return clone_of(trained, tmp_path / "clone")


def month(home: Home, branch: str, version: str, seed: int) -> None:
    """On a branch of main: more rows, a model of its own, committed."""
    git(home, "switch", "--quiet", "--create", branch, "main")
    with (home.datasets / "raw.csv").open("a") as stream:
        stream.writelines(",".join(map(str, row)) + "\n" for row in customers(40, seed))
    (home.path / "VERSION").write_text(f"{version}\n")
    run_training(home.path)
    commit(home)


def without_marks(file: Path) -> None:
    """Keep both sides, as a person does with rows."""
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not re.match("[<=>]{7}", line)))


def test_two_branches_with_a_model_each_are_merged_and_trained(home: Home) -> None:
    month(home, "colleague", "1.9.0", seed=1)
    month(home, "ours", "1.10.0", seed=2)
    said = git(home, "merge", "colleague", check=False)
    assert "CONFLICT" in said
    for file in home.trained_models.iterdir():
        assert b"<<<<<<<" not in file.read_bytes()
    table, told = home.datasets / "raw.csv", Told()
    with pytest.raises(ClassificationModelError, match=r"VERSION, line 1: a conflict that git"):
        run_training(home.path)
    (home.path / "VERSION").write_text("1.11.0\n")
    with pytest.raises(ClassificationModelError, match=r"raw\.csv, line 602: a conflict that git"):
        run_training(home.path)
    without_marks(table)
    before = bundle.load(home)
    assert before.manifest.version == "1.10.0"
    make_prediction(home=home.path, input_data=[before.profile().example()])
    run_training(home.path, progress=told)
    assert "stamp.json, line" in told
    assert "model 1.10.0 had" in told  # the one that was served is the gate's, too
    assert len(table.read_text().splitlines()) == 681
    assert {file.name.rpartition("_v")[2][:6] for file in home.trained_models.glob("c*")} == {
        "1.11.0"
    }
    assert bundle.load(home).manifest.version == "1.11.0"
    commit(home)


def test_of_two_whole_models_the_highest_is_served_and_compared_with(
    home: Home, trained: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = clone_of(trained, tmp_path / "other")
    for place, version in ((home, "1.9.0"), (other, "1.10.0")):
        (place.path / "VERSION").write_text(version)
        run_training(place.path)
    shutil.copytree(other.trained_models, home.trained_models, dirs_exist_ok=True)
    (home.path / "VERSION").write_text("2.0.0")
    cli.main(["info", "--home", str(home.path)])
    assert "1.10.0 (VERSION says 2.0.0)" in capsys.readouterr().out
    told = Told()
    run_training(home.path, progress=told)
    assert "there are 2 models (1.10.0, 1.9.0)" in told
    assert "1.10.0 is the one that is served and compared with, and one stays" in told
    assert len([*home.trained_models.glob("*.json")]) == 1


def merged_config(home: Home) -> Path:
    return home.config_file


def merged_features(home: Home) -> Path:
    return home.path / "features.py"


def merged_table(home: Home) -> Path:
    return home.datasets / "raw.csv"


@pytest.mark.parametrize("file", [merged_config, merged_features, merged_table])
@pytest.mark.parametrize("at", [0, 5])
def test_a_conflict_is_named_by_file_and_line_with_the_cure(
    file: Callable[[Home], Path], at: int, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    place, before = file(home), files_of(home.trained_models)
    lines = place.read_text().splitlines(keepends=True)
    place.write_text("".join([*lines[:at], MARKS, *lines[at:]]))
    with pytest.raises(SystemExit):
        cli.main(["train", "--home", str(home.path)])
    said = re.sub(r"\s+", " ", capsys.readouterr().err)
    assert re.search(rf"{place.name}, line \d+: a conflict that git marked; keep one side", said)
    assert files_of(home.trained_models) == before


def test_a_manifest_with_marks_stops_training_which_could_compare_nothing(home: Home) -> None:
    manifest = next(home.trained_models.glob("*.json"))
    text = manifest.read_text()
    manifest.write_text(text.replace('  "version"', MARKS + '  "version"', 1))
    with pytest.raises(ConflictedModelError, match=r"line 3: .*git checkout HEAD"):
        run_training(home.path)
    git(home, "checkout", "HEAD", "--", str(home.trained_models))
    run_training(home.path)


def test_what_a_merge_left_of_other_versions_goes_and_nothing_else(home: Home) -> None:
    name = bundle.load(home).stem.removesuffix("1.0.0")
    for version in ("1.9.0", "1.10.0"):
        for file in home.trained_models.glob(f"{name}1.0.0.*"):
            broken = MARKS.encode() + file.read_bytes()
            (home.trained_models / file.name.replace("1.0.0", version)).write_bytes(broken)
    (home.trained_models / "notes.txt").write_text("ours\n")
    (home.trained_models / f"{name}1.9.0.xlsx").write_text("ours, too\n")
    source = bundle.load(home)
    bundle.save(home, stem=source.stem, contents=source.contents, manifest=source.manifest)
    left = {file.name for file in home.trained_models.glob("[!.]*")}
    assert {n for n in left if f"{name}1.0.0" not in n} == {"notes.txt", f"{name}1.9.0.xlsx"}


def test_the_wheel_carries_the_model_of_version_alone(tmp_path: Path) -> None:
    package = sources(tmp_path)
    models = package / "classification_model" / "trained_models"
    version = (package / "classification_model" / "VERSION").read_text().strip()
    for file in [*models.iterdir()]:
        other = file.read_bytes().replace(f'"{version}"'.encode(), b'"9.9.9"')
        (models / file.name.replace(version, "9.9.9")).write_bytes(other)
    wheel, _ = build(package, tmp_path / "dist")
    with zipfile.ZipFile(wheel) as archive:
        carried = [name for name in archive.namelist() if "trained_models/" in name]
    assert carried
    assert not [name for name in carried if version not in name]


def test_only_models_are_kept_from_being_merged() -> None:
    attributes = (REPOSITORY / ".gitattributes").read_text().splitlines()
    rules = [line for line in attributes if line and not line.startswith("#")]
    assert rules == ["**/trained_models/** -merge"]
