"""The wheel that users install: its files, its names, and what works with it alone."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import classification_model
from classification_model import bundle
from classification_model.config.core import Config
from classification_model.config.home import Home
from homes import REPOSITORY

PACKAGE = REPOSITORY / "package"


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def service() -> dict[str, bytes]:
    """The service's own files by name, without its tests."""
    app = REPOSITORY / "classification_api" / "app"
    files = [file for file in app.rglob("*") if file.is_file()]
    return {
        str(file.relative_to(app)): file.read_bytes()
        for file in files
        if not {"tests", "__pycache__"} & {*file.relative_to(app).parts}
    }


@pytest.fixture
def wheel(dist: tuple[Path, Path]) -> Path:
    return dist[0]


def test_the_index_will_show_the_packages_page(dist: tuple[Path, Path]) -> None:
    checked = python("-m", "twine", "check", "--strict", *map(str, dist), cwd=PACKAGE)
    assert checked.returncode == 0, checked.stdout


def test_what_is_tested_is_the_installed_wheel() -> None:
    assert "site-packages" in Path(classification_model.__file__).parts


def test_the_wheel_holds_code_configuration_and_model_and_nothing_else(
    wheel: Path, source_home: Home
) -> None:
    model = bundle.load(source_home).manifest
    stem = Path(model.files[".pkl"].name).stem.removesuffix(model.version)
    code = {
        str(file.relative_to(PACKAGE)) for file in (PACKAGE / "classification_model").rglob("*.py")
    }
    code |= {f"classification_model/_service/{name}" for name in service()}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info/"
    assert {name for name in names if not name.startswith(info)} == code | {
        "classification_model/VERSION",
        "classification_model/config.yml",
        "classification_model/py.typed",
        *(
            f"classification_model/trained_models/{stem}{model.version}{suffix}"
            for suffix in (".json", *model.files)
        ),
    }
    assert {name.removeprefix(info) for name in names if name.startswith(info)} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
        "top_level.txt",
    }


def test_a_stale_build_folder_does_not_reach_the_wheel(tmp_path: Path) -> None:
    stale = PACKAGE / "build" / "lib" / "classification_model" / "stale.txt"
    stale.parent.mkdir(parents=True, exist_ok=True)
    stale.write_text("from an earlier build")
    run = python("-m", "build", "-n", "--wheel", "--outdir", str(tmp_path), cwd=PACKAGE)
    assert run.returncode == 0, run.stderr
    (file,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        assert not [name for name in archive.namelist() if "stale" in name]


def test_main_prints_a_readable_prediction(tmp_path: Path) -> None:
    run = python(str(PACKAGE / "main.py"), cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("sample_input.csv: 1 row(s)")
    target = bundle.load(Home.find()).manifest.target
    assert f"row 1: {target} = " in run.stdout


def test_main_takes_another_csv(tmp_path: Path, config: Config) -> None:
    table = f"classification_model/datasets/{config.dataset}"
    run = python(str(PACKAGE / "main.py"), table, cwd=PACKAGE)
    rows = bundle.load(Home.find()).manifest.rows
    assert run.returncode == 0, run.stderr
    assert f"row {rows}: " in run.stdout
    missing = python(str(PACKAGE / "main.py"), "nowhere.csv", cwd=PACKAGE)
    assert (missing.returncode, missing.stderr) == (1, "Error: nowhere.csv: no such file\n")


def test_the_version_is_that_of_VERSION() -> None:  # noqa: N802
    assert classification_model.__version__ == Home.find().version()


def test_the_surface_is_what_it_says() -> None:
    assert classification_model.__all__ == sorted(classification_model.__all__)
    assert all(hasattr(classification_model, name) for name in classification_model.__all__)
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        classification_model.nothing_of_the_kind  # noqa: B018


def test_predicting_imports_no_training_library(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from classification_model.predict import load_model\n"
        "from classification_model.config.home import Home\n"
        "load_model(Home.find())\n"
        "heavy = {'pandas', 'sklearn', 'scipy', 'joblib', 'matplotlib', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = python("-c", program, cwd=tmp_path)
    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_both_licenses_are_one() -> None:
    assert (PACKAGE / "LICENSE").read_bytes() == (REPOSITORY / "LICENSE").read_bytes()


def test_wheel_and_sdist_carry_the_service_byte_for_byte(dist: tuple[Path, Path]) -> None:
    wheel, sdist = dist
    prefix = "classification_model/_service/"
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {
            name.removeprefix(prefix): archive.read(name)
            for name in archive.namelist()
            if name.startswith(prefix)
        }
    in_sdist = {}
    with tarfile.open(sdist) as packed:
        for member in packed.getmembers():
            _, found, name = member.name.partition(f"/{prefix}")
            content = packed.extractfile(member)
            if found and content is not None:
                in_sdist[name] = content.read()
    assert in_wheel == in_sdist == service()


def test_only_the_command_serve_imports_the_service() -> None:
    imported = re.compile(r"(from|import) .*\b_service\b")
    code = (PACKAGE / "classification_model").rglob("*.py")
    assert not [file for file in code if imported.search(file.read_text(encoding="utf-8"))]


def test_serve_without_its_extra_says_how_to_get_it(tmp_path: Path) -> None:
    if find_spec("fastapi"):
        pytest.skip("the extra is installed here")
    run = python("-m", "classification_model", "serve", cwd=tmp_path)
    assert run.returncode == 1
    assert "serve needs 'fastapi'" in run.stderr
    assert "[serve]'" in run.stderr
