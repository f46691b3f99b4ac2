"""Files of scored rows that say why."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from classification_model import make_prediction
from classification_model.batch import score_files
from classification_model.cli import main
from classification_model.config.home import Home
from tables import PEOPLE


def told(rows: list[dict[str, Any]], home: Home, most: int) -> list[list[tuple[str, float]]]:
    found = make_prediction(input_data=rows, home=home.path, explain=most)["explanations"]
    return [
        [(one["column"], one["contribution"]) for one in each["contributions"]]
        for each in found
        if each
    ]


def read(file: Path) -> pd.DataFrame:
    """Contributions as they were written: pandas before 3 rounds the last bits of what it reads."""
    if file.suffix == ".parquet":
        return pd.read_parquet(file)
    return pd.read_csv(file, converters={"contribution_1": float, "contribution_2": float})


@pytest.mark.parametrize("output", ["out.csv", "out.parquet"])
def test_each_row_has_the_columns_that_moved_it_to_the_bit(
    people: Home, tmp_path: Path, output: str
) -> None:
    source = PEOPLE.write(tmp_path / "in.csv")
    target = tmp_path / output
    score_files([source], target, home=people.path, explain=2)
    with source.open(encoding="utf-8", newline="") as stream:
        rows = [*csv.DictReader(stream)]
    found = read(target)
    plain = tmp_path / f"plain-{output}"
    score_files([source], plain, home=people.path)
    without = read(plain)
    names = ["reason_1", "contribution_1", "reason_2", "contribution_2"]
    assert [*found.columns] == [*without.columns, *names]
    pd.testing.assert_frame_equal(found[[*without.columns]], without)
    shown = found[names].itertuples(index=False)
    assert [[(a, b), (c, d)] for a, b, c, d in shown] == told(rows, people, 2)


def test_no_more_columns_are_named_than_there_are(people: Home, tmp_path: Path) -> None:
    source = PEOPLE.write(tmp_path / "in.csv")
    score_files([source], tmp_path / "out.csv", home=people.path, explain=500)
    found = pd.read_csv(tmp_path / "out.csv")
    reasons = [name for name in found.columns if name.startswith("reason_")]
    assert 0 < len(reasons) < len(found.columns) / 2


def test_a_few_rows_are_explained_on_the_terminal(
    people: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    pd.read_csv(PEOPLE.write(tmp_path / "all.csv")).head(2).to_csv(source, index=False)
    main(["predict", str(source), "-o", str(output), "--home", str(people.path), "--explain", "2"])
    lines = " ".join(capsys.readouterr().out.split())
    assert "Row 1: " in lines
    assert "Row 2: " in lines
    first = pd.read_csv(output).iloc[0]
    assert f"{first['reason_1']} " in lines
    assert f"{first['contribution_1']:+.1%}" in lines


def test_a_cluster_does_not_explain_yet_and_says_so(
    people: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--home", str(people.path), "--explain", "2", "--cluster", "tcp://nowhere:1"]
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out"), *options])
    assert ended.value.code == 64
    assert "--cluster" in capsys.readouterr().err
