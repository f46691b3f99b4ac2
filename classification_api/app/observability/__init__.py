"""What an operator sees of a service that runs: metrics, log lines, a name for each request."""

from .layer import BEGUN, HEADER, Observed, Observer
from .logs import write_logs
from .metrics import BUCKETS, Metrics, add_time

__all__ = [
    "BEGUN",
    "BUCKETS",
    "HEADER",
    "Metrics",
    "Observed",
    "Observer",
    "add_time",
    "write_logs",
]
