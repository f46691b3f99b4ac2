"""FastAPI with the service's own models, returning a constant.

FastAPI checks each row by them. The service's own route leaves that to the package, which checks it
once; see ``request_model``.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import create_model

from app.schemas import PredictResponse
from classification_model.config.home import Home
from classification_model.predict import load_model

model = load_model(Home.find())
row_type: Any = model.validator.row_type
Request = create_model("Request", inputs=(list[row_type], ...))
row = model.profile.example()
constant = model.predict([row])

app = FastAPI(telemetry={"tracing": False, "metrics": False})


async def predict(body: Request) -> Any:  # noqa: ARG001
    return constant


app.add_api_route("/predict", predict, methods=["POST"], response_model=PredictResponse)
