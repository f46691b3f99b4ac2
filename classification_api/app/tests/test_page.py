"""The page in a real browser: a form, a dropped CSV, the model card, on any model."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from app.tests import browser as installed
from app.tests.servers import API, UVICORN, free_port, serving
from classification_model import batch, bundle
from classification_model.card import style
from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.processing import csv_reader

STATIC = API / "app" / "web" / "static"
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = installed.find()
    if path is None:
        pytest.skip("no Chromium or Chrome on this machine; apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


Open = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser, client: httpx.Client) -> Iterator[Open]:
    """Opens a service's page. In the end it has asked no other host, and nothing went wrong."""
    asked: list[str] = []
    wrong: list[str] = []
    contexts = []

    def open_page(service: httpx.Client = client, path: str = "/", **options: Any) -> Page:
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.goto(str(service.base_url.join(path)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert {urlsplit(url).hostname for url in asked if not url.startswith("blob:")} == {"127.0.0.1"}
    # The browser notes each answer of 400 and more; those are the tests' own.
    assert [line for line in wrong if not line.startswith("Failed to load resource")] == []


@pytest.fixture(scope="module", params=["awkward", "digits"])
def other(
    request: pytest.FixtureRequest, trained: Callable[[str], Home]
) -> Iterator[tuple[httpx.Client, Home]]:
    """Another home's service: words with accents and odd names, or ten classes of 64 numbers."""
    home = trained(request.param)
    port = free_port()
    environment = {"MODEL_HOME": str(home.path)}
    with serving([*UVICORN, "--port", str(port)], port, environment) as client:
        yield client, home


def field(page: Page, column: str) -> Locator:
    return page.get_by_label(column, exact=True)


def note_of(page: Page, column: str) -> Locator:
    return page.locator(".field", has=field(page, column)).locator(".note")


def predict(page: Page) -> None:
    page.get_by_role("button", name="Predict").click()


def shares_shown(page: Page) -> dict[str, str]:
    bars = page.get_by_role("list", name="Probability of each class").get_by_role("listitem")
    return dict(text.split("\n") for text in bars.all_inner_texts())


def drop(page: Page, name: str, content: bytes) -> None:
    page.locator("body").drop(
        {"files": {"name": name, "mimeType": "text/csv", "buffer": content}}
    )


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
    expect(page.locator("#verdict")).to_have_text(f"1 {scores[1]:.1%}")
    assert shares_shown(page) == {"0": f"{scores[0]:.1%}", "1": f"{scores[1]:.1%}"}
    width = "bar => bar.style.width.slice(0, -1) / 100"
    widths = [bar.evaluate(width) for bar in page.locator(".answer .bar").all()]
    assert widths == pytest.approx(scores, abs=1e-4)


def test_a_wrong_value_has_its_message_at_its_field(opened: Open, titanic: None) -> None:
    page = opened()
    field(page, "age").fill("old")
    field(page, "sibsp").fill("")
    predict(page)
    expect(note_of(page, "age")).to_have_text("Error: should be a number")
    expect(note_of(page, "sibsp")).to_contain_text("Error: is missing")
    expect(note_of(page, "fare")).to_be_empty()
    expect(page.get_by_role("status").first).to_contain_text("2 values to mend")
    expect(field(page, "age")).to_be_focused()
    expect(field(page, "age")).to_have_accessible_description(re.compile("should be a number"))
    assert field(page, "age").get_attribute("aria-invalid") == "true"
    field(page, "age").fill("40")
    field(page, "sibsp").fill("0")
    field(page, "sibsp").press("Enter")
    expect(page.locator("#verdict")).to_contain_text("%")
    expect(note_of(page, "age")).to_be_empty()
    assert field(page, "age").get_attribute("aria-invalid") is None


def test_a_warning_stands_beside_the_field_that_it_concerns(opened: Open, titanic: None) -> None:
    page = opened()
    field(page, "age").fill("99")
    predict(page)
    expect(note_of(page, "age")).to_contain_text("Warning: 99.0 is above the maximum 80")
    expect(page.get_by_role("status").first).to_contain_text("see age")
    expect(note_of(page, "fare")).to_be_empty()


def test_the_form_is_filled_and_sent_by_keyboard_alone(opened: Open, config: Config) -> None:
    page = opened()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skips to the form
    for column in config.columns:
        page.keyboard.press("Tab")
        expect(field(page, column)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Predict")).to_be_focused()
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
    assert page.locator(".field label").all_inner_texts() == list(manifest.row_schema.columns)
    predict(page)
    expect(page.locator("#verdict")).to_contain_text("%")
    expect(page.locator(".note.error")).to_have_count(0)
    assert list(shares_shown(page)) == [str(label) for label in manifest.classes]
    (body,) = bodies
    assert body
    assert list(json.loads(body)["inputs"][0]) == list(manifest.row_schema.columns)


def test_a_dropped_csv_becomes_the_file_that_the_command_line_writes(
    opened: Open, other: tuple[httpx.Client, Home], tmp_path: Path
) -> None:
    service, home = other
    source = home.path.parent / "data.csv"
    page = opened(service)
    drop(page, "data.csv", source.read_bytes())
    head, *rows = downloaded(page, "data.scored.csv")
    output = tmp_path / "scored.csv"
    batch.score_file(source, output, home=home.path)
    with output.open(encoding="utf-8", newline="") as stream:
        expected_head, *expected = csv.reader(stream)
    assert head == expected_head
    shares = len(bundle.load(home).manifest.classes)
    assert [row[:-shares] for row in rows] == [row[:-shares] for row in expected]
    for ours, theirs in zip(rows, expected, strict=True):
        assert [*map(float, ours[-shares:])] == [*map(float, theirs[-shares:])]
    expect(page.locator("#file-status")).to_contain_text(f"{len(rows):,} rows scored")
    assert page.locator("#table tbody tr").count() == 100


def test_rows_that_cannot_be_scored_are_named_and_lose_no_other(
    opened: Open, row: dict[str, Any], titanic: None
) -> None:
    page = opened()
    names = [*row, "mine"]
    good = [*("" if value is None else str(value) for value in row.values()), 'a "b"\nc']
    at = names.index("age")
    bad, old = ([*good[:at], age, *good[at + 1 :]] for age in ("old", "99"))
    lines = [names, good, bad, good[:3], old]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows(lines)
    content = text.getvalue().encode("utf-8-sig")
    page.set_input_files("#file", {"name": "rows.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.locator("#file-status")).to_contain_text("2 rows scored, 2 not")
    head, *scored = downloaded(page, "rows.scored.csv")
    assert head[:-3] == names
    assert [record[at] for record in scored] == ["29.0", "99"]
    assert scored[0][len(row)] == 'a "b"\nc'
    assert downloaded(page, "rows.rejected.csv") == [
        ["line", "column", "value", "reason"],
        ["4", "age", "old", "should be a number"],
        ["6", "", "", f"has 3 cells, and the header has {len(names)}"],
    ]
    table = page.get_by_role("region", name="Scored rows")
    expect(table.locator("tbody tr").nth(1)).to_contain_text("age: 99.0 is above the maximum 80")


FILES = {
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "is no CSV"),
    "nothing": (b" \n", "is empty"),
    "other columns": ("größe,b\n1,2\n".encode(), 'Its columns are "größe", "b"'),
    "two columns of one name": (b"a,b,a\n1,2,3\n", 'Two columns have the name "a"'),
    "a quote that stays open": (b'a,b\n1,"2\n', "Line 2: a quote that opens here"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_no_csv_of_these_rows_is_refused_in_words(case: str, opened: Open) -> None:
    content, reason = FILES[case]
    page = opened()
    drop(page, "file.csv", content)
    expect(page.locator("#file-status")).to_contain_text(reason)
    expect(page.locator("#scored")).to_be_hidden()


TEXTS = [
    "a,b\n1,2\n",
    "a;b\r\n1,5;2\r\n",
    'a\tb\n"x\ty"\t"""q"""\n',
    'a|b\n1|"two\nlines"\n\n3|\n',
    "a,b\r1,2\r3,4",
    'größe,"na,me"\n"",é\n',
    ' a , b \n1, "2"\nx"y,z\n',
    "a,b;c\n1;2,3\n4;5,6\n",
    'a,b\n1,2\n"3\r\n\r\n",4\n5,6',
]


def test_a_csv_is_read_as_the_package_reads_it(opened: Open) -> None:
    page = opened()
    for text in TEXTS:
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
            source = text.encode(encoding)
            expected = csv_reader.parse("a.csv", source)
            found = page.evaluate(
                """async ([bytes, known]) => {
                    const { decode, parse } = await import("/static/page/csv.js");
                    const { columns, records } = parse(decode(new Uint8Array(bytes)), known);
                    return [columns, records.map((r) => r.cells), records.map((r) => r.line)];
                }""",
                [[*source], []],
            )
            rows = [list(row) for row in expected.rows]
            assert found == [list(expected.columns), rows, expected.lines], (text, encoding)


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
    assert "script-src" not in card.headers["content-security-policy"]
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


def test_a_service_with_keys_asks_for_one_as_the_browser_does(
    opened: Open, row: dict[str, Any], config: Config
) -> None:
    key = "a key of this test"
    port = free_port()
    environment = {"API_KEYS": key, "MAX_ROWS": "3"}
    with serving([*UVICORN, "--port", str(port)], port, environment) as service:
        assert service.get("/").status_code == 401
        page = opened(service, http_credentials={"username": "", "password": key})
        predict(page)
        expect(page.locator("#verdict")).to_contain_text("%")
        # It takes few rows at once, too, and gets them so.
        text = io.StringIO(newline="")
        csv.writer(text).writerows([list(row), *[list(row.values())] * 7])
        drop(page, "rows.csv", text.getvalue().encode())
        expect(page.locator("#file-status")).to_have_text("rows.csv: 7 rows scored.")


def test_the_page_wears_the_colours_of_the_card() -> None:
    light, dark = (STATIC / "page.css").read_text(encoding="utf-8").split("@media", 1)
    for block, colours in ((light, style.COLORS), (dark, style.DARK_COLORS)):
        named = dict(re.findall(r"(--[\w-]+):\s*(#\w+)", colours))
        ours = dict(re.findall(r"(--[\w-]+):\s*(#\w+)", block))
        shared = ours.keys() & named.keys()
        assert {"--paper", "--ink", "--soft-ink", "--rule", "--wash", "--c0"} <= shared
        assert {name: ours[name] for name in shared} == {name: named[name] for name in shared}
