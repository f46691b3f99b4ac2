"""A whole training run, killed or failing at each of its calls that touch the trained models.

The short tests meet the calls around the one that matters; ``tox -e torture`` meets them all.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from classification_model import bundle
from classification_model.config.home import Home
from classification_model.errors import MissingModelError
from classification_model.predict import Model, load_model
from classification_model.train_pipeline import run_training
from faults import CALLS, FAULTS, Outcome, needs_strace, paths_used, run_with_fault
from homes import copy_of, files_of


def train(home: Home) -> list[str]:
    return [sys.executable, "-m", "classification_model", "train", "--home", str(home.path)]


SAYS_OF_THE_GATE = (".json", ".html", ".md", ".svg")


class Upgrade:
    """A home whose model is to be replaced by one of another version, again and again."""

    def __init__(self, people: Home, folder: Path) -> None:
        self.home = copy_of(people, folder / "home")
        self.log = folder / "strace"
        self.old = files_of(self.home.trained_models)
        (self.home.path / "VERSION").write_text("1.1.0\n")
        text = self.home.config_file.read_text(encoding="utf-8")
        self.home.config_file.write_text(text.replace("C: 0.5", "C: 0.6"), encoding="utf-8")
        self.paths = paths_used(train(self.home), self.home.trained_models, self.log)
        # Compared with the old model; and not, where that could not be read.
        self.new = [files_of(self.home.trained_models)]
        shutil.rmtree(self.home.trained_models)
        run_training(self.home.path)
        self.new.append(files_of(self.home.trained_models))

    def strike(self, call: str, fault: str, nth: int) -> tuple[Outcome, str]:
        """Train with a fault. Gives what came of it, and the version of the model there is."""
        shutil.rmtree(self.home.trained_models)
        self.home.trained_models.mkdir()
        for name, content in self.old.items():
            (self.home.trained_models / name).write_bytes(content)
        outcome = run_with_fault(
            train(self.home), paths=self.paths, call=call, fault=fault, nth=nth, log=self.log
        )
        return outcome, self.version()

    def version(self) -> str:
        """The version of the model that is there, which is whole and answers as it should."""
        try:
            there = bundle.load(self.home)
        except MissingModelError:  # the new one is not there, so the old one is
            there = bundle.load_any(self.home) or pytest.fail("no model at all")
        files = {record.name: there.contents[s] for s, record in there.manifest.files.items()}
        assert any(files.items() <= whole.items() for whole in (self.old, *self.new)), "a mix"
        Model(there).replay_golden(there.contents[".golden.jsonl"])
        return there.manifest.version

    def clears_up(self) -> bool:
        """Whether the next training leaves the new model and nothing else.

        What the gate says may differ: a kill before the stamp leaves a table that nobody knows.
        """
        run_training(self.home.path)
        there = files_of(self.home.trained_models)
        return any(
            there.keys() == new.keys()
            and all(there[name] == new[name] for name in new if not name.endswith(SAYS_OF_THE_GATE))
            for new in self.new
        )


@pytest.fixture(scope="module")
def upgrade(people: Home, tmp_path_factory: pytest.TempPathFactory) -> Upgrade:
    needs_strace()
    return Upgrade(people, tmp_path_factory.mktemp("upgrade"))


def test_a_training_killed_around_the_replacement_leaves_the_old_model_or_the_new(
    upgrade: Upgrade,
) -> None:
    for nth, version in ((1, "1.0.0"), (2, "1.1.0")):
        outcome, found = upgrade.strike("rename", "kill", nth)
        assert outcome.struck
        assert found == version
        assert upgrade.clears_up()


def test_a_training_that_finds_the_disk_full_says_so_and_keeps_the_old_model(
    upgrade: Upgrade,
) -> None:
    outcome, found = upgrade.strike("write", "full", 3)
    assert (outcome.struck, outcome.status, found) == (True, 1, "1.0.0")
    assert "not saved: No space left on device" in outcome.errors
    assert outcome.errors.count("\n") == 1
    assert files_of(upgrade.home.trained_models) == upgrade.old


@pytest.mark.torture
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_a_training_struck_at_every_call_leaves_the_old_model_or_the_new(
    upgrade: Upgrade, call: str, fault: str, record_property: Callable[[str, object], None]
) -> None:
    for nth in count(1):
        outcome, version = upgrade.strike(call, fault, nth)
        if not outcome.struck:
            assert (outcome.status, version) == (0, "1.1.0")
            break
        if fault != "kill":
            # What cannot be read of the old model is no reason not to replace it.
            assert outcome.status == 1 or (call == "openat" and version == "1.1.0")
            assert outcome.errors.count("\n") == outcome.status
            assert "Traceback" not in outcome.errors
        assert upgrade.clears_up()
    assert nth > 5
    record_property(f"{fault} at {call}", nth - 1)


def run_together(home: Home, times: int) -> list[tuple[int, str]]:
    """Trainings that are started at once: the status and the last line of each."""
    running = [
        subprocess.Popen(train(home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(times)
    ]
    return [(process.wait(), process.communicate()[1]) for process in running]


def check_together(home: Home, times: int) -> int:
    """How many of the trainings were told that the home is busy."""
    (home.path / "VERSION").write_text("1.1.0\n")
    ended = run_together(home, times)
    busy = [line for status, line in ended if status]
    assert len(busy) < times
    assert all(": busy: another training is going on here" in line for line in busy)
    assert load_model(home).manifest.version == "1.1.0"
    assert all("1.1.0" in name for name in files_of(home.trained_models))
    return len(busy)


def test_of_two_trainings_at_once_one_wins(home: Home) -> None:
    check_together(home, 2)


@pytest.mark.torture
def test_of_eight_trainings_at_once_one_wins(
    people: Home, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    told = [check_together(copy_of(people, tmp_path / str(turn)), 8) for turn in range(3)]
    record_property("of 8 trainings at once, told busy", told)
    assert any(told)


# Runs as root of a user namespace of its own, where it may mount.
ON_A_SMALL_DISK = """
    import json, os, shutil, subprocess, sys
    home, disk, train = sys.argv[1], sys.argv[2], sys.argv[3:]
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
    outcomes, free = [], 0
    while not outcomes or outcomes[-1]["status"]:
        shutil.copytree(home, f"{disk}/home")
        ballast = os.open(f"{disk}/ballast", os.O_CREAT | os.O_WRONLY)
        room = os.statvfs(disk)
        os.posix_fallocate(ballast, 0, max(1, room.f_bavail * room.f_frsize - free))
        run = subprocess.run(train, capture_output=True, text=True)
        shutil.rmtree(f"{home}-{free}", ignore_errors=True)
        shutil.copytree(f"{disk}/home", f"{home}-{free}")
        outcomes.append({"free": free, "status": run.returncode, "errors": run.stderr})
        os.close(ballast)
        os.unlink(f"{disk}/ballast")
        shutil.rmtree(f"{disk}/home")
        free += 8192
    print(json.dumps(outcomes))
