"""The README's request gets the README's answer, and every page's request gets one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.tests.pages import Open
from bench import report
from bench.results import Ratio
from documents import DOCUMENTS, Block, blocks_of
from harness import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def rounded(answer: dict[str, Any]) -> dict[str, Any]:
    scores = [[round(share, 2) for share in row] for row in answer["probabilities"]]
    return {**answer, "probabilities": scores}


def test_the_request_gets_the_answer(client: httpx.Client) -> None:
    request = re.search(r"curl -s \S+/predict .*?-d '\n(.*?)'\n```", README, re.DOTALL)
    answer = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert request
    assert answer
    body = json.loads(request.group(1))
    document = client.get("/openapi.json").json()
    if set(body["inputs"][0]) != set(document["components"]["schemas"]["Row"]["required"]):
        pytest.skip("the model that is served is no longer the one of the README")
    found = client.post("/predict", json=body)
    assert rounded(found.json()) == json.loads(answer.group(1))


REQUESTS = [
    block
    for file in DOCUMENTS
    for block in blocks_of(file)
    if block.language == "console" and "curl" in block.text and not block.not_run
]


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
@pytest.mark.parametrize("block", REQUESTS, ids=str)
def test_a_request_of_a_page_is_answered(
    block: Block, client: httpx.Client, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """As the page prints it, but for the port; with a status that is the page's own business."""
    if "/predict" in block.text:
        request.getfixturevalue("titanic")
    address = f"{client.base_url}".rstrip("/")
    script = block.text.replace("http://localhost:8002", address)
    reported = "curl() { command curl --write-out '\\n%{http_code}\\n' \"$@\"; }\n"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", reported + script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    statuses = re.findall(r"^(\d{3})$", done.stdout, re.MULTILINE)
    assert len(statuses) == len(re.findall(r"^curl ", block.text, re.MULTILINE))
    assert all(status < "500" for status in statuses), done.stdout


def test_ci_runs_the_command_that_the_readme_gives() -> None:
    command = "python -m pip install tox && tox -c package && tox -c classification_api"
    assert f"```console\n{command}\n```" in README
    assert command in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_figures_are_those_that_the_bench_wrote() -> None:
    written = json.loads((REPOSITORY / "docs" / "bench" / "speed.json").read_text(encoding="utf-8"))
    sentence = report.sentence([Ratio(**ratio) for ratio in written["ratios"]])
    assert f"<!-- bench -->\n{sentence}\n<!-- /bench -->" in README


@pytest.mark.usefixtures("titanic")
def test_the_javascript_of_a_page_gets_an_answer(opened: Open, client: httpx.Client) -> None:
    (block,) = [b for file in DOCUMENTS for b in blocks_of(file) if b.language == "js"]
    code = block.text.replace("http://localhost:8002", f"{client.base_url}".rstrip("/"))
    script = f"async () => {{ {code}; return [predictions, classes]; }}"
    predictions, classes = opened().evaluate(script)
    assert len(predictions) == 1
    assert predictions[0] in classes
