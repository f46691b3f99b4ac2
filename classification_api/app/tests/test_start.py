"""How the service starts: what it loads, and what it says when it cannot."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from classification_model import bundle
from classification_model.bundle import golden
from classification_model.config.home import Home
from harness import API, SOURCE_HOME, UVICORN, failing_to_start, free_port, serving
from homes import needs_its_scikit_learn
from tables import TABLES


@pytest.fixture
def home(tmp_path: Path) -> Home:
    target = tmp_path / "home"
    shutil.copytree(SOURCE_HOME / "trained_models", target / "trained_models")
    shutil.copy(SOURCE_HOME / "VERSION", target)
    return Home(target)


def refusal(run: subprocess.CompletedProcess[str]) -> str:
    """The one line that says why the service did not start."""
    assert run.returncode == 3
    assert "Traceback" not in run.stderr
    (line,) = [line for line in run.stderr.splitlines() if line.startswith("ERROR:")][:-1]
    return line


def test_a_missing_model_is_one_line_and_a_status(home: Home) -> None:
    shutil.rmtree(home.trained_models)
    line = refusal(failing_to_start({"MODEL_HOME": str(home.path)}))
    assert "trained_models: no model; train one" in line
    assert "tox -e train" in line


def test_a_damaged_model_is_one_line_and_a_status(home: Home) -> None:
    (file,) = home.trained_models.glob("*.onnx")
    file.write_bytes(file.read_bytes()[::-1])
    assert f"{file}: not the file that was saved" in refusal(
        failing_to_start({"MODEL_HOME": str(home.path)})
    )


def test_a_model_that_answers_otherwise_than_it_did_is_one_line_and_a_status(home: Home) -> None:
    source = bundle.load(home)
    stem = source.manifest.files[".pkl"].name.removesuffix(".pkl")
    rows, answers = golden.parse(source.contents[".golden.jsonl"])
    answers[3] = answers[3][::-1]
    contents = {**source.contents, ".golden.jsonl": golden.dump(rows, answers)}
    bundle.save(home, stem=stem, contents=contents, manifest=source.manifest)
    line = refusal(failing_to_start({"MODEL_HOME": str(home.path)}))
    assert "golden row 3: the probability of" in line


def test_a_home_that_is_not_there_is_one_line_and_a_status(tmp_path: Path) -> None:
    line = refusal(failing_to_start({"MODEL_HOME": str(tmp_path / "nowhere")}))
    assert "no such folder" in line


def test_an_engine_that_does_not_exist_is_one_line_and_a_status() -> None:
    assert "ENGINE='java'" in refusal(failing_to_start({"ENGINE": "java"}))


def test_another_home_is_served_when_it_is_named(home: Home) -> None:
    source = bundle.load(home)
    manifest = source.manifest.model_copy(update={"version": "8.8"})
    bundle.save(home, stem="another_v8.8", contents=source.contents, manifest=manifest)
    (home.path / "VERSION").write_text("8.8")
    port = free_port()
    environment = {"MODEL_HOME": str(home.path)}
    with serving([*UVICORN, "--port", str(port)], port, environment) as client:
        assert client.get("/health").json()["model_version"] == "8.8"


@needs_its_scikit_learn
def test_both_engines_give_the_same_labels(client: httpx.Client) -> None:
    (example,) = client.get("/openapi.json").json()["components"]["schemas"]["PredictRequest"][
        "examples"
    ]
    port = free_port()
    with serving([*UVICORN, "--port", str(port)], port, {"ENGINE": "sklearn"}) as reference:
        expected = reference.post("/predict", json=example).json()
    found = client.post("/predict", json=example).json()
    assert found["predictions"] == expected["predictions"]
    for ours, theirs in zip(found["probabilities"], expected["probabilities"], strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("name", ["the repository's", "people"])
def test_a_serving_process_imports_no_training_library(
    name: str, trained: Callable[[str], Home], tmp_path: Path
) -> None:
    """Nor where a column of text is looked up, as the people's names are."""
    port = free_port()
    log = tmp_path / "log"
    home = trained(name).path if name in TABLES else SOURCE_HOME
    environment = {
        "PYTHONPROFILEIMPORTTIME": "1",
        "MODEL_HOME": str(home),
        "OPERATOR_KEYS": "*",
    }
    with serving([*UVICORN, "--port", str(port)], port, environment, log) as client:
        (example,) = client.get("/openapi.json").json()["components"]["schemas"]["PredictRequest"][
            "examples"
        ]
        assert client.post("/predict", json=example).status_code == 200
        for page in ("/", "/docs", "/model", "/live"):
            assert client.get(page).status_code == 200
    loaded = set(re.findall(r"^import time:.*\| +(\w+)", log.read_text(), re.MULTILINE))
    assert "onnxruntime" in loaded
    heavy = {"pandas", "sklearn", "scipy", "joblib", "matplotlib", "yaml", "skl2onnx"}
    heavy |= {"pyarrow", "lightgbm"}
    heavy |= {"prometheus_client"}  # until the metrics are read
    assert not loaded & heavy


