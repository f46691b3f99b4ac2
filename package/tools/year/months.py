"""What happens in each month, and what must be said of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from tools.year.clone import Clone, Silent
from tools.year.customers import Row, customers, read, write

__all__ = ["MONTHS", "SHORT", "Month"]

Month = Callable[[Clone], None]
"""Its docstring tells what happens."""

_ESTIMATOR = "estimator:\n  name: logistic_regression\n"


def begin(clone: Clone) -> None:
    """The first model, from a table of one's own."""
    clone.git("tag", "1.0.0")  # the Titanic's, as upstream published it
    file = clone.top.parent / "customers.csv"
    write(file, customers(clone.count, 0))
    command = ("tools.init_here", str(file), "--target", "left", "--force")
    clone.run(*command, says=["words are about 'yes'"])
    clone.edit("estimator: auto\n", _ESTIMATOR)
    text = clone.config.read_text(encoding="utf-8")
    why = next(line for line in text.splitlines() if line.startswith("  customer: "))
    clone.edit(why, "  customer: our lawyer forbids it")
    if clone.version != "1.1.0":
        raise Silent(f"init began at {clone.version}, which a tag has")
    clone.model("train", "--force", says=["model 1.0.0 predicts 'survived'"])
    clone.follow()
    clone.commit("Train 1.1.0")
    clone.git("tag", "1.1.0")


