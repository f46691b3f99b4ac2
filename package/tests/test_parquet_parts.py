"""A folder of Parquet parts is one table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from classification_model.config.core import load_config
from classification_model.errors import DataError
from classification_model.init import scaffold
from classification_model.processing.data_manager import load_dataset


def parts(folder: Path, *tables: dict[str, list[object]]) -> Path:
    folder.mkdir()
    for number, columns in enumerate(tables):
        pa.parquet.write_table(pa.table(columns), folder / f"part-{number:05}.parquet")
    (folder / "_SUCCESS").touch()
    return folder


X = np.random.default_rng(0).normal(size=80).tolist()


def part(first: int, **more: list[object]) -> dict[str, list[object]]:
    x: list[object] = X[first : first + 40]
    return {"x": x, "label": ["yes" if i % 3 else "no" for i in range(40)], **more}


def test_the_parts_of_a_folder_are_rows_of_one_table_in_the_order_of_their_names(
    tmp_path: Path,
) -> None:
    empty: list[object] = [None] * 40
    first, second = part(0, note=empty), part(40, note=["a", "b"] * 20)
    second = {name: second[name] for name in ("note", "label", "x")}
    folder = parts(tmp_path / "rows", first, second)
    home, _ = scaffold.create(folder, "label", tmp_path / "home")
    config = load_config(home)
    data = load_dataset(config, home)
    assert config.dataset == "raw.parquet"
    assert data.columns["x"].floats().tolist() == X
    assert config.columns["note"].kind == "category"


def test_parts_with_other_columns_are_refused_by_name(tmp_path: Path) -> None:
    folder = parts(tmp_path / "rows", part(0), part(40, more=[1] * 40))
    with pytest.raises(DataError, match=r"part-00001\.parquet: other columns .*'more'"):
        scaffold.create(folder, "label", tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_a_folder_without_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a folder without Parquet parts"):
        scaffold.create(parts(tmp_path / "none"), "label", tmp_path / "home")


def test_a_part_that_was_cut_off_is_named(tmp_path: Path) -> None:
    folder = parts(tmp_path / "rows", part(0), part(40))
    (file := folder / "part-00001.parquet").write_bytes(file.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"part-00001\.parquet: no whole Parquet file"):
        scaffold.create(folder, "label", tmp_path / "home")
