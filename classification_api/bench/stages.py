"""Where the time of a request goes, in this process: microseconds a row, by stage."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import numpy as np
from pydantic_core import SchemaValidator, core_schema, to_json

from app.api import PATH
from app.observability import Metrics, Observer, add_time
from app.predict import answerer
from classification_model import bundle
from classification_model.config.home import Home
from classification_model.inference.engines import OnnxScorer
from classification_model.predict import Model, PredictionResult, load_model
from classification_model.processing.encoding import RowEncoder
from classification_model.processing.json_rows import row_schema


def stages(rows: int) -> dict[str, Callable[[], object]]:
    """Each stage on its own, on what the one before it made of so many rows."""
    home = Home.find()
    model, source = load_model(home), bundle.load(home)
    schema = source.manifest.row_schema
    row = source.profile().example()
    body = json.dumps([row] * rows).encode()
    request = json.dumps({"inputs": [row] * rows}).encode()
    read = SchemaValidator(
        core_schema.list_schema(row_schema(schema, source.profile()))
    ).validate_json
    typed = read(body)
    encoder = RowEncoder(source.manifest.features, model.functions)
    scorer = OnnxScorer(source.contents[".onnx"])
    matrix, values = encoder.encode(typed), encoder.encode_row(typed[0])
    result, look = model.answer(typed), model.validator.warnings
    alone, answer = rows == 1, answerer(model)
    return {
        "read and validate": lambda: read(body),
        "warnings": lambda: [w for i, row in enumerate(typed) for w in look(i, row)],
        "encode": lambda: encoder.encode_row(typed[0]) if alone else encoder.encode(typed),
        "ONNX": lambda: scorer.score_row(values) if alone else scorer.score(matrix).tolist(),
        "serialise": lambda: to_json(result),
        "the whole": lambda: answer(request),
        "id, time and counts": observation(model, result),
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
    sizes = (1, 1000)
    found = [{name: microseconds(call) / n for name, call in stages(n).items()} for n in sizes]
    print(f"{'microseconds a row':20}", *(f"{n:>7,} rows" for n in sizes))
    for name in found[0]:
        print(f"{name:20}", *(f"{column[name]:12.2f}" for column in found))


if __name__ == "__main__":
    main()
