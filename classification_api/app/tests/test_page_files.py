"""A CSV given to the page: read as the package reads it, scored as the command line scores it."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from app.tests.pages import Open, downloaded, drop
from app.web.form import web_name
from classification_model import bundle
from classification_model.config.home import Home
from classification_model.processing.profile import Profile
from classification_model.processing.reading.encodings import decided
from homes import parsed


def test_a_dropped_csv_becomes_the_file_that_the_command_line_writes(
    opened: Open, other: tuple[httpx.Client, Home], tmp_path: Path
) -> None:
    service, home = other
    source = home.path.parent / "data.csv"
    page = opened(service)
    drop(page, "data.csv", source.read_bytes())
    head, *rows = downloaded(page, "data.scored.csv")
    output = tmp_path / "scored.csv"
    command = [sys.executable, "-m", "classification_model", "predict", str(source)]
    where = ["--output", str(output), "--home", str(home.path)]
    subprocess.run([*command, *where], check=True, capture_output=True)
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
    opened: Open, row: dict[str, Any], profile: Profile, titanic: None
) -> None:
    page = opened()
    names = [*row, "mine"]
    good = [*("" if value is None else str(value) for value in row.values()), 'a "b"\nc']
    at = names.index("age")
    bad, old = ([*good[:at], age, *good[at + 1 :]] for age in ("old", "99"))
    # Two lines each, and more of them than are sent at once.
    lines = [names, good, old, *[good] * 510, old, *[good] * 91, bad, good[:3]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows(lines)
    content = text.getvalue().encode("utf-8-sig")
    page.set_input_files("#file", {"name": "rows.csv", "mimeType": "text/csv", "buffer": content})
    status = page.locator("#file-status")
    expect(status).to_contain_text("604 rows scored, 2 not")
    expect(status).to_contain_text("2 rows have warnings")
    head, *scored = downloaded(page, "rows.scored.csv")
    assert head[:-3] == names
    usual = good[at]
    assert [record[at] for record in scored] == [
        usual,
        "99",
        *[usual] * 510,
        "99",
        *[usual] * 91,
    ]
    assert scored[0][len(row)] == 'a "b"\nc'
    assert downloaded(page, "rows.rejected.csv") == [
        ["file", "line", "column", "value", "reason"],
        ["rows.csv", "1210", "age", "old", "should be a number"],
        ["rows.csv", "1212", "", "", f"has 3 cells, and the header has {len(names)}"],
    ]
    warned = page.get_by_role("region", name="Scored rows").locator("tbody tr", has_text="above")
    oldest = profile.columns["age"].maximum
    expect(warned).to_have_count(1)
    expect(warned).to_contain_text(f"age: 99.0 is above the maximum {oldest}")
    expect(warned.locator("td").first).to_have_text("4")


def one_row(row: dict[str, Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([row.keys(), row.values()])
    return text.getvalue().encode()


def test_scoring_stops_when_it_is_told_to(opened: Open, row: dict[str, Any]) -> None:
    page = opened()
    page.route("**/predict*", lambda route: None)  # the answer does not come
    drop(page, "rows.csv", one_row(row))
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#file-status")).to_have_text("Stopped. Nothing was kept.")
    expect(page.get_by_role("progressbar")).to_be_hidden()


def test_a_service_that_does_not_answer_is_said_in_words(opened: Open, row: dict[str, Any]) -> None:
    page = opened()
    page.context.set_offline(True)
    drop(page, "rows.csv", one_row(row))
    expect(page.locator("#file-status")).to_have_text("The service does not answer. Is it running?")


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
    "sep=;\na;b\n1,5;2\n",
    "Report of 2024,,\na,b,c\n1,2,3\n,,\na,b,c\n4,5,6\n",
    "a,b,\n1,2,\n3,4,\n",
    'a, "b"\n1, "x, y"\n',
    "a,Straße\n1,Köln\n2,L\u2019été 5 €\n",
]


def test_a_csv_is_read_as_the_package_reads_it(opened: Open) -> None:
    page = opened()
    for text in TEXTS:
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
            source = text.encode(encoding)
            expected = parsed(source)
            found = page.evaluate(
                """async ([bytes, known]) => {
                    const { decode, parse } = await import("/static/page/csv.js");
                    const { columns, records } = parse(decode(new Uint8Array(bytes)), known);
                    return [columns, records.map((r) => r.cells), records.map((r) => r.line)];
                }""",
                [[*source], []],
            )
            rows = [list(row) for row in expected.rows]
            assert found == [list(expected.columns), rows, expected.lines.tolist()], (
                text,
                encoding,
            )


@pytest.mark.parametrize(
    ("encoding", "hint", "told"),
    [
        ("cp1250", "cp1250", "cp1250"),
        ("utf-8", "cp1250", "utf-8"),
        ("shift_jis", "cp932", "cp932"),
        ("koi8_r", "koi8_r", "koi8_r"),
        ("iso8859_2", "iso8859-2", "iso8859-2"),
        ("mac_roman", "mac-roman", "mac_roman"),
    ],
)
def test_a_file_may_be_in_the_encoding_of_the_table(
    opened: Open, encoding: str, hint: str, told: str
) -> None:
    word = {"shift_jis": "東京", "koi8_r": "Тула", "mac_roman": "Köln"}.get(encoding, "Plzeň")
    source = f"a,b\n1,{word}\n".encode(encoding)
    assert decided(io.BytesIO(source), hint=told)[0] == told
    found = opened().evaluate(
        """async ([bytes, hint]) => {
            const { decode } = await import("/static/page/csv.js");
            return decode(new Uint8Array(bytes), hint);
        }""",
        [[*source], web_name(hint)],
    )
    assert found == source.decode(told)
