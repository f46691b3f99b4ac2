"""The form of a table of many columns, of which one has many categories."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from app.tests.pages import Open, field, note_of, predict, sends
from app.web.ranking import ranked
from classification_model.config.home import Home
from classification_model.predict import load_model
from classification_model.train_pipeline import run_training
from harness import UVICORN, free_port, serving
from homes import make_home
from tables import Sample

PHONE = {"width": 340, "height": 700}
NOISE = 40


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two columns that matter, behind many that do not."""
    draw = random.Random(5)
    noise = [f"measured_value_of_sensor_{i}" for i in range(NOISE)]
    rows = []
    for _ in range(600):
        town, size = draw.randrange(40), round(draw.gauss(0, 1), 2)
        stays = (town % 4 == 0) * 3 + size > 0.8
        other = [round(draw.gauss(0, 1), 2) for _ in noise]
        rows.append([*other, f"Town {town}", size, "stays" if stays else "leaves"])
    sample = Sample("outcome", [*noise, "town", "size", "outcome"], rows)
    made = make_home(sample, tmp_path_factory.mktemp("wide") / "made")
    run_training(made.path)
    return made


@pytest.fixture(scope="module")
def service(home: Home) -> Iterator[httpx.Client]:
    port = free_port()
    environment = {"MODEL_HOME": str(home.path)}
    with serving([*UVICORN, "--port", str(port)], port, environment) as client:
        yield client


def test_the_columns_that_move_answers_most_come_first(home: Home) -> None:
    model = load_model(home)
    order = ranked(model)
    assert set(order[:2]) == {"town", "size"}
    assert sorted(order) == sorted(model.manifest.row_schema.columns)
    assert ranked(model) == order


def test_twelve_columns_are_shown_and_the_rest_is_folded(
    opened: Open, service: httpx.Client
) -> None:
    page = opened(service)
    labels = page.locator(".field label")
    expect(labels.filter(visible=True)).to_have_count(12)
    expect(field(page, "town")).to_be_visible()
    folded = page.get_by_text("30 more columns, filled in already")
    expect(folded).to_be_visible()
    bodies = sends(page)
    predict(page)
    expect(page.locator("#verdict")).to_contain_text("%")
    assert len(json.loads(bodies[0] or "")["inputs"][0]) == NOISE + 2
    folded.click()
    expect(labels.filter(visible=True)).to_have_count(NOISE + 2)


def test_a_wrong_value_in_a_folded_field_unfolds_it(opened: Open, service: httpx.Client) -> None:
    page = opened(service)
    summary = page.locator(".rest summary")
    summary.click()
    last = page.locator(".rest label").last.text_content() or ""
    field(page, last).fill("much")
    summary.click()
    expect(field(page, last)).to_be_hidden()
    predict(page)
    expect(note_of(page, last)).to_have_text("Error: should be a number")
    expect(field(page, last)).to_be_focused()


def in_view(one: Locator) -> bool:
    """Whether all of it can be seen, and nothing lies over its middle."""
    seen: bool = one.evaluate(
        """one => {
            const { left, top, right, bottom } = one.getBoundingClientRect();
            const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
            return top >= 0 && bottom <= innerHeight && (one === at || one.contains(at));
        }"""
    )
    return seen


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, PHONE])
def test_predict_and_the_answer_are_in_reach_wherever_one_is(
    place: str, size: dict[str, int], opened: Open, service: httpx.Client
) -> None:
    page = opened(service, viewport=size)
    page.locator(".rest summary").click()
    control: Locator = getattr(page.locator(".field input"), place)
    control.focus()
    button = page.get_by_role("button", name="Predict")
    assert in_view(button)
    control.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("%")
    assert in_view(control)
    shown = page.locator("#brief" if size is PHONE else "#verdict")
    assert in_view(shown)
    expect(shown).to_contain_text(page.locator("#verdict strong").inner_text())


def test_the_verdict_in_the_bar_leads_to_the_answer_and_is_marked_with_it(
    opened: Open, service: httpx.Client
) -> None:
    page = opened(service, viewport=PHONE)
    predict(page)
    brief = page.locator("#brief")
    expect(brief).to_be_visible()
    field(page, "size").fill("2")
    expect(brief).to_have_css("text-decoration-line", "line-through")
    brief.click()
    assert in_view(page.locator("#verdict"))


def test_many_categories_are_searched_and_one_that_was_not_seen_is_taken(
    opened: Open, service: httpx.Client
) -> None:
    page = opened(service)
    town = field(page, "town")
    assert town.get_attribute("list")
    options = page.locator("datalist option")
    assert options.count() >= 30
    expect(page.locator(".field", has=town).locator(".hint")).to_contain_text("type to search")
    bodies = sends(page)
    town.fill("Atlantis")
    predict(page)
    expect(note_of(page, "town")).to_contain_text("Warning")
    expect(page.locator("#verdict")).to_contain_text("%")
    assert json.loads(bodies[0] or "")["inputs"][0]["town"] == "Atlantis"
    page.get_by_label("What if another value stood there?").select_option("town")
    names = page.locator("#curve .name")
    expect(names.filter(has_text="Atlantis (now)")).to_have_count(1)  # it is asked first
    assert {"Town 4", "Town 5"} <= {*names.all_inner_texts()}


def test_controls_of_a_line_stand_level_and_names_break_after_underscores(
    opened: Open, service: httpx.Client
) -> None:
    page = opened(service)
    page.locator(".rest summary").click()
    lines: dict[int, set[int]] = {}
    for box in page.locator(".rest .field").all():
        outer, inner = box.bounding_box(), box.locator("input").bounding_box()
        assert outer
        assert inner
        lines.setdefault(round(outer["y"]), set()).add(round(inner["y"]))
    assert len(lines) < NOISE
    assert all(len(tops) == 1 for tops in lines.values())
    assert not broken_words(page)


def broken_words(page: Page) -> list[str]:
    """Pieces of names, between underscores, that stand on two lines."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".rest label")].flatMap((label) =>
            [...label.childNodes].filter((one) => one.nodeType === 3).filter((text) => {
                const range = document.createRange();
                range.selectNodeContents(text);
                return range.getClientRects().length > 1;
            }).map((text) => text.data))"""
    )
    return found
