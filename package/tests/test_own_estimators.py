"""Estimators of other libraries, as real packages: tox -e own_estimators installs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from classification_model import init_home, make_prediction, train_home

PARAMETERS: dict[str, dict[str, Any]] = {
    "lightgbm.LGBMClassifier": {"n_estimators": 20, "verbose": -1},
    "xgboost.XGBClassifier": {"n_estimators": 20},
    "catboost.CatBoostClassifier": {"iterations": 20, "verbose": 0, "allow_writing_files": False},
}
EXPORTED = ("lightgbm.LGBMClassifier", "xgboost.XGBClassifier")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PARAMETERS)
def test_an_estimator_of_another_library_is_trained_and_served(name: str, tmp_path: Path) -> None:
    library = name.partition(".")[0]
    pytest.importorskip(library, exc_type=ImportError)
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"a": draw.normal(size=300), "b": draw.choice(["x", "y", "z"], 300)})
    frame["label"] = np.where(frame["a"] + (frame["b"] == "x") > 0.3, "yes", "no")
    home = init_home(frame, "label", tmp_path / "home").home
    lines = "".join(f"    {key}: {value}\n" for key, value in PARAMETERS[name].items())
    text = home.config_file.read_text(encoding="utf-8")
    text = text.replace("estimator: auto\n", f"estimator:\n  name: {name}\n  parameters:\n{lines}")
    text += "class_weight: {yes: 2}\nmonotonic: {a: increasing}\n"
    home.config_file.write_text(text, encoding="utf-8")
    trained = train_home(home.path)
    assert trained.report.metrics.accuracy > 0.85
    assert [*trained.bundle.manifest.needs] == [library]
    rows = frame.drop(columns="label").head(5)
    found = make_prediction(input_data=rows, home=home.path)["probabilities"]
    assert len(found) == 5
    steps = [{"a": value, "b": "y"} for value in np.linspace(-2, 2, 60)]
    shares = np.array(make_prediction(input_data=steps, home=home.path)["probabilities"])[:, 1]
    assert np.diff(shares).min() > -1e-6
    if name in EXPORTED:
        pytest.importorskip("onnxmltools")
        assert trained.bundle.manifest.onnx_refused is None
