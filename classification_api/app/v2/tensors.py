"""From tensors to rows, and from a result to tensors: one tensor a column, one value a row.

A tensor has ``name``, ``shape``, ``datatype`` and its ``data``, as JSON, or in binary behind the
JSON of the request. Missing is null in JSON, NaN in FP tensors, and the missing markers in BYTES.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from classification_model.config.schema import Column, Kind
from classification_model.predict import PredictionResult

__all__ = ["InvalidTensorError", "datatype_of", "datatype_of_labels", "outputs", "parsed", "rows"]

_DATATYPES: Mapping[Kind, str] = {"integer": "INT64", "number": "FP64", "boolean": "BOOL"}
"""That of a column whose kind is none of these is BYTES."""

_MAY_BE_MISSING = {"INT64": "FP64", "BOOL": "BYTES"}

_OF_LABELS: Mapping[type, str] = {bool: "BOOL", int: "INT64", float: "FP64"}

# The letters of struct for one element, little-endian as the protocol has it.
_LETTERS = {
    "BOOL": "?", "FP32": "f", "FP64": "d", "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q",
    "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q",
}  # fmt: skip


class InvalidTensorError(ValueError):
    """A request of the protocol is not one; the message says where, and what should be there."""


def datatype_of(column: Column) -> str:
    """The datatype in which a column is best sent: one that has a missing value, if it may be."""
    datatype = _DATATYPES.get(column.kind, "BYTES")
    return datatype if column.required else _MAY_BE_MISSING.get(datatype, datatype)


def datatype_of_labels(labels: Sequence[object]) -> str:
    """The datatype that holds all labels."""
    datatypes = {_OF_LABELS.get(type(label), "BYTES") for label in labels}
    return datatypes.pop() if len(datatypes) == 1 else "BYTES"


def parsed(body: bytes, json_size: str | None) -> tuple[dict[str, Any], bytes]:
    """The JSON of a request, and the binary data behind it.

    Args:
        body: of the request.
        json_size: bytes of its JSON, as the header Inference-Header-Content-Length has it.
    """
    said = str(len(body)) if json_size is None else json_size[:20]
    size = int(said) if said.isascii() and said.isdigit() else len(body) + 1
    if size > len(body):
        raise InvalidTensorError(
            f"header Inference-Header-Content-Length: {said}, and the body has {len(body)} bytes"
        )
    try:
        request = json.loads(body[:size])
    except (ValueError, RecursionError) as error:
        raise InvalidTensorError(f"body: no JSON: {str(error)[:200]}") from None
    if not isinstance(request, dict):
        raise InvalidTensorError("body: should be an object with inputs")
    return request, body[size:]


def rows(request: Mapping[str, Any], binary: bytes) -> list[dict[str, Any]]:
    """The rows that the tensors of a request hold."""
    tensors = request.get("inputs")
    if not isinstance(tensors, list) or not tensors:
        raise InvalidTensorError("inputs: should be a list of tensors, one for each column")
    columns: dict[str, list[Any]] = {}
    at = 0
    for tensor in tensors:
        name = tensor.get("name") if isinstance(tensor, dict) else None
        if not isinstance(name, str) or name in columns:
            raise InvalidTensorError(f"inputs: a tensor without a name of its own, found {name!r}")
        size = _mapping(tensor.get("parameters")).get("binary_data_size")
        if size is None:
            columns[name] = _from_json(tensor)
        else:
            columns[name] = _from_binary(tensor, _cut(binary, at, size, name))
            at += size
    lengths = {name: len(values) for name, values in columns.items()}
    if len({*lengths.values()}) > 1:
        raise InvalidTensorError(f"inputs: tensors of different lengths: {lengths}")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def outputs(result: PredictionResult, asked: Any) -> list[dict[str, Any]]:
    """The tensors of a result: all of them, or those that the request asks for by name."""
    count = len(result["predictions"])
    notes: list[list[str]] = [[] for _ in range(count)]
    for warning in result["warnings"]:
        notes[warning["row"]].append(f"{warning['column']}: {warning['message']}")
    classes, labels = result["classes"], result["predictions"]
    shares = [share for row in result["probabilities"] for share in row or ()]
    datatype = datatype_of_labels(classes)
    predictions = _tensor(datatype, [count], labels)
    if (abstained := result.get("abstained")) is not None:  # no tensor but one of texts has gaps
        texts = ["" if label is None else label for label in labels]
        predictions = _tensor("BYTES", [count], texts)
    made = {
        "predictions": predictions,
        "probabilities": _tensor("FP64", [count, len(classes)], shares),
        "classes": _tensor(datatype, [len(classes)], classes),
        "warnings": _tensor("BYTES", [count], ["; ".join(note) for note in notes]),
    }
    if "sets" in result:
        sets = [json.dumps(labels, ensure_ascii=False) for labels in result["sets"]]
        made["sets"] = _tensor("BYTES", [count], sets)
    if abstained is not None:
        made["abstained"] = _tensor("BOOL", [count], [i in {*abstained} for i in range(count)])
    names = [_mapping(each).get("name") for each in asked] if isinstance(asked, list) else []
    if unknown := [name for name in names if name not in made]:
        raise InvalidTensorError(f"outputs: no output {unknown[0]!r}; there are {', '.join(made)}")
    return [{"name": name, **tensor} for name, tensor in made.items() if name in (names or made)]


def _tensor(datatype: str, shape: list[int], data: Sequence[Any]) -> dict[str, Any]:
    texts = [str(value) for value in data] if datatype == "BYTES" else [*data]
    return {"datatype": datatype, "shape": shape, "data": texts}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _length(tensor: Mapping[str, Any]) -> int:
    """The number of rows that its shape says: ``[n]`` or ``[n, 1]``."""
    shape = tensor.get("shape")
    is_one = isinstance(shape, list) and len(shape) in (1, 2) and shape[1:] in ([], [1])
    if not is_one or type(shape[0]) is not int or shape[0] < 1:  # type: ignore[index]
        raise InvalidTensorError(
            f"input {tensor['name']}: shape should be [rows] or [rows, 1], found {shape!r}"
        )
    return int(shape[0])  # type: ignore[index]


def _from_json(tensor: Mapping[str, Any]) -> list[Any]:
    name, data, length = tensor["name"], tensor.get("data"), _length(tensor)
    _known(tensor)
    if isinstance(data, list) and len(tensor["shape"]) == 2 and all(type(v) is list for v in data):
        data = [value for values in data for value in values]
    if not isinstance(data, list) or len(data) != length:
        found = len(data) if isinstance(data, list) else type(data).__name__
        raise InvalidTensorError(f"input {name}: data should be {length} values, found {found}")
    present = [*map(_present, data)]
    if not tensor["datatype"].startswith("FP") and present.count(None) > data.count(None):
        raise InvalidTensorError(f"input {name}: NaN in {tensor['datatype']}; missing is null")
    return present


def _from_binary(tensor: Mapping[str, Any], data: bytes) -> list[Any]:
    name, length, datatype = tensor["name"], _length(tensor), _known(tensor)
    if datatype == "BYTES":
        values = [*_texts(data, name)]
    else:
        if len(data) % struct.calcsize(f"<{_LETTERS[datatype]}"):
            raise InvalidTensorError(f"input {name}: {len(data)} bytes are not {length} {datatype}")
        values = [
            _present(value) for (value,) in struct.iter_unpack(f"<{_LETTERS[datatype]}", data)
        ]
    if len(values) != length:
        raise InvalidTensorError(
            f"input {name}: the shape says {length} values, the binary data holds {len(values)}"
        )
    return values


def _known(tensor: Mapping[str, Any]) -> str:
    datatype = tensor.get("datatype")
    if datatype == "BYTES" or datatype in _LETTERS:
        return str(datatype)
    known = ", ".join(["BYTES", *_LETTERS])
    raise InvalidTensorError(
        f"input {tensor['name']}: datatype should be one of {known}, found {datatype!r}"
    )


def _cut(binary: bytes, at: int, size: Any, name: str) -> bytes:
    if type(size) is not int or not 0 <= size <= len(binary) - at:
        raise InvalidTensorError(
            f"input {name}: binary_data_size {size!r}, and {len(binary) - at} bytes are left"
        )
    return binary[at : at + size]


def _texts(data: bytes, name: str) -> Iterator[str]:
    """Texts in UTF-8, each behind its length in four bytes."""
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at) if at + 4 <= len(data) else (len(data),)
        text = data[at + 4 : at + 4 + size]
        if len(text) != size:
            raise InvalidTensorError(f"input {name}: a text ends before its length")
        try:
            yield text.decode()
        except UnicodeDecodeError:
            raise InvalidTensorError(f"input {name}: a text that is not UTF-8") from None
        at += 4 + size


def _present(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
