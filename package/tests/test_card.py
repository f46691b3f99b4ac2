"""The card: true to the report, safe with any name, one page that needs nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from sklearn.pipeline import Pipeline

from classification_model import bundle
from classification_model.bundle import Manifest
from classification_model.bundle.provenance import Choice, Compared, Gate, Judged, Reference
from classification_model.card.facts import Facts
from classification_model.card.slider import SCRIPT
from classification_model.card.writer import write
from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.config.schema import Column, Label, RowSchema
from classification_model.evaluation import Report, evaluate
from classification_model.evaluation.report import Bin
from classification_model.pipeline import build_pipeline
from classification_model.processing.data_manager import Split, load_dataset, split_dataset
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.profiling import profile_of
from classification_model.training import describe
from classification_model.training.describe import held_out
from classification_model.training.recipes import recipe_of
from homes import SOURCE, make_home
from tables import PEOPLE, TABLES, Sample

HOSTILE = ("<script>alert(1)</script>", "a|b `c` [x](http://x.example)", '"&amp;"', "Größe €")


def judged(home: Home) -> tuple[Report, Facts]:
    """What a home's data gives, with the report that its training would make."""
    config = load_config(home)
    data = load_dataset(config, home)
    split = split_dataset(data, config)
    pipeline = build_pipeline(config).fit(split.train.typed(), split.train.labels)
    encode = pipeline.named_steps["encode"]
    choice = Choice(estimator=config.estimator)
    manifest = Manifest(
        format=2,
        version="1.0.0",
        target=config.target,
        classes=tuple(sorted(set(data.labels), key=str)),
        row_schema=config.row_schema(),
        features=(),
        rows=len(data),
        refitted=True,
        recipe=recipe_of(config, choice),
        held_out=held_out(config, split, data),
        python="3.11",
        libraries={"numpy": "2.4.6", "scikit-learn": "1.9.1"},
        metrics={},
        choice=choice,
        gate=Gate(
            note="nothing was there to be compared with",
            judged=Judged(rows=10, log_loss=0.5, error=0.01, guess=0.6, learned=True),
            reference=Reference(version="1.0.0", recipe=recipe_of(config, choice)),
        ),
        onnx_refused=None,
        files={},
    )
    facts = Facts(
        stem="model_v1.0.0",
        manifest=manifest,
        profile=profile_of(
            config.row_schema(),
            split.train.columns,
            split.train.labels,
            min_rows=5,
            functions=describe.offering(config, encode, split.train),
        ),
        dataset=config.dataset,
        left_out=config.ignored,
    )
    return report_of(config, split, pipeline), facts


def told(facts: Facts, **changes: object) -> Facts:
    """The same facts with another manifest."""
    return replace(facts, manifest=facts.manifest.model_copy(update=changes))


def report_of(config: Config, split: Split, pipeline: Pipeline) -> Report:
    known: dict[Label, Label] = {label: label for label in split.train.labels}
    return evaluate(
        functions=pipeline.named_steps["encode"].functions(),
        predict=pipeline.named_steps["classify"].predict_proba,
        features=pipeline.named_steps["encode"].features_,
        schema=config.row_schema(),
        train=split.train,
        held_out=split.held_out,
        classes=[known[label] for label in pipeline.classes_.tolist()],
        seed=config.random_state,
    )


@pytest.fixture(scope="module", params=["awkward", "digits", "people"])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    home = make_home(TABLES[request.param](), tmp_path_factory.mktemp(request.param) / "made")
    return *judged(home), home


Found = tuple[Report, Facts, Home]


def hostile() -> Sample:
    """The people again, their columns and classes named to break a page."""
    header = ("name", *HOSTILE, "since", "<b>target</b>")
    rows = [(*row[:-1], HOSTILE[row[-1]]) for row in PEOPLE.rows]  # type: ignore[call-overload]
    return Sample("<b>target</b>", header, rows)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Facts]:
    return judged(make_home(hostile(), tmp_path_factory.mktemp("hostile") / "made"))


def texts(files: Mapping[str, bytes]) -> tuple[str, str, str]:
    return files[".html"].decode(), files[".md"].decode(), files[".svg"].decode()


def parsed(html: str) -> ET.Element:
    """The page is XML too, so that every tag is known to be closed."""
    return ET.fromstring(html.removeprefix("<!doctype html>"))


