"""How a model is asked, as listings that run in its home."""

from __future__ import annotations

import json
from collections.abc import Iterator

from classification_model.card.document import Block, Code, Text
from classification_model.processing.profile import Profile

__all__ = ["usage"]

_IN_PYTHON = """\
import json
from pathlib import Path

from classification_model import make_prediction

rows = json.loads(Path("row.json").read_text(encoding="utf-8"))["inputs"]
print(make_prediction(input_data=rows, home=".")["predictions"])"""


def usage(profile: Profile) -> Iterator[Block]:
    """A row, and what asks about it from Python, on the command line and over HTTP."""
    yield Text(
        "The home of this model is the folder with its config.yml and trained_models, where this "
        "card lies. Save the row there and run the rest there, or write the home\u2019s path in the "
        "place of the dot."
    )
    row = json.dumps({"inputs": [profile.example()]}, ensure_ascii=False, indent=2)
    yield Code("A row, as row.json", "json", row)
    yield Code("In Python", "python", _IN_PYTHON)
    yield Code(
        "On the command line, for a CSV with these columns",
        "console",
        "classification-model predict rows.csv --output scored.csv --home .",
    )
    yield Code(
        "Over HTTP, where the API runs with MODEL_HOME set to the home",
        "console",
        "curl -s http://localhost:8002/predict -H 'content-type: application/json' "
        "--data-binary @row.json",
    )
