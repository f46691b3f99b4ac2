"""The page in a real browser: a form, a dropped CSV, the model card, on any model."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from typing import Any

import httpx
import pytest
from playwright.sync_api import Error, Locator, Page, Route, expect

from app.tests.pages import (
    Open,
    downloaded,
    drop,
    field,
    note_of,
    predict,
    reasons_shown,
    sends,
    shares_shown,
)
from classification_model import bundle
from classification_model.card import style
from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.processing.profile import Profile
from classification_model.train_pipeline import run_training
from harness import API, SOURCE_HOME, UVICORN, free_port, serving
from homes import as_written, make_home
from tables import PEOPLE

STATIC = API / "app" / "web" / "static"
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def test_what_is_filled_in_is_answered_with_each_class_s_probability(
    opened: Open, client: httpx.Client, row: dict[str, Any], titanic: None
) -> None:
    page = opened()
    field(page, "age").fill("4")
    field(page, "sex").select_option("female")
    field(page, "name").fill("Andersson, Miss. Ida")
    field(page, "cabin").fill("")
    predict(page)
    changed = {**row, "age": 4, "sex": "female", "name": "Andersson, Miss. Ida", "cabin": None}
    answer = client.post("/predict", json={"inputs": [changed]}).json()
    (scores,) = answer["probabilities"]
    names = [bundle.load(Home(SOURCE_HOME)).manifest.name_of(label) for label in (0, 1)]
    expect(page.locator("#verdict")).to_have_text(f"{names[1]} {scores[1]:.1%}")
    assert shares_shown(page) == {
        name: f"{share:.1%}" for name, share in zip(names, scores, strict=True)
    }
    width = "bar => bar.style.width.slice(0, -1) / 100"
    widths = [bar.evaluate(width) for bar in page.locator("#bars .bar").all()]
    assert widths == pytest.approx(scores, abs=1e-4)


def test_the_answer_says_which_columns_moved_it_and_what_is_usual(
    opened: Open, client: httpx.Client, row: dict[str, Any], titanic: None
) -> None:
    page = opened()
    expect(page.locator("#why")).to_be_hidden()
    field(page, "sex").select_option("female")
    field(page, "embarked").select_option("")
    predict(page)
    expect(page.locator("#why")).to_be_visible()
    body = {"inputs": [{**row, "sex": "female", "embarked": None}]}
    (told,) = client.post("/predict?explain=6", json=body).json()["explanations"]
    shown = reasons_shown(page)
    named = told["contributions"]
    assert [lines[0].split()[0] for lines in shown] == [one["column"] for one in named]
    signed = [f"{one['contribution'] * 100:+.1f}".replace("-", "\u2212") for one in named]
    assert [lines[1] for lines in shown] == signed
    assert ["sex female", signed[0], "instead of the usual male"] in shown
    assert any(lines[0] == "embarked (missing)" for lines in shown)
    expect(page.locator("#why-rest")).to_contain_text(
        f"In points, from the usual {told['base']:.1%}"
    )
    page.get_by_role("button", name="Another example").click()
    expect(page.locator("#why")).to_be_hidden()


class Held:
    """Answers of /predict that come when a test lets them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.routes: list[Route] = []
        page.route("**/predict*", lambda route: self.routes.append(route))  # noqa: PLW0108

    def wait(self, many: int) -> None:
        """Until so many were asked for."""
        while len(self.routes) < many:
            self.page.wait_for_timeout(10)

    def release(self) -> None:
        """Let the oldest of those come that are held."""
        self.routes.pop(0).continue_()


def test_an_answer_that_is_on_its_way_when_a_value_changes_is_not_shown(
    opened: Open, titanic: None
) -> None:
    page = opened()
    held = Held(page)
    predict(page)
    held.wait(1)
    field(page, "age").fill("77")
    held.release()
    expect(page.locator("#remark")).to_contain_text("changed while the answer was on its way")
    expect(page.locator("#verdict")).to_have_text("\u2013")
    predict(page)
    held.wait(1)
    held.release()
    expect(page.locator("#verdict")).to_contain_text("%")
    expect(page.locator("#changed")).to_be_hidden()


