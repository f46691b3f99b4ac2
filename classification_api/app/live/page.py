"""/live as a page: drawn as the model card and the report of a file are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from classification_model.card import drift as drawn
from classification_model.card import html
from classification_model.card.document import (
    Block,
    Bullets,
    Card,
    Links,
    Section,
    Table,
    Text,
    Tile,
)

from ..web.routes import card_answer
from .figures import drift, windows
from .recording import Live

__all__ = ["as_page"]

Figures = Mapping[str, Any]

_VERDICTS = {
    True: "Surely worse than on the held-out rows",
    False: "No worse than on the held-out rows, as far as one can see",
    None: "Too few labels for a verdict",
}


def as_page(live: Live, window: str, found: Figures, root: str) -> Response:
    """The page of the figures of a window; ``root`` is the path under which the service stands."""
    report, known = drift(live, window), windows(live)
    links = [
        (name, None if key == window else f"{root}/live?window={quote(key)}")
        for key, name in known.items()
    ]
    columns = drawn.sections(report, "window") if report.columns else []
    card = Card(
        title=f"Live: {live.model.manifest.target}",
        subtitle=(
            f"Model {found['version']}: {found['rows']:,} rows ({known[window]}) beside the "
            f"{found['reference_rows']:,} of its training. Of this process alone, since "
            f"{datetime.fromisoformat(found['since']):%Y-%m-%d %H:%M} UTC"
        ),
        tiles=[*_tiles(found, [*drawn.tiles(report)])],
        sections=[
            Section("What is shown", [Links(links), *_left_out(found)]),
            *columns[:1],
            Section("Classes", [_classes(found)]),
            Section("Truth", [*_truth(found["truth"], found["labels"])]),
            *([Section("Store", [_store(found["store"])])] if found["store"] else ()),
            *([Section("Shadow", [*_shadow(found["shadow"])])] if found["shadow"] else ()),
            *([Section("Days", [_days(found)])] if found["days"] else ()),
            *columns[1:],
        ],
    )
    return card_answer(html.render(card).encode())


def _tiles(found: Figures, drift_tiles: list[Tile]) -> Iterator[Tile]:
    yield from drift_tiles
    if found["truth"]:
        accuracy = found["truth"]["accuracy"]
        held_out = found["truth"]["held_out"]["accuracy"]["value"]
        yield Tile(
            "accuracy", _percent(accuracy["value"]), f"{_percent(held_out)} on held-out rows"
        )
    requests = found["requests"]
    yield Tile(
        "requests", f"{requests['answered']:,}", f"{requests['rows']:,} rows of /predict scored"
    )
    if requests["p50_ms"] is not None:
        yield Tile("p50", _time(requests["p50_ms"]), f"p99 {_time(requests['p99_ms'])}")


def _left_out(found: Figures) -> Iterator[Block]:
    if found["left_out"]:
        yield Text(
            f"{found['left_out']:,} rows came while counting had taken its share of the processor, "
            "and are in no figure about columns."
        )


def _classes(found: Figures) -> Table:
    rows = [
        (one["name"], _percent(one["served"]), _percent(one["training"]))
        for one in found["classes"]
    ]
    return Table("What was answered", ("class", "in this window", "in training"), rows, (1, 2))


def _days(found: Figures) -> Table:
    rows = [
        (
            one["day"],
            f"{one['rows']:,}",
            ", ".join(one["drifted"]) or "nothing",
            _percent(one["expected_accuracy"]),
        )
        for one in reversed(found["days"])
    ]
    header = ("day", "rows", "drifted", "expected accuracy")
    return Table("By day, in UTC", header, rows, (1, 3))


def _time(milliseconds: float) -> str:
    """To three digits, as a person writes them."""
    digits = 0 if milliseconds >= 100 else 1 if milliseconds >= 10 else 2
    return f"{milliseconds:,.{digits}f} ms"


def _truth(truth: Figures | None, labels: Mapping[str, int]) -> Iterator[Block]:
    if truth is None:
        yield Text("No label has come: POST /feedback takes what turned out to be true.")
    else:
        yield Text(
            f"{_VERDICTS[truth['worse']]}, by {truth['rows']:,} labels that this process has taken."
        )
        yield _figures_table(truth)
        yield Table(
            "Are the probabilities right? By the probability of the answer",
            ("probability", "rows", "were right", "95% interval"),
            [
                (
                    _percent(one["predicted"]),
                    f"{one['rows']:,}",
                    _percent(one["observed"]["value"]),
                    f"{_percent(one['observed']['low'])} to {_percent(one['observed']['high'])}",
                )
                for one in truth["calibration"]
            ],
            (0, 1, 2, 3),
        )
    if labels["unknown"]:
        yield Text(
            f"{labels['unknown']:,} labels were of answers that are not known here, are kept no more "
            "or were another version's; they are in none of these figures."
        )


def _figures_table(truth: Figures) -> Table:
    rows = []
    for name, shown in (("accuracy", _percent), ("log_loss", _decimal), ("cost", _decimal)):
        here, held_out = truth[name], truth["held_out"].get(name)
        if here is not None:
            rows.append(
                (name.replace("_", " "), _interval(here, shown), _interval(held_out, shown))
            )
    return Table("With 95% intervals", ("", "here", "held-out rows"), rows, (1, 2))


def _store(store: Figures) -> Text:
    now = f"It fails now: {store['fault']}" if store["fault"] else "It takes what is written."
    return Text(
        f"{store['rows']:,} rows and {store['labels']:,} labels are written since the start, and "
        f"{store['dropped']:,} rows were given up while it was slow or gone. {now}"
    )


def _shadow(shadow: Figures) -> Iterator[Block]:
    rows, agreement = shadow["rows"], shadow["agreement"]
    agreed = "" if agreement is None else f" and agreed with {_percent(agreement)}"
    yield Text(f"Model {shadow['version']} answered {rows:,} of the same rows{agreed}.")
    left = {
        "refused": "rows break a rule of it",
        "failed": "rows made it fail",
        "dropped": "rows came while too many waited",
    }
    if counts := [f"{shadow[name]:,} {words}." for name, words in left.items() if shadow[name]]:
        yield Bullets(counts)
    flips = [(one["from"], one["to"], f"{one['rows']:,}") for one in shadow["flips"]]
    if flips:
        yield Table("Where they disagree", ("served", "shadow", "rows"), flips, (2,))
    moved = [
        (str(one["class"]), f"{one['mean_difference']:+.4f}", f"{one['mean_distance']:.4f}")
        for one in shadow["probabilities"]
    ]
    header = ("class", "mean difference", "mean size of it")
    yield Table("Probabilities, shadow less served", header, moved, (1, 2))
    if both := shadow["truth"]:
        yield Table(
            "On rows whose truth is known",
            ("", "served", "shadow"),
            [
                ("accuracy", *(_interval(both[side]["accuracy"], _percent) for side in both)),
                ("log loss", *(_interval(both[side]["log_loss"], _decimal) for side in both)),
            ],
            (1, 2),
        )


def _interval(found: Figures | None, shown: Any) -> str:
    if found is None:
        return ""
    if found["low"] is None:
        return str(shown(found["value"]))
    return f"{shown(found['value'])} ({shown(found['low'])} to {shown(found['high'])})"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _decimal(value: float) -> str:
    return f"{value:.3f}"
