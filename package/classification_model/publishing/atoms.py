"""What the files of a bundle hold: texts, numbers and arrays, each with where it stands.

Only fields that carry data are looked at: not the metrics, not the names of libraries, not the
node ids of a tree.
"""

from __future__ import annotations

import ast
import csv
import html
import io
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from classification_model.learners.trees import Trees
from classification_model.publishing.strip import inside

__all__ = [
    "Array",
    "Atom",
    "arrays_of_graph",
    "atoms_of_file",
    "atoms_of_values",
    "in_model",
    "rows_of_file",
]


@dataclass(frozen=True, slots=True)
class Atom:
    """A text or number that a file holds.

    ``column`` is the column of the table that it is said of, where the file says that.
    ``listed`` says that it stands among others of its kind, as words of a vocabulary do.
    """

    file: str
    where: str
    column: str | None
    value: str | int | float
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Array:
    """Numbers of a model: one or two dimensions."""

    file: str
    where: str
    values: npt.NDArray[np.float64]


# What the manifest says of how and with what the model was made, not of the rows.
_NO_DATA = frozenset(
    {"choice", "files", "format", "gate", "libraries", "metrics", "python", "recipe", "sha256",
     "version"}
)  # fmt: skip
_LISTED = 5
_CELLS = re.compile(r"<(td|li|code|text|figcaption)\b[^>]*>(.*?)</\1>", re.DOTALL)
_TAGS = re.compile(r"<[^>]*>")


def atoms_of_file(name: str, content: bytes, columns: Collection[str]) -> Iterator[Atom]:
    """The texts and numbers of a file that is text; of a model see :func:`in_model`."""
    kind = name.rpartition(".")[2]
    reader = _READERS.get(kind)
    if reader is not None:
        yield from reader(name, content.decode("utf-8", "replace"), columns)


def atoms_of_values(
    name: str, values: Mapping[str, Any], columns: Collection[str]
) -> Iterator[Atom]:
    """The texts and numbers of nested values, such as those of a configuration."""
    yield from _in_json(name, dict(values), "", None, columns)


def rows_of_file(name: str, content: bytes) -> list[dict[str, Any]]:
    """The rows that a file holds, by column: golden rows, or a CSV."""
    text = content.decode("utf-8", "replace")
    if name.endswith(".jsonl"):
        return [json.loads(line).get("row", {}) for line in text.splitlines()]
    return [*csv.DictReader(io.StringIO(text))] if name.endswith(".csv") else []


def in_model(file: str, model: object) -> tuple[list[Atom], list[Array]]:
    """What an unpickled model holds: texts that stand among others, and all arrays of numbers."""
    atoms: list[Atom] = []
    arrays: list[Array] = []
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", model)]
    while waiting:
        where, part = waiting.pop()
        if id(part) in seen or isinstance(part, Trees):  # their thresholds are counted elsewhere
            continue
        seen.add(id(part))
        texts = _texts(part)
        if len(texts) >= _LISTED:
            atoms += [Atom(file, where, None, text, listed=True) for text in texts]
        numbers = _numbers(part)
        if numbers is not None:
            arrays.append(Array(file, where, numbers))
        waiting += [(f"{where}.{name}".strip("."), value) for name, value in inside(part)]
    return atoms, arrays


def arrays_of_graph(file: str, source: bytes) -> list[Array]:
    """The constants of an ONNX graph, and the numbers in its nodes but for those of trees."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load_from_string(source).graph
    found = [
        Array(file, value.name, numpy_helper.to_array(value).astype(np.float64))
        for value in graph.initializer
        if value.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE)
    ]
    found += [
        Array(file, f"{node.op_type}.{attribute.name}", np.array(attribute.floats, np.float64))
        for node in graph.node
        for attribute in node.attribute
        if len(attribute.floats) and not attribute.name.startswith(("nodes_", "class_weights"))
    ]
    return found


def _texts(part: object) -> list[str]:
    if isinstance(part, np.ndarray):
        return (
            [value for value in part.ravel().tolist() if isinstance(value, str)]
            if (part.dtype.kind in "OU")
            else []
        )
    if isinstance(part, list | tuple | set | frozenset | Mapping):
        return [value for value in part if isinstance(value, str)]
    return []


def _numbers(part: object) -> npt.NDArray[np.float64] | None:
    if isinstance(part, np.ndarray) and part.dtype.kind == "f" and part.size and part.ndim <= 2:
        return part.astype(np.float64)
    if isinstance(part, list | tuple) and part and all(isinstance(value, float) for value in part):
        return np.array(part, np.float64)
    return None


def _json(name: str, text: str, columns: Collection[str]) -> Iterator[Atom]:
    document = json.loads(text)
    if isinstance(document, dict):
        document = {key: value for key, value in document.items() if key not in _NO_DATA}
    yield from _in_json(name, document, "", None, columns)


def _jsonl(name: str, text: str, columns: Collection[str]) -> Iterator[Atom]:
    for number, line in enumerate(text.splitlines()):
        row = json.loads(line).get("row", {})
        yield from _in_json(name, row, f"line {number + 1}", None, columns)


def _in_json(
    name: str, part: Any, where: str, column: str | None, columns: Collection[str]
) -> Iterator[Atom]:
    if isinstance(part, dict):
        for key, value in part.items():
            at = f"{where}.{key}".strip(".")
            if key in columns:
                yield from _in_json(name, value, at, key, columns)
            else:
                if column is not None:
                    yield Atom(name, at, column, key, listed=len(part) >= _LISTED)
                yield from _in_json(name, value, at, column, columns)
    elif isinstance(part, list | tuple):
        for i, value in enumerate(part):
            named = value if isinstance(value, dict) else {}
            of = named.get("name", named.get("column"))
            inner = of if of in columns else column
            yield from _in_json(name, value, f"{where}[{i}]", inner, columns)
    elif isinstance(part, str | int | float) and not isinstance(part, bool):
        yield Atom(name, where, column, part)


def _csv(name: str, text: str, columns: Collection[str]) -> Iterator[Atom]:
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        for column, cell in row.items():
            if column in columns and cell:
                yield Atom(name, f"line {number}", column, _number_or_text(cell))


def _number_or_text(cell: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell


def _markdown(name: str, text: str, columns: Collection[str]) -> Iterator[Atom]:  # noqa: ARG001
    code = False
    for number, line in enumerate(text.splitlines(), start=1):
        code ^= line.startswith("```")
        if code or line.startswith(("|", "- ")):
            yield Atom(name, f"line {number}", None, line.replace("\\", ""))


def _html(name: str, text: str, columns: Collection[str]) -> Iterator[Atom]:  # noqa: ARG001
    for match in _CELLS.finditer(text):
        words = html.unescape(_TAGS.sub(" ", match[2]))
        yield Atom(name, f"character {match.start()}", None, words)


def _python(name: str, text: str, columns: Collection[str]) -> Iterator[Atom]:  # noqa: ARG001
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Atom(name, f"line {node.lineno}", None, node.value)


_READERS: Mapping[str, Callable[[str, str, Collection[str]], Iterator[Atom]]] = {
    "csv": _csv,
    "features": _python,
    "html": _html,
    "json": _json,
    "jsonl": _jsonl,
    "learned": _json,
    "md": _markdown,
    "profile": _json,
    "py": _python,
    "svg": _html,
}
"""By the end of a file's name."""
