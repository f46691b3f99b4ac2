"""Score files of any size into one file, in order, on all cores of this machine."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path

from classification_model.batch import sinks
from classification_model.batch.answers import Answer, Explanation, Warned
from classification_model.batch.layouts import Target, added_columns
from classification_model.batch.scoring import SHOWN, BlockScorer, has_arrow
from classification_model.config.home import Home
from classification_model.config.schema import Label
from classification_model.errors import DamagedModelError, DataError, installed_with
from classification_model.predict import Model, load_model
from classification_model.processing.reading import blocks, sources
from classification_model.processing.reading.columns import check_columns
from classification_model.processing.reading.notes import notes_on
from classification_model.processing.reading.sources import Block, Source
from classification_model.progress import Progress

__all__ = ["Scored", "add", "heads", "score_files", "tell"]

_QUIET = Progress()
_SMALL = 2**20  # bytes that are scored before other processes would have started


@dataclass(slots=True)
class Scored:
    """What was done: ``scored`` and ``rejected`` make up all the rows that were read.

    ``notes`` say how files were read, where that is not plain; ``warned`` has the data
    warnings of scored rows. ``rejected_file`` holds the rejected rows, if there are any. ``reused``
    counts the parts that a cluster had scored before. ``predicted`` counts the rows of each class,
    with ``None`` those without a decision, ``reasons`` the rejected rows by column and rule (of a
    cluster none), and ``labels`` has the names that people read for them. ``told`` has the explanations of the
    first few rows.
    """

    scored: int = 0
    rejected: int = 0
    rejected_file: Path | str | None = None
    warned: Warned = field(default_factory=dict)
    reused: int = 0
    notes: list[str] = field(default_factory=list)
    predicted: Counter[Label | None] = field(default_factory=Counter)
    reasons: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    labels: dict[str, str] = field(default_factory=dict)
    told: list[Explanation] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How many rows the inputs have."""
        return self.scored + self.rejected


def score_files(
    inputs: Sequence[str | Path],
    output: Path,
    *,
    home: str | os.PathLike[str] | None = None,
    strict: bool = False,
    encoding: str | None = None,
    explain: int = 0,
    progress: Progress = _QUIET,
) -> Scored:
    """Score the rows of files into one file: their columns, the prediction, the probabilities.

    Memory does not grow with the files. Rows keep their order. The output is written whole or
    not at all, and so is the file of rejected rows beside it.

    Args:
        inputs: paths and patterns of CSV, JSON Lines and Parquet, by suffix, also with .gz.
        output: CSV or Parquet, by suffix.
        home: the folder of the model; else ``MODEL_HOME``; else the model that ships.
        strict: refuse all where one row cannot be scored.
        encoding: of CSV files; else the beginning of each says it.
        explain: how many columns to name for each row that moved its probability most.
        progress: is told how far it is.

    Raises:
        DataError: a file cannot be read or written, or lacks a column; or ``strict``, and a row
            cannot be scored. Then nothing is written.
        MissingExtraError: Parquet is asked for, and pyarrow is not installed.
        BundleError: there is no model that can be used.
    """
    place = Home.find(home)
    model = load_model(place)
    target = sinks.target_of(output)
    explain = min(explain, len(model.manifest.row_schema.columns))
    names = sources.expand([str(name) for name in inputs])
    found = heads(names, model, encoding, explain)
    if any(Path(source.name).absolute() == output.absolute() for source in found):
        raise DataError(f"{output}: is one of the inputs; give the output another name")
    total = Scored(
        labels=model.manifest.labels,
        notes=[f"{source.name}: {note}" for source in found for note in notes_on(source)],
    )
    if not has_arrow() and sum(sources.size_of(source.name) for source in found) > _SMALL:
        progress.say(
            "Note: pyarrow is not installed, without which reading and writing takes several "
            f"times as long: {installed_with('batch')}"
        )
    with _scoring(place, model, target, found, explain) as submit, ExitStack() as stack:
        stream = stack.enter_context(sinks.whole(output))
        rejected = stack.enter_context(sinks.RejectedSink(sinks.rejected_beside(output)))
        header = [*found[0].columns, *added_columns(model, explain)]
        sink = sinks.CsvSink(stream, header) if target == "csv" else sinks.ParquetSink(stream)
        for answer, done in _in_order(submit, found):
            if strict and answer.rejected:
                raise DataError(f"{answer.rejected[0]}; nothing was written (--strict)")
            sink.write(answer.content)
            rejected.write(answer.rejected)
            add(total, answer)
            tell(progress, *done, total.read)
        if not total.read:
            raise DataError(f"{found[0].name}: has a header and no rows")
        sink.close()
    total.rejected_file = rejected.file if rejected.count else None
    return total


