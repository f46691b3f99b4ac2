"""A clone that is filled with other data takes a newer version of this project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from homes import REPOSITORY

UPGRADE = REPOSITORY / "package" / "tools" / "upgrade.py"
HOME = Path("package/classification_model")
REQUIREMENTS = Path("classification_api/requirements.txt")
FIRST = "1eca0bd"
"""A commit from before bundles had recipes, columns had rooms and homes had their own features."""

OLD_CONFIG = """\
pipeline_save_file: classification_model_v
dataset: raw.csv
target: grade
missing_markers: ["", "?"]
columns:
  weight: {kind: number, minimum: 1, maximum: 90, example: 7}
  color: {kind: category, categories: [blue, red], example: red}
derived: {}
ignored: {}
test_size: 0.25
random_state: 0
estimator: logistic_regression
"""

WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Somebody"), ("EMAIL", "somebody@example.org"))
}


def run(folder: Path, *command: str, status: int = 0) -> str:
    """What a command prints that ends with this status."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **WHO}, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def upgrade(clone: Path, *arguments: str, status: int = 0) -> str:
    return run(clone, sys.executable, str(UPGRADE), *arguments, status=status)


def write(folder: Path, **files: str) -> None:
    """Commit these files."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    run(folder, "git", "add", "--all")
    run(folder, "git", "commit", "--quiet", "--message", "Change")


def project(name: str, version: str) -> str:
    return f'[project]\nname = "{name}"\nversion = "{version}"\n'


def pins(name: str, version: str, fastapi: str) -> str:
    return f"{name}=={version}  # the package of this repository\nfastapi=={fastapi}\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Filled with grades under a name of its own, while ``upstream`` went on beside it."""
    run(tmp_path, "git", "init", "--quiet", "--initial-branch=upstream", "clone")
    clone = tmp_path / "clone"
    named = "pip install classification-model\n"
    shipped = {
        f"{HOME}/config.yml": "target: survived\n",
        f"{HOME}/features.py": "titanic = 1\n",
        f"{HOME}/VERSION": "1.0.0\n",
        f"{HOME}/datasets/raw.csv": "survived\n1\n",
        f"{HOME}/trained_models/model_v1.0.0.pkl": "first",
        f"{HOME}/code.py": "one = 1\ntwo = 2\nthree = 3\n",
        "package/sample_input.csv": "1\n",
        "package/pyproject.toml": project("classification-model", "1"),
        str(REQUIREMENTS): pins("classification-model", "1.0.0", "0.1"),
        "README.md": f"# Title\n{named}Old.\n",
    }
    write(clone, **shipped)
    run(clone, "git", "switch", "--quiet", "--create", "mine")
    run(clone, "git", "rm", "--quiet", f"{HOME}/trained_models/model_v1.0.0.pkl")
    write(
        clone,
        **{
            f"{HOME}/config.yml": "target: grade\n",
            f"{HOME}/features.py": "mine = 1\n",
            f"{HOME}/VERSION": "7.0.0\n",
            f"{HOME}/datasets/raw.csv": "grade\nb\n",
            f"{HOME}/trained_models/model_v7.0.0.pkl": "mine",
            "package/pyproject.toml": project("acme-grades", "1"),
            str(REQUIREMENTS): pins("acme-grades", "7.0.0", "0.1"),
            "README.md": "# Title\npip install acme-grades\nOld.\n",
            "own.py": "",
        },
    )
    run(clone, "git", "switch", "--quiet", "upstream")
    run(clone, "git", "rm", "--quiet", f"{HOME}/trained_models/model_v1.0.0.pkl")
    write(
        clone,
        **{
            f"{HOME}/config.yml": "target: survived\nformat: 2\n",
            f"{HOME}/features.py": "titanic = 2\n",
            f"{HOME}/VERSION": "1.1.0\n",
            f"{HOME}/datasets/raw.csv": "survived\n0\n",
            f"{HOME}/datasets/raw.csv.stamp.json": "{}",
            f"{HOME}/trained_models/model_v1.1.0.pkl": "second",
            f"{HOME}/code.py": "one = 1\ntwo = 2\nthree = 33\n",
            "package/sample_input.csv": "2\n",
            "package/pyproject.toml": project("classification-model", "2"),
            str(REQUIREMENTS): pins("classification-model", "1.1.0", "0.2"),
            "README.md": f"# Title\n{named}New.\n",
        },
    )
    run(clone, "git", "switch", "--quiet", "mine")
    return clone


