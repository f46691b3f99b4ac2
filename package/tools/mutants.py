"""Judge a run of mutmut: how many mutants were killed, and whether each survivor is explained.

``tests/survivors.toml`` explains them, by function and by what was changed in it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

EXPLAINED = Path("tests/survivors.toml")
ENOUGH = 0.9

_LINE = re.compile(r"^ +(\S+): (.+)$", re.MULTILINE)
_CHANGE = re.compile(r"^([-+]) +(.*\S)", re.MULTILINE)


def mutmut(*arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def function_of(mutant: str) -> str:
    """``reading.load`` of ``classification_model.bundle.reading.x_load__mutmut_3``."""
    module, name = mutant.split("__mutmut_", maxsplit=1)[0].rsplit(".", maxsplit=1)
    function = re.sub(r"^x[_ǁ]", "", name).replace("ǁ", ".")
    return f"{module.rsplit('.', maxsplit=1)[1]}.{function}"


def change_of(mutant: str) -> tuple[str, ...]:
    """The lines that went and came, such as ``- a < b`` and ``+ a <= b``."""
    return tuple(f"{sign} {text}" for sign, text in _CHANGE.findall(mutmut("show", mutant)))


def explained() -> set[tuple[str, tuple[str, ...]]]:
    text = EXPLAINED.read_text(encoding="utf-8")
    return {
        (survivor["function"], tuple(survivor["change"]))
        for group in tomllib.loads(text)["because"]
        for survivor in group["survivors"]
    }


def main() -> int:
    found = dict(_LINE.findall(mutmut("results", "--all", "true")))
    ends = {name: end for name, end in found.items() if end != "not checked"}
    counts = Counter(ends.values())
    lived = [name for name, end in ends.items() if end not in ("killed", "timeout")]
    share = 1 - len(lived) / len(ends)
    known = explained()
    print(", ".join(f"{count} {end}" for end, count in counts.most_common()))
    print(f"{share:.1%} of {len(ends)} mutants were killed; at least {ENOUGH:.0%} must be")
    unexplained = 0
    for name in lived:
        function, change = function_of(name), change_of(name)
        if (function, change) not in known:
            unexplained += 1
            print(f"not explained in {EXPLAINED}: {function} ({name})", *change, sep="\n    ")
    return int(share < ENOUGH or unexplained > 0)


if __name__ == "__main__":
    sys.exit(main())
