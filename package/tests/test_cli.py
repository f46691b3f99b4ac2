"""The command line as people and machines meet it: help, answers, statuses, a real terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from classification_model import cli
from classification_model.cli import exit_status, responses
from classification_model.cli.exit_status import Status
from classification_model.config.home import Home
from classification_model.errors import DataError
from classification_model.monitoring.store import Store
from homes import copy_of, files_of, make_home
from tables import PEOPLE, TABLES

TOOL = str(Path(sys.executable).with_name("classification-model"))
COMMANDS = (
    "init", "train", "rollback", "predict", "serve", "evaluate", "compare", "verify", "audit", "info",
    "drift", "export",
)  # fmt: skip


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TOOL, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def on_a_terminal(*arguments: str, interrupt_after: str | None = None) -> tuple[str, int]:
    """Run the tool on a terminal of its own; all that it shows, and its status.

    Args:
        arguments: of the tool.
        interrupt_after: press Ctrl-C once this is shown.
    """
    process, terminal = pty.fork()
    if process == 0:
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
        os.execve(TOOL, [TOOL, *arguments], environment)
    shown = b""
    while True:
        try:
            more = os.read(terminal, 1 << 16)
        except OSError:  # what Linux answers when the other side is closed
            break
        if not more:
            break
        shown += more
        if interrupt_after and interrupt_after.encode() in shown:
            os.write(terminal, b"\x03")
            interrupt_after = None
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def quick_home(folder: Path) -> Home:
    """A home whose training compares one candidate."""
    home = make_home(PEOPLE, folder, quick=False)
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(text.replace("time_budget: 40", "time_budget: 0.001"))
    return home


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_teaches_by_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main([command, "--help"])
    assert re.search(
        rf"^ +classification-model {command} \S", capsys.readouterr().out, re.MULTILINE
    )


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["--help"])
    printed = capsys.readouterr().out
    assert re.findall(r"│ (\w+) +[A-Z]", printed) == list(COMMANDS)


def test_help_and_info_load_nothing_that_trains(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from classification_model import cli\n"
        "for command in ['--help'], ['info'], ['info', '--json']:\n"
        "    cli.main(command)\n"
        "print(sorted({'pandas', 'sklearn', 'scipy', 'joblib'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("\n[]\n")


def asked(command: str, home: Home, tmp_path: Path) -> list[str]:
    """A command line that answers in JSON."""
    if command == "export":
        Store(f"sqlite:///{tmp_path}/answers.db").close()
    arguments = {
        "init": [str(PEOPLE.write(tmp_path / "data.csv")), "--target", "stays"],
        "compare": [str(home.path), str(home.path)],
        "drift": [str(PEOPLE.write(tmp_path / "in.csv"))],
        "export": [f"sqlite:///{tmp_path}/answers.db", "--output", str(tmp_path / "labelled.csv")],
        "predict": [str(PEOPLE.write(tmp_path / "in.csv")), "--output", str(tmp_path / "out.csv")],
    }
    where = str(tmp_path / "made" if command == "init" else home.path)
    option = [] if command == "compare" else ["--home", where]
    return [*command.split(), *arguments.get(command, []), *option, "--json"]


@pytest.mark.parametrize("command", [c for c in responses.BY_COMMAND if c != "rollback"])
def test_an_answer_for_machines_is_alone_and_of_the_documented_shape(
    command: str, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(asked(command, home, tmp_path))
    printed = capsys.readouterr()
    assert printed.err == ""
    shape = responses.BY_COMMAND[command]
    found = shape.model_validate_json(printed.out)
    assert set(json.loads(printed.out)) == set(shape.model_fields)
    assert json.loads(found.model_dump_json()) == json.loads(printed.out)


def test_a_machine_reads_in_the_answer_what_a_person_reads_in_the_table(
    people: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["evaluate", "--home", str(people.path), "--json"])
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    cli.main(["evaluate", "--home", str(people.path)])
    shown = capsys.readouterr().out
    for words, name in (("accuracy", "accuracy"), ("ROC AUC", "roc_auc")):
        assert re.search(rf"^ +{words} +{metrics[name]:.3f}", shown, re.MULTILINE)


def test_a_model_that_is_refused_is_an_answer_too(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    text = home.config_file.read_text(encoding="utf-8")
    text = text.replace("C: 0.5", "C: 0.4") + "acceptance:\n  log_loss: 0.001\n"
    home.config_file.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", "--home", str(home.path), "--json"])
    assert stop.value.code == Status.MODEL_REFUSED
    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    assert (answer["saved"], answer["comparison"]["rows"]) == (False, 40)
    assert "above the 0.001" in answer["refused"]
    assert printed.err == f"Error: {answer['refused']}\n"


def test_init_without_a_target_names_the_columns(tmp_path: Path) -> None:
    done = run("init", str(PEOPLE.write(tmp_path / "data.csv")), COLUMNS="300")
    assert done.returncode == Status.WRONG_USE
    assert "--target: which column is to be predicted? data.csv has 'name', 'age'" in done.stderr
    assert not (tmp_path / "data").exists()


def test_of_a_hundred_columns_init_shows_those_to_look_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["init", str(TABLES["digits"]().write(tmp_path / "digits.csv")), "--target", "label",
              "--home", str(tmp_path / "made")])  # fmt: skip
    printed = capsys.readouterr().out
    assert "pixel_0_0" in printed
    assert "constant" in printed
    assert "pixel_0_2" not in printed
    assert re.search(r"and \d+ columns that are simply used: \d+ integer", printed)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--version"], Status.DONE),
        (["train", "--help"], Status.DONE),
        (["info", "--home", "nowhere"], Status.FAILED),
        (["compare", "nowhere", "nowhere"], Status.FAILED),
        (["init", "nowhere.csv"], Status.FAILED),
        ([], Status.WRONG_USE),
        (["trian"], Status.WRONG_USE),
        (["--bogus"], Status.WRONG_USE),
        (["train", "--bogus"], Status.WRONG_USE),
        (["init"], Status.WRONG_USE),
    ],
)
def test_a_status_says_how_it_ended(
    arguments: list[str], status: Status, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: object = Status.DONE
    try:
        cli.main(arguments)
    except SystemExit as stop:
        ended = stop.code
    assert ended == status
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (DataError("x.csv: empty"), Status.FAILED, "Error: x.csv: empty\n"),
        (
            PermissionError(13, "Permission denied", "config.yml"),
            Status.FAILED,
            "Error: config.yml: Permission denied\n",
        ),
        (KeyError("x\ny"), Status.FAULT, "Error: a fault of this program: KeyError: 'x\\ny'; "),
        (KeyboardInterrupt(), Status.INTERRUPTED, "Interrupted\n"),
        (exit_status.Stop(Status.ROWS_REJECTED), Status.ROWS_REJECTED, ""),
    ],
)
def test_whatever_is_raised_is_one_line_and_a_status(
    error: BaseException, status: Status, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop, exit_status.ending():
        raise error
    assert stop.value.code == status
    printed = capsys.readouterr().err
    assert printed.startswith(said)
    assert printed.count("\n") == bool(said)


def test_every_status_has_a_meaning() -> None:
    assert list(exit_status.MEANINGS) == list(Status)


def test_debug_shows_where_an_error_arose(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["info", "--home", "nowhere", "--debug"])
    assert stop.value.code == Status.FAILED
    *trace, line = capsys.readouterr().err.splitlines()
    assert trace[0] == "Traceback (most recent call last):"
    assert any("in find" in step for step in trace)
    assert line.startswith("Error: ")


def test_a_reader_that_goes_away_is_no_error() -> None:
    script = f'"{TOOL}" info --json | (exec <&-; true); echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{Status.PIPE_CLOSED}\n", "")


def test_the_shell_completes_commands_and_columns(tmp_path: Path) -> None:
    PEOPLE.write(tmp_path / "people.csv")
    # What is behind the semicolon keeps alive the bash that the tool looks for.
    shown = subprocess.run(
        ["bash", "-c", f'"{TOOL}" --show-completion bash; true'],
        capture_output=True,
        text=True,
        check=True,
    )

    def completed(*words: str) -> list[str]:
        script = (
            f'{shown.stdout}\nPATH="{Path(TOOL).parent}:$PATH"\n'
            f"COMP_WORDS=(classification-model {' '.join(words)})\nCOMP_CWORD={len(words)}\n"
            "_classification_model_completion classification-model\n"
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        return done.stdout.split()

    assert completed("tr") == ["train"]
    assert completed("init", "people.csv", "--target", "s") == ["size", "since", "stays"]


def test_a_terminal_shows_a_live_table_of_candidates_and_what_is_left(tmp_path: Path) -> None:
    home = quick_home(tmp_path / "made")
    shown, status = on_a_terminal("train", "--home", str(home.path))
    assert status == Status.DONE, shown
    assert shown.rindex("\033[?25h") > shown.rindex("\033[?25l"), "the cursor is hidden"
    plain = re.sub(r"\033\[[^a-zA-Z]*[a-zA-Z]", "", shown)
    assert re.search(r"0/\d+ candidates .* left", plain)
    assert re.search(r"boosted trees +\.\.\.", plain)
    assert re.search(r"boosted trees +0\.\d{4}", plain)
    lines = [line for line in re.split(r"[\r\n]+", plain) if str(tmp_path) not in line]
    assert max(map(len, lines)) <= 80


def test_a_file_gets_lines_and_no_bars(tmp_path: Path) -> None:
    home = quick_home(tmp_path / "made")
    done = run("train", "--home", str(home.path))
    assert done.returncode == Status.DONE
    assert "\033" not in done.stdout
    assert " left" not in done.stdout
    assert re.search(r"^  1/\d+ boosted trees: log loss 0\.\d{4}$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("moment", ["Loading", "candidates", "network "])
def test_ctrl_c_ends_training_in_one_line_and_leaves_the_model(
    moment: str, people: Home, tmp_path: Path
) -> None:
    home = copy_of(people, tmp_path / "home")
    text = home.config_file.read_text(encoding="utf-8")
    auto = re.sub(r"^estimator:\n(  .*\n)+", "estimator: auto\n", text, flags=re.MULTILINE)
    home.config_file.write_text(auto, encoding="utf-8")
    before = files_of(home.trained_models)
    shown, status = on_a_terminal("train", "--home", str(home.path), interrupt_after=moment)
    assert status == Status.INTERRUPTED, shown
    assert "Traceback" not in shown
    assert re.search(r"Interrupted(\033\[0m)?\r\n$", shown)
    assert files_of(home.trained_models) == before
