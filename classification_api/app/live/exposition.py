"""What an operator's Prometheus reads besides: drift, truth and shadow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from classification_model.monitoring.watch import report

from ..observability.exposition import counter
from .figures import known_truth
from .keeper import Kept
from .recording import Live
from .shadow import Compared

__all__ = ["LiveFamilies"]

_NEWEST = 1_000

Samples = Sequence[tuple[tuple[str, ...], float]]


class LiveFamilies(Collector):
    """Counts add up over replicas; a distance is of this process's newest rows."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        yield from self._drift()
        yield from self._truth()
        if self._live.shadow:
            yield from self._shadow(self._live.shadow.counts)
        if self._live.keeper:
            yield from self._store(self._live.keeper.kept)

    def _drift(self) -> Iterator[Metric]:
        live, counting = self._live, self._live.counting
        found = counting.by_column(counting.total)
        served = [
            ((one.name, label), count)
            for one in counting.bins
            for label, count in zip(one.labels, found[one.name].tolist(), strict=True)
        ]
        trained = [
            ((one.name, label), float(count))
            for one in counting.bins
            for label, count in zip(one.labels, one.counts, strict=True)
        ]
        pair = ("column", "bin")
        yield counter("model_served_values", "Served values by bin.", pair, served)
        yield _gauge("model_reference_values", "The training's values by bin.", pair, trained)
        yield counter("model_uncounted_rows", "Rows in no bin.", (), [((), live.left_out)])
        columns = report(counting.window(_NEWEST), live.model.profile.rows).columns
        judged = [(one.name, one.verdict) for one in columns if one.verdict]
        for name, text, samples in (
            ("distance", "How far the newest rows are from the training.", [
                ((column,), verdict.distance) for column, verdict in judged
            ]),
            ("limit", "Below which a distance stays where nothing drifted.", [
                ((column,), verdict.limit) for column, verdict in judged
            ]),
            ("drifted", "Whether a column drifted.", [
                ((column,), float(verdict.drifted)) for column, verdict in judged
            ]),
        ):  # fmt: skip
            yield _gauge(f"model_drift_{name}", text, ("column",), samples)

    def _truth(self) -> Iterator[Metric]:
        live = self._live
        outcomes = [((outcome,), count) for outcome, count in live.labels.items()]
        yield counter("model_feedback", "Labels by what became of them.", ("outcome",), outcomes)
        found = known_truth(live)
        rows = float(found.rows if found else 0)
        one = {
            "rows": ("Kept answers whose truth is known.", rows),
            "correct": ("Those that were right.", found.accuracy.value * rows if found else 0.0),
            "log_loss": ("Sum of their losses.", found.log_loss.value * rows if found else 0.0),
        }
        for name, (text, value) in one.items():
            yield _gauge(f"model_truth_{name}", text, (), [((), value)])
        costs = [((), found.cost.value * rows)] if found and found.cost else []
        yield _gauge("model_truth_cost", "The sum of their costs, where there are some.", (), costs)

    def _shadow(self, counts: Compared) -> Iterator[Metric]:
        rows = [((name,), getattr(counts, name)) for name in ("refused", "failed", "dropped")] + [
            (("scored",), counts.rows)
        ]
        yield counter("model_shadow_rows", "Rows for the second model.", ("outcome",), rows)
        flips = [*counts.flips.items()]
        text = "Rows in which the two models disagree."
        yield counter("model_shadow_flips", text, ("served", "shadow"), flips)

    def _store(self, kept: Kept) -> Iterator[Metric]:
        rows = [(("written",), kept.rows), (("dropped",), kept.dropped)]
        yield counter("model_store_rows", "Answered rows for the store.", ("outcome",), rows)
        yield counter("model_store_labels", "Labels in the store.", (), [((), kept.labels)])
        up = float(kept.fault is None)
        yield _gauge("model_store_up", "Whether the store takes what is written.", (), [((), up)])


def _gauge(name: str, text: str, labels: Sequence[str], samples: Samples) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family
