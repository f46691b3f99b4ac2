"""The Python in both READMEs runs as printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from homes import REPOSITORY

BLOCKS = [
    (file, block)
    for file in (REPOSITORY / "README.md", REPOSITORY / "package" / "README.md")
    for block in re.findall(r"```python\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)
]


@pytest.mark.parametrize(("file", "block"), BLOCKS)
def test_a_block_runs(
    file: Path, block: str, titanic: None, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(block, str(file), "exec"), {})
    assert capsys.readouterr().out.startswith("[0]")
