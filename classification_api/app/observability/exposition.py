"""Counts as Prometheus reads them.

Imported when the metrics are first read, because the client library is: a service starts sooner
and stays smaller without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from .. import __version__
from .metrics import BUCKETS, Metrics

__all__ = ["counter", "exposition"]

_BOUNDS = (*map(str, BUCKETS), "+Inf")


def exposition(metrics: Metrics, accept: str, *more: Collector) -> tuple[bytes, str]:
    """The metrics of this process, and their media type.

    Args:
        metrics: the counts.
        accept: the header of that name, which decides between the formats of Prometheus.
        more: what else there is to read.
    """
    registry = CollectorRegistry()
    for collector in (_Families(metrics), *more):
        registry.register(collector)
    ProcessCollector(registry=registry)
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class _Families(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        metrics = self._metrics
        manifest = metrics.model.manifest
        info = {
            "version": manifest.version,
            "bundle_digest": metrics.model.digest,
            "engine": metrics.model.engine,
            "api_version": __version__,
        }
        yield InfoMetricFamily("model", "The model that is served.", value=info)
        yield self._times()
        predictions = [((str(label),), n) for label, n in metrics.predictions.items()]
        rows = [
            (("scored",), sum(n for _, n in predictions)),
            (("refused",), metrics.refused_rows),
        ]
        if manifest.abstain_below is not None:
            rows.append((("abstained",), metrics.abstained_rows))
        yield counter("model_rows", "Rows received.", ("outcome",), rows)
        yield counter("model_predictions", "Rows by predicted class.", ("class",), predictions)
        pair = ("column", "rule")
        warnings, refusals = [*metrics.warnings.items()], [*metrics.refusals.items()]
        yield counter("model_warnings", "Values unlike those of training.", pair, warnings)
        yield counter("model_refusals", "Values for which a row was refused.", pair, refusals)

    def _times(self) -> Metric:
        family = HistogramMetricFamily(
            "http_request_duration_seconds",
            "From the head of a request to the end of its answer.",
            labels=("method", "route", "status"),
        )
        for (method, route, status), times in [*self._metrics.requests.items()]:
            *counts, seconds = times[:]
            buckets = list(zip(_BOUNDS, accumulate(counts), strict=True))
            family.add_metric((method, route, str(status)), buckets, seconds)
        return family


def counter(
    name: str, text: str, labels: tuple[str, ...], counts: Sequence[tuple[tuple[str, ...], int]]
) -> Metric:
    """A family of counters, from the values of its labels and their counts."""
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in counts:
        family.add_metric(values, count)
    return family
