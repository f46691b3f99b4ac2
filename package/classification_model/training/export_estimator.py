"""A scikit-learn estimator as an ONNX graph, by skl2onnx, and made quick for one row."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from itertools import chain
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from classification_model.errors import ExportError, MissingExtraError
from classification_model.own_estimator import OwnEstimator
from classification_model.training.graphs import OPSETS, node, replace

__all__ = ["parts_of", "written"]

# Rows that are put behind those asked for, where one alone would be rounded otherwise: vector
# instructions take up to sixteen numbers, and what is left over goes another way.
_MORE_ROWS = 16


def written(fitted: Pipeline, width: int, *, padded: bool = False) -> Any:
    """The graph of a fitted ``classify`` step that reads ``width`` columns.

    ``padded`` puts rows behind those asked for, and takes their answers away.

    Raises:
        MissingExtraError: skl2onnx is not installed.
        ExportError: the estimator cannot be converted.
    """
    classify = _with_float32_thresholds(fitted)
    prepare = _Prepare.of(classify.named_steps["prepare"], width)
    if prepare is None:
        model = _converted(classify, "features", width)
    else:
        model = _converted(classify.named_steps["estimator"], "prepared", prepare.width)
        prepare.put_before(model)
    _leave_out_labels(model.graph)
    if padded:
        _pad(model.graph, width)
    else:
        _add_a_row_where_one_differs(model.graph)
    return model


def _converted(estimator: BaseEstimator, source: str, width: int) -> Any:
    """What the exporter makes of an estimator that reads a float32 matrix."""
    try:
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType
    except ImportError:
        raise MissingExtraError(
            purpose="exporting to ONNX", extra="train", module="skl2onnx"
        ) from None
    if isinstance(estimator, OwnEstimator):
        estimator = estimator.estimator_
        _register_converters()
    try:
        with warnings.catch_warnings():
            # The exporter does things that NumPy and scikit-learn will forbid one day; what
            # matters is whether its graph gives the same answers, and that is checked.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            return to_onnx(
                estimator,
                # Named: the exporter would draw a random name, and the bytes would differ.
                name="classify",
                initial_types=[(source, FloatTensorType([None, width]))],
                options={"zipmap": False},
                target_opset=OPSETS,
            )
    except Exception as error:  # the exporter raises what it likes
        raise ExportError(f"cannot be exported to ONNX: {str(error)[:200]}") from error


def _register_converters() -> None:
    """Let the exporter know of boosted trees of other libraries, where onnxmltools is installed."""
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

    for library, name, folder in (
        ("lightgbm", "LGBMClassifier", "LightGbm"),
        ("xgboost", "XGBClassifier", "XGBoost"),
    ):
        with suppress(ImportError):
            converters = import_module(
                f"onnxmltools.convert.{library}.operator_converters.{folder}"
            )
            update_registered_converter(
                getattr(import_module(library), name), f"Own{name}",
                calculate_linear_classifier_output_shapes,
                getattr(converters, f"convert_{library}"),
                options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
            )  # fmt: skip


@dataclass
class _Prepare:
    """Imputation and one-hot as six nodes, in the place of the exporter's twenty.

    A node costs about as much as a tree, and a request mostly holds one row: half of its time
    in the graph went into preparing it. Every value is imputed; then the numbers are picked,
    and beside them each category's column, once for each category, compared with its code.
    """

    features: int
    fills: list[float]
    numbers: list[int] = field(default_factory=list)
    categories: list[int] = field(default_factory=list)
    codes: list[float] = field(default_factory=list)

    @property
    def width(self) -> int:
        return len(self.numbers) + len(self.categories)

    @classmethod
    def of(cls, prepare: ColumnTransformer, features: int) -> _Prepare | None:
        """What a fitted ``prepare`` step does, or nothing where it does anything else."""
        made = cls(features, [0.0] * features)
        for _, step, columns in prepare.transformers_:
            imputer, *one_hot = step.named_steps.values() if isinstance(step, Pipeline) else [step]
            if not made._imputes(imputer, columns):
                return None
            if not one_hot and not made.categories:
                made.numbers += columns
            elif len(one_hot) != 1 or not made._compares(one_hot[0], columns):
                return None
        return made

    def _imputes(self, imputer: object, columns: list[int]) -> bool:
        if not isinstance(imputer, SimpleImputer) or imputer.add_indicator:
            return False
        fills = np.asarray(imputer.statistics_, dtype=np.float64)
        for column, value in zip(columns, fills.tolist(), strict=True):
            self.fills[column] = value
        return bool(np.isfinite(fills).all())  # a column without a value is dropped

    def _compares(self, one_hot: object, columns: list[int]) -> bool:
        plain = {"drop": None, "handle_unknown": "ignore", "max_categories": None}
        if not isinstance(one_hot, OneHotEncoder):
            return False
        settings = one_hot.get_params()
        if any(
            settings[name] != value for name, value in (plain | {"min_frequency": None}).items()
        ):
            return False
        for column, codes in zip(columns, one_hot.categories_, strict=True):
            self.categories += [column] * len(codes)
            self.codes += codes.tolist()
        return True

    def put_before(self, model: Any) -> None:
        """Let a graph that reads ``prepared`` read ``features``."""
        from onnx import TensorProto, helper, numpy_helper

        impute = {"imputed_value_floats": self.fills, "replaced_value_float": float("nan")}
        nodes = [node("Imputer", ["features"], "imputed", domain="ai.onnx.ml", **impute)]
        parts = []
        constants = {}
        if self.numbers:
            constants["number_columns"] = np.array(self.numbers, np.int64)
            nodes += [node("Gather", ["imputed", "number_columns"], "numbers", axis=1)]
            parts += ["numbers"]
        if self.categories:
            constants["category_columns"] = np.array(self.categories, np.int64)
            constants["codes"] = np.array([self.codes], np.float32)
            nodes += [
                node("Gather", ["imputed", "category_columns"], "categories", axis=1),
                node("Equal", ["categories", "codes"], "is_category"),
                node("Cast", ["is_category"], "one_hot", to=TensorProto.FLOAT),
            ]
            parts += ["one_hot"]
        nodes += [node("Concat", parts, "prepared", axis=1)]
        replace(model.graph.node, [*nodes, *model.graph.node])
        model.graph.initializer.extend(
            numpy_helper.from_array(value, name) for name, value in constants.items()
        )
        shape = [None, self.features]
        source = helper.make_tensor_value_info("features", TensorProto.FLOAT, shape)
        replace(model.graph.input, [source])
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        replace(model.opset_import, opsets)


def _leave_out_labels(graph: Any) -> None:
    """Keep what the probabilities need: who reads them knows the classes, and nodes cost time."""
    probabilities = graph.output[-1]
    needed, nodes = {probabilities.name}, []
    for one in reversed(graph.node):
        if needed & {*one.output}:
            needed |= {*one.input}
            nodes.append(one)
    replace(graph.node, reversed(nodes))
    replace(graph.initializer, [value for value in graph.initializer if value.name in needed])
    replace(graph.output, [probabilities])


def _add_a_row_where_one_differs(graph: Any) -> None:
    """Let a linear model see one row more, which is taken away from its answer.

    One row alone takes another path through matrix multiplication, which rounds otherwise.
    Trees give a row the same bits in any company, and are not asked for more.
    """
    from onnx import numpy_helper

    nodes, constants = [], {}
    for one in graph.node:
        if one.op_type != "LinearClassifier":
            nodes.append(one)
            continue
        sizes = {a.name: len(a.floats) for a in one.attribute}
        (source,), scores = one.input, one.output[1]
        zeros = np.zeros((1, sizes["coefficients"] // sizes["intercepts"]), np.float32)
        constants[f"{scores}_row"] = zeros
        one.input[0], one.output[1] = f"{scores}_more", f"{scores}_scores"
        nodes += [
            node("Concat", [source, f"{scores}_row"], f"{scores}_more", axis=0),
            one,
            node("Slice", [f"{scores}_scores", "first_row", "last_row"], scores),
        ]
    if constants:
        constants |= {"first_row": np.array([0]), "last_row": np.array([-1])}
    replace(graph.node, nodes)
    graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in constants.items())


def _pad(graph: Any, width: int) -> None:
    """Let every node see more rows than are asked for."""
    from onnx import numpy_helper

    source, target = graph.input[0].name, graph.output[0].name
    for one in graph.node:
        one.input[:] = ["padded" if name == source else name for name in one.input]
        one.output[:] = ["of_padded" if name == target else name for name in one.output]
    nodes = [
        node("Concat", [source, "more_rows"], "padded", axis=0),
        *graph.node,
        node("Slice", ["of_padded", "first_row", "last_row"], target),
    ]
    replace(graph.node, nodes)
    constants = {
        "more_rows": np.zeros((_MORE_ROWS, width), np.float32),
        "first_row": np.array([0]),
        "last_row": np.array([-_MORE_ROWS]),
    }
    graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in constants.items())


def _with_float32_thresholds(classify: Pipeline) -> Pipeline:
    """A copy whose histogram trees split at float32 values, with the same answers.

    The exporter rounds a threshold to the nearest float32, which may be a value that the tree
    sends the other way. The largest float32 that is not above it splits float32 values alike.
    """
    same = copy.deepcopy(classify)
    for estimator in parts_of(same):
        for predictor in chain.from_iterable(getattr(estimator, "_predictors", ())):
            exact = predictor.nodes["num_threshold"]
            rounded = exact.astype(np.float32)
            lower = np.nextafter(rounded, np.float32(-np.inf))
            predictor.nodes["num_threshold"] = np.where(rounded > exact, lower, rounded)
    return same


def parts_of(estimator: BaseEstimator) -> Iterator[BaseEstimator]:
    """An estimator and those inside it, however deep."""
    yield estimator
    inside = [step for _, step in getattr(estimator, "steps", ())]
    fitted = getattr(estimator, "estimators_", ())
    inside += fitted.ravel().tolist() if isinstance(fitted, np.ndarray) else fitted
    inside += [c.estimator for c in getattr(estimator, "calibrated_classifiers_", ())]
    for part in inside:
        if isinstance(part, BaseEstimator):
            yield from parts_of(part)
