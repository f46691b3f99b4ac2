"""A release and a deployment stop early, with one line, where something is wrong.

Each step is run as the workflows run it, in a copy of the sources, against a real index.
``tox -e rehearse`` walks the whole road.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from classification_model import bundle
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.processing.data_manager import load_dataset
from dist import index, replaced, sources
from homes import REPOSITORY, SOURCE, needs_its_scikit_learn, saved_again

VERSION = Home(SOURCE).version()
DEPLOYMENT = {
    "RAILWAY_TOKEN": "a-token",
    "RAILWAY_SERVICE": "a-service",
    "SERVICE_URL": "http://127.0.0.1:9",
}
NOWHERE = "http://127.0.0.1:9/simple/"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return sources(tmp_path)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder behind the index of these tests; each finds it empty."""
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture(scope="module")
def address(shelf: Path) -> Iterator[str]:
    with index(shelf) as address:
        yield address


@pytest.fixture(autouse=True)
def empty(shelf: Path) -> Iterator[None]:
    yield
    for file in shelf.iterdir():
        file.unlink()


def step(
    package: Path, *words: str, module: str = "tools.release", **settings: str
) -> tuple[int, str, str]:
    """Run a step in a copy of the sources: its status, and what it printed and complained of."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "RAILWAY_", "GITHUB"))}
    quick = {"PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    run = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=package,
        env={**kept, **quick, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


def refusal(result: tuple[int, str, str]) -> str:
    status, _, complaint = result
    assert status == 1, result
    assert re.fullmatch(r"Error: [^\n]+\n", complaint), complaint
    return complaint


def test_a_tag_that_is_not_the_version_stops_before_anything_else(package: Path) -> None:
    said = refusal(step(package, "check", RELEASE_TAG="9.9.9", PIP_INDEX_URL=NOWHERE))
    assert f"the tag is '9.9.9', and package/classification_model/VERSION says '{VERSION}'" in said
    assert "git tag --force 9.9.9" in said


def test_a_release_without_a_tag_says_so(package: Path) -> None:
    assert "RELEASE_TAG is not set" in refusal(step(package, "check", PIP_INDEX_URL=NOWHERE))


@pytest.mark.parametrize("tag", [VERSION, f"v{VERSION}"])
def test_a_tag_that_is_the_version_and_new_passes(package: Path, address: str, tag: str) -> None:
    assert step(package, "check", RELEASE_TAG=tag, PIP_INDEX_URL=address)[0] == 0


def test_a_version_that_is_on_the_index_already_is_not_released_again(
    package: Path, address: str, shelf: Path, dist: tuple[Path, Path]
) -> None:
    shutil.copy(dist[0], shelf)
    said = refusal(step(package, "check", RELEASE_TAG=VERSION, PIP_INDEX_URL=address))
    assert "is on the index already" in said
    assert "raise package/classification_model/VERSION" in said


@pytest.mark.parametrize(
    ("words", "settings"), [(["check"], {"RELEASE_TAG": VERSION}), (["deployable"], DEPLOYMENT)]
)
def test_an_index_that_does_not_answer_is_not_taken_for_an_empty_one(
    package: Path, words: list[str], settings: dict[str, str]
) -> None:
    said = refusal(step(package, *words, PIP_INDEX_URL=NOWHERE, **settings))
    assert "the index does not answer" in said
    assert "PIP_INDEX_URL" in said


def give_name(package: Path, name: str) -> None:
    project = package / "pyproject.toml"
    text, count = re.subn(
        r'^name = ".*"$', f'name = "{name}"', project.read_text(), flags=re.MULTILINE
    )
    assert count == 1
    project.write_text(text)


@pytest.mark.parametrize("version", ["0.0.1", "0.9", "v0.0.1"])
@pytest.mark.parametrize("name", ["classification-model", "Classification_Model"])
def test_no_version_is_pinned_that_a_stranger_could_meet(
    package: Path, name: str, version: str
) -> None:
    (package / "classification_model/VERSION").write_text(version)
    give_name(package, name)
    assert "start at 1.0.0" in refusal(step(package, module="tools.pin_api"))
    give_name(package, "my-own")
    assert step(package, module="tools.pin_api")[0] == 0


def test_another_name_is_followed_by_all_that_says_what_to_install(package: Path) -> None:
    requirements = package.parent / "classification_api/requirements.txt"
    before = re.search(r"^(\S+)==\S+  # the package", requirements.read_text(), re.MULTILINE)
    assert before
    give_name(package, "my-own.model")
    status, _, complaint = step(package, module="tools.pin_api")
    assert (status, complaint) == (0, "")
    followers = {
        "classification_api/requirements.txt": f"\nmy-own.model=={VERSION}  #",
        ".github/dependabot.yml": "dependency-name: my-own.model\n",
        "README.md": "pip install 'my-own.model[train] @ git+",
        "package/README.md": "pip install 'my-own.model[train]'",
    }
    for name, text in followers.items():
        found = (package.parent / name).read_text()
        assert text in found
        assert not re.search(rf"pip install\s+'?{re.escape(before[1])}\b", found)
    assert step(package, module="tools.pin_api") == (0, "", "")


def test_a_wheel_without_its_bundle_is_not_published(
    package: Path, dist: tuple[Path, Path]
) -> None:
    target = package / "dist"
    target.mkdir()
    shutil.copy(dist[1], target)
    replaced(dist[0], target, {f"{VERSION}.json": None})
    said = refusal(step(package, module="tools.release.check_dist"))
    assert f"no model of version {VERSION}" in said
    assert "MANIFEST.in" in said


def test_a_wheel_with_a_damaged_bundle_is_not_published(
    package: Path, dist: tuple[Path, Path]
) -> None:
    target = package / "dist"
    target.mkdir()
    shutil.copy(dist[1], target)
    replaced(dist[0], target, {f"{VERSION}.onnx": b"something else"})
    said = refusal(step(package, module="tools.release.check_dist"))
    assert ".onnx is not the file that the manifest means" in said


@needs_its_scikit_learn
def test_a_wheel_that_gives_a_person_away_is_not_published(
    package: Path, dist: tuple[Path, Path]
) -> None:
    """The bundle is whole, and a row of the table stands among its golden rows."""
    home = Home(package / "classification_model")
    row = load_dataset(load_config(home), home).rows()[0]
    person = json.dumps({"row": row, "probabilities": [0.5, 0.5]}, default=str)
    golden = bundle.load(home).contents[".golden.jsonl"] + person.encode() + b"\n"
    saved_again(home, contents={".golden.jsonl": golden})
    leaking = {file.name: file.read_bytes() for file in home.trained_models.iterdir()}
    (package / "dist").mkdir()
    shutil.copy(dist[1], package / "dist")
    replaced(dist[0], package / "dist", leaking)
    said = refusal(step(package, module="tools.release.check_dist"))
    assert "gives away what fewer than 5 rows hold" in said
    assert f"{VERSION}.golden.jsonl" in said


def test_what_was_built_for_another_version_is_not_published(
    package: Path, dist: tuple[Path, Path]
) -> None:
    assert "found no wheel" in refusal(step(package, module="tools.release.check_dist"))
    (package / "dist").mkdir()
    for file in dist:
        shutil.copy(file, package / "dist")
    (package / "classification_model/VERSION").write_text("7.0.0")
    said = refusal(step(package, module="tools.release.check_dist"))
    assert f"found {dist[0].name}: run tox -e build" in said


@pytest.mark.parametrize("name", DEPLOYMENT)
def test_a_missing_token_or_variable_stops_the_deployment(package: Path, name: str) -> None:
    settings = {**DEPLOYMENT, name: "", "PIP_INDEX_URL": NOWHERE}
    said = refusal(step(package, "deployable", **settings))
    assert f"Error: {name} is not set" in said
    assert "Settings > Environments" in said


def test_two_kinds_of_token_and_an_address_that_is_none_stop_the_deployment(package: Path) -> None:
    said = refusal(step(package, "deployable", **DEPLOYMENT, RAILWAY_API_TOKEN="another"))
    assert "RAILWAY_API_TOKEN is set beside RAILWAY_TOKEN" in said
    said = refusal(step(package, "deployable", **{**DEPLOYMENT, "SERVICE_URL": "example.org"}))
    assert "SERVICE_URL='example.org' is no address" in said


def test_what_is_not_on_the_index_is_not_deployed(package: Path, address: str) -> None:
    said = refusal(step(package, "deployable", PIP_INDEX_URL=address, **DEPLOYMENT))
    assert "is not on the index, so nothing is deployed" in said
    assert f"git tag {VERSION} && git push origin {VERSION}" in said


def test_another_model_than_the_repositorys_is_not_deployed(
    package: Path, address: str, shelf: Path, dist: tuple[Path, Path]
) -> None:
    (manifest,) = (SOURCE / "trained_models").glob("*.json")
    other = manifest.read_bytes().replace(b'"python": "3.', b'"python": "4.')
    replaced(dist[0], shelf, {f"{VERSION}.json": other})
    said = refusal(step(package, "deployable", PIP_INDEX_URL=address, **DEPLOYMENT))
    assert "merge the pull request of that release" in said


def test_a_service_that_pins_another_version_is_not_deployed(package: Path, address: str) -> None:
    requirements = package.parent / "classification_api/requirements.txt"
    requirements.write_text(requirements.read_text().replace(f"=={VERSION}  #", "==9.9.9  #"))
    said = refusal(step(package, "deployable", PIP_INDEX_URL=address, **DEPLOYMENT))
    assert "does not pin" in said


def test_what_is_on_the_index_is_deployed(
    package: Path, address: str, shelf: Path, dist: tuple[Path, Path]
) -> None:
    shutil.copy(dist[0], shelf)
    assert step(package, "deployable", PIP_INDEX_URL=address, **DEPLOYMENT)[0] == 0


def test_a_release_waits_for_the_very_wheel_that_it_built(
    package: Path, address: str, shelf: Path, dist: tuple[Path, Path]
) -> None:
    (package / "dist").mkdir()
    shutil.copy(dist[0], package / "dist")
    words = ("served", "--seconds", "0")
    said = refusal(step(package, *words, PIP_INDEX_URL=address))
    assert f"{VERSION} is not on the index, after 0 s" in said
    replaced(dist[0], shelf, {"py.typed": b"another"})
    assert "serves another" in refusal(step(package, *words, PIP_INDEX_URL=address))
    shutil.copy(dist[0], shelf)
    assert step(package, *words, PIP_INDEX_URL=address)[0] == 0


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "commit.gpgSign=false"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_what_comes_back_is_the_model_of_the_wheel_and_its_pin_and_nothing_else(
    package: Path, tmp_path: Path, dist: tuple[Path, Path]
) -> None:
    """Onto a branch of its own, from a commit that holds an older model and pin."""
    models, requirements = "package/classification_model/trained_models", "requirements.txt"
    for file in (tmp_path / models).glob(f"*{VERSION}*"):
        file.rename(file.with_name(file.name.replace(VERSION, "0.9.0")))
    pins = tmp_path / "classification_api" / requirements
    pins.write_text(pins.read_text().replace(f"=={VERSION}  #", "==0.9.0  #"))
    (package / "dist").mkdir()
    shutil.copy(dist[0], package / "dist")
    origin = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", str(origin))
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "package", "classification_api", "README.md", ".github")
    git(tmp_path, "commit", "--quiet", "--message", "As it was tagged")
    git(tmp_path, "remote", "add", "origin", str(origin))
    git(tmp_path, "tag", VERSION)
    for _ in range(2):  # a job that is run again does the same again
        git(tmp_path, "checkout", "--quiet", "--detach", VERSION)
        status, _, complaint = step(package, "branch")
        assert (status, complaint) == (0, "")
    changed = git(origin, "diff", "--name-status", f"release/{VERSION}~1", f"release/{VERSION}")
    kinds = {line.split("\t")[-1]: line[0] for line in changed.splitlines()}
    expected = {f"{models}/{file.name}" for file in (SOURCE / "trained_models").glob("[!.]*.*")}
    assert set(kinds) == {*expected, f"classification_api/{requirements}"}
    for file in (SOURCE / "trained_models").glob("*.json"):
        assert git(origin, "show", f"release/{VERSION}:{models}/{file.name}") == file.read_text()
    pinned = git(origin, "show", f"release/{VERSION}:classification_api/{requirements}")
    assert f"=={VERSION}  # the package" in pinned


def test_the_same_sources_give_the_same_bytes(dist: tuple[Path, Path], tmp_path: Path) -> None:
    """In another folder, at another time, under another umask and in another time zone."""
    package = sources(tmp_path)
    for file in package.rglob("*"):
        file.chmod(file.stat().st_mode & 0o700)
    program = (
        "import os, sys; os.umask(0o077); "
        "os.execv(sys.executable, [sys.executable, '-m', 'build', '-n', '-o', 'again'])"
    )
    environment = {**os.environ, "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7"}
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=package, env=environment, check=True, capture_output=True,
    )  # fmt: skip
    for file in dist:
        assert (package / "again" / file.name).read_bytes() == file.read_bytes()


@contextmanager
def liar(health: dict[str, Any], answer: dict[str, Any]) -> Iterator[str]:
    """A service that says what it is told to; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(health)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.reply(answer)

        def reply(self, content: dict[str, Any]) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def told(**changes: object) -> dict[str, Any]:
    """What /health says of the repository's model, but for the changes."""
    digest = bundle.load(Home(SOURCE)).digest
    return {"model_version": VERSION, "bundle_digest": digest, "ready": True, **changes}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_version": "0.9.0"}, "says model_version '0.9.0'"),
        ({"bundle_digest": "feed"}, "says bundle_digest 'feed'"),
        ({"ready": False}, "says that it is not ready"),
    ],
)
def test_a_service_with_another_model_fails_the_smoke_test(
    package: Path, changes: dict[str, Any], said: str
) -> None:
    with liar(told(**changes), {}) as url:
        complaint = refusal(step(package, "smoke", url, "--seconds", "0"))
    assert said in complaint
    assert "roll back" in complaint


