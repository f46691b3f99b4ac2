"""What if another value stood there: the curve of the probability over one column of a row."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from app.tests.pages import Open, field, predict, sends
from classification_model import bundle
from classification_model.config.home import Home
from classification_model.processing.profile import Profile


def curve(page: Page) -> Locator:
    return page.locator("#curve")


def points(page: Page) -> list[tuple[float, float]]:
    """The line's points from the left, as its picture places them."""
    drawn = curve(page).locator(".line").get_attribute("points") or ""
    return [(float(x), float(y)) for x, y in (point.split(",") for point in drawn.split())]


def asked(body: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(body or "")["inputs"]
    return rows


def test_a_press_on_a_column_draws_the_probability_over_its_range(
    opened: Open, client: httpx.Client, profile: Profile, titanic: None
) -> None:
    page = opened()
    field(page, "fare").fill("250")
    predict(page)
    expect(page.locator("#what-if")).to_be_visible()
    bodies = sends(page)
    page.locator("#reasons").get_by_role("button", name="fare").press("Enter")
    expect(curve(page).get_by_role("img")).to_be_visible()
    (body,) = bodies
    rows = asked(body)
    assert 20 <= len(rows) <= 40
    assert rows[0]["fare"] == profile.columns["fare"].minimum
    assert rows[-1]["fare"] == profile.columns["fare"].maximum
    assert {json.dumps({**row, "fare": None}) for row in rows} == {
        json.dumps({**rows[0], "fare": None})
    }
    answer = client.post("/predict", json={"inputs": [*rows, {**rows[0], "fare": 250}]}).json()
    verdict = page.locator("#verdict span").inner_text()
    position = max((0, 1), key=answer["probabilities"][-1].__getitem__)
    shares = [row[position] for row in answer["probabilities"]]
    assert verdict == f"{shares[-1]:.1%}"
    drawn = points(page)
    heights = {round(y, 6) for _, y in drawn}
    assert heights == {round(8 + (1 - share) * 114, 6) for share in shares}
    dot = curve(page).locator(".dot")
    place = (float(dot.get_attribute("cx") or ""), float(dot.get_attribute("cy") or ""))
    assert place in drawn
    expect(curve(page).locator("b")).to_have_text(f"250: {verdict}")
    expect(page.locator("#what-if")).to_contain_text("the model\u2019s reaction, not a cause")


def test_categories_are_bars_with_that_of_the_row_among_them(
    opened: Open, client: httpx.Client, titanic: None
) -> None:
    page = opened()
    predict(page)
    page.get_by_label("What if another value stood there?").select_option("sex")
    bars = curve(page).get_by_role("listitem")
    expect(bars).to_have_count(3)
    verdict = page.locator("#verdict span").inner_text()
    expect(curve(page).locator(".first")).to_have_text(f"male (now){verdict}")
    shown = [float(re.findall(r"([0-9.]+)%", text)[0]) for text in bars.all_inner_texts()]
    assert shown == sorted(shown, reverse=True)


def test_what_was_tried_belongs_to_the_answer_and_goes_with_it(opened: Open, titanic: None) -> None:
    page = opened()
    predict(page)
    expect(page.locator("#what-if")).to_be_visible()
    choice = page.get_by_label("What if another value stood there?")
    bodies = sends(page)
    field(page, "age").fill("70")  # not asked about yet
    choice.select_option("fare")
    expect(curve(page).get_by_role("img")).to_be_visible()
    assert {row["age"] for row in asked(bodies[0])} != {"70"}
    page.get_by_role("button", name="Another example").click()
    expect(page.locator("#what-if")).to_be_hidden()
    expect(curve(page)).to_be_empty()


def test_a_value_beyond_what_training_saw_or_none_has_its_place_too(
    opened: Open, titanic: None
) -> None:
    page = opened()
    field(page, "age").fill("")
    field(page, "fare").fill("900")
    predict(page)
    choice = page.get_by_label("What if another value stood there?")
    choice.select_option("age")
    expect(curve(page).locator("b")).to_contain_text("(missing): ")
    expect(curve(page).locator(".dot")).to_have_count(0)
    choice.select_option("fare")
    expect(curve(page).locator("b")).to_contain_text("900: ")
    assert curve(page).locator(".dot").get_attribute("cx") == "296"


def test_each_home_s_columns_can_be_tried(opened: Open, other: tuple[httpx.Client, Home]) -> None:
    service, home = other
    page = opened(service)
    predict(page)
    expect(page.locator("#what-if")).to_be_visible()
    choice = page.get_by_label("What if another value stood there?")
    columns = bundle.load(home).manifest.row_schema.columns
    offered = choice.locator("option").all_inner_texts()[1:]
    assert offered
    bodies = sends(page)
    kinds = {columns[name].kind: name for name in offered}
    for name in kinds.values():
        choice.select_option(name)
        expect(curve(page).locator("svg, ul")).to_be_visible()
        expect(curve(page).locator(".error")).to_have_count(0)
    assert len(bodies) == len(kinds)
    assert all(len(row) == len(columns) for body in bodies for row in asked(body))
