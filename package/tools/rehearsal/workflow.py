"""The jobs and steps of a workflow, as its YAML has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.rehearsal.ledger import Broken

__all__ = ["Step", "evaluate", "jobs"]

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a command, or an action with its options; expressions are not evaluated yet."""

    title: str
    condition: str
    run: str
    uses: str
    options: Mapping[str, str]
    environment: Mapping[str, str]


def jobs(file: Path) -> dict[str, list[Step]]:
    """The steps of each job, in the order of the file.

    Raises:
        Broken: a job comes before one that it needs, or a step has what is not known here.
    """
    source = yaml.safe_load(file.read_text(encoding="utf-8"))
    found: dict[str, list[Step]] = {}
    for name, job in source["jobs"].items():
        needed = job.get("needs", [])
        for other in [needed] if isinstance(needed, str) else needed:
            if other not in found:
                raise Broken(f"{file.name}: job {name} comes before {other}, which it needs")
        found[name] = [_step(file, step) for step in job["steps"]]
    return found


def _step(file: Path, step: dict[str, Any]) -> Step:
    unknown = set(step) - {"name", "if", "run", "uses", "with", "env"}
    if unknown:
        raise Broken(f"{file.name}: a step has {sorted(unknown)}, which no rehearsal knows")
    uses = str(step.get("uses", ""))
    return Step(
        title=str(step.get("name") or uses.partition("@")[0]),
        condition=str(step.get("if", "")),
        run=str(step.get("run", "")).strip(),
        uses=uses.partition("@")[0],
        options={name: str(value) for name, value in step.get("with", {}).items()},
        environment={name: str(value) for name, value in step.get("env", {}).items()},
    )


def evaluate(text: str, context: Mapping[str, str]) -> str:
    """A value with its expressions replaced; a setting that nobody has made is empty, as there.

    Raises:
        Broken: an expression of another kind is not in the context.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in context:
            return context[name]
        if re.fullmatch(r"(vars|secrets)\.\w+", name):
            return ""
        raise Broken(f"the rehearsal does not know the expression {name!r}")

    return EXPRESSION.sub(value, text)