def test_a_service_that_answers_otherwise_fails_the_smoke_test(package: Path) -> None:
    golden = bundle.load(Home(SOURCE)).contents[".golden.jsonl"].splitlines()
    shares = [json.loads(line)["probabilities"] for line in golden]
    shares[5] = shares[5][::-1]
    with liar(told(), {"probabilities": shares}) as url:
        complaint = refusal(step(package, "smoke", url, "--seconds", "0"))
    assert "golden row 5" in complaint
    with liar(told(), {"predictions": []}) as url:
        complaint = refusal(step(package, "smoke", url, "--seconds", "0"))
    assert "does not answer as recorded" in complaint


def test_a_service_that_is_not_there_fails_the_smoke_test(package: Path) -> None:
    settings = {"SERVICE_URL": DEPLOYMENT["SERVICE_URL"]}
    said = refusal(step(package, "smoke", "--seconds", "0", **settings))
    assert "/health does not answer" in said


@pytest.fixture
def github() -> Iterator[tuple[dict[str, str], list[dict[str, Any]]]]:
    """The rehearsal's stand-in for GitHub: settings that lead to it, and its issues."""
    stand_in = runpy.run_path(str(REPOSITORY / "package/tools/rehearsal/github.py"))
    with stand_in["github"]() as (address, issues):
        settings = {
            "GITHUB_API_URL": address,
            "GITHUB_REPOSITORY": "somebody/something",
            "GH_TOKEN": stand_in["TOKEN"],
            "OPERATOR_KEY": "an-operators-key",
        }
        yield settings, issues


