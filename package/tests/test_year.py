"""A few months of the year that ``tox -e year`` lives, by the same code, in a real clone."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from homes import REPOSITORY

MONTH = re.compile(r"^\| (January|February|March|New Year's Eve) \|", re.MULTILINE)


@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="no clone, so no year")
@pytest.mark.usefixtures("titanic")  # from which the year starts
def test_a_few_months_say_what_they_must() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tools.year", "--short", "--rows", "600"],
        cwd=REPOSITORY / "package",
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert len(MONTH.findall(run.stdout)) == 4


def test_the_page_shows_the_whole_year() -> None:
    page = (REPOSITORY / "docs" / "a-year.md").read_text(encoding="utf-8")
    table = page.partition("<!-- year -->")[2].partition("<!-- /year -->")[0]
    assert len(re.findall(r"^\| [A-Z]", table, re.MULTILINE)) == 13
    assert re.search(r"grew by \d+\.\d MB for \d+ tagged models", table)
