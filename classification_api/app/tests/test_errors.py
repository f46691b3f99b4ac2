"""Requests that are wrong, and the answer to each. To add a case, add a row.

A case makes a body from a row that is in order; the answer must be 422 and hold a fault at
the given place, by the given rule.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.tests.twins import JSON, Twins
from classification_model.config.core import Config
from classification_model.train_pipeline import run_training
from homes import make_home
from tables import PEOPLE

RULES = {
    "  age: integer\n": "  age: {kind: integer, required: yes, minimum: 18}\n",
    "  size:\n": "  size:\n    categories: [small, large, huge]\n",
}

Row = dict[str, Any]
Body = Callable[[Row, Config], str]
Place = list[str | int]


def first(config: Config, *kinds: str) -> str:
    """The first column of one of the kinds; a case without one does not apply."""
    for name, column in config.columns.items():
        if column.kind in kinds:
            return name
    pytest.skip(f"this model has no {' or '.join(kinds)} column")


def sending(value: str, *kinds: str) -> tuple[Body, Callable[[Config], Place]]:
    """A number column, or one of the kinds, with a value written as JSON text."""
    kinds = kinds or ("number", "integer")

    def body(row: Row, config: Config) -> str:
        name = first(config, *kinds)
        marked = json.dumps({"inputs": [row, {**row, name: "@"}]})
        return marked.replace('"@"', value)

    return body, lambda config: ["body", "inputs", 1, first(config, *kinds)]


def whole(body: str, *place: str | int) -> tuple[Body, Callable[[Config], Place]]:
    return lambda row, config: body, lambda config: ["body", *place]


def without_column(row: Row, config: Config) -> str:
    return json.dumps({"inputs": [{k: v for k, v in row.items() if k != next(iter(row))}]})


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """A service whose config.yml has rules."""
    rows = [row for row in PEOPLE.rows if row[1] != "?"]
    sample = replace(PEOPLE, rows=rows)
    home = make_home(sample, tmp_path_factory.mktemp("ruled") / "made")
    text = home.config_file.read_text(encoding="utf-8")
    for column, ruled in RULES.items():
        assert column in text
        text = text.replace(column, ruled)
    home.config_file.write_text(text, encoding="utf-8")
    run_training(home.path)
    with asyncio.Runner() as runner:
        twins = Twins(str(home.path), runner)
        twins.start()
        yield twins
        twins.stop()


CASES: dict[str, tuple[tuple[Body, Callable[[Config], Place]], str]] = {
    "a missing column": (
        (without_column, lambda config: ["body", "inputs", 0, next(iter(config.columns))]),
        "missing",
    ),
    "an unknown column": (
        (
            lambda row, config: json.dumps({"inputs": [row, {**row, "surprise": 1}]}),
            lambda config: ["body", "inputs", 1, "surprise"],
        ),
        "extra_forbidden",
    ),
    "words for a number": (sending('"old"'), "number_type"),
    "a boolean for a number": (sending("true"), "number_type"),
    "a list for a number": (sending("[1]"), "number_type"),
    "an object for a number": (sending("{}"), "number_type"),
    "NaN": (sending("NaN"), "finite_number"),
    "Infinity": (sending("-Infinity"), "finite_number"),
    "a number that is infinite": (sending("1e999"), "finite_number"),
    "a number beyond 32 bits": (sending("1e308"), "number_range"),
    "half a whole number": (sending("0.5", "integer"), "whole_number"),
    "a list for text": (sending('["a"]', "raw", "category"), "text_type"),
    "half a surrogate pair": (sending('"\\ud800"'), "number_type"),
    "a very long text": (sending(json.dumps("x" * 100_000)), "number_type"),
    "no rows": (whole('{"inputs": []}', "inputs"), "too_short"),
    "no inputs": (whole("{}", "inputs"), "missing"),
    "inputs null": (whole('{"inputs": null}', "inputs"), "list_type"),
    "a row that is none": (whole('{"inputs": [1]}', "inputs", 0), "dict_type"),
    "an unknown key": (whole('{"inputs": [], "rows": []}', "rows"), "extra_forbidden"),
    "a list": (whole("[]"), "model_attributes_type"),
    "nothing": (whole(""), "missing"),
    "not JSON": (whole('{"inputs": [', 12), "json_invalid"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_request_is_422_and_says_where_and_why(
    case: str, client: httpx.Client, row: Row, config: Config
) -> None:
    (body, place), rule = CASES[case]
    answer = client.post(
        "/predict",
        content=body(row, config).encode(),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.content) < 5_000
    faults = answer.json()["detail"]
    assert (place(config), rule) in [(fault["loc"], fault["type"]) for fault in faults]
    assert all(fault["msg"] and "input" in fault for fault in faults)


@pytest.mark.parametrize("body", ["", "[]", "1", "x"])
def test_a_body_of_another_shape_is_told_what_to_send(body: str, client: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    (fault,) = client.post("/predict", content=body.encode(), headers=headers).json()["detail"]
    assert 'send {"inputs": [{"column": value, ...}, ...]}' in fault["msg"]


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("age", None, "missing_value"),
        ("age", 17, "below_minimum"),
        ("size", "tiny", "unlisted_category"),
        ("member", None, None),
    ],
)
def test_a_rule_of_a_persons_own_refuses(
    ruled: Twins, column: str, value: object, rule: str | None
) -> None:
    body = json.dumps({"inputs": [{**ruled.row(), column: value}]}).encode()
    status, _, answer = ruled.ask(content=body, headers=JSON)
    if rule is None:  # what no rule refuses is scored, and said
        said = [warning["rule"] for warning in json.loads(answer)["warnings"]]
        assert (status, said) == (200, ["never_missing"])
        return
    (fault,) = json.loads(answer)["detail"]
    assert (status, fault["loc"][-1], fault["type"]) == (422, column, rule)


def test_what_is_no_json_is_told_where_it_breaks_and_what_it_should_be(
    client: httpx.Client,
) -> None:
    for text, place in (("{'inputs': []}", 1), ('{"inputs": [{"a": 1,}]}', 20), ("inputs=1", 0)):
        answer = client.post("/predict", content=text, headers=JSON)
        (fault,) = answer.json()["detail"]
        assert (answer.status_code, fault["loc"]) == (422, ["body", place])
        assert f"at character {place};" in fault["msg"]
        assert 'send {"inputs": [{"column": value, ...}, ...]}' in fault["msg"]


@pytest.mark.parametrize(
    ("body", "place", "why"),
    [
        (b'{"inputs": [{"a": "\xff"}]}', ["body", 19], "no UTF-8 at byte 19"),
        (b'{"inputs": ' + b"[" * 5_000, ["body"], "nested too deep"),
    ],
)
def test_a_body_that_no_reader_gets_through_is_told_why(
    body: bytes, place: Place, why: str, client: httpx.Client
) -> None:
    for path in ("/predict", "/predict?on_error=skip", "/predict?explain=1"):
        answer = client.post(path, content=body, headers=JSON)
        (fault,) = answer.json()["detail"]
        assert (answer.status_code, fault["loc"], fault["type"]) == (422, place, "json_invalid")
        assert fault["msg"].startswith(f'not JSON: {why}; send {{"inputs":')


def test_the_value_is_named(client: httpx.Client, row: Row, config: Config) -> None:
    name = first(config, "number", "integer")
    answer = client.post("/predict", json={"inputs": [{**row, name: "old"}]})
    assert [fault["input"] for fault in answer.json()["detail"]] == ["old"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/predict", 405), ("GET", "/x", 404)]
)
def test_other_paths_and_methods(client: httpx.Client, method: str, path: str, status: int) -> None:
    assert client.request(method, path).status_code == status
