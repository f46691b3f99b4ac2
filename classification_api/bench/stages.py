"""Where the time of a request goes, in this process: microseconds a row, by stage."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import numpy as np
from pydantic_core import SchemaValidator, core_schema, from_json, to_json
from starlette.types import ASGIApp, Message

from app.api import PATH
from app.observability import Metrics, Observer, add_time
from classification_model import bundle
from classification_model.config.home import Home
from classification_model.inference.engines import OnnxScorer
from classification_model.predict import Model, PredictionResult, load_model
from classification_model.processing.encoding import RowEncoder
from classification_model.processing.json_rows import column_reader, row_schema


def stages(rows: int, *, by_columns: bool) -> dict[str, Callable[[], object]]:
    """Each stage on its own, on what the one before it made of so many rows."""
    home = Home.find()
    model, source = load_model(home), bundle.load(home)
    schema = source.manifest.row_schema, source.profile()
    row = schema[1].example()
    read = SchemaValidator(core_schema.list_schema(row_schema(*schema))).validate_json
    read_columns, body = column_reader(*schema), json.dumps([row] * rows).encode()
    typed, columns = read(body), read_columns(from_json(body))
    encoder = RowEncoder(source.manifest.features, model.functions)
    scorer = OnnxScorer(source.contents[".onnx"])
    matrix, values = encoder.encode(typed), encoder.encode_row(typed[0])
    result, look, alone = model.answer(typed), model.validator.warnings, rows == 1
    observed = {
        "serialise": lambda: to_json(result),
        "id, time and counts": observation(model, result),
    }
    if by_columns:
        return {
            "read and validate": lambda: read_columns(from_json(body)),
            "warnings": lambda: model.validator.column_warnings(columns),
            "encode": lambda: encoder.encode_columns(columns),
            "ONNX": lambda: scorer.score(matrix).tolist(),
            **observed,
        }
    return {
        "read and validate": lambda: read(body),
        "warnings": lambda: [w for i, row in enumerate(typed) for w in look(i, row)],
        "encode": lambda: [encoder.encode_row(row) for row in typed],
        "ONNX": lambda: scorer.score_row(values) if alone else scorer.score(matrix).tolist(),
        **observed,
    }


def observation(model: Model, result: PredictionResult) -> Callable[[], object]:
    """What is done around the whole for ids and metrics."""
    observer = Observer(Metrics(model), "errors")
    times = observer.metrics.times(("POST", PATH, 200))
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]

    def observe() -> None:
        begin = time.perf_counter()
        observer.metrics.scored(result)
        observer.identity(headers)
        add_time(times, time.perf_counter() - begin)

    return observe


def microseconds(call: Callable[[], object], *, rounds: int = 15, seconds: float = 0.03) -> float:
    """The quickest round's time of one call: what disturbs a round only makes it longer."""
    begin = time.perf_counter()
    call()
    calls = max(1, round(seconds / (time.perf_counter() - begin)))
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        found.append((time.perf_counter() - begin) / calls)
    return float(np.min(found)) * 1e6


def main() -> None:
    ways = {"1 row": (1, False), "1,000 rows": (1000, False), "by columns": (1000, True)}
    found = {
        name: {
            stage: microseconds(call) / rows
            for stage, call in stages(rows, by_columns=columns).items()
        }
        for name, (rows, columns) in ways.items()
    }
    for stage in found.values():
        stage["all of these"] = sum(stage.values())
    one, *many = found.values()
    print(f"{'microseconds a row':20}", *(f"{name:>12}" for name in found), f"{'ratio':>7}")
    for name in one:
        by_rows, by_columns = (way[name] for way in many)
        times = "".join(f"{time:13.2f}" for time in (one[name], by_rows, by_columns))
        print(f"{name:20}{times} {by_rows / by_columns:7.2f}")
    asyncio.run(endpoints())


async def endpoints(rows: int = 100, rounds: int = 500) -> None:
    """The service and an empty endpoint, one after the other, without a server."""
    from app.main import create_app
    from bench.sides import empty

    service = create_app()
    body = json.dumps({"inputs": [empty.row] * rows}).encode()
    times: dict[str, list[float]] = {"the service": [], "an empty endpoint": []}
    async with service.router.lifespan_context(service):
        for _ in range(rounds):
            for app, found in zip((service, empty.app), times.values(), strict=True):
                await asyncio.sleep(0)
                found.append(await seconds(app, body))
    ours, other = (np.median(found) * 1e6 for found in times.values())
    print(f"{rows} rows: the service {ours:.0f}, an empty endpoint {other:.0f}: {other / ours:.2f}")


async def seconds(app: ASGIApp, body: bytes) -> float:
    """How long an application takes to answer a request of /predict."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": PATH, "raw_path": PATH.encode(), "query_string": b"",
        "root_path": "", "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "state": {},
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    begin = time.perf_counter()
    await app(scope, receive, send)
    if sent[0]["status"] != 200:
        raise RuntimeError(f"answered {sent[0]['status']}")
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
