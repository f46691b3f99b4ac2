"""Saving is whole or not at all, whatever cuts it short, and one at a time."""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from classification_model import bundle
from classification_model.bundle import Bundle
from classification_model.config.home import Home
from classification_model.errors import BusyError, SaveError
from classification_model.train_pipeline import run_training
from homes import copy_of, files_of

STEMS = ("classification_model_v1.0.0", "renamed_v1.0.0")


class Stopped(BaseException):
    """In the place of a process that is killed."""


def fail_at(
    patch: pytest.MonkeyPatch, step: int, fault: BaseException, *, lasting: bool = False
) -> None:
    """Raise before the given step of those that change files: open, fsync, rename, unlink.

    A fault that is ``lasting`` is met at each step from then on.
    """
    taken = 0

    def failing(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal taken
            taken += 1
            if taken == step or (lasting and taken > step):
                raise fault
            return None if original is os.fsync else original(*arguments, **named)

        return call

    for owner, name in ((Path, "open"), (Path, "replace"), (Path, "unlink"), (os, "fsync")):
        patch.setattr(owner, name, failing(getattr(owner, name)))


def finishes(save: Callable[[], object], step: int, fault: BaseException) -> bool:
    """Whether a save gets by without as many as ``step`` steps."""
    with pytest.MonkeyPatch.context() as patch:
        fail_at(patch, step, fault)
        try:
            save()
        except (Stopped, SaveError):
            return False
        return True


def saver(home: Home, stem: str, old: Bundle, content: bytes) -> Callable[[], Bundle]:
    """A save of a small bundle, told from others by the number of its rows."""
    contents = {".pkl": b"pickle of " + content, ".onnx": b"graph of " + content}
    manifest = old.manifest.model_copy(update={"rows": len(content)})
    return lambda: bundle.save(home, stem=stem, contents=contents, manifest=manifest)


def put_back(home: Home, people: Home) -> None:
    shutil.rmtree(home.trained_models)
    shutil.copytree(people.trained_models, home.trained_models)


def names(stem: str) -> set[str]:
    return {f"{stem}{suffix}" for suffix in (".json", ".onnx", ".pkl")}


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize(
    "fault", [Stopped(), OSError(errno.ENOSPC, "No space left on device")], ids=["kill", "full"]
)
def test_a_save_cut_short_leaves_the_old_bundle_or_the_new(
    home: Home, people: Home, stem: str, fault: BaseException
) -> None:
    old = bundle.load(people)
    save = saver(home, stem, old, b"new")
    outcomes = []
    for step in itertools.count(1):
        put_back(home, people)
        finished = finishes(save, step, fault)
        read = bundle.load(home)
        is_new = read.manifest.rows == len(b"new")
        if not is_new:
            assert (read.digest, read.contents) == (old.digest, old.contents)
        else:
            assert read.contents == {".pkl": b"pickle of new", ".onnx": b"graph of new"}
        outcomes.append(is_new)
        if finished:
            break
        save()  # the next save clears up
        assert set(files_of(home.trained_models)) == names(stem)
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


def restore(home: Home, files: Mapping[str, bytes]) -> None:
    shutil.rmtree(home.trained_models)
    home.trained_models.mkdir()
    for name, content in files.items():
        (home.trained_models / name).write_bytes(content)


@pytest.mark.parametrize("content", [b"first", pytest.param(b"another", marks=pytest.mark.torture)])
def test_two_saves_cut_short_one_after_the_other_leave_a_whole_bundle(
    home: Home, content: bytes
) -> None:
    """Also where both are of the same bytes, and so stage files of the same names."""
    source = bundle.load(home)
    saver(home, STEMS[0], source, b"old")()
    old = files_of(home.trained_models)
    first, second = (saver(home, STEMS[0], source, one) for one in (b"first", content))
    for step in itertools.count(1):
        restore(home, old)
        once = finishes(first, step, Stopped())
        left, rows = files_of(home.trained_models), bundle.load(home).manifest.rows
        for again in itertools.count(1):
            restore(home, left)
            twice = finishes(second, again, Stopped())
            assert bundle.load(home).manifest.rows in (rows, len(content))
            if twice:
                break
        assert bundle.load(home).manifest.rows == len(content)
        assert set(files_of(home.trained_models)) == names(STEMS[0])
        if once:
            break


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError(errno.EIO, "Input/output error", "/a/file"), "Input/output error: /a/file"),
        (OSError("odd"), "odd"),
    ],
)
def test_a_disk_that_fails_is_an_error_that_says_what_there_is_now(
    home: Home, people: Home, fault: OSError, reason: str
) -> None:
    save = saver(home, STEMS[0], bundle.load(people), b"new")
    before = files_of(home.trained_models)
    stays = (
        f"{home.trained_models}: the new model is not saved: {reason}; the one that was there "
        "stays; mend that, and train again"
    )
    saved = (
        f"{home.trained_models}: the new model is saved, but the folder cannot be put in order: "
        f"{reason}; mend that, and train again"
    )
    said = []
    for step in itertools.count(1):
        put_back(home, people)
        with pytest.MonkeyPatch.context() as patch:
            fail_at(patch, step, fault)
            try:
                save()
            except SaveError as error:
                said.append(str(error))
            else:
                break
        assert said[-1] == (stays if files_of(home.trained_models) == before else saved)
    assert said == sorted(said)
    assert set(said) == {stays, saved}


