"""Write sample_input.csv again where the model has got other columns: main.py predicts it."""

from __future__ import annotations

from pathlib import Path

from classification_model import bundle
from classification_model.bundle.rollback import sample_of
from classification_model.config.home import Home

SAMPLE = Path("sample_input.csv")


def main() -> None:
    made = sample_of(bundle.load(Home(Path("classification_model").resolve())))
    there = SAMPLE.read_text(encoding="utf-8").splitlines()[:1] if SAMPLE.is_file() else []
    if made.splitlines()[:1] != there:
        SAMPLE.write_text(made, encoding="utf-8")
        print(f"{SAMPLE}: a made row with the columns of the model")


if __name__ == "__main__":
    main()
