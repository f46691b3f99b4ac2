"""What an operator sees of a server that runs: its metrics, its log, and ids in both."""

from __future__ import annotations

import json
import re
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from classification_model.config.core import Config
from harness import UVICORN, failing_to_start, free_port, serving

Row = dict[str, Any]
SECRET = "swordfish"  # stands for a value that no log may hold


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("observed") / "log"


@pytest.fixture(scope="module")
def observed(log: Path) -> Iterator[httpx.Client]:
    """A client of a server of its own, which logs each request, as JSON."""
    port = free_port()
    environment = {"LOG_FORMAT": "json", "ACCESS_LOG": "all"}
    with serving([*UVICORN, "--port", str(port)], port, environment, log) as client:
        yield client


class Counts:
    """The metrics of a server, and by how much each has grown since."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._before = self.read()

    def read(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        answer = self._client.get("/metrics")
        assert answer.status_code == 200
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def grown(self, name: str) -> dict[tuple[str, ...], float]:
        """By the values of the labels, in the order of their names."""
        return {
            tuple(text for _, text in sorted(labels)): value - self._before.get((found, labels), 0)
            for (found, labels), value in self.read().items()
            if found == name and value != self._before.get((found, labels), 0)
        }


def post(client: httpx.Client, inputs: Any, **parameters: str) -> httpx.Response:
    return client.post("/predict", json={"inputs": inputs}, params=parameters)


def broken(row: Row) -> Row:
    """A row whose first value no column takes."""
    return {**row, next(iter(row)): [SECRET]}


def strange(row: Row, config: Config) -> Row:
    """A row that is scored with warnings, where the model has columns that can give one."""
    listed = [name for name, column in config.columns.items() if column.kind == "category"]
    return {**row, **dict.fromkeys(listed, SECRET)}


def test_predictions_are_counted_by_class(observed: httpx.Client, row: Row) -> None:
    counts = Counts(observed)
    alone, batch = post(observed, [row]).json(), post(observed, [row] * 20).json()
    skipped = post(observed, [row, broken(row)], on_error="skip").json()
    labels = alone["predictions"] + batch["predictions"] + skipped["predictions"][:1]
    expected = {(str(label),): n for label, n in Counter(labels).items()}
    assert counts.grown("model_predictions_total") == expected
    assert counts.grown("model_rows_total") == {("scored",): 22, ("refused",): 1}


def test_a_class_that_was_not_predicted_is_zero(observed: httpx.Client, row: Row) -> None:
    classes = post(observed, [row]).json()["classes"]
    text = observed.get("/metrics").text
    for label in classes:
        assert re.search(rf'^model_predictions_total\{{class="{label}"\}} ', text, re.MULTILINE)


def test_warnings_are_counted_by_column_and_rule(
    observed: httpx.Client, row: Row, config: Config
) -> None:
    counts = Counts(observed)
    warnings: list[dict[str, Any]] = []
    for inputs in ([strange(row, config)], [row, strange(row, config)]):
        warnings += post(observed, inputs).json()["warnings"]
        warnings += post(observed, [*inputs, broken(row)], on_error="skip").json()["warnings"]
    expected = Counter((warning["column"], warning["rule"]) for warning in warnings)
    assert counts.grown("model_warnings_total") == expected


def test_refused_rows_are_counted_by_column_and_rule(observed: httpx.Client, row: Row) -> None:
    first = next(iter(row))
    counts = Counts(observed)
    (fault,) = post(observed, [row, broken(row)]).json()["detail"]
    surprise = {**row, "surprise": 1}
    assert post(observed, [{}, surprise, 7]).status_code == 422
    assert post(observed, [row, surprise, broken(row)], on_error="skip").status_code == 200
    grown = counts.grown("model_refusals_total")
    assert grown.pop((first, fault["type"])) == 2
    assert grown.pop(("", "extra_forbidden")) == 2, "a name that the client chose is no label"
    assert grown.pop(("", "dict_type")) == 1
    assert grown == {(name, "missing"): 1 for name in row}
    assert counts.grown("model_rows_total") == {("refused",): 6, ("scored",): 1}


def test_requests_are_counted_and_timed_by_route_and_status(
    observed: httpx.Client, row: Row
) -> None:
    counts = Counts(observed)
    bodies: list[list[Row]] = [[row], [row, row], [], [broken(row)], [{}]]
    for inputs in bodies:
        post(observed, inputs)
    observed.get("/health")
    observed.get("/predict")
    observed.get("/docs")
    observed.get("/static/docs/favicon.png")
    observed.request("TRACE", "/health")
    for name in range(30):
        observed.get(f"/{name}")
    grown = counts.grown("http_request_duration_seconds_count")
    assert grown.pop(("GET", "/metrics", "200")) >= 1
    assert grown == {
        ("POST", "/predict", "200"): 2,
        ("POST", "/predict", "422"): 3,
        ("GET", "/health", "200"): 1,
        ("GET", "/predict", "405"): 1,
        ("GET", "/docs", "200"): 1,
        ("GET", "/static/docs", "200"): 1,
        ("(other)", "/health", "405"): 1,
        ("GET", "(none)", "404"): 30,
    }
    seconds = counts.grown("http_request_duration_seconds_sum")
    assert all(0 < seconds[key] < 60 for key in grown)
    buckets = counts.grown("http_request_duration_seconds_bucket")
    assert buckets["+Inf", "POST", "/predict", "200"] == 2


def test_the_model_is_the_one_of_health(observed: httpx.Client) -> None:
    health = observed.get("/health").json()
    ((_, labels),) = [key for key in Counts(observed).read() if key[0] == "model_info"]
    assert dict(labels) == {
        "version": health["model_version"],
        "bundle_digest": health["bundle_digest"],
        "api_version": health["api_version"],
        "engine": "onnx",
    }


def test_openmetrics_is_given_to_who_asks_for_it(observed: httpx.Client) -> None:
    accept = "application/openmetrics-text; version=1.0.0"
    answer = observed.get("/metrics", headers={"accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    parse: Any = openmetrics.text_string_to_metric_families
    names = {family.name for family in parse(answer.text)}
    assert {"model", "model_rows", "http_request_duration_seconds"} <= names
    plain = observed.get("/metrics").headers["content-type"]
    assert plain.startswith("text/plain; version=")


def test_the_document_says_nothing_of_metrics(observed: httpx.Client) -> None:
    paths = observed.get("/openapi.json").json()["paths"]
    assert "/predict" in paths
    assert "/metrics" not in paths


def test_every_answer_has_an_id_of_its_own(observed: httpx.Client, row: Row) -> None:
    answers = [
        post(observed, [row]),
        post(observed, [row]),
        post(observed, [{}]),
        post(observed, [{}], on_error="skip"),
        observed.get("/health"),
        observed.get("/nowhere"),
        observed.get("/metrics"),
        observed.get("/static/docs/favicon.png"),
    ]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == len(answers)
    assert all(re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]+", each) for each in ids)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("4bf92f3577b34da6a3ce929d0e0e4736", True),
        ("req:1/2+3=4@host~5._-", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        ("two words", False),
        ('quo"te', False),
        ("<b>", False),
        ("é", False),
        ("tab\tbed", False),
    ],
)
def test_an_id_that_a_request_brings_is_kept_where_it_can_stand_in_a_log(
    observed: httpx.Client, row: Row, sent: str, *, kept: bool
) -> None:
    headers = [(b"x-request-id", sent.encode())]
    for answer in (
        observed.post("/predict", json={"inputs": [row]}, headers=headers),
        observed.get("/health", headers=headers),
    ):
        assert (answer.headers["x-request-id"] == sent) is kept


def json_lines(log: Path) -> list[dict[str, Any]]:
    """The lines since the application was started; the server's two before it are its own."""
    lines = log.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("{"))
    assert start <= 2
    return [json.loads(line) for line in lines[start:]]