def test_an_example_forgets_the_answer_that_is_on_its_way(opened: Open) -> None:
    page = opened()
    held = Held(page)
    predict(page)
    held.wait(1)
    page.get_by_role("button", name="Another example").click()
    predict(page)
    held.wait(2)
    with contextlib.suppress(Error):  # the page has let go of the first one
        held.release()
    page.wait_for_timeout(200)
    expect(page.locator("#verdict")).to_have_text("\u2013")
    held.release()
    expect(page.locator("#verdict")).to_contain_text("%")


def test_an_answer_beside_changed_values_says_so_until_they_are_back(
    opened: Open, titanic: None
) -> None:
    page = opened()
    predict(page)
    expect(page.locator("#verdict")).to_contain_text("%")
    before = field(page, "age").input_value()
    field(page, "age").fill("77")
    expect(page.get_by_role("status").first).to_contain_text("The values have changed since")
    expect(page.locator("#verdict strong")).to_have_css("text-decoration-line", "line-through")
    field(page, "age").fill(before)
    expect(page.locator("#changed")).to_be_hidden()
    expect(page.locator("#verdict strong")).to_have_css("text-decoration-line", "none")


def test_a_wrong_value_has_its_message_at_its_field(opened: Open, titanic: None) -> None:
    page = opened()
    field(page, "age").fill("old")
    field(page, "sibsp").fill("")
    predict(page)
    expect(note_of(page, "age")).to_have_text("Error: should be a number")
    expect(note_of(page, "sibsp")).to_be_empty()  # it may be missing, which no refusal says
    expect(note_of(page, "fare")).to_be_empty()
    expect(page.get_by_role("status").first).to_contain_text("1 value to mend")
    expect(field(page, "age")).to_be_focused()
    expect(field(page, "age")).to_have_accessible_description(re.compile("should be a number"))
    assert field(page, "age").get_attribute("aria-invalid") == "true"
    field(page, "age").fill("40")
    field(page, "sibsp").fill("0")
    field(page, "sibsp").press("Enter")
    expect(page.locator("#verdict")).to_contain_text("%")
    expect(note_of(page, "age")).to_be_empty()
    assert field(page, "age").get_attribute("aria-invalid") is None


def test_a_warning_stands_beside_the_field_that_it_concerns(
    opened: Open, profile: Profile, titanic: None
) -> None:
    oldest = profile.columns["age"].maximum
    page = opened()
    field(page, "age").fill("99")
    predict(page)
    expect(note_of(page, "age")).to_contain_text(f"Warning: 99.0 is above the maximum {oldest}")
    expect(page.get_by_role("status").first).to_contain_text("see age")
    expect(note_of(page, "fare")).to_be_empty()


def tab_to(target: Locator, page: Page, most: int) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if target.evaluate("one => one === document.activeElement"):
            break
    expect(target).to_be_focused()


def test_the_form_is_filled_and_sent_by_keyboard_alone(opened: Open, config: Config) -> None:
    page = opened()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skips to the form
    stops = 1
    folded = page.locator(".rest summary")
    for name in page.locator(".field label").all_text_contents():
        column = config.columns[name]
        if not field(page, name).is_visible():
            tab_to(folded, page, stops)
            page.keyboard.press("Enter")
            stops = 1
        tab_to(field(page, name), page, stops)
        stops = 8 if column.kind == "date" else 1  # day, month, year, ... are stops of their own
    tab_to(page.get_by_role("button", name="Predict"), page, stops)
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("%")


def test_examples_fill_the_form_with_rows_that_the_model_takes(opened: Open) -> None:
    page = opened()
    bodies = sends(page)
    for _ in range(3):
        page.get_by_role("button", name="Another example").click()
        predict(page)
        expect(page.locator("#verdict")).to_contain_text("%")
    assert len(set(bodies)) == 3


