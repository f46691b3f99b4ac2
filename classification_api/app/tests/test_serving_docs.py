"""docs/serving.md names every setting and every metric, and its commands run."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.config import Settings
from harness import API, REPOSITORY, SOURCE_HOME, free_port, running, serving

PAGE = (REPOSITORY / "docs" / "serving.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_page_names_every_setting_with_its_default_and_no_other() -> None:
    """A setting that is added to Settings is added to the table, or this fails."""
    table = re.findall(r"^\| `([A-Z_]+)` \| (\S+) \| .+ \|$", section("Settings"), re.MULTILINE)
    defaults = {
        name: "unset" if field.default in (None, "", ()) else f"`{field.default}`"
        for name, field in Settings.model_fields.items()
    }
    assert dict(table) == defaults
    assert len(table) == len(defaults)


def test_tox_hands_every_setting_to_the_service_that_it_runs() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(API / "tox.ini")
    run = tox["testenv:run"]
    passed = tox["testenv"]["pass_env"] + run["pass_env"] + run["set_env"]
    assert set(Settings.model_fields) <= set(re.findall(r"[A-Z_]+", passed))


def test_the_page_names_every_metric_and_no_other(tmp_path: Path) -> None:
    """Those for operators, and those of a second model and of a store, among them."""
    store = f"sqlite:///{tmp_path}/answers.db"
    with running({"OPERATOR_KEYS": "*", "SHADOW_HOME": SOURCE_HOME, "STORE": store}) as server:
        text = server.ask("GET", "/metrics").content.decode()
    families = [*text_string_to_metric_families(text)]
    labels: dict[str, set[str]] = {}
    for family in families:
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update({*sample.labels} - {"le"})
    named = set(re.findall(r"\b(?:http|model|process)_[a-z_]*[a-z]", section("Metrics")))
    exposed = {*labels, *(family.name for family in families)}
    # A counter that nobody has caused has no sample yet; its family is there.
    exposed |= {f"{family.name}_total" for family in families if family.type == "counter"}
    assert named <= exposed
    for name, column in re.findall(r"^\| `(\w+)` \| (.*?) \|", section("Metrics"), re.MULTILINE):
        found = labels.get(name) or labels.get(f"{name}_count")
        assert found is None or found == set(re.findall(r"`(\w+)`", column))
    ours = {family.name for family in families if not family.name.startswith("process_")}
    assert all(any(name.startswith(each) for name in named) for each in ours)


def test_the_commands_run(tmp_path: Path) -> None:
    """The server's as printed, but for the port; then each request to it."""
    if shutil.which("curl") is None:
        pytest.skip("this machine has no curl")
    (start,) = [line for line in COMMANDS if " uvicorn " in line]
    port, log = free_port(), tmp_path / "log"
    variables, command = re.fullmatch(r"((?:\w+=\S+ )*)(uvicorn .*)", start).groups()  # type: ignore[union-attr]
    environment = dict(pair.split("=", 1) for pair in variables.split())
    words = [sys.executable, "-m", *shlex.split(command.replace("8002", str(port)))]
    with serving(words, port, environment, log):
        requests = [line for line in COMMANDS if line.startswith("curl ")]
        for line in requests:
            here = line.replace("localhost:8002", f"127.0.0.1:{port}")
            output = subprocess.run(
                shlex.split(here), check=True, capture_output=True, text=True
            ).stdout
            assert output
            if "x-request-id" in line:
                assert "x-request-id: order-66" in output.lower()
    assert requests
    assert '{"time": ' in log.read_text()
    # The last two are tried by test_serve.py, and by the package's test of its wheel.
    assert [line for line in COMMANDS if line not in (start, *requests)] == [
        "tox -c classification_api -e run",
        "pip install 'classification-model[serve]'",
        "classification-model serve --home churn --port 8000",
    ]


def test_a_line_of_the_log_looks_as_the_page_shows_it(tmp_path: Path) -> None:
    shown = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
    text = re.findall(r"```text\n(.*?)```", section("Logs"), re.DOTALL)[0].splitlines()[1]
    found = {}
    for log_format in ("json", "text"):
        port, log = free_port(), tmp_path / log_format
        command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)]
        with serving(command, port, {"LOG_FORMAT": log_format}, log) as server:
            server.post("/predict", json={"inputs": []})
        (found[log_format],) = [line for line in log.read_text().splitlines() if " 422 " in line]
    line = json.loads(found["json"])
    assert {key: type(value) for key, value in line.items()} == {
        key: type(value) for key, value in shown.items()
    }
    numbers = re.compile(r"[0-9a-f]{16}-[0-9a-f]+|[\d.]+ ms")
    assert numbers.sub("#", found["text"]) == numbers.sub("#", text)
