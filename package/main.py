"""Predict each row of a CSV with the installed package: ``python main.py [CSV]``."""

import sys
from pathlib import Path

from classification_model import make_prediction
from classification_model.cli import exit_status
from classification_model.config.home import Home
from classification_model.predict import load_model

SAMPLE = Path(__file__).parent / "sample_input.csv"


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
    manifest = load_model(Home.find()).manifest
    result = make_prediction(input_data=file)
    print(f"{file.name}: {len(result['predictions'])} row(s), model {result['version']}")
    for number, (label, scores) in enumerate(
        zip(result["predictions"], result["probabilities"], strict=True), start=1
    ):
        shares = zip(result["classes"], scores or (), strict=True)
        each = ", ".join(f"{known}: {share:.1%}" for known, share in shares)
        print(f"  row {number}: {manifest.target} = {label}  ({each})")
    for warning in result["warnings"]:
        print(f"  row {warning['row'] + 1}, {warning['column']}: {warning['message']}")


if __name__ == "__main__":
    with exit_status.ending():
        main()
        sys.stdout.flush()  # while a closed pipe can still be told apart