def test_each_home_has_a_form_of_its_own(opened: Open, other: tuple[httpx.Client, Home]) -> None:
    service, home = other
    manifest = bundle.load(home).manifest
    page = opened(service)
    bodies = sends(page)
    shown = page.locator(".field label").all_text_contents()
    assert sorted(shown) == sorted(manifest.row_schema.columns)
    predict(page)
    expect(page.locator("#verdict")).to_contain_text("%")
    expect(page.locator(".note.error")).to_have_count(0)
    assert list(shares_shown(page)) == [str(label) for label in manifest.classes]
    (body,) = bodies
    assert body
    assert list(json.loads(body)["inputs"][0]) == list(manifest.row_schema.columns)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """People with their name as text, a code as raw, and the time of day of their date."""
    header = [*PEOPLE.header[:-1], "code", "stays"]
    rows = [(*r[:5], f"{r[5]} {i % 24:02}:30", f"K-{i}", r[6]) for i, r in enumerate(PEOPLE.rows)]
    sample = replace(PEOPLE, header=header, rows=rows)
    home = make_home(sample, tmp_path_factory.mktemp("written") / "made")
    proposed = home.config_file.read_text(encoding="utf-8")
    assert "name: text" in proposed
    config = re.sub(r"^ignored:\n  code: .*\n", "", proposed, flags=re.MULTILINE)
    config = config.replace("columns:\n", "columns:\n  code: raw\n")
    labels = "\nlabels: {0: leaves, 1: stays on}\n"
    home.config_file.write_text(config + labels, encoding="utf-8")
    run_training(home.path)
    return home


@pytest.fixture
def of_written(written: Home) -> Iterator[httpx.Client]:
    port = free_port()
    environment = {"MODEL_HOME": str(written.path)}
    with serving([*UVICORN, "--port", str(port)], port, environment) as service:
        yield service


def test_classes_are_shown_by_their_names_and_downloaded_as_the_table_has_them(
    opened: Open, of_written: httpx.Client
) -> None:
    page = opened(of_written)
    predict(page)
    expect(page.locator("#verdict")).to_contain_text(re.compile("^(leaves|stays on) [0-9.]+%"))
    assert list(shares_shown(page)) == ["leaves", "stays on"]
    header, row = [*PEOPLE.header[:-1], "code"], [*PEOPLE.rows[0][:5], "2015-03-04 10:30", "K-1"]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, row])
    drop(page, "rows.csv", text.getvalue().encode())
    verdict = page.get_by_role("region", name="Scored rows").locator("tbody strong")
    expect(verdict).to_have_text(re.compile("^(leaves|stays on)$"))
    head, scored = downloaded(page, "rows.scored.csv")
    assert head[-3:] == ["prediction", "probability_0", "probability_1"]
    assert scored[-3] in ("0", "1")
    route = of_written.get("/openapi.json").json()["paths"]["/predict"]["post"]
    assert "`0` is leaves, `1` is stays on" in route["description"]


def test_text_raw_columns_and_times_are_filled_in_and_sent(
    opened: Open, of_written: httpx.Client
) -> None:
    page = opened(of_written)
    bodies = sends(page)
    page.get_by_role("button", name="Another example").click()
    predict(page)
    expect(page.locator("#verdict")).to_contain_text("%")
    told = {
        "name": "Person, Mr. 7\nand one line",
        "code": "K-7",
        "since": "2015-03-04T18:30:15",
    }
    for name, value in told.items():
        field(page, name).fill(value)
    predict(page)
    expect(page.locator("#changed")).to_be_hidden()
    expect(page.locator(".note.error")).to_have_count(0)
    (row,) = json.loads(bodies[-1] or "")["inputs"]
    assert {name: row[name] for name in told} == told
    expected = of_written.post("/predict", json={"inputs": [row]}).json()
    (scores,) = expected["probabilities"]
    assert shares_shown(page) == {
        "leaves": f"{scores[0]:.1%}",
        "stays on": f"{scores[1]:.1%}",
    }