def test_a_request_is_one_line_of_json_with_the_id_of_its_answer(
    observed: httpx.Client, log: Path, row: Row
) -> None:
    answers = [post(observed, [row]), post(observed, [{}]), observed.get("/a b%0Ac?x=1")]
    observed.get("/health")  # once this is answered, the lines of those before are written
    for answer in answers:
        identity = answer.headers["x-request-id"]
        (line,) = [line for line in json_lines(log) if line.get("request_id") == identity]
        assert line["logger"] == "app.access"
        assert line["status"] == answer.status_code
        assert line["method"] == answer.request.method
        assert line["path"] == answer.request.url.raw_path.decode().partition("?")[0]
        assert line["milliseconds"] > 0
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])


def test_the_servers_own_lines_are_json_too(observed: httpx.Client, log: Path) -> None:
    lines = {line["message"]: line for line in json_lines(log)}
    assert lines["Application startup complete."]["level"] == "info"
    assert any(message.startswith("Uvicorn running on") for message in lines)


def provoke(client: httpx.Client, row: Row, config: Config) -> None:
    """Requests of every kind that hold a value which must not be found in the log."""
    post(client, [strange(row, config)])
    post(client, [broken(row)])
    post(client, [{**row, SECRET: SECRET}])
    post(client, [row, broken(row), {**row, SECRET: 1}], on_error="skip")
    post(client, [row], on_error=SECRET)
    headers = {"content-type": "application/json"}
    client.post("/predict", content=f'{{"inputs": [{{"{SECRET}', headers=headers)
    client.post("/predict", content=SECRET)
    client.get("/health", params={SECRET: SECRET})


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_value_of_a_request_is_in_the_log(
    tmp_path: Path, row: Row, config: Config, log_format: str
) -> None:
    """Also not where the application fails, and an exception says what it met."""
    (tmp_path / "failing.py").write_text(
        "from app.main import create_app\n"
        "app = create_app()\n"
        "@app.post('/fail')\n"
        "async def fail(body: dict):\n"
        "    try:\n"
        "        body['other']\n"
        "    except KeyError as error:\n"
        "        raise ValueError(body) from error\n"
    )
    log, port = tmp_path / "log", free_port()
    command = [*UVICORN[:-1], "failing:app", "--app-dir", str(tmp_path), "--port", str(port)]
    environment = {"LOG_FORMAT": log_format, "LOG_LEVEL": "DEBUG", "ACCESS_LOG": "all"}
    with serving(command, port, environment, log) as client:
        provoke(client, row, config)
        # The server closes a connection on which the application failed.
        close = {"connection": "close"}
        failed = client.post("/fail", json={"inputs": SECRET}, headers=close)
        assert failed.status_code == 500
        counted = client.get("/metrics").text
    assert SECRET not in failed.text
    assert SECRET not in counted
    text = log.read_text()
    assert SECRET not in text
    # But where it failed is there, with the request's id.
    assert "builtins.KeyError" in text
    assert "builtins.ValueError" in text
    assert "failing.py" in text
    identity = failed.headers["x-request-id"]
    (line,) = [line for line in text.splitlines() if "Exception in ASGI" in line]
    assert identity in line
    assert 'route="/fail",status="500"' in counted


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, {"422", "404"}), ({"ACCESS_LOG": "off"}, set()), ({"LOG_LEVEL": "warning"}, set())],
)
def test_what_the_access_log_holds(
    tmp_path: Path, row: Row, settings: Mapping[str, str], expected: set[str]
) -> None:
    """By default the requests that were refused; uvicorn's own access log never."""
    log, port = tmp_path / "log", free_port()
    with serving([*UVICORN, "--port", str(port)], port, settings, log) as client:
        post(client, [row])
        post(client, [{}])
        missing = client.get("/nowhere")
    text = log.read_text()
    assert set(re.findall(r"^INFO: +\w+ /\w+ (\d+) in ", text, re.MULTILINE)) == expected
    assert "HTTP/1.1" not in text
    assert (f"request_id={missing.headers['x-request-id']}" in text) is bool(expected)
    assert ("Application startup complete" in text) is ("LOG_LEVEL" not in settings)


