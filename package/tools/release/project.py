"""What is released: the facts of this repository, each read from its one place."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ASSETS", "DIST", "PACKAGE", "REPOSITORY", "Project", "Stop", "TrainedModel", "setting"]

PACKAGE = Path(__file__).resolve().parents[2]
REPOSITORY = PACKAGE.parent
DIST = PACKAGE / "dist"
ASSETS = PACKAGE / "release_assets"
"""What the release shows beside wheel and sdist: the comparison, the card, the SBOM."""

HOME = "classification_model"
MODELS = f"{HOME}/trained_models"
DATASETS = f"{HOME}/datasets"


class Stop(Exception):  # noqa: N818
    """The step ends here; the message says why, and what to do."""


def setting(name: str, cure: str) -> str:
    """An environment variable that a step cannot do without.

    Raises:
        Stop: it is not set, or empty, which is what a workflow makes of an unknown one.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        raise Stop(f"{name} is not set: {cure}")
    return value


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The files of a bundle, by name, each of them the one that the manifest means.

    ``digest`` is the sha256 of the manifest, which the service shows under /health.
    """

    digest: str
    manifest: Mapping[str, Any]
    files: Mapping[str, bytes]

    @classmethod
    def of(cls, files: Mapping[str, bytes], version: str, *, where: str) -> TrainedModel:
        """Find and verify the bundle of a version among the files of a folder or a wheel.

        Raises:
            Stop: it is not there, or not whole.
        """
        for source in (content for name, content in files.items() if name.endswith(".json")):
            manifest = json.loads(source)
            if manifest["version"] == version:
                break
        else:
            found = ", ".join(sorted(files)) or "nothing"
            raise Stop(
                f"{where}: no model of version {version} (found {found}): run tox -e train, and "
                "see that MANIFEST.in names every file of trained_models/"
            )
        for record in manifest["files"].values():
            content = files.get(record["name"])
            if content is None or _sha256(content) != record["sha256"]:
                what = "missing" if content is None else "not the file that the manifest means"
                raise Stop(
                    f"{where}: {record['name']} is {what}: run tox -e train, and see that "
                    "MANIFEST.in names every file of trained_models/"
                )
        return cls(_sha256(source), manifest, files)

    @classmethod
    def of_wheel(cls, wheel: Path, version: str) -> TrainedModel:
        """The bundle that a wheel carries."""
        with zipfile.ZipFile(wheel) as archive:
            files = {
                Path(name).name: archive.read(name)
                for name in archive.namelist()
                if name.startswith(f"{MODELS}/") and not name.endswith((".py", "/"))
            }
        return cls.of(files, version, where=wheel.name)

    def golden(self) -> list[dict[str, Any]]:
        """The golden rows with their recorded probabilities."""
        name = self.manifest["files"][".golden.jsonl"]["name"]
        return [json.loads(line) for line in self.files[name].splitlines()]


@dataclass(frozen=True, slots=True)
class Project:
    """The distribution's name and version."""

    name: str
    version: str

    @classmethod
    def read(cls) -> Project:
        project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))
        version = (PACKAGE / "classification_model/VERSION").read_text(encoding="utf-8").strip()
        return cls(project["project"]["name"], version)

    @property
    def pin(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def file_stem(self) -> str:
        """How the file names of wheel and sdist begin."""
        return f"{re.sub(r'[-_.]+', '_', self.name).lower()}-{self.version}"

    def wheel(self) -> Path:
        """The wheel that was built.

        Raises:
            Stop: there is not just one, or it is of another name or version.
        """
        found = sorted(DIST.glob("*.whl")) if DIST.is_dir() else []
        if len(found) != 1 or not found[0].name.startswith(f"{self.file_stem}-"):
            names = ", ".join(file.name for file in found) or "no wheel"
            raise Stop(f"{DIST}: expected the wheel of {self.pin}, found {names}: run tox -e build")
        return found[0]

    def model(self) -> TrainedModel:
        """The bundle that the repository holds for this version."""
        folder = PACKAGE / MODELS
        files = {
            file.name: file.read_bytes()
            for file in folder.glob("[!.]*")
            if file.is_file() and file.suffix != ".py"
        }
        return TrainedModel.of(files, self.version, where=str(folder.relative_to(REPOSITORY)))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
