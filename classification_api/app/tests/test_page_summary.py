"""What the page says of a scored file at a glance, and the one button that mends decimal marks."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from app.tests.pages import Open, downloaded, drop, sends
from app.tests.test_page_wide import in_view
from classification_model.processing.data_manager import Dataset
from classification_model.processing.profile import Profile


def written(rows: list[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode()


def part(page: Page, heading: str) -> Locator:
    return page.locator(".part", has=page.get_by_role("heading", name=heading))


@pytest.fixture
def labelled(held_out: Dataset, titanic: None) -> tuple[list[str], list[list[Any]]]:
    """A header and 60 rows of the Titanic, the target at the end."""
    rows = held_out.rows()[:60]
    body = [
        [*("" if value is None else value for value in row.values()), label]
        for row, label in zip(rows, held_out.labels, strict=False)
    ]
    return [*rows[0], "survived"], body


def test_a_file_is_summed_up_by_its_answers(
    opened: Open, labelled: tuple[list[str], list[list[Any]]], profile: Profile
) -> None:
    header, body = labelled
    page = opened()
    drop(page, "rows.csv", written([header, *body]))
    scored = downloaded(page, "rows.scored.csv")[1:]
    answers = [row[-3] for row in scored]
    shares = {label: count / profile.rows for label, count in profile.classes}
    mix = part(page, "Answers").get_by_role("listitem").all_inner_texts()
    names = {"0": "died", "1": "survived"}
    for label, count in Counter(answers).items():
        told = f"{count / len(answers):.1%} (training {shares[int(label)]:.1%})"
        assert f"{names[label]}\n{told}" in mix
    sure = part(page, "How sure they are").get_by_role("img")
    bins = Counter(min(9, int(max(map(float, row[-2:])) * 10)) for row in scored)
    label = sure.get_attribute("aria-label") or ""
    for tenth, count in bins.items():
        assert f"{tenth * 10}% to {tenth * 10 + 10}%: {count}" in label
    truths = [str(row[-1]) for row in body]
    right = sum(map(str.__eq__, answers, truths)) / len(truths)
    judged = part(page, 'Against the file\'s "survived"')
    expect(judged).to_contain_text(f"{right:.1%} of 60 rows are right")
    pairs = Counter(zip(truths, answers, strict=True))
    cells = judged.locator("tbody tr").all()
    for truth, line in zip("01", cells, strict=True):
        expected = [names[truth], *(str(pairs[truth, answer]) for answer in "01")]
        assert line.locator("td").all_inner_texts() == expected


def test_the_least_sure_come_first_where_one_asks(
    opened: Open, labelled: tuple[list[str], list[list[Any]]]
) -> None:
    header, body = labelled
    page = opened()
    drop(page, "rows.csv", written([header, *body]))
    page.get_by_label("Least sure first").check()
    told = page.locator("#table tbody .meter").all_inner_texts()
    shares = [float(text.strip(" \n<>%")) for text in told]
    assert len(shares) == len(body)
    assert shares == sorted(shares)
    page.get_by_label("Least sure first").uncheck()
    lines = page.locator("#table tbody tr td:first-child").all_inner_texts()
    assert [*map(int, lines)] == sorted(map(int, lines))


def test_decimal_commas_are_mended_by_one_button(
    opened: Open, client: httpx.Client, labelled: tuple[list[str], list[list[Any]]]
) -> None:
    header, body = labelled
    fare, age = header.index("fare"), header.index("age")
    for i, row in enumerate(body):
        row[fare], row[age] = f"{i + 10},25", f"{20 + i % 30}"
    body[3][fare] = "1.234"  # as it stands beside the others, it is more than a thousand
    body[4][fare] = "1.234,5"
    body[5][fare] = "free"
    german = [[*row] for row in body]
    page = opened()
    drop(page, "rows.csv", written([header, *german]))
    why = part(page, "Why rows are not scored")
    expect(why.get_by_role("listitem").first).to_contain_text("58 rows fare: should be a number")
    expect(why).to_contain_text("Read 10,25 as 10.25 in fare")
    bodies = sends(page)
    why.get_by_role("button").click()
    expect(page.locator("#file-status")).to_contain_text("Read by another decimal mark: fare")
    (sent,) = (json.loads(body or "")["inputs"] for body in bodies)
    assert [row["fare"] for row in sent[:6]] == [10.25, 11.25, 12.25, 1234, 1234.5, "free"]
    expect(page.locator("#file-status")).to_contain_text("59 rows scored, 1 not")
    expect(why.get_by_role("button")).to_have_count(0)
    scored = downloaded(page, "rows.scored.csv")
    assert scored[1][fare] == "10,25"  # the file's own cells stay
    answer = client.post("/predict", json={"inputs": sent[:1]}).json()
    assert [*map(float, scored[1][-2:])] == answer["probabilities"][0]


MENDED: dict[str, tuple[dict[str, float | None], list[object]]] = {
    "commas, and points between thousands": (
        {"12,5": 12.5, "1.234,5": 1234.5, "3": None, "2.000": None},
        [12.5, 1234.5, "3", 2000],
    ),
    "points where the table had commas": (
        {"12.5": 12.5, "1,234.5": 1234.5, "2,000": None},
        [12.5, 1234.5, 2000],
    ),
    "both marks": ({"12,5": 12.5, "7.25": None, "1.500": None}, [12.5, "7.25", "1.500"]),
    "thousands by commas": ({"1,234,567": 1234567, "7.5": None}, [1234567, 7.5]),
    "no mark at all": ({"free": None}, ["free"]),
}


@pytest.mark.parametrize("case", MENDED)
def test_a_column_is_read_by_the_mark_that_its_refused_cells_ask_for(
    case: str, opened: Open
) -> None:
    cells, expected = MENDED[case]
    found = opened().evaluate(
        """async ([cells, faults]) => {
            const { mends } = await import("/static/page/mend.js");
            const records = cells.map((cell) => ({ cells: [cell] }));
            const { byColumn } = mends(faults, { columns: ["a"], records });
            return cells.map(byColumn.get("a") ?? ((cell) => cell));
        }""",
        [
            [*cells],
            [
                {"column": "a", "value": cell, "message": f"is none; it may mean {reading:.15g}"}
                for cell, reading in cells.items()
                if reading is not None
            ],
        ],
    )
    assert found == expected


def test_what_happens_to_a_file_and_what_came_of_it_are_in_view(
    opened: Open, labelled: tuple[list[str], list[list[Any]]]
) -> None:
    header, body = labelled
    page = opened(viewport={"width": 1280, "height": 900})
    held: list[Any] = []
    page.route("**/predict*", lambda route: held.append(route))  # noqa: PLW0108
    drop(page, "rows.csv", written([header, *body]))
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert in_view(page.get_by_role("progressbar"))
    while not held:
        page.wait_for_timeout(10)
    held[0].continue_()
    expect(page.locator("#scored")).to_be_visible()
    assert in_view(page.locator("#file-status"))
    assert in_view(part(page, "Answers"))
    assert in_view(part(page, "How sure they are"))
