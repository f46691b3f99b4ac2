"""Read a home's config.yml into one frozen object that is passed down as an argument."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any, Literal, Self

import strictyaml
from pydantic import Field, ValidationError, model_validator
from strictyaml import Map, MapPattern, Optional, Seq, Str

from classification_model.config.home import Home
from classification_model.config.schema import (
    Column,
    DerivedFeature,
    EstimatorConfig,
    FrozenModel,
    RowSchema,
)
from classification_model.errors import ConfigError

__all__ = ["Config", "load_config"]


Metric = Literal["accuracy", "balanced_accuracy", "roc_auc", "log_loss", "brier"]


class Config(FrozenModel):
    """Everything that training is told, from config.yml.

    ``time_budget`` is in seconds, for the comparison that ``estimator: auto`` makes.
    ``acceptance`` holds a floor, or for the losses a ceiling, for metrics on the held-out rows.
    ``features`` is the source of the home's features.py. ``digest`` is the sha256 of the file's
    bytes.
    """

    pipeline_save_file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    dataset: str
    target: str
    missing_markers: tuple[str, ...]
    decimal_comma: bool = False
    columns: Annotated[dict[str, Column], Field(min_length=1)]
    ignored: dict[str, str]
    derived: dict[str, DerivedFeature]
    test_size: Annotated[float, Field(gt=0, lt=1)]
    random_state: Annotated[int, Field(ge=0, lt=2**32)]
    estimator: EstimatorConfig
    time_budget: Annotated[float, Field(gt=0)] = 60.0
    acceptance: dict[Metric, float] = Field(default_factory=dict)
    features: str = ""
    digest: str

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        if self.target in self.columns or self.target in self.ignored:
            raise ValueError(f"the target {self.target!r} cannot be one of the columns or ignored")
        for name in self.ignored:
            if name in self.columns:
                raise ValueError(f"{name!r} is both in columns and ignored")
        for name, feature in self.derived.items():
            if name in self.columns:
                raise ValueError(f"the derived feature {name!r} has the name of a column")
            for column in feature.inputs:
                if column not in self.columns:
                    raise ValueError(f"derived {name!r} needs {column!r}, which is not in columns")
        return self

    def row_schema(self) -> RowSchema:
        """What a row looks like to everything that predicts."""
        return RowSchema(
            columns=self.columns,
            ignored=(*self.ignored, self.target),
            missing_markers=self.missing_markers,
            decimal_comma=self.decimal_comma,
        )


_ESTIMATOR = {
    "name": Str(),
    Optional("calibration"): Str(),
    Optional("weight"): Str(),
    Optional("parameters"): MapPattern(Str(), Seq(Str()) | Str()),
}


# Structure only: which keys there are, on which line. What their values mean is pydantic's.
def _structure(*, named: bool) -> Map:
    """``named``: the estimator is one word, such as auto."""
    return Map({**_KEYS, "estimator": Str() if named else _ESTIMATOR_MAP})


_ESTIMATOR_MAP = Map({**_ESTIMATOR, Optional("members"): Seq(Map(_ESTIMATOR))})
_KEYS = {
    "pipeline_save_file": Str(),
    "dataset": Str(),
    "target": Str(),
    Optional("missing_markers"): Seq(Str()),
    Optional("decimal_comma"): Str(),
    "columns": MapPattern(
        Str(),
        Map(
            {
                "kind": Str(),
                Optional("nullable"): Str(),
                Optional("categories"): Seq(Str()),
                Optional("minimum"): Str(),
                Optional("maximum"): Str(),
                Optional("date_format"): Str(),
                Optional("example"): Str(),
            }
        ),
    ),
    Optional("ignored"): MapPattern(Str(), Str()),
    Optional("derived"): MapPattern(
        Str(), Map({"function": Str(), "inputs": Seq(Str()), "kind": Str()})
    ),
    "test_size": Str(),
    "random_state": Str(),
    Optional("time_budget"): Str(),
    Optional("acceptance"): MapPattern(Str(), Str()),
}


_NAMED = re.compile(r"^estimator:[ \t]+[^\s#]", re.MULTILINE)


def load_config(home: Home) -> Config:
    """Read and check ``config.yml`` of a home.

    Raises:
        ConfigError: the file is missing, is not strict YAML, has an unknown key or a wrong
            value; the message names file, line, key and value.
    """
    file = home.config_file
    try:
        source = file.read_bytes()
        text = source.decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{file}: missing; a home needs a config.yml") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: byte {error.start} is not UTF-8; save it as UTF-8") from None
    try:
        structure = _structure(named=bool(_NAMED.search(text)))
        document = strictyaml.load(text, structure, label=str(file))
    except strictyaml.StrictYAMLError as error:
        raise ConfigError(_one_line(file, error)) from None
    values = {"missing_markers": (), "ignored": {}, "derived": {}, **document.data}
    estimator = values["estimator"]
    values["estimator"] = (
        {"name": estimator} if isinstance(estimator, str) else _typed_parameters(estimator)
    )
    try:
        features = home.features_source()
        return Config(**values, features=features, digest=hashlib.sha256(source).hexdigest())
    except ValidationError as error:
        raise ConfigError(_first_fault(file, document, error)) from None


def _typed_parameters(estimator: dict[str, Any]) -> dict[str, Any]:
    """YAML text to numbers, booleans and null in an estimator's parameters, and its members'."""
    typed = dict(estimator)
    if "parameters" in typed:
        typed["parameters"] = {
            key: [_scalar(item) for item in value] if isinstance(value, list) else _scalar(value)
            for key, value in typed["parameters"].items()
        }
    if "members" in typed:
        typed["members"] = [_typed_parameters(member) for member in typed["members"]]
    return typed


def _scalar(text: str) -> int | float | bool | str | None:
    words: dict[str, bool | None] = {"true": True, "false": False, "null": None}
    if text in words:
        return words[text]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _one_line(file: object, error: strictyaml.StrictYAMLError) -> str:
    """A strictyaml error, which spans lines, as ``file, line N: what``."""
    mark = getattr(error, "problem_mark", None)
    where = f"{file}, line {mark.line + 1}" if mark is not None else str(file)
    problem = " ".join(str(error.problem or error.context or error).split())
    context = " ".join(str(error.context or "").split())
    return f"{where}: {context + ', ' if context else ''}{problem}"


def _first_fault(file: object, document: strictyaml.YAML, error: ValidationError) -> str:
    """The first fault that pydantic found, with the line that it is on."""
    fault = error.errors(include_url=False)[0]
    node, path = document, []
    for step in fault["loc"]:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            break
        path.append(str(step))
    key = ".".join(path)
    message = fault["msg"].removeprefix("Value error, ")
    value = f" (found {node.data!r})" if path and node.is_scalar() else ""
    line = f", line {node.start_line}" if path else ""
    return f"{file}{line}: {key + ': ' if key else ''}{message}{value}"
