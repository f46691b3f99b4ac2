"""Bring what was published back: a branch with the model and the pin, a release, a pull request."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tools import pin_api
from tools.release.project import (
    ASSETS,
    DATASETS,
    DIST,
    MODELS,
    PACKAGE,
    REPOSITORY,
    Project,
    Stop,
    TrainedModel,
    setting,
)

__all__ = ["announce", "branch"]

COMPARISON = "comparison.md"
AUTHOR = (
    "-c", "user.name=github-actions[bot]",
    "-c", "user.email=41898282+github-actions[bot]@users.noreply.github.com",
)  # fmt: skip


def branch() -> str:
    """Commit the model of the built wheel, and the pin that follows, and push the branch.

    The files are taken out of the wheel, so that what comes back is what was published.
    """
    project = Project.read()
    model = TrainedModel.of_wheel(project.wheel(), project.version)
    _replace(PACKAGE / MODELS, model)
    followed = pin_api.follow(project.name, project.version)
    _git("switch", "--force-create", _branch(project))
    # Beside the table, and in no wheel: which table the release trained on.
    stamps = sorted((PACKAGE / DATASETS).glob("*.stamp.json"))
    _git("add", "--all", "--", str(PACKAGE / MODELS), *map(str, [*followed, *stamps]))
    if _run("git", "diff", "--cached", "--quiet").returncode:
        _git(*AUTHOR, "commit", "--quiet", "--message", _subject(project))
    # The token is asked for by git, of gh, so that it lies in no file.
    helper = "credential.helper=!gh auth git-credential"
    _git("-c", helper, "push", "--quiet", "--force", "origin", _branch(project))
    return f"pushed {_branch(project)}, with the model {model.digest[:12]}"


def announce() -> str:
    """Make the release with its files, open the pull request, and start its checks."""
    tag = setting("RELEASE_TAG", "name the tag that was released")
    base = setting("DEFAULT_BRANCH", "name the branch to propose the model to")
    setting("GH_TOKEN", "hand over github.token, with contents, pull requests and actions: write")
    if shutil.which("gh") is None:
        raise Stop("gh is not installed, which makes the release and the pull request: install it")
    project = Project.read()
    head, notes = _branch(project), str(ASSETS / COMPARISON)
    title = f"{project.name} {project.version}"
    files = sorted(str(file) for folder in (DIST, ASSETS) for file in folder.iterdir())
    if _run("gh", "release", "view", tag).returncode:
        about = ("--verify-tag", "--title", title, "--notes-file", notes)
        _gh("release", "create", tag, *files, *about)
    compare = f"repos/{{owner}}/{{repo}}/compare/{base}...{head}"
    if _gh("api", compare, "--jq", ".ahead_by").strip() == "0":
        return f"released {tag}; {base} holds its model already, so there is nothing to propose"
    if not _gh("pr", "list", "--head", head, "--json", "url", "--jq", ".[].url").strip():
        text = ("--title", _subject(project), "--body-file", notes)
        _gh("pr", "create", "--base", base, "--head", head, *text)
    _gh("workflow", "run", "push.yml", "--ref", head)
    return f"released {tag}, and proposed {head} to {base}"


def _branch(project: Project) -> str:
    return f"release/{project.version}"


def _subject(project: Project) -> str:
    return f"Bring back the model of {project.version}"


def _replace(folder: Path, model: TrainedModel) -> None:
    for file in folder.glob("[!.]*"):
        if file.is_file() and file.suffix != ".py":
            file.unlink()
    for name, content in model.files.items():
        (folder / name).write_bytes(content)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def _git(*arguments: str) -> str:
    return _succeed("git", *arguments)


def _gh(*arguments: str) -> str:
    return _succeed("gh", *arguments)


def _succeed(*command: str) -> str:
    run = _run(*command)
    if run.returncode:
        reason = (run.stderr or run.stdout).strip().replace("\n", "; ")
        verb = " ".join(word for word in command if not word.startswith(("-", "credential.")))[:60]
        cure = (
            "allow it under Settings > Actions > General > Workflow permissions, and run the job "
            "again"
            if command[:3] == ("gh", "pr", "create")
            else "mend that, and run the job again"
        )
        raise Stop(f"{verb}: {reason}: {cure}")
    return run.stdout