def test_the_words_of_a_text_stand_beside_what_they_do(
    opened: Open, of_written: httpx.Client
) -> None:
    page = opened(of_written)
    field(page, "name").fill("Person, Mrs. 7")
    bodies = sends(page)
    predict(page)
    expect(page.locator("#why")).to_be_visible()
    body = json.loads(bodies[0] or "")
    (told,) = of_written.post("/predict?explain=9", json=body).json()["explanations"]
    page.get_by_label("What if another value stood there?").select_option("since")
    expect(page.locator("#curve .dot")).to_be_visible()
    (name,) = [one for one in told["contributions"] if one["column"] == "name"]
    said = [f"{one['word']} {one['effect'] * 100:+.1f}" for one in name["words"]]
    assert said
    place = page.locator("#reasons li", has_text="name").last
    shown = f"Each word struck out in turn: {', '.join(said)}.".replace(" -", " \u2212")
    expect(place).to_contain_text(shown)


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_a_checker_of_accessibility_finds_nothing(
    color_scheme: str, opened: Open, titanic: None
) -> None:
    page = opened(color_scheme=color_scheme)
    assert faults(page) == []
    field(page, "age").fill("99")
    predict(page)
    expect(note_of(page, "age")).to_contain_text("Warning")
    header, *lines = (API.parent / "package" / "sample_input.csv").read_text().splitlines()
    drop(page, "rows.csv", "\n".join([header, *lines, "1,2"]).encode())
    expect(page.locator("#table")).to_be_visible()
    assert faults(page) == []
    field(page, "age").fill("old")
    predict(page)
    expect(note_of(page, "age")).to_contain_text("Error")
    assert faults(page) == []


def faults(page: Page) -> list[str]:
    """What axe finds, by rule and element."""
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run()")
    return [
        f"{fault['impact']} {fault['id']}: {node['html']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def test_a_phone_shows_the_page_without_scrolling_sideways(
    opened: Open, other: tuple[httpx.Client, Home]
) -> None:
    service, home = other
    page = opened(service, viewport={"width": 340, "height": 700}, has_touch=True)
    predict(page)
    drop(page, "data.csv", (home.path.parent / "data.csv").read_bytes())
    expect(page.locator("#table")).to_be_visible()
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0


def test_the_model_card_is_the_verified_file(
    client: httpx.Client, opened: Open, config: Config
) -> None:
    card = client.get("/model")
    assert card.content == bundle.load(Home.find()).contents[".html"]
    assert "unsafe" not in card.headers["content-security-policy"]
    assert "default-src 'none'" in card.headers["content-security-policy"]
    page = opened()
    page.get_by_role("link", name="Model card").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Predicting {config.target}")
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"


def test_the_documentation_works_from_here(opened: Open) -> None:
    page = opened()
    page.get_by_role("link", name="API").click()
    expect(page.locator(".opblock-summary-path", has_text="/predict")).to_be_visible()


def test_the_page_stands_under_any_path(row: dict[str, Any]) -> None:
    port = free_port()
    with serving([*UVICORN, "--port", str(port), "--root-path", "/models/a"], port) as service:
        page = service.get("/").text
    addresses = re.findall(r'(?:href|src)="([^"#]+)"', page)
    assert len(addresses) >= 6
    assert all(address.startswith("/models/a/") for address in addresses)


KEY = "a key of this test"


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx.Client]:
    """A service with a key, which takes few rows at once."""
    port = free_port()
    environment = {"API_KEYS": KEY, "MAX_ROWS": "40"}
    with serving([*UVICORN, "--port", str(port)], port, environment) as service:
        yield service


def give(page: Page, key: str) -> None:
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Open").click()


def test_a_service_with_keys_asks_by_a_field_for_one(
    opened: Open, guarded: httpx.Client, row: dict[str, Any], config: Config
) -> None:
    page = opened(guarded)
    expect(page.get_by_role("heading", level=1)).to_have_text("A key, please")
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    assert faults(page) == []
    give(page, "another key than that")
    expect(page.get_by_role("alert")).to_have_text("Error: The service does not know this key.")
    give(page, KEY)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Predicting {config.target}")
    expect(page.locator("noscript")).to_be_hidden()
    predict(page)
    expect(page.locator("#verdict")).to_contain_text("%")
    # It takes few rows at once, too, and gets them so.
    text = io.StringIO(newline="")
    cells = list(as_written(row, config.row_schema()).values())
    csv.writer(text).writerows([list(row), *[cells] * 70])
    drop(page, "rows.csv", text.getvalue().encode())
    expect(page.locator("#file-status")).to_have_text("rows.csv: 70 rows scored.")


