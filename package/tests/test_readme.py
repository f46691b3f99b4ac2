"""The Python in both READMEs, and the feature that docs/own-data.md adds, work as printed."""

from __future__ import annotations

import random
import re
from datetime import date
from pathlib import Path

import pytest

from classification_model import bundle, make_prediction
from classification_model.processing.functions import functions_of
from classification_model.train_pipeline import run_training
from homes import REPOSITORY, make_home
from tables import Sample

BLOCKS = [
    (file, block)
    for file in (REPOSITORY / "README.md", REPOSITORY / "package" / "README.md")
    for block in re.findall(r"```python\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)
    if "make_prediction" in block
]


@pytest.mark.parametrize(("file", "block"), BLOCKS)
def test_a_block_runs(
    file: Path, block: str, titanic: None, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(block, str(file), "exec"), {})
    assert capsys.readouterr().out.startswith("[0]")


def test_the_feature_that_the_docs_add_works_in_training_and_serving(
    tmp_path: Path,
) -> None:
    """The function and the configuration as printed, in a home with the columns they name."""
    text = (REPOSITORY / "docs" / "own-data.md").read_text(encoding="utf-8")
    (function,) = re.findall(r"```python\n(from datetime.*?)```", text, re.DOTALL)
    (derived,) = re.findall(r"```yaml\n(derived:.*?)```", text, re.DOTALL)
    draw = random.Random(0)
    rows = []
    for _ in range(120):
        entered = draw.randint(30, 60)
        born = f"{1950 + draw.randint(0, 20)}-06-01"
        rows.append((born, f"{int(born[:4]) + entered}-06-01", "old" if entered > 45 else "young"))
    sample = Sample("group", ("born", "entered", "group"), rows)
    home = make_home(sample, tmp_path / "made")
    with home.config_file.open("a", encoding="utf-8") as stream:
        stream.write(derived)
    (home.path / "features.py").write_text(function, encoding="utf-8")
    run_training(home.path)
    result = make_prediction(
        input_data=[{"born": "1960-06-01", "entered": "2019-06-01"}], home=home.path
    )
    assert result["predictions"] == ["old"]
    source = bundle.load(home)
    feature = source.manifest.features[-1]
    functions = functions_of(source.contents[".features"].decode())
    assert feature.name == "age_at_entry"
    assert feature.reader(functions)(
        {"born": date(1960, 1, 1), "entered": date(2000, 1, 1)}
    ) == pytest.approx(40, abs=0.01)
