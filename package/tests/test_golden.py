"""A model shows that it still answers as it did when it was trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classification_model import bundle, make_prediction
from classification_model.bundle import golden
from classification_model.config.home import Home
from classification_model.errors import DamagedModelError, DataError
from classification_model.predict import Model
from classification_model.train_pipeline import run_training
from homes import make_home
from tables import Sample


def recorded(home: Home) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bundle.load(home).contents[".golden.jsonl"].splitlines()]


def with_golden(home: Home, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Save the bundle again with other golden rows, so that every digest is right."""
    source = bundle.load(home)
    lines = recorded(home)
    change(lines)
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    stem = source.manifest.files[".pkl"].name.removesuffix(".pkl")
    contents = {**source.contents, ".golden.jsonl": content}
    bundle.save(home, stem=stem, contents=contents, manifest=source.manifest)


def test_about_fifty_rows_hold_every_category_and_missing_value(people: Home) -> None:
    rows = [line["row"] for line in recorded(people)]
    seen = bundle.load(people).profile().columns
    assert 40 <= len(rows) <= 60
    assert set(seen["size"].categories) <= {row["size"] for row in rows}
    for name, column in seen.items():
        assert (None in {row[name] for row in rows}) >= (column.missing > 0)
        if column.minimum is not None and column.maximum is not None:
            values = [row[name] for row in rows if row[name] is not None]
            assert min(values) <= column.minimum <= column.maximum <= max(values)


def test_a_golden_row_is_nobodys_row(people: Home) -> None:
    from classification_model.config.core import load_config
    from classification_model.processing.data_manager import load_dataset

    real = {str(row) for row in load_dataset(load_config(people), people).rows()}
    made, _ = golden.parse(bundle.load(people).contents[".golden.jsonl"])
    typed = Model(bundle.load(people)).validator.validate(made).rows
    assert len(typed) == len(made)
    assert not {str(row) for row in typed} & real


@pytest.mark.parametrize("engine", ["onnx", "sklearn"])
def test_both_engines_answer_the_golden_rows(people: Home, engine: Any) -> None:
    source = bundle.load(people)
    Model(source, engine).replay_golden(source.contents[".golden.jsonl"])


def test_an_answer_that_is_another_is_named_and_the_model_not_used(home: Home) -> None:
    def nudge(lines: list[dict[str, Any]]) -> None:
        first, second = lines[7]["probabilities"]
        lines[7]["probabilities"] = [first - 1e-3, second + 1e-3]

    with_golden(home, nudge)
    with pytest.raises(DamagedModelError, match=r"golden row 7: the probability of 0 is 0\.\d+"):
        make_prediction(input_data=[recorded(home)[0]["row"]], home=home.path)


def test_a_difference_that_hardware_may_make_is_let_pass(home: Home) -> None:
    def nudge(lines: list[dict[str, Any]]) -> None:
        lines[7]["probabilities"] = [share + 1e-7 for share in lines[7]["probabilities"]]

    with_golden(home, nudge)
    assert make_prediction(input_data=[recorded(home)[0]["row"]], home=home.path)["predictions"]


GRID = [("abcdefghij"[n % 10], "klmnopqrst"[n // 10 % 10], n % 7 > 3) for n in range(300)]


def test_a_table_that_holds_all_that_can_be_combined_has_golden_rows(tmp_path: Path) -> None:
    """Every row that could be made of its values is somebody's, so one value is missing."""
    home = make_home(Sample("sold", ("size", "color", "sold"), GRID), tmp_path / "grid")
    run_training(home.path)
    made = [line["row"] for line in recorded(home)]
    assert made
    assert all(None in row.values() for row in made)


def test_where_no_row_can_be_nobodys_the_error_says_what_to_do(tmp_path: Path) -> None:
    home = make_home(Sample("sold", ("size", "color", "sold"), GRID), tmp_path / "grid")
    text = home.config_file.read_text()
    home.config_file.write_text(text.replace(": category\n", ": {kind: category, required: yes}\n"))
    with pytest.raises(DataError, match=r"fewer than 5 rows .* min_rows"):
        run_training(home.path)
    assert not [*home.trained_models.glob("class*")]
