"""From raw rows to predictions: the function that the command line, tests and API call."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

from classification_model import bundle
from classification_model.bundle import Bundle, golden
from classification_model.config.home import Home
from classification_model.config.schema import Label
from classification_model.errors import IncompatibleModelError, InvalidRowsError
from classification_model.inference.contributions import told
from classification_model.inference.engines import (
    Engine,
    OnnxScorer,
    Probabilities,
    Scorer,
    SklearnScorer,
)
from classification_model.inference.explanations import Explainer, Explanation, Turns, at_once
from classification_model.inference.reasons import worded
from classification_model.inference.results import PredictionResult
from classification_model.processing import raw_rows
from classification_model.processing.decisions import likeliest, likeliest_of_rows
from classification_model.processing.encoding import MANY, RowEncoder, by_column
from classification_model.processing.functions import functions_of
from classification_model.processing.learned import Learned
from classification_model.processing.validation import RowValidator, RowWarning, Validated
from classification_model.processing.value_rules import TypedRow, TypedValue

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from classification_model.processing.typed_columns import Columns

__all__ = ["Model", "OnError", "PredictionResult", "load_model", "make_prediction"]

Rows = Sequence[Mapping[str, object]]
OnError = Literal["raise", "skip"]

_BACKGROUND = 24
"""Golden rows that an explanation is measured against."""


class Model:
    """A verified bundle with one engine, ready to answer. Holds no state between calls.

    Args:
        source: the bundle.
        engine: ``onnx`` or ``sklearn``; by default ONNX where the model could be exported.

    ``decide`` is the function from a row's probabilities to the position of the class that is
    answered, and ``decide_rows`` the same for many. Beside what it answers with, it keeps what tells of it: ``profile``, what training saw;
    ``card``, the page of the bundle, and ``golden``, its golden rows, as verified bytes.
    """

    def __init__(self, source: Bundle, engine: Engine | None = None) -> None:
        manifest = source.manifest
        engine = engine or ("onnx" if ".onnx" in source.contents else "sklearn")
        self.manifest = manifest
        self.digest = source.digest
        self.engine = engine
        self.card = source.contents.get(".html")
        self.golden = source.contents.get(".golden.jsonl", b"")
        self.profile = source.profile()
        decision = manifest.decision
        self.decide = likeliest if decision is None else decision.of_row
        self.decide_rows = likeliest_of_rows if decision is None else decision.of_rows
        own = functions_of(source.contents.get(".features", b"").decode())
        self.learned = Learned.parse(source.contents.get(".learned", b""))
        self.functions = self.learned.functions(own)
        self.validator = RowValidator(
            manifest.row_schema, self.profile, self.learned.vocabularies()
        )
        self._encoder = RowEncoder(manifest.features, self.functions)
        self.scorer = _scorer(source, engine)

    def predict(
        self, rows: Sequence[Mapping[str, object]], *, on_error: OnError = "raise"
    ) -> PredictionResult:
        """Validate, score and comment on raw rows.

        Args:
            rows: one mapping of column to raw value each.
            on_error: ``raise`` refuses all where one is bad; ``skip`` scores the good ones
                and returns the bad ones in ``errors``.

        Raises:
            InvalidRowsError: a row is bad and ``on_error`` is ``raise``.
        """
        return self.predict_checked(self.validator.validate(rows), on_error=on_error)

    def predict_checked(
        self, checked: Validated, *, on_error: OnError = "raise"
    ) -> PredictionResult:
        """Score validated rows; bad ones among them are refused, or skipped."""
        if checked.errors and on_error == "raise":
            raise InvalidRowsError(checked.errors)
        return self.score(checked)

    def score(self, checked: Validated) -> PredictionResult:
        """Score validated rows; what is said of a bad one is ``None``."""
        good = {i: row for i, row in enumerate(checked.rows) if row is not None}
        result = self.answer([*good.values()])
        if len(good) == len(checked.rows):
            return result
        places, size = [*good], len(checked.rows)
        spread = result.copy()
        spread["predictions"] = _spread(result["predictions"], good, size)
        spread["probabilities"] = _spread(result["probabilities"], good, size)
        spread["warnings"] = [{**one, "row": places[one["row"]]} for one in result["warnings"]]
        spread["errors"] = [error.as_dict() for error in checked.errors]
        if "sets" in result:
            spread["sets"] = _spread(result["sets"], good, size)
        return spread

    def answer(self, rows: Sequence[TypedRow]) -> PredictionResult:
        """Score rows that were validated, all of them good."""
        if len(rows) >= MANY:
            return self.answer_columns(by_column(rows, self.manifest.row_schema.columns))
        look = self.validator.warnings
        warnings = [warning for i, row in enumerate(rows) for warning in look(i, row)]
        if len(rows) == 1:
            shares = [self.scorer.score_row(self._encoder.encode_row(rows[0]))]
        else:
            shares = self.probabilities(rows).tolist() if rows else []
        return self._result(shares, warnings)

    def answer_columns(self, columns: Mapping[str, Sequence[TypedValue]]) -> PredictionResult:
        """The same from the values of each column."""
        shares = self.scorer.score(self._encoder.encode_columns(columns)).tolist()
        return self._result(shares, self.validator.column_warnings(columns))

    def _result(self, shares: list[list[float]], noted: Iterable[RowWarning]) -> PredictionResult:
        classes = self.manifest.classes
        result: PredictionResult = {
            "predictions": [classes[self.decide(row)] for row in shares],
            "probabilities": [*shares],
            "classes": [*classes],
            "warnings": [warning.as_dict() for warning in noted],
            "errors": None,
            "version": self.manifest.version,
        }
        if sets := self.manifest.sets:
            result["sets"] = [[classes[i] for i in sets.of_row(row)] for row in shares]
        return result

    def probabilities(self, rows: Sequence[TypedRow]) -> Probabilities:
        """The scores of rows that were validated: shape ``(rows, classes)``."""
        return self.scorer.score(self._encoder.encode(rows))

    def score_columns(self, columns: Columns) -> Probabilities:
        """The scores of a table that was validated: shape ``(rows, classes)``."""
        from classification_model.processing.columns import ColumnEncoder

        encoder = ColumnEncoder(self.manifest.row_schema, self.manifest.features, self.functions)
        return self.scorer.score(encoder.encode(columns))

    def explain(
        self, checked: Validated, result: PredictionResult, most: int
    ) -> list[dict[str, Any] | None]:
        """Say of each row that was predicted which columns moved its probability most.

        Each explanation is about the class that was predicted; see
        :func:`classification_model.inference.contributions.told`.
        """
        return at_once(self.explaining(checked, result, most))

    def explaining(
        self, checked: Validated, result: PredictionResult, most: int
    ) -> Turns[list[dict[str, Any] | None]]:
        """The same in small pieces, so that others need not wait for all of it."""
        classes = self.manifest.classes
        asked = {
            i: (row, label)
            for i, (row, label) in enumerate(zip(checked.rows, result["predictions"], strict=True))
            if row is not None and label is not None
        }
        found = yield from self._explainer.explain(
            [(row, classes.index(label)) for row, label in asked.values()]
        )
        explained: list[dict[str, Any] | None] = [None] * len(checked.rows)
        for (i, (row, label)), one in zip(asked.items(), found, strict=True):
            explained[i] = told(one, row, label, self.profile, most) | self._worded(one, row, label)
        return explained

    def _worded(self, found: Explanation, row: TypedRow, label: Label) -> dict[str, Any]:
        wordings = self.manifest.reasons
        if not wordings:
            return {}
        unwanted = label == self.manifest.positive
        return {"reasons": worded(found, row, wordings, self.profile) if unwanted else []}

    @cached_property
    def _explainer(self) -> Explainer:
        rows, _ = golden.parse(self.golden)
        background = [row for row in self.validator.validate(rows).rows if row is not None]
        manifest = self.manifest
        return Explainer(
            manifest.features, self.functions, self.scorer, background[:_BACKGROUND],
            [*manifest.row_schema.columns], [*self.learned.texts().values()],
        )  # fmt: skip

    def replay_golden(self, recorded: bytes) -> None:
        """Answer the bundle's golden rows again.

        Raises:
            DamagedModelError: an answer is not the one of the training.
        """
        rows, probabilities = golden.parse(recorded)
        answers = self.predict(rows)["probabilities"]
        golden.check(answers, probabilities, self.manifest.classes)


def _spread(values: Iterable[Any], places: Iterable[int], size: int) -> list[Any]:
    """Values at their places, and nothing elsewhere."""
    found = dict(zip(places, values, strict=True))
    return [found.get(i) for i in range(size)]


def load_model(home: Home, engine: Engine | None = None) -> Model:
    """The model of a home: verified and loaded at the first call, and kept after that.

    Once a training has saved another model there, that one is loaded.

    Raises:
        BundleError: it is missing, damaged, made by something that does not fit, or does not
            answer its golden rows as it did when it was trained.
    """
    return _loaded(home, engine, _state(home))


@lru_cache(maxsize=4)
def _loaded(home: Home, engine: Engine | None, _: object) -> Model:
    source = bundle.load(home)
    model = Model(source, engine)
    model.replay_golden(source.contents[".golden.jsonl"])
    return model


def _state(home: Home) -> tuple[tuple[str, int, int], ...]:
    """What changes when another manifest is saved: where it is, its size and its time."""
    try:
        with os.scandir(home.trained_models) as entries:
            found = [(e.name, e.stat()) for e in entries if e.name.endswith(".json")]
    except OSError:
        return ()
    return tuple(sorted((name, about.st_mtime_ns, about.st_ino) for name, about in found))


def make_prediction(
    *,
    input_data: DataFrame | Series[Any] | Rows | Mapping[str, object] | str | os.PathLike[str],
    home: str | os.PathLike[str] | None = None,
    engine: Engine | None = None,
    on_error: OnError = "raise",
    explain: int = 0,
) -> PredictionResult:
    """Predict the class of each row.

    Args:
        input_data: the raw columns of the CSV, as a frame of pandas, polars or any library that
            speaks Arrow; a list with one dict of column to value for each row; one dict or
            Series, which is one row; or the path of a CSV, JSON Lines or Parquet file. Columns
            that the model does not know are ignored in frames and files, and refused in dicts.
            NaN, NaT and NA are missing.
        home: the folder of the model; else ``MODEL_HOME``; else the model that ships.
        engine: ``onnx``, or ``sklearn`` for the pickled reference; see :class:`Model`.
        on_error: see :meth:`Model.predict`.
        explain: how many columns to name for each row that moved its probability most; then
            ``explanations`` is in the result. See :meth:`Model.explain`.

    Raises:
        TypeError: ``input_data`` is something else.
        InvalidRowsError: a row does not fit the schema.
        DataError: the file cannot be read.
        BundleError: there is no model that can be used.
    """
    model = load_model(Home.find(home), engine)
    checked = raw_rows.validated(input_data, model.validator, model.manifest.encoding)
    result = model.predict_checked(checked, on_error=on_error)
    if explain:
        result["explanations"] = model.explain(checked, result, explain)
    return result


def _scorer(source: Bundle, engine: Engine) -> Scorer:
    if engine == "sklearn":
        return SklearnScorer(source.pipeline())
    if ".onnx" not in source.contents:
        raise IncompatibleModelError(
            f"this model has no ONNX file ({source.manifest.onnx_refused}); "
            "set ENGINE=sklearn to serve the pickled one, which means to unpickle it"
        )
    return OnnxScorer(source.contents[".onnx"])
