"""Answer a block of rows: by whole columns where possible, else row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np

from classification_model.batch import rows
from classification_model.batch.answers import Answer, ScoredRow
from classification_model.batch.layouts import CsvLayout, Layout, ParquetLayout, Target
from classification_model.inference.engines import Probabilities, Scorer
from classification_model.predict import Model
from classification_model.processing.arrays import Matrix
from classification_model.processing.column_rules import ColumnRules
from classification_model.processing.columns import ColumnEncoder
from classification_model.processing.decisions import ABSTAINED
from classification_model.processing.reading import records
from classification_model.processing.reading.sources import Block, Record
from classification_model.processing.reading.text_tables import TextTable

if TYPE_CHECKING:
    from classification_model.processing.reading.tables import Positions, Table

__all__ = ["SHOWN", "BlockScorer", "has_arrow", "score_matrix"]

SHOWN = 5
"""Of so many rows the explanations are kept, to be shown."""


def has_arrow() -> bool:
    """Whether whole columns can be read at once."""
    try:
        import pyarrow  # noqa: F401, ICN001 - only asked for
    except ImportError:
        return False
    return True


def score_matrix(scorer: Scorer, matrix: Matrix) -> Probabilities:
    """Score many rows, equal ones once, in an order that brings those that are alike together.

    A row's answer does not depend on the others. But trees send like rows the same way, and with
    branches predicted and nodes in the cache that takes less than half of the time.
    """
    if len(matrix) < 2:
        return scorer.score(matrix)
    sample = matrix[:1000]
    fewest_first = sorted(range(matrix.shape[1]), key=lambda i: len(np.unique(sample[:, i])))
    order = np.lexsort(matrix[:, fewest_first[::-1]].T)
    ordered = np.ascontiguousarray(matrix[order])
    bits = ordered.view(np.uint32)
    new = np.append(True, (bits[1:] != bits[:-1]).any(axis=1))
    scores = scorer.score(np.ascontiguousarray(ordered[new]))
    answers = np.empty((len(matrix), scores.shape[1]), scores.dtype)
    answers[order] = scores[np.cumsum(new) - 1]
    return answers


class BlockScorer:
    """Scores blocks of rows with one model. Holds no state between calls.

    Args:
        model: what answers.
        target: how the answers will be written.
        explain: how many columns to name for each row that moved its probability most.
    """

    def __init__(self, model: Model, target: Target, explain: int = 0) -> None:
        self._model = model
        self._explain = explain
        layout = CsvLayout if target == "csv" else ParquetLayout
        self._layout: Layout = layout(model, explain)
        self._target = target
        manifest = model.manifest
        self._rules = ColumnRules(manifest.row_schema)
        self._encoder = ColumnEncoder(
            manifest.row_schema,
            manifest.features,
            model.functions,
            model.profile,
            model.learned.vocabularies(),
        )

    def score(self, block: Block) -> Answer:
        """Answer each row of a block, or say why it is rejected."""
        # To explain a row takes so long that reading whole columns would save nothing.
        table = None if self._explain else self._table_of(block)
        answer = None if table is None else self._by_columns(block, table)
        answer = answer or self._by_rows(block)
        answer.done = block.done
        return answer

    def _table_of(self, block: Block) -> Table | None:
        """A block by columns, by Arrow where it can; nothing where it must be read row by row."""
        table, as_csv = None, self._target == "csv"
        if has_arrow():
            from classification_model.processing.reading.tables import table_of

            needed = [*self._model.manifest.row_schema.columns] if as_csv else block.source.columns
            table = table_of(block, needed, as_csv=as_csv)
        if table is None and as_csv and block.source.format == "csv":
            return TextTable(block)
        return table

    def _by_rows(self, block: Block) -> Answer:
        answer = Answer(0, None)
        found = self._odd_rows(block, zip(repeat(0), records.records(block)), answer)
        answer.scored = len(found)
        answer.predicted.update(row.label for _, row in found)
        answer.told = [row.explanation for _, row in found[:SHOWN] if row.explanation]
        parts = [self._layout.of_rows(block, [row for _, row in found])]
        answer.content = self._layout.joined(parts, None)
        return answer

    def _by_columns(self, block: Block, table: Table) -> Answer | None:
        kept = np.flatnonzero(~table.odd)
        typed = self._rules.check(table.columns([*self._model.manifest.row_schema.columns]))
        if self._target == "parquet" and not typed.fits_64_bits():
            return None
        chosen = kept[typed.good]
        if 2 * len(chosen) <= len(table.odd):
            return None  # of so few that are plain nothing is gained
        shares = score_matrix(self._model.scorer, self._encoder.encode(typed.columns))
        answer = Answer(0, None)
        for warning in self._encoder.warnings(typed):
            answer.warn(*warning)
        left = np.ones(len(table.odd), np.bool_)
        left[chosen] = False
        one_by_one = chain.from_iterable(
            zip(repeat(row), table.records(row), strict=False)
            for row in np.flatnonzero(left).tolist()
        )
        found = self._odd_rows(block, one_by_one, answer)
        answer.scored = len(chosen) + len(found)
        answer.predicted.update(row.label for _, row in found)
        classes = self._model.manifest.classes
        places = self._model.answering.of_rows(shares) - ABSTAINED
        counts = np.bincount(places, minlength=1 + len(classes)).tolist()
        answer.predicted.update(dict(zip((None, *classes), counts, strict=True)))
        parts = [self._layout.of_table(table, typed, shares)]
        order: Positions | None = None
        if found:
            parts.append(self._layout.of_rows(block, [row for _, row in found]))
            order = np.argsort([*chosen.tolist(), *(row for row, _ in found)], kind="stable")
        answer.content = self._layout.joined(parts, order)
        return answer

    def _odd_rows(
        self, block: Block, numbered: Iterable[tuple[int, Record]], answer: Answer
    ) -> list[tuple[int, ScoredRow]]:
        """Score records, each with the number of its row; put the rejected into the answer."""
        every = [*numbered]
        found: list[tuple[int, ScoredRow]] = []
        read = [record for _, record in every]
        scored = rows.score(self._model, block.source, read, self._explain)
        for (number, _), row in zip(every, scored, strict=True):
            result = self._layout.accepted(block.source, row) if isinstance(row, ScoredRow) else row
            if isinstance(result, ScoredRow):
                found.append((number, result))
            else:
                answer.rejected.append(result)
        look = self._model.validator.warnings
        unusual = [warning for _, row in found for warning in look(0, row.typed)]
        counts = Counter((warning.column, warning.rule) for warning in unusual)
        for warning in unusual:
            key = (warning.column, warning.rule)
            if count := counts.pop(key, 0):
                answer.warn(*key, count, warning.message)
        return found