def more_rows(clone: Clone) -> None:
    """Rows are appended, and one version stays one model."""
    clone.rows(lambda rows: [*rows, *customers(clone.count // 10, 2)])
    clone.commit("Append February")
    clone.model("train", says=["1.1.0 is the tag of another model"], status=1)
    clone.train(says=[f"{clone.count + clone.count // 10:,} rows, where {clone.count:,} were"])


def column_added(clone: Clone) -> None:
    """A column is added."""
    regions = "north", "south", "west"
    clone.rows(lambda rows: [{"region": regions[len(row["fee"]) % 3], **row} for row in rows])
    clone.run("tools.init_here", "--update", says=["+ region: category"])
    if "our lawyer forbids it" not in clone.config.read_text(encoding="utf-8"):
        raise Silent("init --update dropped what a person wrote")
    clone.train(says=["column 'region' is new to the model (category)"])


def column_renamed(clone: Clone) -> None:
    """A column gets another name."""

    def renamed(rows: list[Row]) -> list[Row]:
        names = {name: name for name in rows[0]} | {"calls": "support_calls"}
        return [{names[name]: cell for name, cell in row.items()} for row in rows]

    clone.rows(renamed)
    clone.refused(says=["no column 'calls' (is it 'support_calls' now?)"])
    clone.edit("  calls: ", "  support_calls: ")
    clone.refused(says=["cannot be compared", "no floor under acceptance is set"], status=3)
    clone.config.write_text(
        clone.config.read_text(encoding="utf-8") + "acceptance:\n  log_loss: 0.6\n", "utf-8"
    )
    clone.train()


def column_removed(clone: Clone) -> None:
    """A column is gone."""
    clone.rows(lambda rows: [{k: v for k, v in row.items() if k != "region"} for row in rows])
    clone.refused(says=["no column 'region'"])
    clone.edit("  region: category\n", "")
    clone.train(says=["column 'region' is not looked at any more"])


def category_added(clone: Clone) -> None:
    """A category is new."""
    more = customers(clone.count // 10, 6)
    fresh = [{**row, "plan": "family"} if i % 10 == 0 else row for i, row in enumerate(more)]
    clone.rows(lambda rows: [*rows, *_renamed(fresh)])
    clone.train(says=[f"column 'plan': new 'family' ({len(fresh) // 10} rows)"])


def label_misspelt(clone: Clone) -> None:
    """A label is misspelt."""
    more = _renamed(customers(clone.count // 10, 7))
    wrong = [{**row, "left": row["left"].replace("yes", "Yes")} for row in more]
    before = read(clone.table)
    write(clone.table, [*before, *wrong])
    clone.refused(says=["of a new class 'Yes'", "'yes', misspelt?", "train with --data-changed"])
    write(clone.table, [*before, *more])
    clone.train()


def unit_changed(clone: Clone) -> None:
    """A unit changes: euros become cents."""
    before = read(clone.table)
    write(clone.table, [{**row, "fee": str(round(float(row["fee"]) * 100))} for row in before])
    clone.refused(
        says=["column 'fee': its values are elsewhere", "100 times larger: another unit?"]
    )
    write(clone.table, [*before, *_renamed(customers(clone.count // 10, 8))])
    clone.train()


def copies_and_a_broken_import(clone: Clone) -> None:
    """Rows are imported twice, and an import is broken."""
    before = read(clone.table)
    more = _renamed(customers(clone.count // 10, 9))
    write(clone.table, [*before, *({**row, "support_calls": ""} for row in more)])
    clone.refused(says=["column 'support_calls': 100% of the values are missing"])
    write(clone.table, [*before, *more, *more[: clone.count // 40]])
    clone.train(says=[f"{clone.count // 40} row(s) repeat another: copies stay together"])
    write(clone.table, [*before, *more])


def person_forgotten(clone: Clone) -> None:
    """A person asks to be forgotten."""
    gone = read(clone.table)[3]["customer"]
    clone.rows(lambda rows: [row for row in rows if row["customer"] != gone])
    clone.train(says=["which rows are new is not known"])
    if any(gone.encode() in content for content in clone.files().values()):
        raise Silent("the model names somebody who was forgotten")
    clone.model("audit", says=["Nothing was found"])


def merge(clone: Clone) -> None:
    """Two colleagues train, and merge."""
    clone.git("switch", "--quiet", "--create", "colleague")
    clone.rows(lambda rows: [*rows, *_renamed(customers(clone.count // 20, 10))])
    clone.train()
    theirs = read(clone.table)
    clone.git("switch", "--quiet", "-")
    clone.rows(lambda rows: [*rows, *_renamed(customers(clone.count // 20, 11))])
    clone.model("train", "--bump", "minor")
    clone.model("train", "--bump", "minor")
    clone.follow()
    clone.commit(f"Train {clone.version}")
    ours = read(clone.table)
    clone.git("merge", "colleague", check=False)
    clone.model("train", says=["VERSION, line 1: a conflict that git marked"], status=1)
    (clone.home / "VERSION").write_text("2.0.0\n", encoding="utf-8")
    clone.model("train", says=["raw.csv, line", "a conflict that git marked"], status=1)
    known = {row["customer"] for row in ours}
    write(clone.table, [*ours, *(row for row in theirs if row["customer"] not in known)])
    requirements = clone.top / "classification_api" / "requirements.txt"
    clone.git("checkout", "--ours", "--", str(requirements))
    clone.model("train", says=["the same recipe on another table"])
    clone.follow()
    clone.commit("Merge, and train 2.0.0")
    clone.git("tag", "2.0.0")
    if len([name for name in clone.files() if name.endswith(".json")]) != 1:
        raise Silent("after a merge there is more than one model")


def rolled_back(clone: Clone) -> None:
    """Back to an earlier model, and forward again."""
    table, now = clone.table.read_bytes(), clone.files()
    earlier = sorted(clone.git("tag").split(), key=lambda tag: [*map(int, tag.split("."))])[-2]
    clone.model("rollback", earlier, says=[f"Model {earlier} in the place of {clone.version}"])
    clone.model("info", says=["the table has moved on"])
    if clone.table.read_bytes() != table:
        raise Silent("a rollback brought rows back")
    requirements = clone.top / "classification_api" / "requirements.txt"
    if f"=={earlier}  #" not in requirements.read_text(encoding="utf-8"):
        raise Silent("the service does not follow a rollback")
    latest = clone.git("log", "-1", "--format=%s").split()[-1]
    clone.model("rollback", latest)
    if clone.files() != now:
        raise Silent("forward again is another model")


def newer_library(clone: Clone) -> None:
    """Another scikit-learn is installed."""
    manifest = next(clone.models.glob("*.json"))
    whole = manifest.read_bytes()
    manifest.write_bytes(_made_by(whole, "0.1"))
    clone.model("verify", says=["scikit-learn 0.1", "train again"], status=1)
    row = clone.package / "sample_input.csv"
    scored = clone.top.parent / "scored.csv"
    clone.model("predict", str(row), "--output", str(scored), says=["Scored 1 of 1 row(s)"])
    clone.train(says=["Saved"])


def _renamed(rows: list[Row]) -> list[Row]:
    """As the table is from April on."""
    return [{("support_calls" if k == "calls" else k): v for k, v in r.items()} for r in rows]


def _made_by(source: bytes, version: str) -> bytes:
    """A manifest as another scikit-learn would have written it, sealed again."""
    found = json.loads(source)
    old = f'"scikit-learn": "{found["libraries"]["scikit-learn"]}"'.encode()
    text = source.replace(old, f'"scikit-learn": "{version}"'.encode())
    text = text[: text.rindex(b',\n  "sha256"')] + b"\n}\n"
    seal = hashlib.sha256(text).hexdigest()
    return text.removesuffix(b"\n}\n") + f',\n  "sha256": "{seal}"\n}}\n'.encode()


MONTHS: tuple[tuple[str, Month], ...] = (
    ("January", begin),
    ("February", more_rows),
    ("March", column_added),
    ("April", column_renamed),
    ("May", column_removed),
    ("June", category_added),
    ("July", label_misspelt),
    ("August", unit_changed),
    ("September", copies_and_a_broken_import),
    ("October", person_forgotten),
    ("November", merge),
    ("December", newer_library),
    ("New Year's Eve", rolled_back),
)

SHORT: tuple[tuple[str, Month], ...] = (
    ("January", begin),
    ("February", more_rows),
    ("March", column_added),
    ("New Year's Eve", rolled_back),
)
"""What the tests live: some twenty seconds."""
