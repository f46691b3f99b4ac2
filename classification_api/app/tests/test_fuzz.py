"""Requests made from the service's own document get answers that the document has."""

from __future__ import annotations

from harness import running
from torture.fuzz import fuzz


def test_what_schemathesis_makes_is_answered_as_the_document_says() -> None:
    with running() as server:
        found = fuzz(server, cases=300)
        log = server.log.read_text(encoding="utf-8")
    assert found.passed, found.report
    assert found.cases >= 300
    assert "Traceback" not in log
