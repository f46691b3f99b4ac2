"""Our explanations against SHAP's exact explainer: tox -e explanations installs it."""

from __future__ import annotations

import csv
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from classification_model import make_prediction
from classification_model.bundle import golden
from classification_model.config.home import Home
from classification_model.predict import Model, load_model
from classification_model.processing.value_rules import TypedRow

shap = pytest.importorskip("shap", exc_type=ImportError)

ROWS = 5


class Coded:
    """Rows as numbers, which is what SHAP mixes: each value by its place in its column."""

    def __init__(self, model: Model, rows: list[TypedRow]) -> None:
        self._model = model
        self._values: dict[str, list[Any]] = {
            name: [*dict.fromkeys(row[name] for row in rows)]
            for name in model.manifest.row_schema.columns
        }

    def coded(self, rows: list[TypedRow]) -> npt.NDArray[np.float64]:
        return np.array([[v.index(row[n]) for n, v in self._values.items()] for row in rows], float)

    def __call__(self, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        rows = [
            {
                name: values[int(code)]
                for (name, values), code in zip(self._values.items(), codes, strict=True)
            }
            for codes in matrix
        ]
        return self._model.probabilities(rows).astype(np.float64)


def test_every_value_is_shap_s_own(source_home: Home) -> None:
    model = load_model(source_home)
    names = [*model.manifest.row_schema.columns]
    if len(names) > 10:
        pytest.skip("SHAP's exact explainer would ask for more than 1,024 coalitions of columns")
    with (source_home.datasets / "raw.csv").open(encoding="utf-8", newline="") as stream:
        records = [{n: row[n] for n in names} for row in islice(csv.DictReader(stream), ROWS)]
    rows = [row for row in model.validator.validate(records).rows if row]
    made = model.validator.validate(golden.parse(model.golden)[0]).rows
    background = [row for row in made if row][:24]
    coded = Coded(model, [*rows, *background])
    masker = shap.maskers.Independent(coded.coded(background), max_samples=24)
    theirs = shap.explainers.Exact(coded, masker)(coded.coded(rows))
    found = make_prediction(input_data=records, home=source_home.path, explain=len(names))
    for i, told in enumerate(found["explanations"]):
        assert told is not None
        of = found["classes"].index(told["class"])
        ours = {one["column"]: one["contribution"] for one in told["contributions"]}
        assert told["base"] == pytest.approx(theirs.base_values[i, of], abs=1e-6)
        assert [ours[n] for n in names] == pytest.approx(theirs.values[i, :, of], abs=1e-6)
