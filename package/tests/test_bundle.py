"""The bundle is what was saved, byte for byte, or it is not loaded."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import pickle
import random
import re
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from classification_model import bundle, cli, make_prediction
from classification_model.bundle.manifest import files_named
from classification_model.config.home import Home
from classification_model.errors import (
    BundleError,
    DamagedModelError,
    IncompatibleModelError,
    MissingModelError,
)
from classification_model.train_pipeline import run_training
from homes import copy_of, saved_again

SUFFIXES = (".golden.jsonl", ".html", ".json", ".md", ".onnx", ".pkl", ".profile", ".svg")


def model_file(home: Home, suffix: str) -> Path:
    (file,) = home.trained_models.glob(f"[!.]*{suffix}")
    return file


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr with which a command ends in exit status 1."""
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    printed = capsys.readouterr()
    assert stop.value.code == 1
    assert printed.err.startswith("Error: ")
    assert printed.err.count("\n") == 1
    return printed.err


def flipped(content: bytes, place: int, bit: int = 0) -> bytes:
    damaged = bytearray(content)
    damaged[place] ^= 1 << bit
    return bytes(damaged)


def check_flips(home: Home, flips: int) -> None:
    """Flip that many bits of every file, one at a time, and try to load what that gives."""
    draw = random.Random(0)
    for suffix in SUFFIXES:
        file = model_file(home, suffix)
        content = file.read_bytes()
        for _ in range(flips):
            file.write_bytes(flipped(content, draw.randrange(len(content)), draw.randrange(8)))
            with pytest.raises(BundleError, match=rf"{file.name}: .*expected .*found "):
                bundle.load(home)
        file.write_bytes(content)
    bundle.load(home)


def test_a_flipped_bit_of_any_file_is_refused(home: Home) -> None:
    check_flips(home, 20)


@pytest.mark.torture
def test_a_thousand_flipped_bits_of_the_repositorys_model_are_refused(
    source_home: Home, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    check_flips(copy_of(source_home, tmp_path / "home"), flips := 1000 // len(SUFFIXES) + 1)
    record_property("flipped bits refused", flips * len(SUFFIXES))


def made_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flipped": lambda file: file.write_bytes(flipped(file.read_bytes(), 0)),
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "empty": lambda file: file.write_bytes(b""),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"\n"),
    "missing": Path.unlink,
    "a folder": made_a_folder,
}


def missing(home: Home) -> str:
    """What a message says where there is no model."""
    return (
        f"{home.trained_models}: no model; train one: "
        f"classification-model train --home {home.path}, or tox -e train in the repository"
    )


def expected(content: bytes, suffix: str, damage: str) -> str:
    """What a message says of a file as it was saved."""
    if suffix != ".json":
        return f"{len(content)} bytes with sha256 {short(content)}"
    if damage in ("truncated", "empty", "longer"):
        return "a sha256 in the last line"
    return f"sha256 {json.loads(content)['sha256'][:12]}"


def found(file: Path, damage: str) -> str:
    """What a message says of a file as it is."""
    if damage in ("missing", "a folder"):
        return {"missing": "no such file or directory", "a folder": "is a directory"}[damage]
    content = file.read_bytes()
    return f"{len(content)} bytes with sha256 {short(content)}"


def short(content: bytes) -> str:
    """As much of a digest as a message shows; a manifest's is that of all but its own line."""
    sealed = re.sub(rb',\n  "sha256": "[0-9a-f]{64}"\n}\n\Z', b"\n}\n", content)
    return hashlib.sha256(sealed).hexdigest()[:12]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_one_line_with_what_was_expected_and_found(
    home: Home, suffix: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = model_file(home, suffix)
    content = file.read_bytes()
    DAMAGES[damage](file)
    line = refused(capsys, "verify", "--home", str(home.path))
    if suffix == ".json" and damage == "missing":
        said = missing(home)
    elif suffix == ".json" and damage == "a folder":
        said = f"{file}: cannot be read: Is a directory; restore the file or train again"
    else:
        said = (
            f"{file}: not the file that was saved: expected {expected(content, suffix, damage)}, "
            f"found {found(file, damage)}; restore the file or train again"
        )
    assert line == f"Error: {said}\n"


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(SUFFIXES, 2)])
def test_files_that_change_places_are_refused(
    home: Home, one: str, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = model_file(home, one), model_file(home, other)
    ours, theirs = first.read_bytes(), second.read_bytes()
    first.write_bytes(theirs)
    second.write_bytes(ours)
    line = refused(capsys, "verify", "--home", str(home.path))
    assert re.search(r"not the file that was saved: expected .+, found \d+ bytes", line)
    assert str(first) in line or str(second) in line


def test_files_of_another_training_are_refused(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {suffix: model_file(home, suffix).read_bytes() for suffix in SUFFIXES}
    text = home.config_file.read_text()
    # Another estimator, and other rows for it to see.
    text = text.replace("C: 0.5", "C: 0.7").replace("random_state: 0", "random_state: 1")
    home.config_file.write_text(text)
    run_training(home.path, force=True)
    for suffix, old in before.items():
        file = model_file(home, suffix)
        new = file.read_bytes()
        if new == old:  # what training saw, and the home's own features
            assert suffix in (".features", ".profile")
            continue
        file.write_bytes(old)
        line = refused(capsys, "verify", "--home", str(home.path))
        assert re.search(r"not the file that was saved: expected .+, found \d+ bytes", line)
        file.write_bytes(new)


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.witness),)


