"""The answer of /health."""

from pydantic import BaseModel, Field


class Health(BaseModel):
    """Who is answering, and with which model."""

    name: str = Field(examples=["classification_api"])
    api_version: str = Field(examples=["1.0.0"])
    model_version: str = Field(examples=["1.0.0"])
    bundle_digest: str = Field(description="sha256 of the bundle's manifest.")
    ready: bool
