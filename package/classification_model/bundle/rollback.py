"""Put an earlier bundle in the place of the one that is there, and forward again.

It comes from git's history or from a wheel, to the byte. VERSION and what names the version in a
clone follow it; ``datasets/`` and ``config.yml`` stay, so nobody who was deleted comes back.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from classification_model.bundle.contents import Bundle
from classification_model.bundle.locking import locked
from classification_model.bundle.manifest import parse, sha256, version_of
from classification_model.bundle.reading import load_any
from classification_model.bundle.saving import restore
from classification_model.bundle.version_file import kept_if_saved
from classification_model.config.home import Home
from classification_model.config.pin import pinned, requirements_of
from classification_model.config.repository import Repository
from classification_model.errors import BundleError, DamagedModelError, MissingModelError

__all__ = ["RolledBack", "rollback", "sample_of"]


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What is there now, what was there before, and where it came from."""

    bundle: Bundle
    before: str | None
    source: str
    followed: tuple[Path, ...]


def rollback(home: Home, version: str, wheel: Path | None = None) -> RolledBack:
    """Take a version's bundle from git's history, or from a wheel, and put it in its place.

    Raises:
        MissingModelError: there is no bundle of that version; the message names those there are.
        DamagedModelError: there is, and it is not whole.
        BusyError: a training is going on in this home.
        SaveError: it cannot be written; what was there is as it was.
    """
    with locked(home):
        found, manifest, where = _of_wheel(wheel, version) if wheel else _of_git(home, version)
        before = _before(home)
        changes = {home.path / "VERSION": f"{version}\n".encode(), **_followers(home, found)}
        changed = {file: new for file, new in changes.items() if _differs(file, new)}
        with kept_if_saved(changed):
            restore(home, found, manifest)
    return RolledBack(found, before, where, tuple(changed))


def _before(home: Home) -> str | None:
    try:
        old = load_any(home)
    except BundleError:  # a rollback mends what is broken
        return None
    return old.manifest.version if old else None


def _of_git(home: Home, version: str) -> tuple[Bundle, bytes, str]:
    repository, known = Repository.of(home), set[str]()
    folder = home.trained_models.name
    for commit in _commits(repository, folder, version) if repository else ():
        files = repository.files(commit, folder, ".json") if repository else {}
        versions = {name: version_of(source) for name, source in files.items()}
        known |= {one for one in versions.values() if one}
        if repository and version in versions.values():
            found = _whole(repository.files(commit, folder), version, commit[:12])
            if found is not None:
                return *found, f"commit {commit[:12]}"
    there = f"it has {', '.join(sorted(known))}" if known else "it has none"
    raise MissingModelError(
        f"{home.trained_models}: git's history has no model of version {version}: {there}; name one "
        "of those, fetch what is missing (git fetch --unshallow --tags), or name a --wheel"
    )


def _commits(repository: Repository, folder: str, version: str) -> Iterator[str]:
    """The tagged commit first: that is what was published."""
    if tagged := repository.tags().get(version):
        yield tagged
    yield from repository.history(folder)


def _of_wheel(wheel: Path, version: str) -> tuple[Bundle, bytes, str]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            files = {
                PurePosixPath(name).name: archive.read(name)
                for name in archive.namelist()
                if PurePosixPath(name).parent.name == "trained_models"
            }
    except (OSError, zipfile.BadZipFile) as error:
        raise DamagedModelError(f"{wheel}: cannot be read as a wheel: {error}") from None
    found = _whole(files, version, str(wheel))
    if found is None:
        known = sorted(filter(None, map(version_of, files.values()))) or ["none"]
        raise MissingModelError(
            f"{wheel}: no model of version {version}: it has {', '.join(known)}; name another wheel"
        )
    return *found, wheel.name


def _whole(files: Mapping[str, bytes], version: str, where: str) -> tuple[Bundle, bytes] | None:
    """The bundle of a version among files, each of them verified, with its manifest's bytes."""
    for name, source in files.items():
        if not name.endswith(".json") or version_of(source) != version:
            continue
        manifest = parse(Path(where, name), source)
        contents = {}
        for suffix, record in manifest.files.items():
            content = files.get(record.name)
            if content is None or sha256(content) != record.sha256:
                raise DamagedModelError(
                    f"{where}: {record.name} is not the file that the manifest of {version} names; "
                    "take that version from elsewhere, such as a --wheel"
                )
            contents[suffix] = content
        return Bundle(manifest, sha256(source), contents), source
    return None


def _followers(home: Home, found: Bundle) -> Mapping[Path, bytes]:
    """What names the version, or shows a row, in the clone that the home is the package of."""
    requirements = requirements_of(home)
    if requirements is None:
        return {}
    makers: Mapping[Path, Callable[[str], str | None]] = {
        requirements: lambda text: pinned(text, found.manifest.version),
        home.path.parent / "sample_input.csv": lambda _: sample_of(found),
    }
    made = {file: make(_text(file)) for file, make in makers.items() if file.is_file()}
    return {file: text.encode() for file, text in made.items() if text is not None}


def sample_of(found: Bundle) -> str:
    """A made row of a bundle as a CSV: what main.py predicts, and nobody's."""
    row, text = found.profile().example(), io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([row.keys(), row.values()])
    return text.getvalue()


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _differs(file: Path, content: bytes) -> bool:
    return not file.exists() or file.read_bytes() != content
