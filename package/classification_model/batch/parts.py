"""Score files into parts of Parquet, each by a worker of a Dask cluster.

    OUT/_run.json               which model and which files these parts are of
       /part-00000.parquet      the scored rows of the first file
       /_rejected/part-00000.csv    its rejected rows, if any

A part is written under another name and then renamed, its rejected rows before it: so each is
whole or absent, and what is there need not be scored again. What readers of a folder of Parquet
must not take for a part begins with an underscore.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from classification_model import bundle
from classification_model.batch.answers import Answer
from classification_model.batch.cluster import connected
from classification_model.batch.run import Scored, add, heads, tell
from classification_model.batch.scoring import BlockScorer
from classification_model.batch.sinks import ParquetSink, lines_of_rejected
from classification_model.bundle import Bundle
from classification_model.config.home import Home
from classification_model.errors import ClassificationModelError, DataError
from classification_model.predict import Model, load_model
from classification_model.processing.reading import blocks, sources
from classification_model.processing.reading.sources import Block, Source
from classification_model.progress import Progress

__all__ = ["score_on_cluster"]

_QUIET = Progress()
_FACTS = "classification_model"


@dataclass(frozen=True, slots=True)
class _Part:
    """What a worker is to do: a source, and where its rows go."""

    source: Source
    folder: str
    name: str
    strict: bool


def score_on_cluster(
    inputs: Sequence[str],
    output: str,
    address: str,
    *,
    home: Path | None = None,
    strict: bool = False,
    encoding: str | None = None,
    progress: Progress = _QUIET,
) -> Scored:
    """Score files into a folder of Parquet, a part for each file, on the workers of a cluster.

    Parts that an earlier run of the same model on the same files has finished stay as they are.

    Args:
        inputs: paths, patterns and URLs that the workers can read, too.
        output: a folder, or a URL of one, that the workers can write.
        address: of the scheduler, such as ``tcp://scheduler:8786``.
        home: the folder of the model, which only this process reads.
        strict: stop where a row cannot be scored; its file then has no part.
        encoding: of CSV files.
        progress: is told how far it is.

    Raises:
        DataError: a file cannot be read, or the folder is not for this run; or ``strict``, and a
            row cannot be scored.
        ConfigError: there is no such cluster.
        MissingExtraError: Dask or pyarrow is not installed.
        BundleError: there is no model that can be used.
    """
    place = Home.find(home)
    model, source = load_model(place), bundle.load(place)
    sources.parquet()
    with connected(address) as client:
        names = sources.expand([str(_absolute(str(name))) for name in inputs])
        found = heads(names, model, encoding)
        folder = _absolute(output)
        _claim(folder, source, found)
        total = Scored(labels=model.manifest.labels)
        parts = _unfinished(folder, found, total, strict=strict)
        sizes = {part: sources.size_of(part.source.name) for part in parts}
        done, whole = 0, sum(sizes.values())
        for part, answer in _scored(client, source, parts):
            add(total, answer)
            done += sizes[part]
            tell(progress, done, whole, total.read)
    _tidy(folder)
    total.rejected_file = f"{output}/_rejected" if total.rejected else None
    return total


def _scored(client: Any, source: Bundle, parts: Sequence[_Part]) -> Iterator[tuple[_Part, Answer]]:
    """What became of each part, as they are finished."""
    from distributed import KilledWorker, as_completed

    # One future holds the model for all tasks; if its worker dies, another makes it again.
    run = uuid.uuid4().hex
    carried = client.submit(_Carried, source, key=f"model-{run}")
    futures = {
        client.submit(_score_part, carried, part, key=f"{part.name}-{run}"): part for part in parts
    }
    for future in as_completed(futures):
        try:
            result = future.result()
        except KilledWorker as error:
            raise DataError(f"{futures[future].source.name}: cannot be scored: {error}") from None
        if isinstance(result, str):
            raise DataError(result)
        yield futures[future], result


class _Carried:
    """A model to send to workers: the bundle is sent, and each worker makes an engine of it."""

    def __init__(self, source: Bundle) -> None:
        self._source = source

    def __reduce__(self) -> tuple[type[_Carried], tuple[Bundle]]:
        return _Carried, (self._source,)

    @cached_property
    def scorer(self) -> BlockScorer:
        return BlockScorer(Model(self._source), "parquet")


def _score_part(carried: _Carried, part: _Part) -> Answer | str:
    """Score one file on a worker; what is wrong comes back as text, which travels well."""
    try:
        return _written(carried.scorer, part)
    except ClassificationModelError as error:
        return str(error)


def _written(scorer: BlockScorer, part: _Part) -> Answer:
    """Write a part, its rejected rows first; the answer counts, and holds no rows."""
    system, root = sources.filesystem(part.folder)
    total = Answer(0, None)
    with _renamed(system, f"{root}/{part.name}.parquet") as stream, ExitStack() as stack:
        sink = ParquetSink(stream)
        rejected: Any = None
        for answer in map(scorer.score, _blocks(part.source)):
            if answer.rejected and part.strict:
                raise DataError(f"{answer.rejected[0]}; its file has no part (--strict)")
            sink.write(answer.content)
            if answer.rejected:
                header = rejected is None
                file = f"{root}/_rejected/{part.name}.csv"
                rejected = rejected or stack.enter_context(_renamed(system, file))
                rejected.write(lines_of_rejected(answer.rejected, header=header))
            total.scored += answer.scored
            total.predicted.update(answer.predicted)
            total.refused += len(answer.rejected)
            for (column, rule), (count, message) in answer.warned.items():
                total.warn(column, rule, count, message)
        sink.facts[_FACTS] = json.dumps(_facts(total))
        sink.close()
    return total


def _blocks(source: Source) -> Iterator[Block]:
    """The blocks of a source; an empty one, for the columns alone, where it has no rows."""
    first = None
    for first in blocks.blocks(source):
        yield first
    if first is None:
        yield Block(source, 1, b"", plain=False, done=0)


@contextmanager
def _renamed(system: Any, file: str) -> Iterator[IO[bytes]]:
    """A file to write that has its name only once it is whole."""
    folder, _, name = file.rpartition("/")
    system.makedirs(folder, exist_ok=True)
    temporary = f"{folder}/_{name}.{uuid.uuid4().hex}"
    try:
        with system.open(temporary, "wb") as stream:
            yield stream
        system.mv(temporary, file)
    except BaseException:
        if system.exists(temporary):
            system.rm(temporary)
        raise


def _claim(folder: str, source: Bundle, found: Sequence[Source]) -> None:
    """Say in a folder which run it is for.

    Raises:
        DataError: it is another's.
    """
    run = {
        "model": source.digest,
        "version": source.manifest.version,
        "inputs": [{"name": s.name, "bytes": sources.size_of(s.name)} for s in found],
    }
    system, root = sources.filesystem(folder)
    file = f"{root}/_run.json"
    try:
        there = json.loads(system.cat_file(file))
    except FileNotFoundError:
        if system.exists(root) and system.glob(f"{root}/*.parquet"):
            raise DataError(
                f"{folder}: holds Parquet already that no run of ours wrote; name another folder"
            ) from None
        with _renamed(system, file) as stream:
            stream.write((json.dumps(run, indent=2, ensure_ascii=False) + "\n").encode())
        return
    if there != run:
        differ = ", ".join(key for key in run if there.get(key) != run[key])
        raise DataError(
            f"{folder}: holds the parts of another run ({differ} differ); name another folder, or "
            "remove this one"
        )


def _tidy(folder: str) -> None:
    """Remove unfinished files of workers that died."""
    system, root = sources.filesystem(folder)
    for left in (*system.glob(f"{root}/_part-*"), *system.glob(f"{root}/_rejected/_part-*")):
        system.rm(left)


def _unfinished(
    folder: str, found: Sequence[Source], total: Scored, *, strict: bool
) -> list[_Part]:
    """The parts that are still to be scored; the others are counted in."""
    system, root = sources.filesystem(folder)
    parts = []
    for number, source in enumerate(found):
        part = _Part(source, folder, f"part-{number:05d}", strict)
        file = f"{root}/{part.name}.parquet"
        if system.exists(file):
            with system.open(file, "rb") as stream:
                metadata = sources.parquet().read_metadata(stream).metadata
            add(total, _answer(json.loads(metadata[_FACTS.encode()])))
            total.reused += 1
        else:
            parts.append(part)
    return parts


def _facts(total: Answer) -> dict[str, Any]:
    warned = [[*key, *value] for key, value in total.warned.items()]
    return {
        "scored": total.scored,
        "rejected": total.refused,
        "warned": warned,
        "predicted": [*total.predicted.items()],
    }


def _answer(facts: dict[str, Any]) -> Answer:
    answer = Answer(facts["scored"], None, refused=facts["rejected"])
    answer.predicted.update(dict(facts.get("predicted", ())))
    for warning in facts["warned"]:
        answer.warn(*warning)
    return answer


def _absolute(folder: str) -> str:
    """A folder as workers find it, wherever they were started."""
    return folder if sources.is_remote(folder) else str(Path(folder).absolute())