def seen(*drifted: str, worse: bool | None = None) -> dict[str, Any]:
    """What /live says, numbers and histograms among it."""
    columns = [{"name": name, "distance": 0.7531, "bins": ["Mr. X"]} for name in drifted]
    truth = None if worse is None else {"rows": 4242, "worse": worse}
    return {"rows": 4242, "drifted": [*drifted], "columns": columns, "truth": truth}


def test_the_monitor_opens_one_issue_updates_it_and_says_when_it_is_over(
    package: Path, github: tuple[dict[str, str], list[dict[str, Any]]]
) -> None:
    settings, issues = github

    def look(live: dict[str, Any]) -> str:
        with liar(live, {}) as url:
            status, out, err = step(package, "monitor", LIVE_URL=url, **settings)
        assert status == 0, err
        return out

    assert "nothing drifted" in look(seen())
    assert issues == []
    assert look(seen("age", "fare")) == "opened #1: 2 verdict(s)\n"
    assert "says it already" in look(seen("age", "fare"))
    assert look(seen("age", worse=True)) == "updated #1: 2 verdict(s)\n"
    (issue,) = issues
    assert issue["body"].startswith("- `age`: drifted\n- the labels that came back say: worse")
    assert "updated #1" in look(seen(worse=False))
    assert issue["body"].startswith("At the last look nothing drifted")
    issue["state"] = "closed"
    assert "opened #2" in look(seen("age"))