def test_the_run_environment_serves_on_port_8002() -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 8002)) == 0:
            pytest.skip("something else on this machine listens on port 8002")
    command = shlex.split(environments()["testenv:run"]["commands"])
    with serving([sys.executable, "-m", *command], 8002) as client:
        assert client.get("/health").json()["ready"] is True


def test_each_environment_installs_what_its_module_imports() -> None:
    """No suite runs them, and pytest's own environment has more than theirs."""
    tried, installed = set[str](), names((API / "requirements.txt").read_text())
    for name, environment in environments().items():
        for module in re.findall(r"python -m ([\w.]+)", environment.get("commands", "")):
            if local(module):
                missing = imported(module, set()) - installed - names(environment["deps"])
                assert not missing, f"[{name}] lacks {missing}, which {module} imports"
                tried.add(module)
    assert {"bench", "clients", "pictures", "torture"} <= tried


def environments() -> configparser.ConfigParser:
    """What tox.ini says, with what an environment takes from another one put in."""
    tox = configparser.ConfigParser(interpolation=None, default_section="testenv")
    tox.read(API / "tox.ini")
    for environment in tox.values():
        while other := re.search(r"\{\[(testenv.*)\]deps\}", environment.get("deps", "")):
            environment["deps"] = environment["deps"].replace(other[0], tox[other[1]]["deps"])
    return tox


def names(requirements: str) -> set[str]:
    """The distributions that lines ask for, as one imports them."""
    found = re.findall(r"^[A-Za-z][\w-]+", requirements, re.MULTILINE)
    return {name.replace("-", "_") for name in found}


def local(module: str) -> Path | None:
    """The file of a module that stands here or beside the package's tests."""
    stem = module.replace(".", "/")
    files = [
        folder / file
        for folder in (API, API.parent / "package" / "tests")
        for file in (f"{stem}/__main__.py", f"{stem}/__init__.py", f"{stem}.py")
    ]
    return next(filter(Path.exists, files), None)


def imported(module: str, seen: set[Path]) -> set[str]:
    """The distributions of others that a module needs, and the modules here that it imports."""
    file = local(module)
    if file is None:
        name = module.partition(".")[0]
        return {name} - sys.stdlib_module_names - {"classification_model"}
    if file in seen:
        return set()
    seen.add(file)
    found = set[str]()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        for name in imports(node):
            found |= imported(name, seen)
    return found


def imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        inner = [f"{node.module}.{alias.name}" for alias in node.names]
        return [str(node.module), *(name for name in inner if local(name))]
    return []


def test_the_procfile_is_the_one_that_the_platform_needs() -> None:
    assert re.fullmatch(
        r"web: uvicorn app\.main:app --host 0\.0\.0\.0 --port \$PORT.*\n",
        (API / "Procfile").read_text(),
    )
