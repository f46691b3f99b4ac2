"""An estimator of any library, or of the home's features.py, named by its import path."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from classification_model.errors import ConfigError
from classification_model.processing.functions import module_of

__all__ = ["OwnEstimator", "is_path", "needs", "own_estimator"]

_OURS = frozenset({"classification_model", "sklearn", "numpy", "scipy", "builtins"})


def is_path(name: str) -> bool:
    """Whether the name of an estimator is an import path, such as ``lightgbm.LGBMClassifier``."""
    return "." in name


def own_estimator(path: str, parameters: Mapping[str, Any], seed: int, source: str) -> OwnEstimator:
    """A new estimator of the class at an import path; ``features.Name`` is one of the home's.

    Raises:
        ConfigError: there is no such class, it has no probabilities, or it refuses a parameter.
    """
    kind = _imported(path, source)
    if not inspect.isclass(kind) or not hasattr(kind, "predict_proba"):
        raise ConfigError(f"estimator {path}: it is no class with predict_proba")
    seeds = ("random_state", "random_seed")
    accepted = inspect.signature(kind).parameters
    seeded = {name: seed for name in seeds if name in accepted and name not in parameters}
    try:
        return OwnEstimator(kind(**dict([*seeded.items()][:1]), **parameters))
    except TypeError as error:
        raise ConfigError(f"estimator {path}: {error}") from None


def _imported(path: str, source: str) -> Any:
    module, _, name = path.rpartition(".")
    if module == "features":
        found: Any = module_of(source) if source else None
        where = "the home's features.py"
    else:
        try:
            found, where = importlib.import_module(module), module
        except ImportError as error:
            raise ConfigError(
                f"estimator {path}: cannot be imported ({error}): pip install "
                f"{module.partition('.')[0]}, or choose another"
            ) from None
    if not hasattr(found, name):
        raise ConfigError(f"estimator {path}: there is no {name!r} in {where}")
    return getattr(found, name)


class OwnEstimator(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of any library. It sees classes as numbers from 0, which some insist on."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit a copy of the estimator, which need not take weights where there are none."""
        from sklearn.base import clone

        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_features_in_ = X.shape[1]
        try:
            self.estimator_ = clone(self.estimator)
        except TypeError:  # it does not follow scikit-learn's rules for parameters
            self.estimator_ = type(self.estimator)(**self.estimator.get_params())
        told = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.estimator_.fit(X, codes, **told)
        return self

    def predict_proba(self, X: Any) -> Any:
        """Probabilities of shape ``(rows, classes)``."""
        return np.asarray(self.estimator_.predict_proba(X))

    def predict(self, X: Any) -> Any:
        """The class of the highest probability."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def needs(parts: Iterator[BaseEstimator]) -> dict[str, str]:
    """The packages, with their versions, that unpickling estimators needs beyond our own."""
    fitted = [
        part for part in parts if isinstance(part, OwnEstimator) and hasattr(part, "estimator_")
    ]
    kinds = [kind for part in fitted for kind in type(part.estimator_).__mro__]
    tops = {kind.__module__.partition(".")[0] for kind in kinds} - {*_OURS}
    if not tops:
        return {}  # to list all packages takes longer than a small training
    packages = metadata.packages_distributions()
    names = sorted({packages[top][0] for top in tops if top in packages})
    return {name: metadata.version(name) for name in names}
