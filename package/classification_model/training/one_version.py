"""One version names one model: what a tag names is not trained anew under the same number."""

from __future__ import annotations

from classification_model.bundle import Bundle
from classification_model.bundle.manifest import sha256, version_of
from classification_model.config.home import Home
from classification_model.config.repository import Repository
from classification_model.config.versions import Bump, free, raised
from classification_model.errors import ConfigError
from classification_model.progress import Progress

__all__ = ["check_version", "wanted_version"]


def wanted_version(home: Home, bump: Bump | None) -> str:
    """The version that a training makes: what VERSION says, or the next that no tag has."""
    version = home.version()
    if bump is None:
        return version
    repository = Repository.of(home)
    return free(raised(version, bump), repository.tags() if repository else {}, bump)


def check_version(new: Bundle, old: Bundle | None, home: Home, progress: Progress) -> None:
    """See that no tag names another model of this version, and say what is replaced.

    The release trains on its own tag: the commit that is tagged may.

    Raises:
        ConfigError: a tag names another one.
    """
    version, repository = new.manifest.version, Repository.of(home)
    tags = repository.tags() if repository else {}
    if repository and version in tags and tags[version] != repository.commit("HEAD"):
        files = repository.files(tags[version], home.trained_models.name)
        for name, source in files.items():
            other = name.endswith(".json") and sha256(source) != new.digest
            if other and version_of(source) == version:
                raise ConfigError(
                    f"{home.path / 'VERSION'}: {version} is the tag of another model (commit "
                    f"{tags[version][:12]}): write {free(version, tags)} into it, or train with "
                    "--bump minor; the model that is there stays"
                )
    if old is not None and old.manifest.version == version and old.digest != new.digest:
        progress.say(
            f"Note: another model {version} takes the place of the one that is there "
            f"(bundle {old.digest[:12]}, now {new.digest[:12]}); --bump would give it a new number"
        )