def test_a_disk_that_fails_for_good_takes_no_model_away(home: Home, people: Home) -> None:
    save = saver(home, STEMS[0], bundle.load(people), b"new")
    for step in itertools.count(1):
        put_back(home, people)
        with pytest.MonkeyPatch.context() as patch:
            fail_at(patch, step, OSError(errno.EIO, "Input/output error"), lasting=True)
            try:
                save()
            except SaveError:
                finished = False
            else:
                finished = True
        bundle.load(home)
        if finished:
            break
    assert step > 8


def test_a_save_that_was_killed_outlasts_one_that_finds_the_disk_full(
    home: Home, people: Home
) -> None:
    old = bundle.load(people)
    first, second = (saver(home, STEMS[0], old, content) for content in (b"first", b"second"))
    full = OSError(errno.ENOSPC, "No space left on device")
    for step in itertools.count(1):
        put_back(home, people)
        once = finishes(first, step, Stopped())
        before = bundle.load(home)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", failing(full))
            with pytest.raises(SaveError, match="is not saved"):
                second()
        assert bundle.load(home) == before
        if once:
            break


def failing(fault: BaseException) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        raise fault

    return call


def test_a_first_save_cut_short_leaves_no_model_or_the_new_one(home: Home, people: Home) -> None:
    save = saver(home, STEMS[0], bundle.load(people), b"new")
    outcomes = []
    for step in itertools.count(1):
        shutil.rmtree(home.trained_models)
        finished = finishes(save, step, Stopped())
        there = bundle.load_any(home)
        assert there is None or there.contents[".pkl"] == b"pickle of new"
        outcomes.append(there is not None)
        if finished:
            break
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


