"""CSVs for the tests to learn from: small ones inside scikit-learn, and ones made to be nasty."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn import datasets

__all__ = ["CUSTOMERS", "PEOPLE", "TABLES", "Sample", "customers"]


@dataclass(frozen=True)
class Sample:
    """A CSV, the column to predict, and how the file is written."""

    target: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    delimiter: str = ","
    encoding: str = "utf-8"

    def write(self, file: Path) -> Path:
        with file.open("w", encoding=self.encoding, newline="") as stream:
            writer = csv.writer(stream, delimiter=self.delimiter, lineterminator="\n")
            writer.writerows([self.header, *self.rows])
        return file


def people() -> Sample:
    """One column of each kind, with a rule to be learned; what the errors are planted in."""
    draw = random.Random(1)
    rows = []
    for number in range(160):
        age = draw.randint(18, 80)
        member = draw.random() < 0.5
        size = draw.choice(["small", "large", "huge"])
        stays = (age > 45) + member + (size == "huge") + draw.random() > 1.6
        rows.append(
            (
                f"Person, {draw.choice(['Mr', 'Mrs'])}. {number}",
                age if draw.random() > 0.1 else "?",
                round(draw.uniform(1000, 9000), 2),
                "yes" if member else "no",
                size if draw.random() > 0.05 else "?",
                f"20{draw.randint(10, 23)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
                int(stays),
            )
        )
    return Sample("stays", ("name", "age", "income", "member", "size", "since", "stays"), rows)


def awkward() -> Sample:
    """As a spreadsheet in Vienna saves it: semicolons, decimal commas, cp1252, accents, words."""
    draw = random.Random(0)
    rows = []
    for number in range(240):
        height, active = draw.gauss(170, 10), draw.random() < 0.5
        pay, country = draw.gauss(3000, 800), draw.choice(["Österreich", "España", "Côte d'Ivoire"])
        if (height > 170) + active + (pay > 3000) + draw.random() > 2:
            answer = "ja, sofort"
        else:
            answer = draw.choice(["nein", "nein", "vielleicht; später"])
        rows.append(
            (
                f"{number:05d}",
                f"{height:.1f}".replace(".", ",") if draw.random() > 0.1 else "N/A",
                draw.choice(["def", "lambda", "None"]),
                f"{draw.randint(1, 28):02}.{draw.randint(1, 12):02}.20{draw.randint(10, 24)}",
                "Yes" if active else "No",
                f'Gasse {number}, "Tür"\n{country}',
                f"{pay:.2f}".replace(".", ","),
                "=1+1",
                "",
                country,
                answer,
            )
        )
    header = (
        "Kunden-Nr", "Größe (cm)", "class", "Eintritt am", "aktiv?", "Straße & Ort", "Gehalt €",
        "Notiz", "leer", "Land", "antwort",
    )  # fmt: skip
    return Sample("antwort", header, rows, delimiter=";", encoding="cp1252")


def from_scikit_learn(load: Callable[[], datasets.base.Bunch]) -> Sample:
    """A table of numbers, its classes as words."""
    source = load()
    words = [str(source.target_names[label]) for label in source.target]
    rows = [(*row, word) for row, word in zip(source.data.tolist(), words, strict=True)]
    return Sample("label", (*map(str, source.feature_names), "label"), rows)


CUSTOMERS = ("customer", "spent", "visits", "town", "when", "stays")


def customers(count: int, seed: int, swapped: float = 0.0) -> list[list[object]]:
    """Customers whose spending, visits and town decide whether they stay."""
    draw = random.Random(seed)
    made: list[list[object]] = []
    for number in range(count):
        spent, visits = draw.gauss(100, 20), draw.randint(0, 20)
        town = draw.choice(["Ulm", "Bonn", "Kiel"])
        score = (spent - 100) / 12 + (visits - 10) / 3 + (town == "Ulm") + draw.gauss(0, 1)
        stays = (score > 0.3) != (draw.random() < swapped)
        when = f"20{draw.randint(10, 23)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        made.append([f"c{seed}-{number}", round(spent, 2), visits, town, when, int(stays)])
    return made


PEOPLE = people()

TABLES: dict[str, Callable[[], Sample]] = {
    "awkward": awkward,
    "cancer": lambda: from_scikit_learn(datasets.load_breast_cancer),
    "digits": lambda: from_scikit_learn(datasets.load_digits),
    "iris": lambda: from_scikit_learn(datasets.load_iris),
    "people": lambda: PEOPLE,
    "wine": lambda: from_scikit_learn(datasets.load_wine),
}
"""By name: many classes and two, words and numbers, ten columns and sixty."""