def test_what_is_the_persons_stays_and_all_else_is_merged(clone: Path) -> None:
    kept = run(
        clone, "git", "ls-tree", "-r", "HEAD", str(HOME / "datasets"), str(HOME / "trained_models")
    )
    assert "Merged" in upgrade(clone, "upstream")
    assert not run(clone, "git", "status", "--porcelain")
    assert run(clone, "git", "log", "--merges", "--oneline")
    texts = {
        file: (clone / HOME / file).read_text() for file in ("config.yml", "features.py", "VERSION")
    }
    assert texts == {
        "config.yml": "target: grade\n",
        "features.py": "mine = 1\n",
        "VERSION": "7.0.0\n",
    }
    assert kept == run(
        clone, "git", "ls-tree", "-r", "HEAD", str(HOME / "datasets"), str(HOME / "trained_models")
    )
    assert (clone / "package/pyproject.toml").read_text() == project("acme-grades", "2")
    assert (clone / HOME / "code.py").read_text().endswith("33\n")
    assert (clone / "own.py").exists()
    # What the next training makes follow, from the name that the others have.
    assert (clone / REQUIREMENTS).read_text() == pins("classification-model", "1.1.0", "0.2")
    assert (clone / "README.md").read_text() == "# Title\npip install classification-model\nNew.\n"


def test_what_both_have_changed_is_left_to_the_person_and_nothing_is_lost(clone: Path) -> None:
    write(clone, **{f"{HOME}/code.py": "one = 1\ntwo = 2\nthree = 'mine'\n"})
    before = run(clone, "git", "rev-parse", "HEAD")
    told = upgrade(clone, "upstream", status=1)
    assert f"{HOME}/code.py" in told
    assert "README" not in told
    assert run(clone, "git", "rev-parse", "HEAD") == before
    assert "'mine'" in (clone / HOME / "code.py").read_text()
    assert (clone / HOME / "config.yml").read_text() == "target: grade\n"
    run(clone, "git", "merge", "--abort")
    assert not run(clone, "git", "status", "--porcelain")


@pytest.mark.parametrize(
    ("branch", "change", "told"),
    [("upstream", "x = 1\n", "not committed"), ("nowhere", "", "nowhere")],
)
def test_nothing_is_merged_over_open_changes_or_from_nowhere(
    clone: Path, branch: str, change: str, told: str
) -> None:
    with (clone / HOME / "code.py").open("a") as stream:
        stream.write(change)
    before = (clone / HOME / "code.py").read_text()
    assert told in upgrade(clone, branch, status=1)
    assert (clone / HOME / "code.py").read_text() == before


def test_a_clone_of_the_first_version_takes_this_one_and_trains(tmp_path: Path) -> None:
    known = ["git", "cat-file", "-e", f"{FIRST}^{{commit}}"]
    if subprocess.run(known, cwd=REPOSITORY, capture_output=True, check=False).returncode:
        pytest.skip(f"this clone's history does not reach back to {FIRST}")
    clone, now = tmp_path / "clone", run(REPOSITORY, "git", "rev-parse", "HEAD").strip()
    run(tmp_path, "git", "clone", "--quiet", "--shared", "--no-checkout", str(REPOSITORY), "clone")
    run(clone, "git", "switch", "--quiet", "--create", "mine", FIRST)
    shutil.rmtree(clone / HOME / "trained_models")
    (clone / HOME / "trained_models").mkdir()
    named = (clone / "package/pyproject.toml").read_text()
    rows = [
        f"{n % 89 + n / 1000 + 1},{'red' if n % 3 else 'blue'},{'ab'[n % 89 > 40]}"
        for n in range(300)
    ]
    write(
        clone,
        **{
            f"{HOME}/config.yml": OLD_CONFIG,
            f"{HOME}/datasets/raw.csv": "\n".join(["weight,color,grade", *rows, ""]),
            "package/pyproject.toml": named.replace('"classification-model"', '"acme-grades"', 1),
        },
    )
    assert "Merged" in upgrade(clone, now)
    (clone / HOME / "VERSION").write_text("1.1.0\n")
    package = clone / "package"
    for module in ("classification_model train", "tools.pin_api", "tools.sample", "main"):
        run(package, sys.executable, "-m", *module.split())
    assert "acme-grades==1.1.0" in (clone / REQUIREMENTS).read_text()
    assert "'acme-grades[train] @ git+" in (clone / "README.md").read_text()
