"""What config.yml says about a model, and by which groups it is judged: on the card, shaping nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classification_model.card.document import Table
from classification_model.card.fairness import fairness
from classification_model.cli.review import audit_home
from classification_model.config.home import Home
from classification_model.config.schema import Column, RowSchema
from classification_model.errors import ConfigError
from classification_model.evaluation.fairness import groups
from classification_model.evaluation.metrics import align
from classification_model.evaluation.report import Report
from classification_model.evaluation.slices import Few
from classification_model.processing.value_rules import TypedRow
from classification_model.train_pipeline import Trained, run_training
from homes import dataset_of, make_home
from tables import PEOPLE

SCHEMA = RowSchema(columns={"group": Column(kind="category")})
OWNER = str(PEOPLE.rows[0][0])  # a value that one row of the table holds
ABOUT = """\
about:
  purpose: Say who stays, <b>so that</b> somebody calls the others.
  not_for: |
    Pay, and nothing
    that | a pipe breaks.
  owner: "{owner}"
  licence: CC BY 4.0
fairness:
  - size
  - name
  - age
"""


def saying(folder: Path, said: str) -> Home:
    home = make_home(PEOPLE, folder)
    text = home.config_file.read_text(encoding="utf-8").replace("  name: text\n", "  name: raw\n")
    home.config_file.write_text(text + said, encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Trained]:
    home = saying(tmp_path_factory.mktemp("told") / "made", ABOUT.replace("{owner}", OWNER))
    return home, run_training(home.path)


def test_it_is_said_on_the_card_and_in_the_manifest_as_text(told: tuple[Home, Trained]) -> None:
    saved = told[1].bundle
    assert saved.manifest.about is not None
    assert saved.manifest.about.not_for == "Pay, and nothing that | a pipe breaks."
    page, text = saved.contents[".html"].decode(), saved.contents[".md"].decode()
    assert "Say who stays, &lt;b&gt;so that&lt;/b&gt; somebody" in page
    assert "Not for" in page
    assert r"| Not for | Pay, and nothing that \| a pipe breaks. |" in text
    assert "Contact" not in page


def test_it_asks_for_no_search_and_is_no_finding_of_the_audit(
    told: tuple[Home, Trained], tmp_path: Path
) -> None:
    home, trained = told
    plain = run_training(saying(tmp_path / "made", "").path).bundle
    assert trained.bundle.manifest.recipe.is_same(plain.manifest.recipe)
    assert trained.bundle.contents[".onnx"] == plain.contents[".onnx"]
    assert b'"about"' not in plain.manifest.source()
    found = audit_home(home.path)
    assert not found.findings
    assert "config.yml" in {one.file for one in found.named}, "by hand, so it stays and is named"


def test_the_card_has_rates_of_each_group_with_enough_rows(told: tuple[Home, Trained]) -> None:
    report = told[1].report
    by = {name: [one for one in report.groups if one.column == name] for name in ("size", "name")}
    assert sum(one.rows for one in by["size"]) == report.rows
    assert {one.value for one in by["size"]} == {"large", "huge", "others"}, (
        "few are missing, so the smallest group is with them"
    )
    assert [one.value for one in by["name"]] == ["others"], "a name of one person was a group"
    card = told[1].bundle.contents[".md"].decode()
    (table,) = re.findall(r"By “size”:\n\n(.*?)\n\n", card, re.DOTALL)
    header, _, *lines = table.splitlines()
    assert [cell.strip() for cell in header.strip("|").split("|")][:5] == [
        "group", "rows", "error rate", "are 1", "answered 1",
    ]  # fmt: skip
    assert len(lines) == len(by["size"])


def test_a_group_of_few_is_told_neither_by_itself_nor_by_subtraction() -> None:
    draw = np.random.default_rng(0)
    for _ in range(30):
        sizes = draw.integers(1, 12, 4)
        words = np.repeat(["a", "b", "c", "d"], sizes).tolist()
        schema_rows: list[TypedRow] = [{"group": word} for word in words]
        data = dataset_of(SCHEMA, schema_rows, [0] * len(words))
        scores = draw.random(len(words))
        judged = align(
            draw.integers(0, 2, len(words)).tolist(), np.column_stack([1 - scores, scores]), (0, 1)
        )
        found = groups(["group"], SCHEMA, data.columns, data.columns, judged, Few(5, None))
        assert all(one.rows >= 5 for one in found)
        assert sum(one.rows for one in found) in (0, len(words))
        facts: dict[str, Any] = {"groups": found, "classes": (0, 1), "positive": 1}
        report = Report.model_construct(**facts)
        for section in fairness(report, 5):
            (table,) = [block for block in section.blocks if isinstance(block, Table)]
            for cells in table.rows:
                for cell in cells[2:]:
                    assert re.fullmatch(r"[<>]?\d+\.\d%|\u2013", cell)
                rows, error = int(cells[1]), cells[2]
                if error[0] not in "<>\u2013" and float(error[:-1]):
                    assert 5 <= round(float(error[:-1]) / 100 * rows) <= max(5, rows - 5) or (
                        error == "100.0%"
                    )


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("about:\n  license: MIT\n", r"license: there is no such key; write `licence`"),
        ("about:\n  owner: ''\n", "owner: says nothing"),
        ('about:\n  purpose: "a\\u202eb"\n', "cannot be seen; write it as plain text"),
        (f"about:\n  purpose: {'x' * 2001}\n", "2,001 characters; 2,000 are shown at most"),
        ("about:\n", "says nothing; there are purpose, not_for, owner"),
        ("fairness:\n  - race\n", "fairness names 'race', which is not in columns; a column of"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_line_with_the_cure(
    said: str, fault: str, tmp_path: Path
) -> None:
    home = saying(tmp_path / "made", said)
    with pytest.raises(ConfigError, match=r"config\.yml") as refused:
        run_training(home.path)
    assert re.search(fault, str(refused.value))
    assert "\n" not in str(refused.value)
