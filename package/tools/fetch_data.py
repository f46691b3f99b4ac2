"""Make datasets/raw.csv: the 1309 Titanic passengers of OpenML data set 40945.

The source is OpenML's ARFF file. scikit-learn's wheel carries a copy of it for its own
tests, so no network is needed; without that copy it is downloaded from OpenML. Both have
the md5 that OpenML records for the file.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import importlib.resources
import io
import re
import sys
import urllib.request
from pathlib import Path

URL = "https://www.openml.org/data/v1/download/16826755/Titanic.arff"
ARFF_MD5 = "60ac7205eee0ba5045c90b3bba95b1c4"
CSV_SHA256 = "1a2fd48ca2a2f84328dfdee05ea4482f7d456ba09368a271c25e8246dafee8ce"
OUTPUT = Path("classification_model/datasets/raw.csv")
ATTRIBUTE = re.compile(r"^@attribute '([^']+)'", re.MULTILINE)


def from_scikit_learn() -> bytes | None:
    """The copy inside the installed scikit-learn, if this release still has it."""
    folder = importlib.resources.files("sklearn") / "datasets/tests/data/openml/id_40945"
    file = folder / "data-v1-dl-16826755.arff.gz"
    return gzip.decompress(file.read_bytes()) if file.is_file() else None


def from_openml() -> bytes:
    with urllib.request.urlopen(URL, timeout=60) as response:
        return bytes(response.read())


def arff_to_csv(arff: str) -> str:
    """ARFF's data section is a CSV without a header; ``?`` for missing stays as it is."""
    header, data = arff.split("@data", 1)
    output = io.StringIO(newline="")
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(ATTRIBUTE.findall(header))
    writer.writerows(csv.reader(io.StringIO(data.strip()), strict=True))
    return output.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description="Make datasets/raw.csv, the Titanic passengers.")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    output: Path = parser.parse_args().output
    arff = from_scikit_learn() or from_openml()
    if hashlib.md5(arff, usedforsecurity=False).hexdigest() != ARFF_MD5:
        print(
            "The file is not the one that OpenML describes; nothing was written.", file=sys.stderr
        )
        return 1
    content = arff_to_csv(arff.decode("utf-8")).encode("utf-8")
    digest = hashlib.sha256(content).hexdigest()
    if digest != CSV_SHA256:
        print(f"sha256 {digest}, expected {CSV_SHA256}; nothing was written.", file=sys.stderr)
        return 1
    output.write_bytes(content)
    print(f"{output}: {len(content)} bytes, sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
