"""Whatever is trained on tables of patients, what is published gives nobody away."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from classification_model import bundle, cli
from classification_model.cli.exit_status import Status
from classification_model.cli.review import audit_home
from classification_model.config.home import Home
from classification_model.estimators import ESTIMATORS
from classification_model.publishing.findings import Audit
from classification_model.train_pipeline import run_training
from homes import make_home, saved_again
from tables import Sample

FIRST = ["Anna", "Bert", "Cleo", "Dora", "Emil", "Fritz", "Gerda", "Hugo", "Ida", "Jonas"]
STORING_ROWS = {"svc"}
NAMED = sorted(set(ESTIMATORS) - STORING_ROWS)
QUICK = {
    "extra_trees": {"n_estimators": 10},
    "gradient_boosting": {"n_estimators": 10},
    "hist_gradient_boosting": {"max_iter": 10},
    "neural_network": {"max_iter": 30},
    "random_forest": {"n_estimators": 10},
}


def person(draw: random.Random, number: int) -> tuple[object, ...]:
    born = f"{draw.randint(1931, 2004)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
    return (
        number,
        f"{draw.choice(FIRST)} {draw.choice(FIRST)}son{number}",
        f"p{number}@example.org",
        born,
        round(draw.lognormvariate(10, 0.4), 2),
    )


def patients() -> Sample:
    """A row for each: codes, a boolean and a missing value that one or few have."""
    draw = random.Random(0)
    rows = []
    for number in range(260):
        own = person(draw, number)
        code = f"F{number}.0" if number < 51 else draw.choice(["A10", "B20", "C30"])
        smokes = "yes" if number in (7, 70, 77) else "no"
        fare = "" if number == 99 else round(draw.uniform(5, 80), 1)
        ill = draw.random() < 0.3 + 0.4 * (code == "A10")
        rows.append((*own, code, smokes, fare, "ill" if ill else "well"))
    header = ("id", "name", "email", "born", "income", "code", "smokes", "fare", "state")
    return Sample("state", header, rows)


def visits() -> Sample:
    """150 people with four visits each: nothing of one person is unique in the table."""
    draw = random.Random(1)
    people = [person(draw, number) for number in range(150)]
    rows = []
    for own in people:
        note = f"husband of {own[1]} must not know"
        for _ in range(4):
            pulse = draw.randint(50, 120)
            rows.append((*own, note, pulse, "ill" if pulse + draw.gauss(0, 20) > 90 else "well"))
    return Sample(
        "state", ("id", "name", "email", "born", "income", "note", "pulse", "state"), rows
    )


def sparse() -> Sample:
    """Text and a number that two people have, and a rare number at each end."""
    draw = random.Random(2)
    rows = []
    for number in range(240):
        note = {11: "husband Otto, must not know of F64", 12: "moved from Kuchl am Berg"}
        pay = {13: 5_400_001, 14: 17}.get(number, draw.randint(20_000, 60_000))
        age = draw.randint(18, 90)
        dose = 3.75 if number in (11, 12) else ""
        rows.append((note.get(number, ""), dose, pay, age, int(age + draw.gauss(0, 15) > 55)))
    return Sample("label", ("note", "dose", "pay", "age", "label"), rows)


def wide() -> Sample:
    """More columns than some have rows."""
    draw = random.Random(3)
    rows = []
    for _ in range(200):
        values = [round(draw.gauss(100, 30), 3) for _ in range(150)]
        rows.append((*values, int(values[0] + values[1] + draw.gauss(0, 20) > 200)))
    return Sample("label", (*(f"m{i}" for i in range(150)), "label"), rows)


TABLES = {"patients": patients, "visits": visits, "sparse": sparse, "wide": wide}

# Every table with what is chosen by itself, and every estimator with one table; the rest is slow.
PAIRS = [
    (table, estimator)
    if estimator == "auto" or table == "patients"
    else pytest.param(table, estimator, marks=pytest.mark.torture)
    for table in TABLES
    for estimator in ("auto", *NAMED)
]


def trained(sample: Sample, folder: Path, estimator: str) -> Home:
    home = make_home(sample, folder, quick=False)
    text = home.config_file.read_text(encoding="utf-8")
    if estimator != "auto":
        parameters = "".join(f"\n    {k}: {v}" for k, v in QUICK.get(estimator, {}).items())
        named = f"\n  name: {estimator}" + (f"\n  parameters:{parameters}" if parameters else "")
        text = text.replace("estimator: auto", f"estimator:{named}")
    text = re.sub("time_budget: .*", "time_budget: 5", text)
    home.config_file.write_text(text, encoding="utf-8")
    run_training(home.path)
    return home


def told(audit: Audit) -> list[str]:
    return [f"{one.file} {one.where}: {one.what}" for one in audit.findings]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
# A comparison that runs out of time cancels its workers, and they say so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("table", "estimator"), PAIRS)
def test_nothing_is_found(table: str, estimator: str, tmp_path: Path) -> None:
    home = trained(TABLES[table](), tmp_path / "made", estimator)
    assert not told(audit_home(home.path))


@pytest.fixture(scope="module")
def patients_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return trained(patients(), tmp_path_factory.mktemp("audit") / "made", "logistic_regression")


def test_no_name_stands_anywhere_in_the_bundle(patients_home: Home) -> None:
    """By plain search of the bytes, without any part of the audit."""
    files = b"\n".join(bundle.load(patients_home).contents.values())
    for row in patients().rows:
        for cell in (row[1], row[2]):
            assert str(cell).encode() not in files


def test_the_command_says_what_it_tried_and_ends_with_0(
    patients_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["audit", "--home", str(patients_home.path)])
    printed = capsys.readouterr().out
    for attack in ("texts and words", "leaves", "answers for one person", "membership"):
        assert attack in printed
    assert "Nothing was found" in printed


def test_a_bundle_that_leaks_ends_with_4_and_names_places_but_no_value(
    patients_home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from homes import copy_of

    home = copy_of(patients_home, tmp_path / "leaking")
    line = {"row": {"born": "1987-03-14", "income": 1.0, "code": "F7.0"}, "probabilities": [1, 0]}
    golden = bundle.load(home).contents[".golden.jsonl"] + json.dumps(line).encode() + b"\n"
    saved_again(home, contents={".golden.jsonl": golden})
    with pytest.raises(SystemExit) as stop:
        cli.main(["audit", "--home", str(home.path), "--json"])
    assert stop.value.code == Status.GIVEN_AWAY
    answer = json.loads(capsys.readouterr().out)
    assert any(found["file"].endswith(".golden.jsonl") for found in answer["findings"])
    assert "F7.0" not in json.dumps(answer)


def test_what_a_person_wrote_by_hand_stays_and_is_named(tmp_path: Path) -> None:
    home = make_home(patients(), tmp_path / "made")
    text = home.config_file.read_text(encoding="utf-8")
    exact = max(float(str(row[4])) for row in patients().rows)
    rule = f"  income:\n    kind: number\n    maximum: {exact}\n"
    home.config_file.write_text(text.replace("  income: number\n", rule), encoding="utf-8")
    run_training(home.path)
    found = audit_home(home.path)
    assert not told(found)
    assert [one.file for one in found.named].count("config.yml") == 1


def test_data_that_is_public_says_so(tmp_path: Path) -> None:
    home = make_home(patients(), tmp_path / "made")
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(text + "publish:\n  min_rows: 1\n", encoding="utf-8")
    saved = run_training(home.path).bundle
    assert "publish: min" in saved.contents[".md"].decode()
    assert len(saved.profile().columns["code"].categories) == 54