def test_a_hostile_pickle_is_never_unpickled(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    witness = tmp_path / "executed"
    model_file(home, ".pkl").write_bytes(pickle.dumps(Hostile(witness)))
    for engine in ("onnx", "sklearn"):
        with pytest.raises(DamagedModelError):
            make_prediction(input_data=[{}], home=home.path, engine=engine)
    place, rows = str(home.path), str(home.datasets / "raw.csv")
    for arguments in (
        ("verify", "--home", place),
        ("info", "--home", place),
        ("evaluate", "--home", place),
        ("compare", place, place),
        ("predict", rows, "--output", str(tmp_path / "out.csv"), "--home", place),
    ):
        assert ".pkl: not the file that was saved" in refused(capsys, *arguments)
    run_training(home.path)
    assert not witness.exists()
    assert bundle.load(home).pipeline()


def test_a_home_serves_the_model_that_it_has_whatever_its_version_and_configuration_say(
    home: Home,
) -> None:
    before = bundle.load(home)
    (home.path / "VERSION").write_text("9.9.9")
    home.config_file.write_text("this is no configuration: [")
    assert bundle.load(home).digest == before.digest
    (home.path / "VERSION").unlink()
    home.config_file.unlink()
    assert bundle.load(home).digest == before.digest


def test_of_two_models_that_an_unfinished_save_left_the_one_of_version_is_read(home: Home) -> None:
    there = bundle.load(home)
    (home.trained_models / "a_v2.json").write_bytes(
        there.manifest.model_copy(update={"version": "2"}).source()
    )
    assert bundle.load(home).manifest.version == "1.0.0"
    (home.path / "VERSION").write_text("2")
    assert bundle.load(home).manifest.version == "2"


def test_a_home_without_a_model_says_how_to_train(home: Home) -> None:
    shutil.rmtree(home.trained_models)
    with pytest.raises(MissingModelError) as error:
        bundle.load(home)
    assert str(error.value) == missing(home)


def test_another_format_is_refused_by_its_number(home: Home) -> None:
    file = model_file(home, ".json")
    file.write_text(json.dumps({"format": 99, "what": "another package knows"}))
    with pytest.raises(IncompatibleModelError) as error:
        bundle.load(home)
    assert str(error.value) == (
        f"{file}: expected format 2, found 99: install the package that made it, or train again"
    )


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2}', "\x00", "[" * 100_000])
def test_a_manifest_that_is_none_is_refused(home: Home, content: str) -> None:
    file = model_file(home, ".json")
    file.write_text(content)
    with pytest.raises(DamagedModelError, match=f"{file.name}: .*expected a sha256 in the last"):
        bundle.load(home)


def sealed(manifest: object) -> bytes:
    """The bytes of a manifest as another package might have written it."""
    text = json.dumps(manifest, indent=2).encode() + b"\n"
    return text[:-3] + f',\n  "sha256": "{hashlib.sha256(text).hexdigest()}"\n}}\n'.encode()


def test_a_manifest_that_another_package_sealed_is_not_called_damaged(home: Home) -> None:
    file = model_file(home, ".json")
    manifest = json.loads(file.read_bytes())
    del manifest["sha256"]
    file.write_bytes(sealed(manifest))
    bundle.load(home)
    manifest["row_schema"]["columns"]["age"]["kind"] = "color"
    file.write_bytes(sealed(manifest))
    with pytest.raises(IncompatibleModelError) as error:
        bundle.load(home)
    said = str(error.value)
    assert said.startswith(
        f"{file}: not a manifest this package reads: row_schema.columns.age.kind: Input should be "
    )
    assert said.endswith("; install the package that made it, or train again")


def test_the_manifest_is_plain_json_with_a_digest_of_itself(people: Home) -> None:
    source = model_file(people, ".json").read_bytes()
    assert source == bundle.load(people).manifest.source()
    assert source.startswith(b'{\n  "format": 2,\n  "version": "1.0.0",\n')
    said = json.loads(source)
    text = source.replace(f',\n  "sha256": "{said["sha256"]}"'.encode(), b"")
    assert hashlib.sha256(text).hexdigest() == said["sha256"]


def test_a_manifest_says_what_it_was_made_of_and_with(people: Home) -> None:
    manifest = bundle.load(people).manifest
    assert manifest.recipe.columns == manifest.row_schema.columns
    assert manifest.recipe.chosen == manifest.choice.estimator
    assert manifest.held_out.rows == manifest.gate.judged.rows
    assert (
        manifest.python
        == bundle.python_version()
        == f"{sys.version_info.major}.{sys.version_info.minor}"
    )
    names = ("joblib", "numpy", "onnx", "onnxruntime", "pydantic", "scikit-learn", "skl2onnx")
    assert manifest.libraries == {name: metadata.version(name) for name in names}


