"""Run work on a Dask cluster instead of this machine's cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import joblib

from classification_model.errors import ConfigError, MissingExtraError

__all__ = ["connected", "on_cluster"]

_PATIENCE = "10s"


@contextmanager
def on_cluster(address: str | None) -> Iterator[None]:
    """Within this block joblib's work goes to the scheduler at ``address``, if one is given.

    Args:
        address: such as ``tcp://scheduler:8786``; its workers need this package, too.

    Raises:
        See :func:`connected`.
    """
    if address is None:
        yield
        return
    with connected(address), joblib.parallel_config("dask"):
        yield


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of the scheduler at ``address``, which has workers.

    Raises:
        MissingExtraError: Dask is not installed.
        ConfigError: no scheduler answers at the address, or it has no workers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtraError(
            purpose="--cluster", extra="cluster", module="distributed"
        ) from None
    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigError(f"--cluster {address}: no scheduler answers there ({error})") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise ConfigError(f"--cluster {address}: the scheduler has no workers")
        yield client
