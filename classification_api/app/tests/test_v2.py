"""The Open Inference Protocol: by the client of Triton, and by hand where a client is too kind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton

from app.config import Settings
from app.main import create_app
from app.tests.in_process import ask, started
from classification_model.config.home import Home
from classification_model.predict import Model, load_model
from harness import SOURCE_HOME, UVICORN, free_port, serving

BINARY, AS_JSON = True, False
NUMPY = {"FP64": np.float64, "INT64": np.int64, "BOOL": np.bool_, "BYTES": np.object_}


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    port = free_port()
    with serving([*UVICORN, "--port", str(port)], port) as client:
        yield client


@pytest.fixture(scope="module")
def client(service: httpx.Client) -> Iterator[triton.InferenceServerClient]:
    address = f"{service.base_url.host}:{service.base_url.port}"
    with triton.InferenceServerClient(address) as client:
        yield client


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(Home(SOURCE_HOME))


@pytest.fixture(scope="module")
def name(service: httpx.Client, model: Model) -> str:
    return model.manifest.files[".pkl"].name.removesuffix(f"_v{model.manifest.version}.pkl")


def example_rows(model: Model) -> list[dict[str, Any]]:
    """Two rows: the examples, and the same with all missing that may be."""
    columns = model.manifest.row_schema.columns
    first = {name: model.profile.columns[name].example for name in columns}
    return [first, {n: first[n] if c.required else None for n, c in columns.items()}]


def as_tensors(
    rows: list[dict[str, Any]], metadata: dict[str, Any], *, binary: bool
) -> list[triton.InferInput]:
    """Each column in the datatype that the metadata names."""
    missing = {"FP64": np.nan, "BYTES": ""}
    found = []
    for tensor in metadata["inputs"]:
        name, datatype = tensor["name"], tensor["datatype"]
        values = [row[name] if row[name] is not None else missing[datatype] for row in rows]
        array: Any = np.array(
            [str(v) for v in values] if datatype == "BYTES" else values, NUMPY[datatype]
        )
        made = triton.InferInput(name, [len(rows)], datatype)
        made.set_data_from_numpy(array, binary_data=binary)
        found.append(made)
    return found


def test_the_client_finds_server_and_model_ready(
    client: triton.InferenceServerClient, name: str, model: Model
) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(name)
    assert client.is_model_ready(name, model.manifest.version)
    assert not client.is_model_ready("another")
    assert client.get_server_metadata()["name"] == "classification_api"


def test_the_metadata_have_the_columns_and_the_version(
    client: triton.InferenceServerClient, name: str, model: Model
) -> None:
    metadata = client.get_model_metadata(name)
    columns = model.manifest.row_schema.columns
    assert [tensor["name"] for tensor in metadata["inputs"]] == [*columns]
    assert metadata["versions"] == [model.manifest.version]
    assert metadata["platform"]
    for tensor in metadata["inputs"]:
        column = columns[tensor["name"]]
        assert not (tensor["datatype"] in ("INT64", "BOOL") and not column.required)


@pytest.mark.parametrize("binary", [BINARY, AS_JSON], ids=["binary", "JSON"])
@pytest.mark.parametrize("versioned", [True, False])
def test_the_client_gets_what_python_gets(
    client: triton.InferenceServerClient, name: str, model: Model, binary: bool, versioned: bool
) -> None:
    rows = example_rows(model)
    tensors = as_tensors(rows, client.get_model_metadata(name), binary=binary)
    version = model.manifest.version if versioned else ""
    found = client.infer(name, tensors, model_version=version, request_id="order-66")
    expected = model.predict(rows)
    assert found.get_response()["id"] == "order-66"
    assert found.as_numpy("predictions").tolist() == expected["predictions"]
    assert found.as_numpy("probabilities").tolist() == expected["probabilities"]
    assert found.as_numpy("classes").tolist() == expected["classes"]
    warned = {warning["row"] for warning in expected["warnings"]}
    assert [bool(text) for text in found.as_numpy("warnings")] == [i in warned for i in range(2)]


def test_the_client_can_ask_for_one_output(
    client: triton.InferenceServerClient, name: str, model: Model
) -> None:
    tensors = as_tensors(example_rows(model), client.get_model_metadata(name), binary=True)
    asked = [triton.InferRequestedOutput("probabilities")]
    found = client.infer(name, tensors, outputs=asked)
    assert [tensor["name"] for tensor in found.get_response()["outputs"]] == ["probabilities"]
    with pytest.raises(triton.InferenceServerException, match="no output 'scores'"):
        client.infer(name, tensors, outputs=[triton.InferRequestedOutput("scores")])


def test_null_is_missing_and_shapes_of_one_column_are_taken(
    service: httpx.Client, name: str, model: Model
) -> None:
    rows = example_rows(model)
    datatypes = {"integer": "INT64", "number": "FP64", "boolean": "BOOL"}
    inputs = [
        {
            "name": column,
            "shape": [2, 1],
            "datatype": datatypes.get(found.kind, "BYTES"),
            "data": [[row[column]] for row in rows],
        }
        for column, found in model.manifest.row_schema.columns.items()
    ]
    answer = service.post(f"/v2/models/{name}/infer", json={"inputs": inputs})
    tensors = {tensor["name"]: tensor for tensor in answer.json()["outputs"]}
    assert tensors["predictions"]["data"] == model.predict(rows)["predictions"]


def tensor(**changes: Any) -> dict[str, Any]:
    return {"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0], **changes}


WRONG: dict[str, tuple[Any, str]] = {
    "no object": ([], "should be an object"),
    "no inputs": ({}, "inputs: should be a list of tensors"),
    "no tensor": ({"inputs": [1]}, "a tensor without a name"),
    "a name twice": ({"inputs": [tensor(), tensor()]}, "a tensor without a name of its own"),
    "no shape": ({"inputs": [tensor(shape=None)]}, "input x: shape should be [rows]"),
    "no rows": ({"inputs": [tensor(shape=[0], data=[])]}, "input x: shape should be [rows]"),
    "a matrix": ({"inputs": [tensor(shape=[1, 2], data=[1, 2])]}, "input x: shape should be"),
    "too much data": (
        {"inputs": [tensor(data=[1, 2])]},
        "input x: data should be 1 values, found 2",
    ),
    "a datatype": ({"inputs": [tensor(datatype="FP128")]}, "input x: datatype should be one of"),
    "lengths": (
        {"inputs": [tensor(), tensor(name="y", shape=[2], data=[1, 2])]},
        "tensors of different lengths",
    ),
    "NaN where there is none": (
        {"inputs": [tensor(datatype="INT64", data=["@"])]},
        "input x: NaN in INT64; missing is null",
    ),
    "other columns": ({"inputs": [tensor()]}, "the column is missing"),
    "binary that is not there": (
        {"inputs": [tensor(parameters={"binary_data_size": 8})]},
        "input x: binary_data_size 8, and 0 bytes are left",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_an_error_that_says_where(
    service: httpx.Client, name: str, case: str
) -> None:
    request, said = WRONG[case]
    content = json.dumps(request).replace('"@"', "NaN")
    answer = service.post(f"/v2/models/{name}/infer", content=content)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


@pytest.mark.parametrize(
    ("datatype", "data", "said"),
    [
        ("FP64", b"1234567", "7 bytes are not 1 FP64"),
        ("BYTES", b"\x05\x00\x00\x00abc", "a text ends before its length"),
        ("BYTES", b"\x01\x00", "a text ends before its length"),
        ("BYTES", b"\x01\x00\x00\x00\xff", "a text that is not UTF-8"),
        ("FP64", b"12345678" * 2, "the shape says 1 values, the binary data holds 2"),
    ],
)
def test_binary_data_that_are_none_are_refused(
    service: httpx.Client, name: str, datatype: str, data: bytes, said: str
) -> None:
    one = tensor(datatype=datatype, parameters={"binary_data_size": len(data)})
    head = json.dumps({"inputs": [one]}).encode()
    for size, expected in (
        (str(len(head)), said),
        ("999999", "the body has"),
        ("x", "the body has"),
    ):
        headers = {"Inference-Header-Content-Length": size}
        answer = service.post(f"/v2/models/{name}/infer", content=head + data, headers=headers)
        assert answer.status_code == 400
        assert expected in answer.json()["error"]


@pytest.mark.parametrize("path", ["another", "{name}/versions/0.0.0"])
def test_another_model_or_version_is_not_here(service: httpx.Client, name: str, path: str) -> None:
    for method, end in (("GET", ""), ("GET", "/ready"), ("POST", "/infer")):
        answer = service.request(method, f"/v2/models/{path.format(name=name)}{end}", json={})
        assert answer.status_code == 404
        assert name in answer.json()["error"]


REFUSED: dict[str, tuple[int, dict[str, Any], str, str, dict[str, Any]]] = {
    "no key": (401, {"API_KEYS": "k" * 16}, "GET", "/v2", {}),
    "no path": (404, {}, "GET", "/v2/x", {}),
    "no method": (405, {}, "DELETE", "/v2", {}),
    "too long": (413, {"MAX_BODY_BYTES": 9}, "POST", "{infer}", {"content": b" " * 10}),
    "packed": (415, {}, "POST", "{infer}", {"headers": {"content-encoding": "gzip"}}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_whatever_refuses_a_request_says_error_as_the_protocol_has_it(name: str, case: str) -> None:
    status, settings, method, path, request = REFUSED[case]
    with started(create_app(Settings.model_validate(settings))) as service:
        for root in ("", "/prefix"):
            asked = root + path.format(infer=f"/v2/models/{name}/infer")
            answer = service.ask(method, asked, root_path=root, **request)
            assert (answer.status_code, [*answer.json()]) == (status, ["error"])
        elsewhere = service.ask("PUT", "/predict")
        assert [*elsewhere.json()] == ["detail"]


def test_beyond_the_limit_of_concurrency_it_says_error_too() -> None:
    with started(create_app(Settings(MAX_CONCURRENCY=1))) as service:

        async def at_once() -> list[httpx.Response]:
            return await asyncio.gather(*(ask(service.app, "GET", "/v2") for _ in range(3)))

        refused = [answer for answer in service.run(at_once()) if answer.status_code == 503]
        assert refused
        assert {*refused[0].json()} == {"error"}


def test_rows_are_counted_as_those_of_predict(service: httpx.Client, name: str) -> None:
    before = service.get("/metrics").text
    service.post(f"/v2/models/{name}/infer", json={"inputs": [tensor()]})
    after = service.get("/metrics").text
    (old,), (new,) = (
        [
            line
            for line in text.splitlines()
            if line.startswith('model_rows_total{outcome="refused"')
        ]
        for text in (before, after)
    )
    assert float(new.split()[1]) == float(old.split()[1]) + 1
