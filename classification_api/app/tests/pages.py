"""What a person does with the page, and what there is to see."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page

__all__ = [
    "Open",
    "downloaded",
    "drop",
    "field",
    "note_of",
    "predict",
    "reasons_shown",
    "sends",
    "shares_shown",
]

Open = Callable[..., Page]


def field(page: Page, column: str) -> Locator:
    return page.get_by_label(column, exact=True)


def note_of(page: Page, column: str) -> Locator:
    return page.locator(".field", has=field(page, column)).locator(".note")


def predict(page: Page) -> None:
    page.get_by_role("button", name="Predict").click()


def shares_shown(page: Page) -> dict[str, str]:
    bars = page.get_by_role("list", name="Probability of each class").get_by_role("listitem")
    return dict(text.split("\n") for text in bars.all_inner_texts())


def reasons_shown(page: Page) -> list[list[str]]:
    """The lines of each reason: column and value, contribution, and what is usual."""
    reasons = page.locator("#reasons").get_by_role("listitem").all_inner_texts()
    return [text.split("\n") for text in reasons]


def drop(page: Page, name: str, content: bytes) -> None:
    page.locator("body").drop({"files": {"name": name, "mimeType": "text/csv", "buffer": content}})


def downloaded(page: Page, name: str) -> list[list[str]]:
    with page.expect_download() as download:
        page.get_by_role("link", name=f"Download {name}").click()
    assert download.value.suggested_filename == name
    with Path(download.value.path()).open(encoding="utf-8", newline="") as stream:
        return [*csv.reader(stream)]


def sends(page: Page) -> list[str | None]:
    bodies: list[str | None] = []
    page.on("request", lambda r: bodies.append(r.post_data) if r.method == "POST" else None)
    return bodies
