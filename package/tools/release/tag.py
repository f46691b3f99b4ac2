"""The first step of a release: whether there is anything to release at all."""

from __future__ import annotations

from tools.pin_api import STRANGERS_VERSION, refuse_the_strangers_version
from tools.release import index
from tools.release.project import Project, Stop, setting

__all__ = ["check"]


def check() -> str:
    """The tag names VERSION, and the index does not have that version yet.

    Raises:
        Stop: otherwise.
    """
    project = Project.read()
    tag = setting("RELEASE_TAG", "name the tag that is released, such as RELEASE_TAG=1.1.0")
    if tag.removeprefix("v") != project.version:
        raise Stop(
            f"the tag is {tag!r}, and package/classification_model/VERSION says "
            f"{project.version!r}: write {tag.removeprefix('v')!r} into VERSION, commit, and move "
            f"the tag (git tag --force {tag} && git push --force origin {tag})"
        )
    refuse_the_strangers_version(project.name, project.version)
    known = index.versions(project.name)
    if project.version in known:
        raise Stop(
            f"{project.pin} is on the index already, and an index takes a version only once: "
            "raise package/classification_model/VERSION, commit, and tag that"
        )
    if known == [STRANGERS_VERSION]:
        print(
            f"Note: the {project.name} that pip finds is somebody else's; to publish there, set a "
            "name of your own under name in package/pyproject.toml"
        )
    return f"{tag} is VERSION, and {project.pin} is new to the index"