def test_a_configuration_of_logs_that_the_operator_names_stays(tmp_path: Path) -> None:
    """The server reads it; its lines and ours are written by it."""
    file, log, port = tmp_path / "logs.json", tmp_path / "log", free_port()
    handler = {"class": "logging.StreamHandler", "formatter": "mine"}
    configuration = {
        "version": 1,
        "formatters": {"mine": {"format": "mine %(name)s %(message)s"}},
        "handlers": {"mine": handler},
        "loggers": {"uvicorn": {"handlers": ["mine"], "level": "INFO"}},
    }
    file.write_text(json.dumps(configuration))
    command = [*UVICORN, "--log-config", str(file), "--port", str(port)]
    with serving(command, port, {"LOG_FORMAT": "json"}, log) as client:
        client.get("/nowhere")
    lines = log.read_text().splitlines()
    assert all(line.startswith("mine ") for line in lines)
    assert any(line.startswith("mine app.access GET /nowhere 404") for line in lines)


def test_what_a_limit_or_a_door_refuses_is_counted_and_has_an_id(tmp_path: Path, row: Row) -> None:
    log, port = tmp_path / "log", free_port()
    environment = {"MAX_BODY_BYTES": "100000", "MAX_CONCURRENCY": "1", "API_KEYS": "k" * 16}
    with serving([*UVICORN, "--port", str(port)], port, environment, log) as client:
        unknown = client.get("/metrics")
        client.headers["x-api-key"] = "k" * 16
        counts = Counts(client)
        headers = {"content-type": "application/json", "x-request-id": "long"}
        long = client.post("/predict", content=b" " * 200_000, headers=headers)
        large = post(client, [row] * (80_000 // len(json.dumps(row))))
        # Sent in one piece, they are there in one turn: the first has a place.
        with socket.create_connection(("127.0.0.1", port)) as one:
            others = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
            for each in (one, *others):
                each.sendall(
                    b"GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: %s\r\n\r\n"
                    % (b"k" * 16)
                )
            heads = [each.makefile("rb").read() for each in (one, *others)]
            for each in others:
                each.close()
        refused = sum(b" 503 " in head.splitlines()[0] for head in heads)
        assert all(b"x-request-id: " in head for head in heads)
        grown = counts.grown("http_request_duration_seconds_count")
    assert (unknown.status_code, long.status_code, large.status_code) == (401, 413, 200)
    assert long.headers["x-request-id"] == "long"
    assert all("x-request-id" in answer.headers for answer in (unknown, large))
    assert grown.get(("GET", "(none)", "503"), 0) == refused
    assert grown["GET", "(none)", "404"] == len(heads) - refused
    assert grown["POST", "/predict", "200"] == 1
    assert grown["POST", "/predict", "413"] == 1
    assert "GET /metrics 401 in" in log.read_text()
    assert "request_id=long" in log.read_text()


@pytest.mark.parametrize("name", ["LOG_FORMAT", "LOG_LEVEL", "ACCESS_LOG"])
def test_a_setting_that_it_cannot_have_is_one_line_and_a_status(name: str) -> None:
    run = failing_to_start({name: "loud"})
    assert run.returncode == 3
    assert f"environment variable {name}='loud'" in run.stderr
    assert "Traceback" not in run.stderr
