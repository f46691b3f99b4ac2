"""Wrong things, planted to be caught."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from tools.rehearsal.ledger import Broken

__all__ = ["WORSE_ESTIMATOR", "another_estimator", "without_bundle"]

WORSE_ESTIMATOR = """\
estimator:
  name: logistic_regression
  parameters:
    C: 0.000001
"""


def another_estimator(config: str, estimator: str) -> str:
    """A configuration with another estimator block."""
    block = re.compile(r"^estimator:.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
    changed, count = block.subn(estimator, config)
    if count != 1:
        raise Broken(f"config.yml has {count} estimators")
    return changed


def without_bundle(wheel: Path) -> None:
    """Take the manifest out of a wheel, as a line too few in MANIFEST.in would."""
    stripped = wheel.with_suffix(".tmp")
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(stripped, "w") as target:
        for entry in source.infolist():
            if not re.search(r"/trained_models/[^/]*\.json$", entry.filename):
                target.writestr(entry, source.read(entry))
    stripped.replace(wheel)
