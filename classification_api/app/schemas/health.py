"""The answers of /health, and of a service that does not answer."""

from pydantic import BaseModel, Field


class Health(BaseModel):
    """Who is answering, and with which model."""

    name: str = Field(examples=["classification_api"])
    api_version: str = Field(examples=["1.0.0"])
    model_version: str = Field(examples=["1.0.0"])
    bundle_digest: str = Field(description="sha256 of the bundle's manifest.")
    shadow_version: str | None = Field(None, description="Of the second model, if there is one.")
    shadow_digest: str | None = None
    ready: bool


class Refused(BaseModel):
    """Why a request is not answered, though nothing in its rows need be wrong."""

    detail: str
