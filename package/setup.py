"""Build the package. Its metadata is in pyproject.toml and its version in VERSION.

The same sources give the same bytes, of wheel and sdist: no clock, no user, no file mode of
the machine that builds goes into them.
"""

import gzip
import json
import logging
import os
import shutil
import tarfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

# Of every file in both; bdist_wheel reads it from here. Zip files begin with 1980.
EPOCH = os.environ.setdefault("SOURCE_DATE_EPOCH", "315532800")
os.umask(0o022)

HERE = Path(__file__).resolve().parent
# The service's code is in the clone, where a push deploys it; an sdist has a copy of it.
APP = HERE.parent / "classification_api" / "app"
COPY = Path("classification_model", "_service")


def copy_service(target: Path) -> None:
    """Copy the service, which ``classification-model serve`` starts, into what is built."""
    source = APP if APP.is_dir() else HERE / COPY
    if not source.is_dir():
        logging.warning("%s: no such folder; what is built here cannot serve", APP)
        return
    left_out = shutil.ignore_patterns("__pycache__", "tests")
    shutil.copytree(source, target / COPY, ignore=left_out, dirs_exist_ok=True)


def keep_one_model(target: Path) -> None:
    """Leave the model of VERSION alone in what is built, where a merge left another one."""
    home = target / "classification_model"
    version = (home / "VERSION").read_text(encoding="utf-8").strip()
    for file in (home / "trained_models").glob("*.json"):
        try:
            manifest = json.loads(file.read_bytes())
        except ValueError:  # git merged it
            continue
        if manifest.get("version") == version:
            keep = {file.name, *(record["name"] for record in manifest["files"].values())}
            for other in (home / "trained_models").iterdir():
                if other.name not in keep:
                    other.unlink()
            return


class BuildFromNothing(build_py):
    """Clear what an earlier build left, or the wheel would carry its old model too."""

    def run(self) -> None:
        if self.editable_mode:
            super().run()
            return
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        copy_service(Path(self.build_lib))
        keep_one_model(Path(self.build_lib))
        for file in Path(self.build_lib).rglob("*"):
            file.chmod(0o755 if file.is_dir() else 0o644)


class SameSdist(sdist):
    """An sdist whose bytes depend on its files' names and contents alone."""

    def run(self) -> None:
        # What an earlier build noted there would be packed again.
        shutil.rmtree(self.get_finalized_command("egg_info").egg_info, ignore_errors=True)
        super().run()

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        copy_service(Path(base_dir))
        keep_one_model(Path(base_dir))

    def make_archive(
        self,
        base_name: str,
        format: str,  # noqa: A002 - distutils calls it so
        root_dir: str | None = None,
        base_dir: str | None = None,
        **_: str | None,
    ) -> str:
        if format != "gztar":
            raise SystemExit(f"sdist as {format}: only gztar is made the same twice")
        folder = Path(root_dir or ".", base_dir or ".")
        name = f"{base_name}.tar.gz"
        with (
            Path(name).open("wb") as raw,
            gzip.GzipFile("", "wb", 9, raw, mtime=int(EPOCH)) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for file in sorted(folder.rglob("*"), key=lambda path: path.as_posix()):
                entry = archive.gettarinfo(file, file.relative_to(folder.parent).as_posix())
                entry.mtime, entry.mode = int(EPOCH), 0o755 if file.is_dir() else 0o644
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                if file.is_file():
                    with file.open("rb") as content:
                        archive.addfile(entry, content)
                else:
                    archive.addfile(entry)
        return name


setup(cmdclass={"build_py": BuildFromNothing, "sdist": SameSdist})