def words_of(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def markdown_tables(text: str) -> list[list[str]]:
    """The lines of each table."""
    return [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]


def test_a_card_is_markdown_a_page_and_pictures(found: Found) -> None:
    report, facts, _ = found
    files = write(report=report, facts=facts)
    assert set(files) == {".html", ".md", ".svg"}
    assert sum(map(len, files.values())) < 200_000
    assert "](model_v1.0.0.svg)" in files[".md"].decode()


def test_the_page_needs_no_other_file_no_host_and_only_the_slider_s_script(found: Found) -> None:
    report, facts, _ = found
    html, _, svg = texts(write(report=report, facts=facts))
    for source in (html, svg):
        root = ET.fromstring(source.removeprefix("<!doctype html>"))
        for element in root.iter():
            name = element.tag.split("}")[-1]
            assert name not in {"link", "img", "iframe", "object"}
            assert name != "script" or (element.text == SCRIPT and not element.attrib)
            assert not {"src", "onload", "data"} & set(element.attrib)
            assert element.get("href", "#") == "./" or element.get("href", "#").startswith("#")
        assert source.count("<script") == (source is html and bool(report.steps))
        assert "url(" not in source
        assert "@import" not in source


def test_every_picture_says_in_words_what_it_shows(found: Found) -> None:
    report, facts, _ = found
    html, _, svg = texts(write(report=report, facts=facts))
    drawings = [svg for svg in parsed(html).iter("svg") if svg.get("aria-labelledby")]
    assert len(drawings) == 6
    assert parsed(svg).find("{*}desc") is not None
    identifiers = [element.get("id") for element in parsed(html).iter() if element.get("id")]
    assert len(identifiers) == len(set(identifiers))
    for drawing in drawings:
        named = (drawing.get("aria-labelledby") or "").split()
        spoken = [element for element in drawing if element.get("id") in named]
        assert len(spoken) == 2
        assert all(words_of(element) for element in spoken)


def test_pictures_stay_inside_their_frame(found: Found) -> None:
    report, facts, _ = found
    html, _, _ = texts(write(report=report, facts=facts))
    for drawing in parsed(html).iter("svg"):
        for element in drawing.iter():
            for key, limit in (("x", 360), ("cx", 360), ("x2", 360), ("y", 300), ("cy", 300)):
                assert -1 <= float(element.get(key, 0)) <= limit
            for point in element.get("points", "").split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= 360
                assert 0 <= y <= 300


def test_headings_and_tables_are_marked_as_what_they_are(found: Found) -> None:
    report, facts, _ = found
    page = parsed(texts(write(report=report, facts=facts))[0])
    titles = [words_of(heading).removesuffix(" \u2191") for heading in page.iter("h2")]
    links = [link.get("href", "") for link in page.iter("a")]
    anchors = [f"#{heading.get('id')}" for heading in page.iter("h2")]
    assert [link for link in links if link not in ("./", "#contents")] == anchors
    assert titles == [
        "What it predicts",
        "Data",
        "How it was chosen",
        *(["Other thresholds"] if len(report.classes) == 2 else []),
        "How good it is",
        "Where it is weak",
        "What this file gives away",
        "Limits",
        "How to use it",
        "Columns of a row",
        "Versions",
    ]
    assert len(list(page.iter("h1"))) == 1
    for table in page.iter("table"):
        caption = table.find("caption")
        assert caption is not None
        assert words_of(caption)
        assert all(heading.get("scope") for heading in table.iter("th"))


def test_the_numbers_are_those_of_the_report(found: Found) -> None:
    report, facts, _ = found
    html, markdown, _ = texts(write(report=report, facts=facts))
    sure, single = report.log_loss, report.baselines[1].metrics.log_loss
    cells = f"{sure.value:.3f} | {sure.low:.3f} to {sure.high:.3f}"
    row = next(line for line in markdown.splitlines() if line.startswith("| log loss"))
    assert cells in row
    assert row.endswith(f" {single:.3f} |")
    for text in (words_of(parsed(html)), markdown):
        assert "those of the same recipe without the held-out rows" in text
        assert "nothing was there to be compared with" in text
        assert f"{report.accuracy.value:.3f}" in text


def test_a_threshold_that_no_row_reaches_has_no_precision(found: Found) -> None:
    report, facts, _ = found
    if report.steps:
        none = report.steps[0].model_copy(update={"found": 0, "false_alarms": 0})
        whole = report.model_copy(update={"steps": (none, *report.steps[1:])})
        text = texts(write(report=whole, facts=facts))[1]
        assert re.search(r"\| 0\.99 \| 0 \| \d+ \| 0 \| \d+ \| none \| 0\.000 \|", text)


def test_no_name_from_a_csv_becomes_markup(attacked: tuple[Report, Facts]) -> None:
    report, facts = attacked
    html, markdown, svg = texts(write(report=report, facts=facts))
    for source in (html, svg):
        root = ET.fromstring(source.removeprefix("<!doctype html>"))
        assert not {"b", "i"} & {element.tag.split("}")[-1] for element in root.iter()}
        assert {element.text for element in root.iter() if "script" in element.tag} <= {SCRIPT}
    assert "<script>alert(1)</script>" in words_of(parsed(html))
    assert "“<b>target</b>”" in words_of(parsed(html))
    prose = re.sub(r"^(```+).*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    assert not re.search(r"(?<!\\)<", prose)
    assert not re.search(r"(?<!\\)`", prose)
    assert prose.count("](") == prose.count("](model_v1.0.0.svg)") + prose.count(r"\](")


def test_every_row_of_a_markdown_table_has_the_cells_of_its_head(
    attacked: tuple[Report, Facts],
) -> None:
    report, facts = attacked
    compared = (Compared(name="linear | l2", log_loss=0.4), Compared(name="a | b", log_loss=0.5))
    choice = facts.manifest.choice.model_copy(update={"compared": compared})
    known = told(facts, choice=choice)
    tables = markdown_tables(texts(write(report=report, facts=known))[1])
    assert len(tables) == 7
    for lines in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


def test_control_characters_do_not_break_a_page(attacked: tuple[Report, Facts]) -> None:
    report, facts = attacked
    compared = (Compared(name="\x07", log_loss=0.5),)
    choice = facts.manifest.choice.model_copy(update={"compared": compared})
    strange = told(facts, target="a\x00b\x1b[31mc\ud800", choice=choice)
    parsed(texts(write(report=report, facts=strange))[0])


def test_candidates_stand_in_the_order_of_their_loss(found: Found) -> None:
    report, facts, _ = found
    compared = (
        Compared(name="forest", log_loss=0.5, weight=0.25),
        Compared(name="linear | l2", log_loss=0.4, weight=0.75),
    )
    choice = Choice(estimator=facts.manifest.choice.estimator, compared=compared, log_loss=0.39)
    html, markdown, _ = texts(write(report=report, facts=told(facts, choice=choice)))
    assert (
        "| linear \\| l2 | 0.4000 | 75% |\n| forest | 0.5000 | 25% |\n"
        "| the vote of 2 | 0.3900 | 100% |" in markdown
    )
    vote = "A vote of some of them"
    assert vote in html
    assert vote not in texts(write(report=report, facts=facts))[0]


def test_long_names_of_classes_are_letters_that_every_picture_explains(found: Found) -> None:
    report, facts, _ = found
    long = {str(k): f"a class with a name of many words, {k}" for k in report.classes}
    names = told(facts, labels=long)
    for drawing in parsed(texts(write(report=report, facts=names))[0]).iter("figure"):
        said = words_of(drawing)
        assert "\u2026" not in said
        if drawing.find("svg") is not None and re.search(r"\bA\b.*\bB\b", said):
            assert all(name in said for name in long.values())


def test_a_class_that_is_hardly_found_is_said_first(found: Found) -> None:
    report, facts, _ = found
    rest = [tuple(row) for row in report.confusion[1:]]
    first = (1, 152, *[0] * (len(report.classes) - 2))
    worse = report.model_copy(update={"confusion": (first, *rest)})
    for least, words in ((1, "(1 of 153)"), (5, "(<5 of 153)")):
        page = parsed(texts(write(report=worse, facts=replace(facts, min_rows=least)))[0])
        items = [words_of(item) for item in page.iter("li")]
        (place,) = [i for i, item in enumerate(items) if item.startswith("Hardly found")]
        assert f"{report.classes[0]} {words}" in items[place]
        assert place < next(i for i, item in enumerate(items) if item.startswith("It was judged"))


def test_precision_and_recall_of_each_class_are_those_of_the_confusion_matrix(
    found: Found,
) -> None:
    report, facts, _ = found
    page = parsed(texts(write(report=report, facts=facts))[0])
    (table,) = [one for one in page.iter("table") if words_of(one).startswith("Classes")]
    for k, row in enumerate(list(table.iter("tr"))[1:]):
        cells = [words_of(cell) for cell in row]
        hits, column = report.confusion[k][k], sum(line[k] for line in report.confusion)
        assert cells[4] == (f"{hits / column:.2f}" if column else "\u2013")
        assert cells[5] == f"{hits / sum(report.confusion[k]):.2f}"


def test_derived_features_are_explained_in_the_words_of_their_functions(tmp_path: Path) -> None:
    home = make_home(PEOPLE, tmp_path / "made")
    (home.path / "features.py").write_text(
        'def decade(age):\n    """The decade of life.\n\n    More."""\n'
        "    return None if age is None else float(age // 10)\n",
        encoding="utf-8",
    )
    text = home.config_file.read_text(encoding="utf-8")
    derived = (
        "derived:\n  tens:\n    function: decade\n    inputs:\n      - age\n    kind: number\n"
    )
    home.config_file.write_text(re.sub(r"^derived:.*\n", "", text, flags=re.MULTILINE) + derived)
    report, facts = judged(home)
    assert (
        "| tens | age | number | The decade of life. |"
        in texts(write(report=report, facts=facts))[1]
    )


def test_limits_follow_from_the_facts(found: Found) -> None:
    report, facts, _ = found
    first = next(iter(facts.manifest.row_schema.columns))
    worse = report.model_copy(
        update={
            "class_rows": (7, *report.class_rows[1:]),
            "missing": {**report.missing, first: 0.62},
            "calibration": (Bin(rows=report.rows, predicted=0.6, observed=0.3, low=0.2, high=0.5),),
            "calibration_error": 0.23,
        }
    )
    schema = RowSchema(
        columns={first: Column(kind="number"), "must": Column(kind="number", required=True)}
    )
    seen = Profile(rows=9, classes=(), columns=dict.fromkeys(schema.columns, ColumnProfile()))
    worse.missing["must"] = 0.0
    known = replace(
        told(facts, row_schema=schema), profile=seen, left_out={"boat": "gives the answer away"}
    )
    page = parsed(texts(write(report=worse, facts=known))[0])
    said = " ".join(words_of(item) for item in page.iter("li"))
    assert f"Few training rows: {report.classes[0]} (7)" in said
    assert f"{first} (62%)" in said
    assert "off by 0.23 on average" in said
    assert f"Never missing in training: {first}. A row" in said
    assert "does not look at boat" in said
    assert "not what causes what" in said
    assert f"for {report.rows} of {report.rows} rows by more than chance" in said
    assert f"judged on {report.rows} rows" in said


def test_a_weak_slice_is_named(found: Found) -> None:
    report, facts, _ = found
    weak = report.slices[0].model_copy(
        update={"column": "Straße", "value": "Gasse", "weaker": True, "log_loss": 9.0}
    )
    html, markdown, _ = texts(
        write(report=report.model_copy(update={"slices": (weak,)}), facts=facts)
    )
    assert "1 of them is worse than all other rows by more than chance explains." in html
    assert re.search(r"\| Straße \| Gasse \|.*\| yes \|", markdown)


def test_the_card_shows_how_to_use_the_model_and_that_works(people: Home, tmp_path: Path) -> None:
    config = load_config(people)
    report, facts = judged(people)
    page = parsed(texts(write(report=report, facts=facts))[0])
    row, python, command, http = ("".join(code.itertext()) for code in page.iter("code"))
    assert list(json.loads(row)["inputs"][0]) == list(config.columns)
    home = shutil.copytree(people.path, tmp_path / "a home")
    (home / "row.json").write_text(row, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-c", python],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(SOURCE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() in {"[0]", "[1]"}
    shutil.copy(home / "datasets" / "raw.csv", home / "rows.csv")
    assert command.startswith("classification-model predict ")
    subprocess.run(
        [sys.executable, "-m", "classification_model", *command.split()[1:]],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(SOURCE.parent)},
        check=True,
    )
    assert (home / "scored.csv").is_file()
    assert http.startswith("curl ")


def test_the_example_is_what_training_saw_most(found: Found) -> None:
    report, facts, _ = found
    page = parsed(texts(write(report=report, facts=facts))[0])
    row = json.loads("".join(next(page.iter("code")).itertext()))["inputs"][0]
    assert row == facts.profile.example()


SAME = """
import hashlib, pathlib, sys
sys.path.insert(0, sys.argv[1])
from classification_model.config.home import Home
from test_card import judged, write
report, facts = judged(Home(pathlib.Path(sys.argv[2])))
files = write(report=report, facts=facts)
print(hashlib.sha256(report.model_dump_json().encode() + b"".join(files.values())).hexdigest())
"""


def test_two_processes_with_other_hash_seeds_write_the_same_bytes(tmp_path: Path) -> None:
    home = make_home(TABLES["awkward"](), tmp_path / "made")
    printed = {
        subprocess.run(
            [sys.executable, "-c", SAME, str(Path(__file__).parent), str(home.path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert re.fullmatch(r"[0-9a-f]{64}\n", printed.pop())


def test_a_prediction_loads_neither_card_nor_evaluation(people: Home) -> None:
    code = (
        "import sys; from classification_model.predict import load_model\n"
        "from classification_model.config.home import Home\n"
        "load_model(Home.find(sys.argv[1]))\n"
        "print([n for n in sys.modules if n.startswith(('classification_model.card',"
        " 'classification_model.evaluation', 'sklearn'))])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(people.path)], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"


def test_training_saves_the_card_with_the_model(people: Home) -> None:
    saved = bundle.load(people)
    assert {".html", ".md", ".svg"} <= set(saved.manifest.files)
    page = parsed(saved.contents[".html"].decode())
    assert "those of the same recipe without the held-out rows" in words_of(page)
    assert f"{saved.manifest.metrics['accuracy']:.3f}" in words_of(page)
