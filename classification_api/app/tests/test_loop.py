"""The loop, walked for real: train, serve, drift, labels, export, append, train, serve again."""

from __future__ import annotations

import csv
import json
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from harness import JSON, Server, running

KEY = "an-operators-key-of-tests"
OPERATOR = {**JSON, "x-api-key": KEY, "accept": "application/json"}
COLUMNS = ("customer", "spent", "visits", "plan", "stays")

Row = dict[str, Any]


def customers(count: int, seed: int, *, now: bool = False) -> list[Row]:
    """Who spends much for the plan stays; ``now`` most have a new plan, which is dearer."""
    draw, made = random.Random(seed), []
    for number in range(count):
        flat = now and draw.random() < 0.8
        spent = draw.gauss(170 if flat else 100, 20)
        stays = spent + draw.gauss(0, 6) > (170 if flat else 100)
        made.append(
            {
                "customer": f"c{seed}-{number // 2}",
                "spent": round(spent, 2),
                "visits": draw.randint(0, 20),
                "plan": "flat" if flat else draw.choice(["basic", "plus"]),
                "stays": "yes" if stays else "no",
            }
        )
    return made


def write(rows: Sequence[Row], file: Path) -> None:
    """As a spreadsheet in Vienna does: semicolons, decimal commas, cp1252."""
    with file.open("w", encoding="cp1252", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(
            [
                [str(row[name]).removesuffix(".0").replace(".", ",") for name in COLUMNS]
                for row in rows
            ]
        )


def tool(*arguments: object) -> str:
    command = [sys.executable, "-m", "classification_model", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def served(service: Server, rows: Sequence[Row]) -> list[tuple[str, int, float]]:
    """The id and the row of each answer, and the probability that it gave the truth."""
    found = []
    for start in range(0, len(rows), 100):
        some = rows[start : start + 100]
        inputs = [{k: v for k, v in row.items() if k != "stays"} for row in some]
        answer = service.ask(content=json.dumps({"inputs": inputs}).encode())
        assert answer.status == 200, answer
        said = json.loads(answer.content)
        for number, (row, shares) in enumerate(zip(some, said["probabilities"], strict=True)):
            share = shares[said["classes"].index(row["stays"])]
            found.append((answer.headers["x-answer-id"], number, share))
    return found


def test_a_model_that_was_overtaken_by_the_world_comes_back_surely_better(tmp_path: Path) -> None:
    table, home = tmp_path / "customers.csv", tmp_path / "home"
    address, labelled = f"sqlite:///{tmp_path}/answers.db", tmp_path / "labelled.csv"
    write(customers(1_200, seed=1), table)
    tool("init", table, "--target", "stays", "--home", home)
    config = home / "config.yml"
    text = config.read_text(encoding="utf-8")
    text = re.sub(
        r"(?s)^estimator:.*", "estimator: {name: logistic_regression}\n", text, flags=re.MULTILINE
    )
    # The model does not look at who it is; labelled, a row has to have it all the same.
    text = re.sub(r"^  customer: .*\n", "", text, flags=re.MULTILINE)
    config.write_text(f"{text}\nsplit:\n  groups: customer\n", encoding="utf-8")
    tool("train", "--home", home)
    settings = {
        "MODEL_HOME": home, "STORE": address, "STORE_INPUTS": "yes", "OPERATOR_KEYS": KEY,
    }  # fmt: skip

    rows = customers(1_000, seed=2, now=True)
    fresh = customers(1_000, seed=3, now=True)
    with running(settings) as service:
        answers = served(service, rows)
        truth = [
            {"id": name, "row": row, "label": one["stays"]}
            for (name, row, _), one in zip(answers, rows, strict=True)
        ]
        told = service.ask("POST", "/feedback", json.dumps(truth).encode(), OPERATOR)
        assert json.loads(told.content)["stored"] == len(rows)
        live = json.loads(service.ask("GET", "/live", None, OPERATOR).content)
        assert {*live["drifted"]} == {"spent", "plan"}
        assert live["truth"]["worse"]
        before = served(service, fresh)

    said = json.loads(
        tool("export", address, "--output", labelled, "--new", "--home", home, "--json")
    )
    assert (said["rows"], said["refused"], said["versions"][0]["rows"]) == (1_000, [], 1_000)
    assert said["versions"][0]["accuracy"]["high"] < 0.7
    dataset = home / "datasets" / re.findall(r"^dataset: (.*)$", text, re.MULTILINE)[0]
    known = dataset.read_bytes()
    header, _, body = labelled.read_bytes().partition(b"\n")
    assert known.startswith(header + b"\n")
    dataset.write_bytes(known + body)
    write([*customers(1_200, seed=1), *rows], table)
    assert dataset.read_bytes() == table.read_bytes()

    tool("train", "--home", home, "--bump", "minor", "--data-changed")
    with running(settings) as service:
        after = served(service, fresh)
        live = json.loads(service.ask("GET", "/live", None, OPERATOR).content)
        assert [one["unseen"] for one in live["columns"]] == [0, 0, 0]
    gains = [new - old for (_, _, new), (_, _, old) in zip(after, before, strict=True)]
    # Four standard errors: by chance once in 30,000 walks.
    assert mean(gains) > 4 * stdev(gains) / len(gains) ** 0.5
    assert sum(share > 0.5 for _, _, share in after) > sum(share > 0.5 for _, _, share in before)
    again = tool("export", address, "--output", labelled, "--new", "--home", home)
    assert "Wrote" in again
    assert labelled.read_bytes() == header + b"\n"
