"""The story: what is now is published and served; the next version is; and back again."""

from __future__ import annotations

import json
import re
import shutil
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tools.rehearsal.ledger import Broken
from tools.rehearsal.look import look
from tools.rehearsal.plants import WORSE_ESTIMATOR, another_estimator, without_bundle
from tools.rehearsal.servers import service
from tools.rehearsal.stage import Stage
from tools.rehearsal.workflow import Step

__all__ = ["NOT_HERE", "walk"]

NOT_HERE = {
    ".ci/tox -c package -e release -- railway": (
        "needs Railway; the same files are installed and started here, by the Procfile"
    ),
    ".ci/tox -c package -e release -- announce": (
        "needs GitHub; the branch that it would propose is merged here"
    ),
}
"""The steps that cannot run on one machine, and what stands in for each."""

IN_PLACE = {
    "actions/upload-artifact": "files copied",
    "actions/download-artifact": "files copied",
    "pypa/gh-action-pypi-publish": "twine upload, without attestations",
}
"""What is done in the place of an action."""

QUICK = {
    ".ci/tox -c package -e test_package": (
        " -- tests/test_installed.py tests/test_prediction.py tests/test_repository.py"
    )
}
"""Steps of which a rehearsal runs a part: the whole suite has an environment of its own."""

OPERATOR_KEY = "a-key-of-the-rehearsal"
VERSION = "package/classification_model/VERSION"
CONFIG = "package/classification_model/config.yml"
PROJECT = "package/pyproject.toml"


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deployment answered: /health, and the bytes of /predict for the golden rows."""

    health: bytes
    predictions: bytes


def walk(stage: Stage, name: str | None) -> None:
    """Release, deploy, release the next version under ``name``, deploy, and roll back."""
    _know_every_exception(stage)
    before = stage.git("rev-parse", "HEAD")
    with stage.ledger.timed("publish what is there now, as an earlier release would have"):
        _publish_as_it_is(stage)
    stage.ledger.not_here("test: both suites", "they have environments of their own")
    first = _deploy(stage, before)
    tag = _raise_version(stage, name)
    _release(stage, tag)
    with stage.ledger.timed(f"merge release/{tag} into main, as the pull request would"):
        stage.git("switch", "--quiet", "main")
        stage.git("merge", "--quiet", "--no-ff", "-m", f"Release {tag}", f"origin/release/{tag}")
    python = _install_alone(stage)
    second = _deploy(stage, "main", python)
    if first.health == second.health:
        raise Broken(f"the new version says of itself what the old one did: {first.health!r}")
    with stage.ledger.timed("roll back: revert the merge on main"):
        stage.git("revert", "--no-edit", "--mainline", "1", "HEAD")
    again = _deploy(stage, "main")
    with stage.ledger.timed("the version before answers again, bit by bit as it did"):
        if again != first:
            raise Broken(f"it does not: {again} where it was {first}")


def _know_every_exception(stage: Stage) -> None:
    """What is left out or cut short must be a step that there is."""
    workflows = [stage.jobs(name) for name in ("push.yml", "update_package.yml")]
    known = {step.run for found in workflows for steps in found.values() for step in steps}
    for command in (*NOT_HERE, *QUICK):
        if command not in known:
            raise Broken(f"walk.py makes an exception for {command!r}, which no workflow runs")


def _publish_as_it_is(stage: Stage) -> None:
    (build,) = (s for s in stage.jobs("update_package.yml")["build"] if s.run.endswith(" build"))
    stage.run(build)
    stage.upload(stage.work / "package/dist")


def _raise_version(stage: Stage, name: str | None) -> str:
    """Commit the next version, and the other name, to a branch; tag and push both.

    A tag that was made a commit too early is planted on the way.
    """
    stage.git("switch", "--quiet", "main")
    stage.git("switch", "--quiet", "--create", "update_pkg_version")
    file = stage.work / VERSION
    stage.context["github.ref_name"] = "too-early"
    old = file.read_text(encoding="utf-8").strip()
    tag = re.sub(r"\d+$", lambda last: str(int(last[0]) + 1), old)
    (check,) = (s for s in stage.jobs("update_package.yml")["build"] if s.run.endswith(" check"))
    with stage.ledger.timed(f"planted: the tag {tag} on a commit whose VERSION is {old}", "caught"):
        stage.expect_refusal(check, f"the tag is {tag!r}", f"says {old!r}", RELEASE_TAG=tag)
    stage.context["github.ref_name"] = tag
    with stage.ledger.timed(f"raise VERSION to {tag}, name it {name or 'as before'}, tag, push"):
        file.write_text(f"{tag}\n", encoding="utf-8")
        if name:
            project = stage.work / PROJECT
            text = project.read_text(encoding="utf-8")
            text = re.sub(r'^name = ".*"$', f'name = "{name}"', text, count=1, flags=re.MULTILINE)
            project.write_text(text, encoding="utf-8")
        stage.git("commit", "--quiet", "--all", "--message", f"Raise the version to {tag}")
        stage.git("tag", tag)
        stage.git("push", "--quiet", "origin", "update_pkg_version", tag)
    return tag


def _release(stage: Stage, tag: str) -> None:
    """Every job of update_package.yml, each from a clean checkout of the tag."""
    for job, steps in stage.jobs("update_package.yml").items():
        stage.fresh_checkout(f"refs/tags/{tag}")
        for step in steps:
            _plant_before(stage, step)
            _walk_step(stage, f"{job}: {step.title}", step)
            _plant_after(stage, step, tag)
    stage.git("fetch", "--quiet", "origin")


def _walk_step(stage: Stage, title: str, step: Step) -> None:
    if step.condition:
        raise Broken(f"{title}: it runs only if {step.condition}, which no rehearsal decides")
    if step.uses in ("actions/checkout", "actions/setup-python"):
        return
    if step.run in NOT_HERE:
        stage.ledger.not_here(title, NOT_HERE[step.run])
        return
    more = QUICK.get(step.run, "")
    how = "a part of it" if more else IN_PLACE.get(step.uses, "")
    with stage.ledger.timed(f"{title} ({how})" if how else title):
        if step.run:
            stage.run(step, more)
        else:
            stage.use(step)


def _plant_before(stage: Stage, step: Step) -> None:
    if step.run.endswith(" -e train"):
        config = (stage.work / CONFIG).read_text(encoding="utf-8")
        worse = another_estimator(config, WORSE_ESTIMATOR)
        with (
            stage.ledger.timed("planted: an estimator that hardly learns", "caught"),
            stage.changed(CONFIG, worse),
        ):
            stage.expect_refusal(step, "refused: worse than the recipe of", "--force")
    if step.run.endswith(" -e check_dist"):
        dist, kept = stage.work / "package/dist", stage.folder / "kept"
        shutil.copytree(dist, kept)
        (wheel,) = dist.glob("*.whl")
        with stage.ledger.timed("planted: a wheel without its bundle", "caught"):
            without_bundle(wheel)
            stage.expect_refusal(step, wheel.name, "no model of version", "MANIFEST.in")
        shutil.rmtree(dist)
        shutil.copytree(kept, dist)


def _plant_after(stage: Stage, step: Step, tag: str) -> None:
    if step.uses != "pypa/gh-action-pypi-publish":
        return
    (check,) = (s for s in stage.jobs("update_package.yml")["build"] if s.run.endswith(" check"))
    with stage.ledger.timed("planted: the same files uploaded again", "caught"):
        stage.upload(stage.work / "package/dist", refused=True)
    with stage.ledger.timed(f"planted: the tag {tag} released again", "caught"):
        stage.expect_refusal(check, "on the index already", "raise")


def _install_alone(stage: Stage) -> Path:
    """``pip install NAME==X`` where nothing else is, and ``python main.py`` where no source is."""
    pin = _pin(stage)
    with stage.ledger.timed(f"pip install {pin}, python main.py"):
        python = stage.install("installed", pin)
        folder = stage.folder / "elsewhere"
        folder.mkdir()
        for file in ("main.py", "sample_input.csv"):
            shutil.copy(stage.work / "package" / file, folder)
        done = stage.python_run([str(python), "main.py"], cwd=folder)
        version = pin.partition("==")[2]
        if done.returncode or f"model {version}\n" not in done.stdout:
            raise Broken(f"python main.py: {done.stdout}")
        # Also what it says to install bears the name that it was installed by.
        program = (
            "from classification_model.errors import MissingExtraError as Error;"
            "print(Error(purpose='', extra='train', module=''))"
        )
        said = stage.python_run([str(python), "-c", program], cwd=folder).stdout
        if f"pip install '{pin.partition('==')[0]}[train]'" not in said:
            raise Broken(f"the package calls itself otherwise than {pin}: {said}")
    return python


def _pin(stage: Stage) -> str:
    requirements = stage.work / "classification_api/requirements.txt"
    (line,) = re.findall(r"^(\S+==\S+)  # the package", requirements.read_text(), re.MULTILINE)
    return str(line)


def _deploy(stage: Stage, commit: str, python: Path | None = None) -> Deployed:
    """The deploy job of push.yml; ``python`` is of an environment to go on with."""
    stage.fresh_checkout(commit)
    steps = [step for step in stage.jobs("push.yml")["deploy"] if step.run]
    settings = {"secrets.RAILWAY_TOKEN": "not-a-token", "vars.RAILWAY_SERVICE": "rehearsal"}
    stage.context.update(settings, **{"vars.SERVICE_URL": "http://127.0.0.1:1"})
    pin = _pin(stage)
    place = f"service-{len(list(stage.folder.glob('service-*.log')))}"
    for number, step in enumerate(steps):
        if step.run in NOT_HERE:
            stage.ledger.not_here(f"deploy {pin}: {step.title}", NOT_HERE[step.run])
            rest = steps[number + 1 :]
            break
        if python:  # once is enough
            with stage.ledger.timed("planted: no Railway token", "caught"):
                stage.expect_refusal(step, "RAILWAY_TOKEN is not set", RAILWAY_TOKEN="")
        _walk_step(stage, f"deploy {pin}: {step.title}", step)
    else:
        raise Broken("push.yml uploads nothing to Railway")
    with stage.ledger.timed(f"deploy {pin}: pip install -r requirements.txt, start the Procfile"):
        folder = stage.service_folder(place)
        requirements = str(folder / "requirements.txt")
        target = python.parent.parent.name if python else f"environment-{place}"
        served_by = stage.install(target, "-r", requirements)
    with service(folder, served_by, OPERATOR_KEYS=OPERATOR_KEY) as url:
        stage.context["vars.SERVICE_URL"] = url
        for step in rest:
            _walk_step(stage, f"deploy {pin}: {step.title}", step)
        if python:  # once is enough
            look(stage, url, OPERATOR_KEY, _rows(stage))
        return _ask(stage, url)


def _ask(stage: Stage, url: str) -> Deployed:
    body = json.dumps({"inputs": _rows(stage)}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{url}/predict", data=body, headers=headers)
    with urllib.request.urlopen(f"{url}/health", timeout=30) as health:
        told = health.read()
    with urllib.request.urlopen(request, timeout=30) as answer:
        return Deployed(told, answer.read())


def _rows(stage: Stage) -> list[dict[str, object]]:
    """The golden rows of the repository's model."""
    models = stage.work / "package/classification_model/trained_models"
    (file,) = models.glob("*.golden.jsonl")
    return [json.loads(line)["row"] for line in file.read_text().splitlines()]
