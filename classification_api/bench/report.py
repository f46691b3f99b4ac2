"""The results as tables, JSON and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.results import EMPTY_ONE, VETIVER_ONE, Ratio

__all__ = ["Summary", "figures_table", "put_into", "ratio_table", "read", "sentence", "write"]

Summary = Mapping[str, Mapping[str, float | None]]

_COLUMNS = {
    "one_row_per_s": "one row: requests per second of the core",
    "one_row_clock_per_s": "by the clock",
    "one_row_p50_ms": "p50 ms",
    "one_row_p99_ms": "p99 ms",
    "hundred_rows_per_s": "100 rows: requests per second of the core",
    "hundred_rows_clock_per_s": "by the clock",
    "hundred_rows_p50_ms": "p50 ms",
    "hundred_rows_p99_ms": "p99 ms",
    "start_s": "start s",
    "memory_mb": "memory MB",
}


def ratio_table(ratios: Sequence[Ratio]) -> str:
    rows = [
        [
            ratio.name,
            "not measured" if ratio.found is None else f"{ratio.found:.3g}" + _error(ratio.error),
            f"{'at most' if ratio.at_most else 'at least'} {ratio.bar:g}",
            {True: "yes", False: "no", None: ""}[ratio.met],
        ]
        for ratio in ratios
    ]
    return _markdown(["", "measured", "bar", "met"], rows)


def figures_table(summary: Summary) -> str:
    rows = [
        [side, *(_short(figures[key]) for key in _COLUMNS)] for side, figures in summary.items()
    ]
    return _markdown(["", *_COLUMNS.values()], rows)


def read(folder: Path) -> tuple[list[Ratio], Summary]:
    """What was written last."""
    content = json.loads((folder / "speed.json").read_text(encoding="utf-8"))
    return [Ratio(**ratio) for ratio in content["ratios"]], content["medians"]


def write(folder: Path, ratios: Sequence[Ratio], summary: Summary) -> None:
    """``speed.json``, ``speed.md`` and ``speed.svg``."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"ratios": [asdict(ratio) for ratio in ratios], "medians": summary}
    rounded = json.loads(json.dumps(content), parse_float=lambda text: round(float(text), 3))
    (folder / "speed.json").write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")
    tables = f"{ratio_table(ratios)}\n\n{figures_table(summary)}\n"
    (folder / "speed.md").write_text(tables, encoding="utf-8")
    _picture(summary, folder / "speed.svg")


def sentence(ratios: Sequence[Ratio]) -> str:
    """What the README says of the speed."""
    found = {ratio.name: ratio.found or 0 for ratio in ratios}
    return (
        f"One row, one core, warnings and limits and metrics on: {found[VETIVER_ONE]:.0f} times the "
        f"requests of vetiver\nwith the same model, {found[EMPTY_ONE]:.2f} times those of an empty "
        "FastAPI endpoint."
    )


def put_into(readme: Path, ratios: Sequence[Ratio]) -> None:
    """Say the ratios in a sentence between a document's two marks."""
    text = readme.read_text(encoding="utf-8")
    before, mark, rest = text.partition("<!-- bench -->\n")
    _, end, after = rest.partition("<!-- /bench -->")
    readme.write_text(f"{before}{mark}{sentence(ratios)}\n{end}{after}", encoding="utf-8")


def _error(error: float | None) -> str:
    return "" if error is None else f" ± {error:.3f}"


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _picture(summary: Summary, file: Path) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # The same figures give the same file: no date, no random identifiers, text as text.
    mpl.rcParams.update({"svg.hashsalt": "speed", "svg.fonttype": "none", "font.size": 10})
    names = [*summary][::-1]
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, key, title in (
        (axes[0], "one_row_per_s", "One row: requests per second of one core"),
        (axes[1], "hundred_rows_per_s", "100 rows: requests per second of one core"),
    ):
        values = [summary[name][key] or 0.0 for name in names]
        colours = ["#1f6f8b" if name == "ours" else "#b9c4c9" for name in names]
        bars = axis.barh(names, values, color=colours)
        axis.bar_label(bars, [f"{value:,.0f}" for value in values], padding=3)
        axis.set_title(title, fontsize=10)
        axis.margins(x=0.2)
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.tick_params(left=False, bottom=False, labelbottom=False)
    figure.savefig(file, metadata={"Date": None})