def heads(
    names: Sequence[str], model: Model, encoding: str | None = None, explain: int = 0
) -> list[Source]:
    """The heads of files that belong together.

    Raises:
        DataError: one cannot be read, or has other columns than it should.
    """
    schema = model.manifest.row_schema
    hint = model.manifest.encoding
    keep = model.manifest.keep_total
    found = [
        blocks.head(name, list(schema.columns), encoding, hint, keep_total=keep) for name in names
    ]
    first = found[0]
    for source in found:
        check_columns(source, schema.columns, added_columns(model, explain))
        if source.columns != first.columns:
            raise DataError(
                f"{source.name}: has the columns {', '.join(map(repr, source.columns))}, and "
                f"{first.name} has {', '.join(map(repr, first.columns))}; score them one by one"
            )
    return found


def tell(progress: Progress, done: int, size: int, rows: int) -> None:
    """Say how many rows were read of how many; from the bytes, how many there will be."""
    progress.count(rows, max(rows, round(rows * size / done) if done else rows), "rows")


def add(total: Scored, answer: Answer) -> None:
    """Count an answer in."""
    total.scored += answer.scored
    total.predicted.update(answer.predicted)
    total.told = [*total.told, *answer.told][:SHOWN]
    total.rejected += len(answer.rejected) + answer.refused
    # The first fault of a row: what it says of others differs from row to row.
    total.reasons.update((one.column, one.reason.split("; and '")[0]) for one in answer.rejected)
    for key, (count, message) in answer.warned.items():
        before, first = total.warned.get(key, (0, message))
        total.warned[key] = (before + count, first)


_Submit = Callable[[Block], "Future[Answer]"]


def _in_order(submit: _Submit, found: Sequence[Source]) -> Iterator[tuple[Answer, tuple[int, int]]]:
    """Each block's answer, with how many bytes were read of how many.

    A few blocks are under way at a time: as many as keep the cores busy, and no more in memory.
    """
    sizes = [sources.size_of(source.name) for source in found]
    pending: deque[tuple[int, Future[Answer]]] = deque()
    before = 0
    for source, size in zip(found, sizes, strict=True):
        for block in blocks.blocks(source):
            pending.append((before, submit(block)))
            if len(pending) > 2 * _cores():
                yield _finished(pending, sum(sizes))
        before += size
    while pending:
        yield _finished(pending, sum(sizes))


def _finished(
    pending: deque[tuple[int, Future[Answer]]], total: int
) -> tuple[Answer, tuple[int, int]]:
    before, future = pending.popleft()
    answer = future.result()
    return answer, (before + answer.done, total)


@contextmanager
def _scoring(
    home: Home, model: Model, target: Target, found: Iterable[Source], explain: int
) -> Iterator[_Submit]:
    """A function that has a block scored, on whatever suits it.

    Arrow and ONNX Runtime leave the interpreter free for other threads; what goes row by row does
    not, so it goes to other processes, where there is enough of it.
    """
    kinds = {source.format for source in found}
    if has_arrow() and "jsonl" not in kinds and not explain:
        score: Callable[[Block], Answer] = BlockScorer(model, target).score
        executor: Executor = ThreadPoolExecutor(_cores())
    elif sum(sources.size_of(source.name) for source in found) < _SMALL:
        score, executor = BlockScorer(model, target, explain).score, ThreadPoolExecutor(1)
    else:
        score = partial(_score_elsewhere, home, model.digest, target, explain)
        executor = ProcessPoolExecutor(_cores(), get_context("spawn"))
    try:
        yield lambda block: executor.submit(score, block)
    finally:
        executor.shutdown(cancel_futures=True)


def _score_elsewhere(home: Home, digest: str, target: Target, explain: int, block: Block) -> Answer:
    return _scorer(home, digest, target, explain).score(block)


@lru_cache(maxsize=1)
def _scorer(home: Home, digest: str, target: Target, explain: int) -> BlockScorer:
    model = load_model(home)
    if model.digest != digest:
        raise DamagedModelError(
            f"{home.trained_models}: the model was replaced meanwhile; run again"
        )
    return BlockScorer(model, target, explain)


def _cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
