"""The bundle is whole and is what was saved, or it is not loaded."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import pickle
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classification_model import bundle, make_prediction
from classification_model.config.home import Home
from classification_model.errors import (
    BundleError,
    DamagedModelError,
    IncompatibleModelError,
    MissingModelError,
)
from classification_model.train_pipeline import run_training
from homes import files_of


def model_file(home: Home, suffix: str) -> Path:
    (file,) = home.trained_models.glob(f"*{suffix}")
    return file


@pytest.mark.parametrize("suffix", [".pkl", ".onnx", ".golden.jsonl"])
def test_a_flipped_bit_is_refused_before_anything_is_loaded(home: Home, suffix: str) -> None:
    file = model_file(home, suffix)
    content = file.read_bytes()
    draw = random.Random(0)
    for _ in range(25):
        damaged = bytearray(content)
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        file.write_bytes(damaged)
        with pytest.raises(DamagedModelError, match=file.name):
            bundle.load(home)


@pytest.mark.parametrize("suffix", [".pkl", ".onnx", ".golden.jsonl"])
def test_a_truncated_or_missing_file_is_named_with_what_was_expected(
    home: Home, suffix: str
) -> None:
    file = model_file(home, suffix)
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    with pytest.raises(DamagedModelError, match=rf"{file.name}.*expected {len(content)} bytes"):
        bundle.load(home)
    file.unlink()
    with pytest.raises(DamagedModelError, match=rf"{file.name}.*no such file"):
        bundle.load(home)


def test_a_hostile_pickle_is_never_unpickled(home: Home, tmp_path: Path) -> None:
    witness = tmp_path / "executed"

    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(witness),)

    model_file(home, ".pkl").write_bytes(pickle.dumps(Hostile()))
    for engine in ("onnx", "sklearn"):
        with pytest.raises(DamagedModelError):
            make_prediction(input_data=[{}], home=home.path, engine=engine)
    assert not witness.exists()


def test_a_version_without_a_model_says_which_there_is_and_how_to_train(home: Home) -> None:
    (home.path / "VERSION").write_text("9.9.9")
    with pytest.raises(MissingModelError, match=r"version 9\.9\.9 \(found .*\.json\): train it"):
        bundle.load(home)


def test_no_model_at_all(home: Home) -> None:
    shutil.rmtree(home.trained_models)
    with pytest.raises(MissingModelError, match="found nothing"):
        bundle.load(home)


def test_another_format_is_refused(home: Home) -> None:
    file = model_file(home, ".json")
    manifest = json.loads(file.read_text())
    file.write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(IncompatibleModelError, match="format 99"):
        bundle.load(home)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}', "\x00"])
def test_a_manifest_that_is_none_is_refused(home: Home, content: str) -> None:
    file = model_file(home, ".json")
    file.write_text(content)
    with pytest.raises(BundleError, match=file.name):
        bundle.load(home)


def test_a_pickle_of_another_scikit_learn_is_refused(home: Home) -> None:
    file = model_file(home, ".json")
    manifest = json.loads(file.read_text())
    manifest["libraries"]["scikit-learn"] = "0.1.0"
    file.write_text(json.dumps(manifest))
    with pytest.raises(IncompatibleModelError, match=r"scikit-learn 0\.1\.0"):
        bundle.load(home).pipeline()


class Stopped(BaseException):
    """In the place of a process that is killed."""


def stop_before(patch: pytest.MonkeyPatch, step: int) -> None:
    """Stop before the given step of those that change files: open, fsync, rename, unlink."""
    taken = 0

    def stopping(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal taken
            taken += 1
            if taken == step:
                raise Stopped
            return original(*arguments, **named)

        return call

    for owner, name in ((Path, "open"), (Path, "replace"), (Path, "unlink"), (os, "fsync")):
        patch.setattr(owner, name, stopping(getattr(owner, name)))


@pytest.mark.parametrize("stem", ["classification_model_v1.0.0", "renamed_v1.0.0"])
def test_a_save_cut_short_leaves_the_old_bundle_or_the_new(
    home: Home, people: Home, stem: str
) -> None:
    old = bundle.load(people)
    new_contents = {".pkl": b"new pickle", ".onnx": b"new graph"}
    new_manifest = old.manifest.model_copy(update={"rows": 1})

    def save() -> None:
        bundle.save(home, stem=stem, contents=new_contents, manifest=new_manifest)

    outcomes = []
    for step in itertools.count(1):
        shutil.rmtree(home.trained_models)
        shutil.copytree(people.trained_models, home.trained_models)
        with pytest.MonkeyPatch.context() as patch:
            stop_before(patch, step)
            try:
                save()
            except Stopped:
                finished = False
            else:
                finished = True
        read = bundle.load(home)
        is_new = read.manifest.rows == 1
        assert dict(read.contents) == (new_contents if is_new else old.contents)
        outcomes.append(is_new)
        if finished:
            break
        save()  # the next save mends what was left
        assert set(files_of(home.trained_models)) == {
            f"{stem}{suffix}" for suffix in (".json", ".onnx", ".pkl")
        }
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


def test_the_old_model_goes_only_when_the_new_one_is_there(home: Home) -> None:
    before = files_of(home.trained_models)
    (home.path / "VERSION").write_text("1.1.0\n")
    (home.trained_models / "notes.txt").write_text("not a model")
    run_training(home.path)
    after = files_of(home.trained_models)
    assert not set(before) & set(after)
    assert {name for name in after if "1.1.0" not in name} == {"notes.txt"}
    assert bundle.load(home).manifest.version == "1.1.0"


def test_the_manifest_names_each_file_with_its_sha256(people: Home) -> None:
    manifest = bundle.load(people).manifest
    for record in manifest.files.values():
        content = (people.trained_models / record.name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == record.sha256
        assert len(content) == record.size