"""


def small_disk(home: Home, disk: Path) -> Iterator[tuple[Home, int, str]]:
    """Train on a disk with ever more room, until there is enough of it."""
    command: Sequence[str] = train(Home(disk / "home"))
    code = textwrap.dedent(ON_A_SMALL_DISK)
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    if not shutil.which("unshare") or subprocess.run([*own, "true"], check=False).returncode:
        pytest.skip("a small disk can only be mounted by root, or in a user namespace")
    disk.mkdir()
    run = subprocess.run(
        [*own, sys.executable, "-c", code, str(home.path), str(disk), *command],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount:" in run.stderr:
        pytest.skip(f"no disk can be mounted here: {run.stderr.splitlines()[0]}")
    assert run.returncode == 0, run.stderr
    for outcome in json.loads(run.stdout):
        left = Home(home.path.with_name(f"{home.path.name}-{outcome['free']}"))
        yield left, outcome["status"], outcome["errors"]


@pytest.mark.torture
def test_on_a_full_disk_the_old_model_stays_until_there_is_room(
    people: Home, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    home = copy_of(people, tmp_path / "home")
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(text.replace("C: 0.5", "C: 0.6"), encoding="utf-8")
    before = files_of(home.trained_models)
    refused = 0
    for left, status, errors in small_disk(home, tmp_path / "disk"):
        if status:
            assert "No space left on device" in errors
            assert errors.count("\n") == 1
            assert files_of(left.trained_models) == before
            refused += 1
        else:
            assert files_of(left.trained_models).keys() == before.keys()
            assert bundle.load(left).digest != bundle.load(home).digest
    record_property("trainings on a disk without room", refused)
    assert refused > 2