def test_an_issue_has_no_number_of_what_was_served_and_mentions_nobody(
    package: Path, github: tuple[dict[str, str], list[dict[str, Any]]]
) -> None:
    settings, issues = github
    with liar(seen("`@someone\n# head", "age", worse=True), {}) as url:
        assert step(package, "monitor", LIVE_URL=url, **settings)[0] == 0
    (issue,) = issues
    assert not re.search("4242|0.75|Mr. X", json.dumps(issue))
    assert issue["body"].splitlines()[0] == "- `@someone # head`: drifted"


def test_a_monitor_without_its_settings_or_its_service_says_so(
    package: Path, github: tuple[dict[str, str], list[dict[str, Any]]]
) -> None:
    settings, issues = github
    assert "LIVE_URL is not set" in refusal(step(package, "monitor", **settings))
    closed = {**settings, "LIVE_URL": "http://127.0.0.1:9"}
    assert "/live does not answer" in refusal(step(package, "monitor", **closed))
    with liar({}, {}) as url:
        assert "does not answer" in refusal(step(package, "monitor", LIVE_URL=url, **settings))
    with liar(seen("age"), {}) as url:
        wrong = {**settings, "GH_TOKEN": "another", "LIVE_URL": url}
        assert "see that the job has issues: write" in refusal(step(package, "monitor", **wrong))
        nowhere = {**settings, "GITHUB_API_URL": "http://127.0.0.1:9", "LIVE_URL": url}
        assert "run the job again" in refusal(step(package, "monitor", **nowhere))
    assert issues == []


