"""Read a home's config.yml into one frozen object that is passed down as an argument."""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from classification_model.config import yaml_reader
from classification_model.config.about import About, check_groups
from classification_model.config.decision import DecisionRule
from classification_model.config.faults import NO_SUCH_KEY, first_fault
from classification_model.config.fitting_rules import Candidates, ClassWeight, Direction, Weight
from classification_model.config.formats import NEWEST, OLD_FORMAT, from_old
from classification_model.config.home import Home
from classification_model.config.parameters import with_typed_parameters
from classification_model.config.reasons import SaidWording
from classification_model.config.schema import (
    Column,
    DerivedFeature,
    EstimatorConfig,
    FrozenModel,
    Publish,
    RowSchema,
    SplitRule,
)
from classification_model.errors import ConfigError
from classification_model.plain_text import unprintable

__all__ = ["Config", "load_config", "parse_config", "place_of"]

Sought = Literal["log_loss", "roc_auc", "f1", "balanced_accuracy"]
Metric = Literal["accuracy", "balanced_accuracy", "roc_auc", "log_loss", "brier"]

# A key with nothing below it, such as ``ignored:``, says that there are none.
_NoneBelow = BeforeValidator(lambda value: {} if value == "" else value)


def _known_encoding(name: str | None) -> str | None:
    try:
        return name and codecs.lookup(name).name
    except LookupError:
        raise ValueError("no such encoding; name one such as utf-8 or cp1252") from None


def _names_apart(names: dict[str, str]) -> dict[str, str]:
    for label, name in names.items():
        if not name.strip() or unprintable(name):
            raise ValueError(f"the name of {label!r} cannot be seen; write one such as `survived`")
        same = next(other for other, known in names.items() if known == name)
        if same != label:
            raise ValueError(f"{name!r} names both {same!r} and {label!r}; give each its own")
    return names


class GateRule(FrozenModel):
    """How much worse a new recipe may be: see :func:`evaluation.paired.margin_of`."""

    margin: Annotated[float, Field(ge=0)] = 0.01
    share_of_gain: Annotated[float, Field(ge=0, le=1)] = 0.5