def test_what_no_script_hears_yet_cannot_be_pressed(opened: Open) -> None:
    page = opened(java_script_enabled=False)
    expect(page.get_by_role("button", name="Predict")).to_be_disabled()


def test_a_key_is_known_until_the_tab_is_closed(opened: Open, guarded: httpx.Client) -> None:
    page = opened(guarded)
    give(page, KEY)
    expect(page.get_by_role("button", name="Predict")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Predict")).to_be_visible()
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_label("Key", exact=True)).to_be_visible()
    page.evaluate("sessionStorage.setItem('key', 'a key that was withdrawn')")
    predict(page)
    expect(page.locator("#remark")).to_contain_text("does not know the key any more")
    page.reload()
    expect(page.get_by_role("alert")).to_have_text("Error: The service does not know this key.")
    assert page.evaluate("sessionStorage.length") == 0


def test_who_is_no_browser_is_refused_as_ever(guarded: httpx.Client) -> None:
    """And a browser that sends the key as a password is let in."""
    answer = guarded.get("/")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert "X-API-Key" in answer.json()["detail"]
    asked = guarded.get("/", headers={"accept": "text/html"})
    assert asked.status_code == 401
    assert "www-authenticate" not in asked.headers
    assert asked.headers["x-request-id"]
    assert "trusted-types 'none'" in asked.headers["content-security-policy"]
    assert b'id="facts"' not in asked.content
    known = guarded.get("/", headers={"accept": "text/html"}, auth=("", KEY))
    assert known.status_code == 200
    assert guarded.get("/static/page/page.css").status_code == 200
    assert guarded.get("/static/page/none.css").status_code == 401
    assert guarded.get("/static/docs/swagger-ui.css").status_code == 401


def test_a_warning_colours_the_verdict_and_leads_to_its_field(opened: Open, titanic: None) -> None:
    page = opened()
    predict(page)
    expect(page.locator("#verdict")).to_contain_text("%")
    verdict = page.locator("#verdict strong")
    plain = verdict.evaluate("one => getComputedStyle(one).color")
    field(page, "age").fill("99")
    predict(page)
    page.get_by_role("status").first.get_by_role("link", name="age").click()
    expect(field(page, "age")).to_be_focused()
    assert verdict.evaluate("one => getComputedStyle(one).color") != plain


def test_bars_show_in_forced_colours_and_on_paper(opened: Open) -> None:
    page = opened(forced_colors="active")
    predict(page)
    bar, track = page.locator("#bars .first .bar"), page.locator("#bars .track").first
    expect(bar).to_be_visible()
    colour = "one => getComputedStyle(one).backgroundColor"
    assert bar.evaluate(colour) != track.evaluate(colour)
    page.emulate_media(media="print", forced_colors="none")
    expect(bar).to_have_css("print-color-adjust", "exact")
    assert bar.evaluate(colour) != track.evaluate(colour)


def test_the_page_wears_the_colours_of_the_card() -> None:
    light, dark = (STATIC / "page.css").read_text(encoding="utf-8").split("@media", 1)
    for block, colours in ((light, style.COLORS), (dark, style.DARK_COLORS)):
        named = dict(re.findall(r"(--[\w-]+):\s*(#\w+)", colours))
        ours = dict(re.findall(r"(--[\w-]+):\s*(#\w+)", block))
        shared = ours.keys() & named.keys()
        assert {"--paper", "--ink", "--soft-ink", "--rule", "--wash", "--c0"} <= shared
        assert {name: ours[name] for name in shared} == {name: named[name] for name in shared}
