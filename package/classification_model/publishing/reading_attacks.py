"""Attacks that read the files: texts, numbers, rows, digests and small counts."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from classification_model.processing.made import Lookalikes
from classification_model.processing.value_rules import TypedRow
from classification_model.publishing.atoms import Atom
from classification_model.publishing.findings import Attack, Finding
from classification_model.publishing.people import People, words_of

__all__ = ["counts", "digests", "numbers", "rows", "texts"]

_MOST_LINES = 200_000
_BETWEEN = re.compile(r"[|,;:\"“”]")
_HEADERS = re.compile(r"\brows\b")


def texts(people: People, atoms: Sequence[Atom]) -> Attack:
    """Search for whole texts and dates that a few hold, and for words that a few hold."""
    looked = [atom for atom in atoms if isinstance(atom.value, str)]
    found = [finding for atom in looked for finding in _texts_in(people, atom)]
    return Attack(name="texts and words", tried=f"{len(looked)} texts", found=tuple(found))


def numbers(people: People, atoms: Sequence[Atom]) -> Attack:
    """Search for numbers that a few hold, in the fields that name their column."""
    looked = [
        atom
        for atom in atoms
        if atom.column is not None
        and not isinstance(atom.value, str)
        and not _COUNTS.search(atom.where.rpartition(f".{atom.column}")[2])
    ]
    found = [
        _finding(atom, f"a number of column {atom.column!r} that {_few(people)} hold")
        for atom in looked
        if atom.column is not None and people.told_by(atom.column, atom.value)
    ]
    return Attack(name="numbers", tried=f"{len(looked)} numbers", found=tuple(found))


def rows(people: People, published: Mapping[str, Sequence[TypedRow]]) -> Attack:
    """Compare published rows with those of the table, in all columns that they have."""
    found = []
    lookalikes = Lookalikes(people.columns, people.groups)
    for file, lines in published.items():
        for number, row in enumerate(lines, start=1):
            alike = lookalikes.count(row)
            if 0 < alike < people.least:
                known = len(row.keys() & people.columns.keys())
                what = f"in all its {known} columns it is what {alike} in the table are"
                found.append(Finding(file=file, where=f"line {number}", what=what))
    total = sum(map(len, published.values()))
    return Attack(name="rows", tried=f"{total} published rows", found=tuple(found))


def digests(files: Mapping[str, bytes], table: bytes) -> Attack:
    """Search for digests of the table, and of its lines: who guesses a person confirms it."""
    lines = [line.strip() for line in table.splitlines()[:_MOST_LINES]]
    whole = {_hash(kind, data) for kind in _KINDS for data in _spellings(table)}
    single = {_hash(kind, line) for kind in _KINDS for line in lines if line}
    found = []
    for file, content in files.items():
        for match in _HEX.finditer(content):
            digest = match[0].lower().decode()
            of = "the table" if digest in whole else "a row of the table"
            if digest in whole or digest in single:
                where = f"byte {match.start()}"
                found.append(Finding(file=file, where=where, what=f"a digest of {of}"))
    return Attack(
        name="digests", tried=f"{len(whole)} of the table, {len(single)} of its lines",
        found=tuple(found),
    )  # fmt: skip


def counts(people: People, files: Mapping[str, bytes]) -> Attack:
    """Search the card's tables and the profile for counts of one to ``least`` - 1 rows."""
    found, looked = [], 0
    for file, content in files.items():
        cells: Iterable[tuple[str, str]] = ()
        if file.endswith(".md"):
            cells = _counted_in_markdown(content.decode("utf-8", "replace"))
        elif file.endswith(".html"):
            cells = _counted_by_slider(content.decode("utf-8", "replace"))
        elif file.endswith(".profile"):
            cells = _counted_in_json(json.loads(content), "")
        for where, cell in cells:
            looked += 1
            if cell.replace(",", "").isdigit() and 0 < int(cell.replace(",", "")) < people.least:
                found.append(Finding(file=file, where=where, what=f"a count of {_few(people)}"))
    return Attack(name="small counts", tried=f"{looked} counts", found=tuple(found))


def _few(people: People) -> str:
    of = "rows" if people.groups is None else "groups"
    return f"fewer than {people.least} {of}"


def _finding(atom: Atom, what: str) -> Finding:
    return Finding(file=atom.file, where=atom.where, what=what)


def _texts_in(people: People, atom: Atom) -> Iterator[Finding]:
    value, column = str(atom.value), atom.column
    if column is not None and people.told_by(column, value):
        yield _finding(atom, f"a value of column {column!r} that {_few(people)} hold")
        return
    words, items = words_of(value), {words_of(item) for item in _BETWEEN.split(value)}
    for first in range(len(words)):
        for last in range(first + 1, min(first + people.longest, len(words)) + 1):
            name = people.texts.get(words[first:last])
            # A single word may be anybody's, unless it is all that stands in its place.
            alone = last > first + 1 or words[first:last] in items
            if name is not None and alone and column in (None, name):
                yield _finding(atom, f"a value of column {name!r} that {_few(people)} hold")
                return
    if column is None and not atom.listed:
        return
    for name in people.words if column is None else {column} & people.words.keys():
        if not people.words[name].isdisjoint(words):
            yield _finding(atom, f"a word of column {name!r} that {_few(people)} hold")
            return


_KINDS = ("sha256", "sha1", "md5", "blake2b", "sha512")
_HEX = re.compile(rb"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|"
                  rb"[0-9a-fA-F]{32})(?![0-9a-fA-F])")  # fmt: skip


def _hash(kind: str, data: bytes) -> str:
    return hashlib.new(kind, data, usedforsecurity=False).hexdigest()


def _spellings(table: bytes) -> set[bytes]:
    """The table as it is, and with the ends of lines that other systems write."""
    plain = table.replace(b"\r\n", b"\n")
    return {table, plain, plain.replace(b"\n", b"\r\n"), plain.rstrip(b"\n")}


def _counted_in_markdown(text: str) -> Iterator[tuple[str, str]]:
    header: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("|"):
            header = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        header = header or cells
        for title, cell in zip(header, cells, strict=False):
            if _HEADERS.search(title):
                yield f"line {number}", cell


def _counted_by_slider(text: str) -> Iterator[tuple[str, str]]:
    """The rows of each class between two thresholds, and before the first and after the last."""
    for match in re.finditer(r'data-counts="([^"]*)"', text):
        told = json.loads(html.unescape(match[1]))
        ends = [[1, 0, 0], [0, told["hits"], told["others"]]]
        for one, next_ in pairwise(sorted([*told["steps"], *ends], reverse=True)):
            for before, after in zip(one[1:], next_[1:], strict=True):
                yield f"thresholds {next_[0]:g} to {one[0]:g}", str(after - before)


def _counted_in_json(part: object, where: str) -> Iterator[tuple[str, str]]:
    """Whole numbers under a key that says that they count rows."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from _counted_in_json(value, f"{where}.{key}".strip("."))
    elif isinstance(part, list):
        for i, value in enumerate(part):
            yield from _counted_in_json(value, f"{where}[{i}]")
    elif isinstance(part, int) and not isinstance(part, bool) and _COUNTS.search(where):
        yield where, str(part)


_COUNTS = re.compile(r"(^|\.)(rows|missing|counts|categories)\b|(^|\.)classes\[\d+\]\[1\]")