class Config(FrozenModel):
    """Everything that training is told, from config.yml.

    ``positive`` is the text of one of two classes: what curves, thresholds and words are about.
    ``encoding`` is that of the dataset where it is not UTF-8, ``sheet`` the one of a workbook.
    ``weight`` and ``class_weight`` say how much a row counts in fitting, ``monotonic`` which columns
    may move the positive class in one direction only, and ``candidates`` what ``auto`` compares.
    ``keep_total`` keeps rows at the end of the dataset that sum up the others.
    ``labels`` has the names that people read for classes, by the CSV's own.
    ``format`` is that of the file: 1 where it says none. ``time_budget`` is in seconds, for the
    comparison that ``estimator: auto`` makes; ``metric`` is what that is to be good at, and
    ``max_model_mb`` the megabytes that the bundle may then have.
    ``max_rows`` is how many rows are learned from and judged by; by default all. ``acceptance`` holds a floor, or for the losses a
    ceiling, for metrics on the held-out rows. ``publish`` says how many rows must hold what is
    published. ``decision`` says how a class is answered, where it is not the most probable one,
    and none is where none has the probability ``abstain_below``. ``coverage`` asks for sets of
    classes that hold the true one so often, and ``reasons`` say in which words a column is told as
    one. ``fairness`` names columns by whose groups it is judged; ``about`` is said of the model on its card. ``features`` is the source of the home's features.py, ``digest`` the sha256 of the file's
    bytes.
    """

    format: Annotated[int, Field(ge=1, le=NEWEST)] = NEWEST
    pipeline_save_file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    dataset: str
    encoding: Annotated[str | None, AfterValidator(_known_encoding)] = None
    sheet: str | None = None
    target: str
    labels: Annotated[dict[str, str], _NoneBelow, AfterValidator(_names_apart)] = Field(
        default_factory=dict
    )
    positive: str | None = None
    keep_total: bool = False
    missing_markers: tuple[str, ...] = ()
    decimal_comma: bool = False
    columns: Annotated[dict[str, Column], Field(min_length=1)]
    ignored: Annotated[dict[str, str], _NoneBelow] = Field(default_factory=dict)
    derived: Annotated[dict[str, DerivedFeature], _NoneBelow] = Field(default_factory=dict)
    weight: Weight | None = None
    class_weight: ClassWeight | None = None
    monotonic: Annotated[dict[str, Direction], _NoneBelow] = Field(default_factory=dict)
    test_size: Annotated[float, Field(gt=0, lt=1)]
    random_state: Annotated[int, Field(ge=0, lt=2**32)]
    split: Annotated[SplitRule, _NoneBelow] = SplitRule()
    refit: bool = True
    gate: Annotated[GateRule, _NoneBelow] = GateRule()
    estimator: EstimatorConfig
    candidates: Annotated[Candidates, _NoneBelow] = Candidates()
    time_budget: Annotated[float, Field(gt=0)] = 40.0
    metric: Sought = "log_loss"
    max_model_mb: Annotated[float, Field(gt=0)] = 20.0
    max_rows: Annotated[int | None, Field(ge=100)] = None
    acceptance: Annotated[dict[Metric, float], _NoneBelow] = Field(default_factory=dict)
    publish: Publish = Publish()
    decision: DecisionRule | None = None
    abstain_below: Annotated[float | None, Field(gt=0, lt=1)] = None
    coverage: Annotated[float | None, Field(ge=0.5, lt=1)] = None
    reasons: dict[str, SaidWording] = Field(default_factory=dict)
    fairness: Annotated[tuple[str, ...], _NoneBelow] = ()
    about: Annotated[About | None, _NoneBelow] = None
    features: str = ""
    digest: str

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        if self.target in self.columns or self.target in self.ignored:
            raise ValueError(f"the target {self.target!r} cannot be one of the columns or ignored")
        if self.split.column == self.target:
            raise ValueError(f"split cannot be by the target {self.target!r}")
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

    @field_validator("weight")
    @classmethod
    def _weight_is_no_predictor(cls, value: Weight | None, info: ValidationInfo) -> Weight | None:
        if value and value.column in (info.data.get("target"), *info.data.get("columns", {})):
            raise ValueError(
                f"{value.column!r} is a predictor or the target, and a weight is neither: move it "
                "from columns to ignored"
            )
        return value

    @field_validator("monotonic")
    @classmethod
    def _monotonic_has_an_order(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        known = {**info.data.get("derived", {}), **info.data.get("columns", {})}
        for name in value:
            if name not in known:
                raise ValueError(f"{name!r} is neither in columns nor in derived")
            kind, order = known[name].kind, getattr(known[name], "order", ())
            if kind not in ("integer", "number") and not order:
                raise ValueError(
                    f"{name!r} is of kind {kind}, and only a number or a category with an order "
                    "can be monotonic; drop it here"
                )
        return value

    @model_validator(mode="after")
    def _named_are_columns(self) -> Self:
        for name in self.reasons:
            if name not in self.columns:
                raise ValueError(f"reasons name {name!r}, which is not in columns")
        check_groups(self.fairness, self.columns)
        return self

    @model_validator(mode="after")
    def _names_can_be_seen(self) -> Self:
        for name in (self.target, *self.columns, *self.ignored, *self.derived):
            if bad := unprintable(name):
                raise ValueError(
                    f"the name {name!r} holds {bad!r}, which cannot be seen; rename it"
                )
        return self

    def apart(self) -> tuple[str, ...]:
        """The columns of the table that have a part of their own: no row needs them to be scored."""
        return (self.target, *((self.weight.column,) if self.weight else ()))

    def row_schema(self) -> RowSchema:
        """What a row looks like to everything that predicts."""
        columns = self.columns
        if self.decimal_comma:
            columns = {name: _with_commas(column) for name, column in columns.items()}
        # What rows are held out by may be sent, too: labelled, a row has to have it.
        by = [name for name in [self.split.column] if name and name not in columns]
        return RowSchema(
            columns=columns,
            ignored=tuple(dict.fromkeys((*self.ignored, *self.apart(), *by))),
            missing_markers=self.missing_markers,
        )

    def notes(self) -> tuple[str, ...]:
        """What whoever trains should know about the file."""
        return (OLD_FORMAT,) if self.format < NEWEST else ()


def _with_commas(column: Column) -> Column:
    """A column of a file whose numbers have decimal commas, unless it says something else."""
    says_more = {"decimal", "thousands"} & column.model_fields_set
    if column.kind not in ("integer", "number") or says_more:
        return column
    return column.model_copy(update={"decimal": ","})


def load_config(home: Home) -> Config:
    """Read and check ``config.yml`` of a home.

    Raises:
        ConfigError: see :func:`parse_config`; or there is no such file.
    """
    file = home.config_file
    try:
        config = parse_config(file, file.read_bytes())
    except FileNotFoundError:
        raise ConfigError(f"{file}: missing; a home needs a config.yml") from None
    return config.model_copy(update={"features": home.features_source()})


def parse_config(file: Path, source: bytes) -> Config:
    """Check the bytes of a config.yml.

    Args:
        file: what to call it in messages.
        source: its bytes.

    Raises:
        ConfigError: it is no plain YAML, has an unknown key or a wrong value; the message names
            file, line, key and value.
    """
    try:
        document = yaml_reader.read(source.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: byte {error.start} is not UTF-8; save it as UTF-8") from None
    except yaml_reader.YamlError as error:
        raise ConfigError(f"{file}, line {error.line}: {error}") from None
    values = document.value
    if not isinstance(values, dict):
        raise ConfigError(f"{file}: no keys with values, such as `target: survived`")
    for key in ("digest", "features"):  # what is added here is no key of the file
        if key in values:
            raise ConfigError(f"{file}, line {document.lines[key,]}: {key}: {NO_SUCH_KEY}")
    if values.get("format", "1") == "1":
        values = {**from_old(values), "format": "1"}
    values = with_typed_parameters(values)
    try:
        return Config.model_validate({**values, "digest": hashlib.sha256(source).hexdigest()})
    except ValidationError as error:
        raise ConfigError(first_fault(file, document, error)) from None


def place_of(home: Home, *path: str) -> str:
    """Where a key of a home's config.yml stands, for what is found wrong of it later."""
    document = yaml_reader.read(home.config_file.read_text(encoding="utf-8"))
    return f"{home.config_file}, line {document.lines[path]}"