def test_the_digest_of_a_bundle_is_that_of_its_manifest(home: Home) -> None:
    read = bundle.load(home)
    assert read.digest == hashlib.sha256(model_file(home, ".json").read_bytes()).hexdigest()
    saved = saved_again(home, rows=1)
    assert saved == bundle.load(home)
    assert saved.digest != read.digest


def test_a_library_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = metadata.version

    def without_onnx(name: str) -> str:
        if name == "onnx":
            raise metadata.PackageNotFoundError
        return installed(name)

    monkeypatch.setattr(metadata, "version", without_onnx)
    assert set(bundle.library_versions()) >= {"joblib", "skl2onnx"}
    assert "onnx" not in bundle.library_versions()


@pytest.mark.parametrize("name", ["../raw.csv", "a/b.pkl", "/etc/passwd", "a\\b.pkl", ".x", ""])
def test_a_manifest_names_files_beside_it_and_no_paths(home: Home, name: str) -> None:
    source = model_file(home, ".json").read_bytes()
    (record, *_) = files_named(source) or ()
    assert (
        files_named(source.replace(record.name.encode(), json.dumps(name)[1:-1].encode())) is None
    )


def test_files_that_are_no_manifests_do_not_hide_the_model(home: Home) -> None:
    for name, content in (("a.json", b"{}"), ("b.json", b"\xff"), ("c.json", b'{"format": 9}')):
        (home.trained_models / name).write_bytes(content)
    assert bundle.load(home).manifest.version == "1.0.0"


def test_a_pickle_of_another_scikit_learn_is_refused(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    libraries = bundle.load(home).manifest.libraries
    installed = metadata.version("scikit-learn")
    major, minor, *_ = installed.split(".")
    for made in ("0.1.0", f"{major}.{minor}9.0", f"{int(major) + 1}.{minor}.0", major):
        saved_again(home, libraries={**libraries, "scikit-learn": made})
        assert refused(capsys, "verify", "--home", str(home.path)) == (
            f"Error: classification_model_v1.0.0.pkl: expected scikit-learn {made}, which made it, "
            f"and found {installed}: pip install 'scikit-learn=={made}', or train again\n"
        )
    with pytest.raises(IncompatibleModelError):
        make_prediction(input_data=[], home=home.path, engine="sklearn")
    saved_again(home, libraries={**libraries, "scikit-learn": f"{major}.{minor}.99"})
    assert bundle.load(home).pipeline()


def test_what_was_pickled_by_libraries_that_do_not_fit_is_one_line(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    saved_again(home, contents={".pkl": b"cno_such_module\nnothing\n."})
    assert refused(capsys, "verify", "--home", str(home.path)) == (
        "Error: classification_model_v1.0.0.pkl: cannot be unpickled here (ModuleNotFoundError: "
        "\"No module named 'no_such_module'\"): install the versions that it was made with "
        "(classification-model verify shows them), or train again\n"
    )


def test_a_graph_that_the_runtime_does_not_read_is_one_line(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    saved_again(home, contents={".onnx": b"of another time"})
    line = refused(capsys, "verify", "--home", str(home.path))
    assert line.startswith("Error: onnxruntime ")
    assert "does not read the model's graph (" in line


def test_any_whole_model_is_found_and_damage_is_not_called_nothing(home: Home) -> None:
    (home.path / "VERSION").write_text("9.9.9")
    (home.trained_models / "a.json").write_text("{}")
    whole = bundle.load_any(home)
    assert whole is not None
    assert whole.manifest.version == "1.0.0"
    model_file(home, ".pkl").unlink()
    with pytest.raises(DamagedModelError, match=r"a\.json: not the file that was saved"):
        bundle.load_any(home)
    (home.trained_models / "a.json").unlink()
    with pytest.raises(DamagedModelError, match=r"\.pkl: not the file that was saved"):
        bundle.load_any(home)
    shutil.rmtree(home.trained_models)
    assert bundle.load_any(home) is None


def test_of_several_manifests_the_first_fault_is_named(home: Home) -> None:
    (home.path / "VERSION").write_text("9.9.9")
    for name in ("a.json", "b.json"):
        (home.trained_models / name).write_text("{}")
    assert bundle.load(home).manifest.version == "1.0.0"  # a whole one is served all the same
    model_file(home, ".pkl").unlink()
    with pytest.raises(DamagedModelError, match=r"a\.json: not the file that was saved"):
        bundle.load(home)


def test_the_manifest_names_each_file_with_its_sha256(people: Home) -> None:
    manifest = bundle.load(people).manifest
    for record in manifest.files.values():
        content = (people.trained_models / record.name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == record.sha256
        assert len(content) == record.size