def test_each_step_is_on_the_disk_before_the_next_one_counts_on_it(
    home: Home, people: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut would need: files, then their names, then the manifest's, then the rest."""
    steps: list[str] = []
    replace, unlink = Path.replace, Path.unlink

    def noted_sync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

    def noted_replace(file: Path, target: Path) -> Path:
        steps.append("manifest" if target.suffix == ".json" else "move")
        return replace(file, target)

    def noted_unlink(file: Path, missing_ok: bool = False) -> None:
        steps.append("remove")
        unlink(file, missing_ok=missing_ok)

    save = saver(home, STEMS[0], bundle.load(people), b"new")
    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    monkeypatch.setattr(Path, "unlink", noted_unlink)
    save()
    assert [step for step, _ in itertools.groupby(steps)] == [
        "file", "folder", "manifest", "folder", "move", "folder", "remove",
    ]  # fmt: skip


def test_a_first_model_makes_the_folder(home: Home, people: Home) -> None:
    shutil.rmtree(home.trained_models)
    saver(home, STEMS[0], bundle.load(people), b"new")()
    assert set(files_of(home.trained_models)) == names(STEMS[0])


def test_a_save_removes_what_has_its_name_and_nothing_that_resembles_it(
    home: Home, people: Home
) -> None:
    stem = "model[12]_v1.0.0"
    for name in (f"{stem}.md", "model1_v1.0.0.md", f".{stem}.md.0.staged", f".{stem}.md.old"):
        (home.trained_models / name).write_text("left over")
    saver(home, stem, bundle.load(people), b"new")()
    assert set(files_of(home.trained_models)) == {*names(stem), "model1_v1.0.0.md"}


def test_files_wait_under_names_that_tell_one_bundle_from_another(home: Home, people: Home) -> None:
    save = saver(home, STEMS[0], bundle.load(people), b"new")
    digest = hashlib.sha256(b"pickle of new").hexdigest()
    for step in itertools.count(1):
        put_back(home, people)
        assert not finishes(save, step, Stopped()), "never staged"
        if bundle.load(home).manifest.rows == len(b"new"):
            break
    staged = home.trained_models / f".{STEMS[0]}.pkl.{digest[:16]}.staged"
    assert staged.read_bytes() == b"pickle of new"


def test_the_old_model_goes_only_when_the_new_one_is_there(home: Home) -> None:
    before = files_of(home.trained_models)
    (home.path / "VERSION").write_text("1.1.0\n")
    others = {"notes.txt": b"not a model", "notes.json": b"{}", ".gitignore": b"*.tmp\n"}
    for name, content in others.items():
        (home.trained_models / name).write_bytes(content)
    run_training(home.path)
    after = files_of(home.trained_models)
    assert not set(before) & set(after)
    assert {n: content for n, content in after.items() if "1.1.0" not in n} == others
    assert bundle.load(home).manifest.version == "1.1.0"


def test_a_model_of_another_format_goes_with_its_files(home: Home) -> None:
    (file,) = home.trained_models.glob("*.json")
    file.write_bytes(file.read_bytes().replace(b'"format": 1', b'"format": 0, "more": []'))
    (home.path / "VERSION").write_text("1.1.0\n")
    run_training(home.path)
    assert all("1.1.0" in name for name in files_of(home.trained_models))


def test_a_home_in_which_a_training_goes_on_is_busy(home: Home) -> None:
    before = files_of(home.trained_models)
    command = [sys.executable, "-m", "classification_model", "train", "--home", str(home.path)]
    with bundle.locked(home):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        with pytest.raises(BusyError):
            run_training(home.path)
    assert run.returncode == 1
    assert run.stderr == (
        f"Error: {home.path}: busy: another training is going on here; "
        "train again when it is done\n"
    )
    assert files_of(home.trained_models) == before
    run_training(home.path)


def test_a_folder_that_cannot_be_written_to_is_known_before_training(home: Home) -> None:
    shutil.rmtree(home.trained_models)
    home.trained_models.write_text("a file")
    with pytest.raises(SaveError, match="cannot be written to: File exists; nothing was trained"):
        run_training(home.path)


def replacing(home: Home, times: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process that saves two bundles in turns."""
    code = """if True:
        import sys
        from classification_model import bundle
        from classification_model.config.home import Home
        home = Home.find(sys.argv[1])
        old = bundle.load(home)
        stem = old.manifest.files[".pkl"].name.removesuffix(".pkl")
        for turn in range(int(sys.argv[2])):
            manifest = old.manifest.model_copy(update={"rows": turn})
            contents = {**old.contents, ".md": b"turn %d" % turn}
            bundle.save(home, stem=stem + "ab"[turn % 2], contents=contents, manifest=manifest)
    """
    command = [sys.executable, "-c", code, str(home.path), str(times)]
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            yield process
    assert process.returncode == 0


def test_who_reads_while_a_training_saves_gets_a_whole_bundle(people: Home, tmp_path: Path) -> None:
    home = copy_of(people, tmp_path / "home")
    seen = set()
    for _ in replacing(home, 40):
        read = bundle.load(home)
        if read.manifest.rows < 40:
            assert read.contents[".md"] == b"turn %d" % read.manifest.rows
        seen.add(read.manifest.rows)
    assert len(seen) > 2


def test_a_manifest_that_goes_after_it_was_listed_is_looked_for_again(home: Home) -> None:
    """Python tells of a file before it opens it: in just that moment a training has saved."""
    (manifest,) = home.trained_models.glob("[!.]*.json")

    def save(event: str, told: tuple[object, ...]) -> None:
        if event == "open" and str(told[0]) == str(manifest) and manifest.exists():
            manifest.rename(manifest.with_name("of_another_stem.json"))

    sys.addaudithook(save)
    assert bundle.load(home).manifest.version == "1.0.0"
    assert not manifest.exists()
