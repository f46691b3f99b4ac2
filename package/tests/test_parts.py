"""Files to parts of Parquet on a cluster: each row once, whatever happens to a worker."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from clusters import Cluster, two_workers

from classification_model import cli, make_prediction
from classification_model.batch import Scored
from classification_model.batch.parts import score_on_cluster
from classification_model.config.home import Home
from classification_model.errors import DataError
from classification_model.progress import Progress
from tables import PEOPLE

pytestmark = pytest.mark.filterwarnings("ignore")  # what Dask warns of is not ours

FILES, COPIES = 6, 60


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with two_workers() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of thousands of rows, each row by a name of its own, and one in each that is bad."""
    made = tmp_path_factory.mktemp("many")
    for number in range(FILES):
        with (made / f"in{number}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(PEOPLE.header)
            for copy in range(COPIES):
                for row in PEOPLE.rows:
                    writer.writerow([f"{row[0]} {number}-{copy}", *row[1:]])
            writer.writerow(["Person, Mr. Bad", "young", *PEOPLE.rows[0][2:]])
    return made


def expected(folder: Path, home: Home) -> dict[str, list[float]]:
    rows: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as stream:
            rows += csv.DictReader(stream)
    answers = make_prediction(input_data=rows, home=home.path, on_error="skip")["probabilities"]
    return {row["name"]: a for row, a in zip(rows, answers, strict=True) if a is not None}


def check(output: Path, folder: Path, home: Home) -> None:
    """The parts hold every good row once, with its own answer."""
    table = pd.read_parquet(output)
    assert len(table) == FILES * COPIES * len(PEOPLE.rows)
    shares = table[["probability_0", "probability_1"]].to_numpy().tolist()
    assert dict(zip(table["name"], shares, strict=True)) == expected(folder, home)


class Kill(Progress):
    """Ends a worker when the first part is there, so while others are under way."""

    def __init__(self, cluster: Cluster) -> None:
        self.worker = cluster.workers[0]
        self.heard: list[tuple[int, int, str]] = []

    def count(self, done: int, total: int, unit: str) -> None:
        if not self.heard:
            self.worker.kill()
            self.worker.wait()
        self.heard.append((done, total, unit))


def test_a_worker_that_is_killed_costs_no_row_and_doubles_none(
    cluster: Cluster, folder: Path, people: Home, tmp_path: Path
) -> None:
    output, kill = tmp_path / "out", Kill(cluster)
    done = run(folder, output, cluster, people, kill)
    assert kill.worker.returncode is not None
    assert len(kill.heard) == FILES
    assert (done.scored, done.rejected) == (FILES * COPIES * len(PEOPLE.rows), FILES)
    check(output, folder, people)
    assert [file.name for file in sorted(output.iterdir())] == [
        "_rejected",
        "_run.json",
        *(f"part-{number:05d}.parquet" for number in range(FILES)),
    ]
    (bad,) = csv.DictReader((output / "_rejected" / "part-00003.csv").open(newline=""))
    assert (bad["file"], bad["line"], bad["column"]) == (
        f"file://{folder / 'in3.csv'}", str(COPIES * len(PEOPLE.rows) + 2), "age",
    )  # fmt: skip

    # What is there is not scored again; what is lost is.
    before = files_of_parts(output)
    (output / "part-00004.parquet").unlink()
    again = run(folder, output, cluster, people)
    assert again == Scored(
        done.scored, done.rejected, f"file://{output}/_rejected", done.warned, FILES - 1,
        predicted=done.predicted,
    )  # fmt: skip
    assert done.predicted.total() == done.scored
    assert files_of_parts(output) == before
    untouched = [file for file in output.glob("*.parquet") if file.name != "part-00004.parquet"]
    newest = (output / "part-00004.parquet").stat().st_mtime_ns
    assert all(file.stat().st_mtime_ns < newest for file in untouched)

    # Another model's parts do not come beside them.
    described = json.loads((output / "_run.json").read_text())
    (output / "_run.json").write_text(json.dumps({**described, "model": "another"}))
    with pytest.raises(DataError, match="another run"):
        run(folder, output, cluster, people)


def files_of_parts(output: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in output.glob("*.parquet")}


def run(
    folder: Path, output: Path, cluster: Cluster, home: Home, progress: Progress | None = None
) -> Scored:
    """By URLs, which fsspec opens."""
    inputs, target = [f"file://{folder}/*.csv"], f"file://{output}"
    return score_on_cluster(
        inputs, target, cluster.address, home=home.path, progress=progress or Progress()
    )


def test_the_command_scores_on_a_cluster(
    cluster: Cluster, folder: Path, people: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(folder / "in0.csv"), "--home", str(people.path), "--cluster", cluster.address]
    with pytest.raises(SystemExit) as stop:
        cli.main(["predict", *arguments, "--output", str(tmp_path / "out")])
    assert stop.value.code == 2
    assert f"Scored {COPIES * len(PEOPLE.rows):,} of" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        cli.main(["predict", *arguments, "--output", str(tmp_path / "strict"), "--strict"])
    assert stop.value.code == 1
    assert "column 'age': should be a number, found 'young'" in capsys.readouterr().err
    assert not list((tmp_path / "strict").glob("*.parquet"))
