"""Every block of code in README and docs does what it says, page by page, in its order.

Python and commands are run in a folder that holds what the page on one's own data makes. What
needs an environment or a network of its own is looked up instead: the environments of tox that
a command names, the extras that pip is to install. The service's tests run what asks a server.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from classification_model.config import yaml_reader
from documents import DOCUMENTS, Block, blocks_of
from homes import REPOSITORY

OWN_DATA = REPOSITORY / "docs" / "own-data.md"
READMES = DOCUMENTS[:2]

RUN = {
    "cat",
    "classification-model",
    "cp",
    "echo",
    "gzip",
    "head",
    "ls",
    "printf",
    "python",
    "sed",
    "tail",
}
ASKS_A_SERVER = {"curl", "uvicorn"}
SHOWN = {"js", "mermaid", "text"}


# The pages compare candidates for as long as it takes. What wins in a second depends on how busy
# the machine is, so here each training fits what it is told to.
IMPATIENT = """\
#!/bin/sh
"{tool}" "$@" || exit
if [ "$1" = init ]; then sed -i 's/^estimator: auto/estimator: logistic_regression/' */config.yml; fi
"""


def run(command: list[str], folder: Path, block: Block) -> None:
    places = [folder / "bin", Path(sys.executable).parent, os.environ["PATH"]]
    environment = {**os.environ, "PATH": os.pathsep.join(map(str, places))}
    environment.pop("MODEL_HOME", None)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"


def run_python(block: Block, folder: Path) -> None:
    # The file that a page adds a function to has imported this.
    run([sys.executable, "-c", f"from datetime import date\n{block.text}"], folder, block)


def program(command: str) -> str:
    """The program that a command starts, behind the variables that it sets."""
    return next(word for word in shlex.split(command) if not re.match(r"[A-Z_]+=", word))


def check_tox(words: list[str]) -> None:
    """The environment of tox that a command names is there."""
    folder = words[words.index("-c") + 1] if "-c" in words else "package"
    known = configparser.ConfigParser(interpolation=None)
    known.read(REPOSITORY / folder / "tox.ini")
    if "-e" in words:
        assert f"testenv:{words[words.index('-e') + 1]}" in known


def check_pip(words: list[str]) -> None:
    """The extras that pip is told to install are there."""
    project = tomllib.loads((REPOSITORY / "package" / "pyproject.toml").read_text())["project"]
    for extras in re.findall(r"\[([\w,]+)\]", " ".join(words)):
        assert set(extras.split(",")) <= set(project["optional-dependencies"])


def run_console(block: Block, folder: Path) -> None:
    script = []
    for command in (part for line in block.commands for part in line.split(" && ")):
        words = shlex.split(command)
        if words[:3] == ["python", "-m", "pip"] or words[0] == "pip":
            check_pip(words)
        elif program(command) == "tox":
            check_tox(words)
        elif program(command) not in ASKS_A_SERVER and words[1:2] != ["serve"]:
            assert program(command) in RUN, f"{block}: say above it why it is not run: {command}"
            script.append(command)
    if script:
        run(["bash", "-euo", "pipefail", "-c", "\n".join(script)], folder, block)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the pages speak of."""
    tool = tmp_path / "bin" / "classification-model"
    tool.parent.mkdir()
    tool.write_text(IMPATIENT.format(tool=Path(sys.executable).with_name(tool.name)))
    tool.chmod(0o755)
    for block in blocks_of(OWN_DATA):
        if block.language == "python" and "churn.csv" in block.text and "new.csv" in block.text:
            run_python(block, tmp_path)
    text = (tmp_path / "churn.csv").read_text(encoding="utf-8")
    (tmp_path / "your.csv").write_text(text.replace("churned", "COLUMN", 1), encoding="utf-8")
    shutil.copy(tmp_path / "churn.csv", tmp_path / "new-labels.csv")
    (tmp_path / "new").mkdir()
    shutil.copy(tmp_path / "new.csv", tmp_path / "new")
    return tmp_path


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_a_page_does_what_it_says(file: Path, folder: Path, request: pytest.FixtureRequest) -> None:
    if file in READMES:
        request.getfixturevalue("titanic")
    for block in blocks_of(file):
        if block.not_run:
            continue
        match block.language:
            case "python":
                run_python(block, folder)
            case "console":
                run_console(block, folder)
            case "json":
                json.loads(block.text)
            case "yaml":
                yaml_reader.read(block.text)
            case shown:
                assert shown in SHOWN, f"{block}: a block of what?"


def test_blocks_that_are_not_run_are_few() -> None:
    blocks = [block for file in DOCUMENTS for block in blocks_of(file)]
    assert len([block for block in blocks if block.not_run]) * 5 <= len(blocks)


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_links_between_pages_lead_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
        if not re.match(r"https?:", target):
            assert (file.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_who_is_told_to_install_the_package_is_told_that_the_name_is_not_ours(file: Path) -> None:
    text = " ".join(file.read_text(encoding="utf-8").split())
    if "pip install 'classification-model" in text:
        assert re.search(r"somebody else's|belongs to somebody else", text)


@pytest.mark.skipif(
    [*map(int, version("typer").split(".")[:2])] < [0, 29],
    reason="before 0.29 typer put other brackets around the names of arguments",
)
def test_the_reference_of_the_command_line_is_what_the_tool_says(tmp_path: Path) -> None:
    output = tmp_path / "cli.md"
    command = [sys.executable, "-m", "tools.cli_reference", "--output", str(output)]
    subprocess.run(command, cwd=REPOSITORY / "package", check=True)
    kept = (REPOSITORY / "docs" / "cli.md").read_text(encoding="utf-8")
    assert output.read_text(encoding="utf-8") == kept, "tox -c package -e reference"
