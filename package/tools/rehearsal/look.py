"""The look of ``monitor.yml`` at a service that runs, with a stand-in for GitHub's issues."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping, Sequence

from tools.rehearsal.github import github
from tools.rehearsal.ledger import Broken
from tools.rehearsal.stage import Stage

__all__ = ["look"]

_ROWS = 1_000


def look(stage: Stage, url: str, key: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Look at a service that nobody has asked much, and again when one row came all the time."""
    (step,) = (step for step in stage.jobs("monitor.yml")["look"] if step.run)
    stage.context.update({"vars.LIVE_URL": url, "secrets.OPERATOR_KEY": key})
    with github() as (address, issues):
        settings = {"GITHUB_API_URL": address, "GITHUB_REPOSITORY": "somebody/something"}
        with stage.ledger.timed("planted: a key that is no operator's", "caught"):
            wrong = {**settings, "OPERATOR_KEY": "a-key-of-somebody-else"}
            stage.expect_refusal(step, "/live answers 401", "OPERATOR_KEYS", **wrong)
        with stage.ledger.timed(f"monitor: {step.title}"):
            stage.run(step, **settings)
            if issues:
                raise Broken(f"an issue about hardly any row: {issues}")
        with stage.ledger.timed(f"planted: one row, {_ROWS:,} times", "caught"):
            _send(url, [rows[0]] * _ROWS)
            stage.run(step, **settings)
            stage.run(step, **settings)
            if len(issues) != 1 or ": drifted" not in issues[0]["body"]:
                raise Broken(f"not one issue about what drifted: {issues}")


def _send(url: str, rows: Sequence[Mapping[str, object]]) -> None:
    body = json.dumps({"inputs": rows}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{url}/predict", data=body, headers=headers)
    urllib.request.urlopen(request, timeout=60).close()
