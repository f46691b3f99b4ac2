"""Settings of a running service, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
)

from classification_model.errors import ConfigError
from classification_model.inference.engines import Engine

from .live.operators import OperatorKeys

__all__ = ["AccessLog", "LogFormat", "LogLevel", "Settings"]

_lower = BeforeValidator(str.lower)
AccessLog = Annotated[Literal["off", "errors", "all"], _lower]
LogFormat = Annotated[Literal["text", "json"], _lower]
LogLevel = Annotated[Literal["debug", "info", "warning", "error", "critical"], _lower]


def _listed(value: Any) -> Any:
    """The items of a text with commas between them."""
    return [item.strip() for item in value.split(",")] if isinstance(value, str) else value


Key = Annotated[SecretStr, Field(min_length=16)]
Origin = Annotated[str, Field(pattern=r"^https?://[^/*\s]+$")]


class Settings(BaseModel):
    """What an operator can set; each field is the environment variable of the same name.

    docs/serving.md says what each does; a test holds that it names them all, with their defaults.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    MODEL_HOME: str | None = None
    ENGINE: Engine = "onnx"
    SHADOW_HOME: str | None = None
    COUNTING: Annotated[Literal["on", "off"], _lower] = "on"
    STORE: SecretStr | None = None
    STORE_INPUTS: Annotated[Literal["yes", "no"], _lower] = "no"
    STORE_DAYS: PositiveFloat = 90

    MAX_BODY_BYTES: PositiveInt = 2**21
    MAX_ROWS: PositiveInt = 2_000
    MAX_CONCURRENCY: PositiveInt = 1_000
    MAX_CONNECTIONS: PositiveInt = 4_096
    RECEIVE_SECONDS: PositiveFloat = 15
    REQUEST_SECONDS: PositiveFloat = 10

    DRAIN_SECONDS: NonNegativeFloat = 2
    GRACE_SECONDS: PositiveFloat = 25

    API_KEYS: Annotated[tuple[Key, ...], BeforeValidator(_listed)] = ()
    OPERATOR_KEYS: OperatorKeys = ()
    CORS_ORIGINS: Annotated[tuple[Origin, ...], BeforeValidator(_listed)] = ()

    LOG_FORMAT: LogFormat = "text"
    LOG_LEVEL: LogLevel = "info"
    ACCESS_LOG: AccessLog = "errors"

    @property
    def room(self) -> int:
        """Bytes that all bodies may have together: of four long ones, or of many short ones."""
        return 4 * max(self.MAX_BODY_BYTES, 2**18)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raises ConfigError: a variable has a value that it cannot have."""
        known = {name: environment[name] for name in cls.model_fields if environment.get(name)}
        try:
            return cls.model_validate(known)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            name = str(fault["loc"][0])
            # A key that is too short is a secret all the same.
            shown = "" if name.endswith("_KEYS") or name == "STORE" else f"={known[name]!r}"
            raise ConfigError(f"environment variable {name}{shown}: {fault['msg']}") from None
