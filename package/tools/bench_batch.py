"""Scoring big files: against a plain copy, against pandas with the pickle, and in memory.

    tox -e bench_batch [-- --copies 1600] [--rounds 3] [--no-ten-times] [--growth]

The file is the Titanic's raw CSV, 1,600 times over, which is 2.1 million rows. It is measured
twice: once as it is, where the same 1,309 rows come back again and again, which flatters whoever
notices; and once with every row made another (a name of its own; age and fare moved a little),
which is nearer to data that somebody has. Sides take turns, each a process of its own from start to end; a ratio is
the median of the rounds' own.

- copy: polars reads the CSV and writes it, streaming, nothing else
- ours: ``classification-model predict``
- plain: the same without pyarrow, which the package does not need; on a tenth of the rows
- pandas: read_csv in chunks, the pickled pipeline, to_csv; on a tenth of the rows
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from classification_model.config.home import PACKAGE_HOME

REPEATED = "the same rows again"
"""The file that the bars are about. Nobody's data are so, but everybody can make it."""

RAW = PACKAGE_HOME / "datasets" / "raw.csv"


@dataclass(frozen=True)
class Run:
    """A process from start to end: seconds of the wall and of the processors, and peak memory."""

    seconds: float
    processor: float
    megabytes: float


def copied(target: Path, copies: int, *, distinct: bool) -> Path:
    """The raw CSV many times over, one header; ``distinct``: no two rows alike."""
    with RAW.open(encoding="utf-8", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    if not distinct:
        body = RAW.read_bytes().partition(b"\n")[2]
        with target.open("wb") as out:
            out.write((",".join(header) + "\n").encode())
            for _ in range(copies):
                out.write(body)
        return target
    draw = random.Random(0)  # noqa: S311 - no secret
    name, age, fare = (header.index(column) for column in ("name", "age", "fare"))
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        for copy in range(copies):
            writer.writerows(_moved(row, copy, (name, age, fare), draw) for row in rows)
    return target


def _moved(
    row: list[str], copy: int, places: tuple[int, int, int], draw: random.Random
) -> list[str]:
    name, age, fare = places
    row = [*row]
    row[name] = row[name].replace(",", f" {copy},", 1)
    if row[age] != "?":
        row[age] = f"{max(0.17, float(row[age]) + draw.uniform(-0.5, 0.5)):.2f}"
    if row[fare] != "?":
        row[fare] = f"{float(row[fare]) * draw.uniform(0.97, 1.03):.4f}"
    return row


def copy_with_polars(source: str, target: str) -> None:
    import polars as pl

    pl.scan_csv(source, infer_schema=False).sink_csv(target)


def score_with_pandas(source: str, target: str) -> None:
    import pandas as pd

    from classification_model import bundle
    from classification_model.config.home import Home

    found = bundle.load(Home.find())
    pipeline = found.pipeline()
    markers = [*found.manifest.row_schema.missing_markers]
    for number, frame in enumerate(pd.read_csv(source, na_values=markers, chunksize=100_000)):
        shares = pipeline[-1].predict_proba(pipeline[:-1].transform(frame))  # all rows in one piece
        frame["prediction"] = pipeline.classes_[shares.argmax(axis=1)]
        for label, column in zip(pipeline.classes_, shares.T, strict=True):
            frame[f"probability_{label}"] = column
        frame.to_csv(target, mode="a" if number else "w", header=not number, index=False)


SIDES: dict[str, Callable[[str, str], None]] = {
    "copy": copy_with_polars,
    "pandas": score_with_pandas,
}


def without_pyarrow(folder: Path) -> dict[str, str]:
    """An environment in which no process can import it."""
    folder.mkdir(exist_ok=True)
    (folder / "pyarrow.py").write_text("raise ModuleNotFoundError(name='pyarrow')\n")
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def run(side: str, source: Path, target: Path) -> Run:
    """Run one side in a process of its own."""
    command = [sys.executable, "-m"]
    environment = without_pyarrow(target.parent / "plain") if side == "plain" else None
    if side in ("ours", "plain"):
        command += ["classification_model", "predict", str(source), "--output", str(target)]
    else:
        command += ["tools.bench_batch", "--side", side, str(source), str(target)]
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{side}: exit status {process.returncode}")
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def rounds(
    files: dict[str, tuple[Path, int]], target: Path, count: int
) -> Iterator[dict[str, Run]]:
    """Every side in turn, and again."""
    for _ in range(count):
        yield {side: run(side, source, target) for side, (source, _) in files.items()}


def measure(
    name: str, folder: Path, copies: int, count: int, *, distinct: bool
) -> dict[str, float]:
    """Measure all sides on one kind of file, and print it."""
    source = copied(folder / "rows.csv", copies, distinct=distinct)
    tenth = copied(folder / "tenth.csv", max(1, copies // 10), distinct=distinct)
    each = sum(1 for _ in csv.reader(RAW.open(encoding="utf-8", newline=""))) - 1
    all_rows, some = (source, each * copies), (tenth, each * max(1, copies // 10))
    files = {"copy": all_rows, "ours": all_rows, "plain": some, "pandas": some}
    found = list(rounds(files, folder / "out.csv", count))
    print(f"\n{name}: {each * copies:,} rows, {source.stat().st_size / 1e6:.0f} MB")
    print(f"  {'side':8} {'rows/s':>12} {'seconds':>9} {'processor':>10} {'peak MB':>9}")
    for side, (_, rows) in files.items():
        seconds = statistics.median(r[side].seconds for r in found)
        used = statistics.median(r[side].processor for r in found)
        memory = max(r[side].megabytes for r in found)
        print(f"  {side:8} {rows / seconds:12,.0f} {seconds:9.2f} {used:10.2f} {memory:9.0f}")

    def ratio(other: str, side: str = "ours") -> float:
        share = files[side][1] / files[other][1]
        return statistics.median(share * r[other].seconds / r[side].seconds for r in found)

    return {
        "against a copy": ratio("copy"),
        "against pandas": ratio("pandas"),
        "plain install against pandas": ratio("pandas", "plain"),
        "peak MB": max(r["ours"].megabytes for r in found),
    }


def growth(folder: Path, copies: int) -> None:
    """How cost grows with the rows: seconds and peak memory at a hundredth, a tenth and all."""
    print(f"\n  {'rows':>12} {'seconds':>9} {'processor':>10} {'peak MB':>9}")
    for some in (1, copies // 100, copies // 10, copies):
        source = copied(folder / "rows.csv", max(1, some), distinct=True)
        rows = sum(1 for _ in csv.reader(source.open(encoding="utf-8", newline=""))) - 1
        found = run("ours", source, folder / "out.csv")
        print(f"  {rows:12,} {found.seconds:9.2f} {found.processor:10.2f} {found.megabytes:9.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="tox -e bench_batch --")
    parser.add_argument("--copies", type=int, default=1600, help="of the raw CSV")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--ten-times",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="peak memory on ten times the rows",
    )
    parser.add_argument("--growth", action="store_true", help="how cost grows with the rows")
    parser.add_argument("--side", nargs=3, metavar=("SIDE", "SOURCE", "TARGET"), help="run one")
    options = parser.parse_args()
    if options.side:
        side, source, target = options.side
        SIDES[side](source, target)
        return
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name, distinct in (("every row another", True), (REPEATED, False)):
            results[name] = measure(name, folder, options.copies, options.rounds, distinct=distinct)
        if options.ten_times:
            big = copied(folder / "rows.csv", 10 * options.copies, distinct=False)
            peak = run("ours", big, folder / "out.csv").megabytes
            results[REPEATED]["peak MB, ten times the rows"] = peak
        if options.growth:
            growth(folder, options.copies)
    print("\n" + json.dumps(results, indent=2))
    found = results[REPEATED]
    bars = {"against a copy": 0.2, "against pandas": 4.0, "plain install against pandas": 1.0}
    for what, bar in bars.items():
        met = "yes" if found[what] >= bar else "NO"
        print(f"{REPEATED}, {what}: {found[what]:.2f}, bar at least {bar}: {met}")
    for what in [key for key in found if key.startswith("peak")]:
        met = "yes" if found[what] < 700 else "NO"
        print(f"{REPEATED}, {what}: {found[what]:.0f}, bar under 700: {met}")


if __name__ == "__main__":
    main()
