"""As tutorials have it: models in and out, jsonable_encoder, a DataFrame, pipeline.predict."""

from __future__ import annotations

import pandas as pd
from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, create_model

from bench.sides.pickled import frame_pipeline
from classification_model import bundle
from classification_model.config.home import Home

source = bundle.load(Home.find())
manifest = source.manifest
pipeline = frame_pipeline()
Row = create_model(  # type: ignore[call-overload]
    "Row",
    **{name: (type(value) | None, ...) for name, value in source.profile().example().items()},
)


class Rows(BaseModel):
    inputs: list[Row]


class Predictions(BaseModel):
    predictions: list[int | float | str]
    version: str
    errors: list[str] | None


app = FastAPI()


@app.post("/predict", response_model=Predictions)
async def predict(body: Rows) -> dict[str, object]:
    """Without warnings and probabilities: less than the service says."""
    frame = pd.DataFrame(jsonable_encoder(body.inputs))
    predictions = pipeline.predict(frame)
    return {"predictions": predictions.tolist(), "version": manifest.version, "errors": None}
