"""Settings of a running service, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from classification_model.errors import ConfigError
from classification_model.runtimes import Engine

__all__ = ["Settings"]


class Settings(BaseModel):
    """What an operator can set; each field is the environment variable of the same name.

    ``MODEL_HOME``: the folder of the model to serve; the installed package's by default.
    ``ENGINE``: ``onnx``, or ``sklearn``, which unpickles the reference model.
    """

    model_config = ConfigDict(frozen=True)

    MODEL_HOME: str | None = None
    ENGINE: Engine = "onnx"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raises ConfigError: a variable has a value that it cannot have."""
        known = {name: environment[name] for name in cls.model_fields if environment.get(name)}
        try:
            return cls.model_validate(known)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            raise ConfigError(
                f"environment variable {fault['loc'][0]}={fault['input']!r}: {fault['msg']}"
            ) from None
