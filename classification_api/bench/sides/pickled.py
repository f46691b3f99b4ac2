"""The pickled pipeline, for those that hand it a DataFrame."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from classification_model import bundle
from classification_model.config.home import Home


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as the pipeline takes them, ``None`` where a value is missing."""
    plain = frame.astype(object).where(frame.notna(), None)
    return cast("list[dict[str, Any]]", plain.to_dict("records"))


def frame_pipeline() -> Pipeline:
    """The bundle's own pipeline, with one step before it that takes a DataFrame."""
    pipeline = bundle.load(Home.find()).pipeline()
    return Pipeline([("records", FunctionTransformer(records)), *pipeline.steps])
