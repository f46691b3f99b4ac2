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

    ``MODEL_HOME``: the folder of the model to serve; the installed package's by default.
    ``ENGINE``: ``onnx``, or ``sklearn``, which unpickles the reference model.

    What one request may take, and what all of them may:

    ``MAX_BODY_BYTES``: of a body; those on their way may hold four times as much together.
    ``MAX_ROWS``: of a request.
    ``MAX_CONCURRENCY``: requests that wait for the processor at once.
    ``MAX_CONNECTIONS``: open connections, idle ones among them.
    ``RECEIVE_SECONDS``: until the whole of a request must have come, head and body, and for how
    long a client may take nothing of its answer.
    ``REQUEST_SECONDS``: until an answer must begin from then on.

    How it stops, after SIGTERM:

    ``DRAIN_SECONDS``: it still accepts, while /health says 503 and each answer is a
    connection's last.
    ``GRACE_SECONDS``: what has begun by then may still end.

    Who may ask:

    ``API_KEYS``: keys with commas between them; with none everybody may ask.
    ``CORS_ORIGINS``: origins with commas between them, whose pages may ask.

    What it writes:

    ``LOG_FORMAT``: ``text``, or ``json`` for one object a line.
    ``LOG_LEVEL``: the least severe lines.
    ``ACCESS_LOG``: which answers get a line: none, those from status 400 on, or all.

    docs/serving.md says more of each; a test holds that it names them all.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    MODEL_HOME: str | None = None
    ENGINE: Engine = "onnx"

    MAX_BODY_BYTES: PositiveInt = 2**21
    MAX_ROWS: PositiveInt = 2_000
    MAX_CONCURRENCY: PositiveInt = 1_000
    MAX_CONNECTIONS: PositiveInt = 4_096
    RECEIVE_SECONDS: PositiveFloat = 15
    REQUEST_SECONDS: PositiveFloat = 10

    DRAIN_SECONDS: NonNegativeFloat = 2
    GRACE_SECONDS: PositiveFloat = 25

    API_KEYS: Annotated[tuple[Key, ...], BeforeValidator(_listed)] = ()
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
            shown = "" if name == "API_KEYS" else f"={known[name]!r}"
            raise ConfigError(f"environment variable {name}{shown}: {fault['msg']}") from None