def workflow(name: str) -> dict[str, Any]:
    text = (REPOSITORY / ".github/workflows" / name).read_text(encoding="utf-8")
    source: dict[str, Any] = yaml.safe_load(text)
    return source


def test_a_release_is_checked_first_trained_next_and_built_last() -> None:
    steps = workflow("update_package.yml")["jobs"]["build"]["steps"]
    runs = [step["run"].rsplit(" ", 1)[1] for step in steps if "run" in step]
    assert runs == ["check", "train", "tools.release.report", "test_package", "build", "check_dist"]


def test_only_the_publishing_job_may_ask_for_an_identity_and_it_runs_nothing_of_ours() -> None:
    found = [workflow(name) for name in ("update_package.yml", "push.yml", "monitor.yml")]
    assert all(one["permissions"] == {} for one in found)
    jobs = {name: job for one in found for name, job in one["jobs"].items()}
    trusted = [name for name, job in jobs.items() if "id-token" in job["permissions"]]
    assert trusted == ["publish"]
    assert jobs["publish"]["environment"] == "pypi"
    assert not [step for step in jobs["publish"]["steps"] if "run" in step]
    assert "cache" not in json.dumps(jobs["publish"])


def test_the_monitor_may_write_issues_alone_and_has_a_secret_of_its_own() -> None:
    (job,) = workflow("monitor.yml")["jobs"].values()
    assert job["permissions"] == {"contents": "read", "issues": "write"}
    others = json.dumps([workflow("push.yml"), workflow("update_package.yml")])
    secrets = re.findall(r"secrets\.(\w+)", json.dumps(job))
    assert secrets == ["OPERATOR_KEY"]
    assert "OPERATOR_KEY" not in others


def test_the_supported_versions_of_python_are_those_that_are_tested() -> None:
    tested = workflow("push.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    project = (REPOSITORY / "package/pyproject.toml").read_text(encoding="utf-8")
    assert re.findall(r"Python :: (3\.\d+)", project) == tested
    assert f'requires-python = ">={tested[0]}"' in project
    served = (REPOSITORY / "classification_api/.python-version").read_text().strip()
    assert served in tested
