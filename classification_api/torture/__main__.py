"""Try the promises of docs/reliability.md in full size, and write down what was found there."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import postgres

from harness import body, running
from torture import figures
from torture.drain import drain
from torture.feedback import Clients, flooded, full_disk, kills, losses, slow, small_disk
from torture.flood import KINDS, LIMIT, flood
from torture.fuzz import fuzz
from torture.hostile import cases, faults
from torture.long_run import long_run
from torture.slow import slow_down


class BrokenPromiseError(Exception):
    """What was found is not what is promised."""


def expect(condition: object, found: object) -> None:
    """Raise unless the condition holds."""
    if not condition:
        raise BrokenPromiseError(str(found))


def try_hostile() -> str:
    """Every line of the corpus, each answered plainly and within a second."""
    sent, longest, growth = 0, 0.0, 0.0
    with running() as server:
        good = server.ask(content=body()).content
        memory = server.memory()
        for case in cases():
            for request in case.requests():
                server.reset_peak()
                begin = time.monotonic()
                fault = faults(case, server.send(request))
                longest = max(longest, time.monotonic() - begin)
                growth = max(growth, server.peak() - memory)
                expect(fault is None, f"{case}: {fault}")
                sent += 1
            expect(server.ask(content=body()).content == good, f"after {case}")
        log = server.log.read_text(encoding="utf-8")
    expect("Traceback" not in log, log)
    expect(longest < 1, f"{longest:.2f} s")
    expect(growth < LIMIT, f"memory grew by {growth:.1f} MB")
    return f"{sent} requests, the slowest answered in {longest:.2f} s, memory +{growth:.0f} MB"


def try_flood() -> str:
    """A thousand clients at the same moment, all of one kind, and then of all kinds."""
    found = {}
    for name, contents in {**{k: [v] for k, v in KINDS.items()}, "all": [*KINDS.values()]}.items():
        with running() as server:
            found[name] = flood(server, [*islice(cycle(contents), 1000)])
            log = server.log.read_text(encoding="utf-8")
        print(name, f"{found[name]:.1f}", file=sys.stderr)
        expect("Traceback" not in log, log)
        expect(found[name] < LIMIT, f"{name}: memory grew by {found[name]:.1f} MB")
    most = max(found, key=lambda name: found[name])
    return f"{len(found)} kinds, memory at most +{found[most]:.0f} MB ({most})"


def try_fuzz() -> str:
    """Ten thousand cases by schemathesis."""
    with running() as server:
        found = fuzz(server, cases=10_000)
        log = server.log.read_text(encoding="utf-8")
    expect(found.passed, found.report)
    expect("Traceback" not in log, log)
    return f"{found.cases:,} cases, all passed"


def try_drain() -> str:
    """SIGTERM under load, twenty times for each kind and number of clients."""
    answered = lost = 0
    health = exit_after = 0.0
    for number in range(20):
        for clients in (32, 256):
            for keep_alive in (True, False):
                with running({"DRAIN_SECONDS": 2}) as server:
                    seen = drain(server, clients=clients, keep_alive=keep_alive, seconds=0.5)
                print(number, clients, keep_alive, seen, file=sys.stderr)
                expect(seen.health == 503, seen)
                answered += seen.answered_after
                lost += seen.lost
                health = max(health, seen.health_after)
                exit_after = max(exit_after, seen.exit_after)
    expect(lost == 0, f"{lost} of {answered} lost")
    return (
        f"{lost} lost of {answered:,} that came after the signal in 80 stops; /health said 503 "
        f"within {health:.2f} s; gone after at most {exit_after:.1f} s"
    )


def try_stuck() -> str:
    """An upload that stops in the middle, while the service is to stop, with its own settings."""
    with running({"DRAIN_SECONDS": 2}) as server:
        seen = drain(server, clients=8, keep_alive=True, seconds=0.5, stuck=3)
    expect(seen.lost == 0, seen)
    expect(seen.exit_after < 30, seen)
    return f"gone after {seen.exit_after:.1f} s, {seen.lost} requests of others lost"


def try_slow() -> str:
    """A thousand slow clients of five kinds, three times: what others do here disturbs a p99."""
    found = []
    for _ in range(3):
        with running() as server:
            seen = slow_down(server, clients=1000, seconds=10, longest=60)
            log = server.log.read_text(encoding="utf-8")
        print(seen, file=sys.stderr)
        expect("Traceback" not in log, log)
        expect(seen.failed == 0, seen)
        expect(seen.cut_after < 30, seen)
        expect(seen.growth < LIMIT, seen)
        found.append(seen)
    seen = sorted(found, key=lambda seen: seen.among_p99 / seen.alone_p99)[1]
    expect(seen.among_p99 < 2 * seen.alone_p99, seen)
    return (
        f"p99 {seen.alone_p99 * 1000:.1f} ms alone, {seen.among_p99 * 1000:.1f} ms among them "
        f"(the second best of three); the last was cut after {max(s.cut_after for s in found):.0f} "
        f"s; memory +{max(s.growth for s in found):.0f} MB"
    )


def try_long_run() -> str:
    """A million requests, right ones and wrong ones."""
    with running() as server:
        run = long_run(server, requests=1_000_000)
    expect(run.failed == 0, run)
    expect(run.memory < 20, run)
    expect(run.files <= 0, run)
    return f"{run.answers:,} requests: memory {run.memory:+.1f} MB, descriptors {run.files:+d}"


def try_feedback() -> str:
    """Labels that were acknowledged, through all that may happen to a service and its store."""
    with tempfile.TemporaryDirectory() as folder:
        said = [_killed(f"sqlite:///{folder}/killed.db", "SQLite")]
    if postgres.find() is None:
        print("PostgreSQL is not installed, so nothing is tried with it", file=sys.stderr)
    else:
        with postgres.serving() as server:
            said += [_killed(server.database(), "PostgreSQL"), _cut_off(server)]
    with small_disk() as disk:
        said += [_filled(disk)] if disk else []
    with tempfile.TemporaryDirectory() as folder:
        said.append(_slowed(Path(folder)))
    for folder_of in (None, "a store"):
        with tempfile.TemporaryDirectory() as folder:
            found = flooded(Path(folder) if folder_of else None, 300_000)
        print(found, file=sys.stderr)
        expect(found.taken, found)
        expect(found.memory < 40, found)
        expect(found.disk < 50, found)
    said.append(
        f"{found.labels:,} labels made up: memory +{found.memory:.0f} MB, store {found.disk:.0f} MB"
    )
    return "; ".join(said)


def _killed(address: str, name: str) -> str:
    clients, count = Clients(), 30
    kills(address, count, clients)
    print(name, clients.answers, len(clients.acknowledged), clients.faults, file=sys.stderr)
    expect(not clients.faults, clients.faults)
    return f"{name}: {_kept(address, clients)} in {count} kills"


def _kept(address: str, clients: Clients) -> str:
    lost = losses(address, clients)
    expect(lost == 0, f"{lost} of {len(clients.acknowledged):,} acknowledged labels lost")
    expect(clients.acknowledged, "no label was acknowledged")
    return f"{lost} of {len(clients.acknowledged):,} labels lost"


def _cut_off(server: postgres.Postgres) -> str:
    clients, address, count = Clients(), server.database(), 5
    with running({"STORE": address, "OPERATOR_KEYS": "*"}) as service, clients.at_work(service):
        for _ in range(count):
            time.sleep(1)
            server.stop()
            time.sleep(1)
            server.start()
    expect(not clients.faults, clients.faults)
    expect(clients.refused, "no label was refused")
    return f"{_kept(address, clients)} in {count} crashes of the server, and no answer of {clients.answers:,}"


def _filled(disk: Path) -> str:
    clients = Clients()
    expect(full_disk(disk, clients), "no label is taken once there is room")
    expect(not clients.faults, clients.faults)
    expect(clients.refused, "the disk did not become full")
    return f"{_kept(f'sqlite:///{disk}/answers.db', clients)} on a full disk"


def _slowed(folder: Path) -> str:
    clients = Clients()
    rows, kept = slow(folder, 20, clients)
    expect(not clients.faults, clients.faults)
    expect(kept["rows"] + kept["dropped"] == rows, (rows, kept))
    expect(clients.slowest < 1, f"an answer took {clients.slowest:.1f} s")
    return (
        f"a store held for 20 s: the slowest answer {clients.slowest * 1000:.0f} ms, {kept['dropped']:,} "
        f"of {rows:,} rows not kept, and said"
    )


TRIALS: dict[str, Callable[[], str]] = {
    "hostile": try_hostile,
    "flood": try_flood,
    "drain": try_drain,
    "stuck": try_stuck,
    "slow": try_slow,
    "feedback": try_feedback,
    "fuzz": try_fuzz,
    "long_run": try_long_run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tox -e torture", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *TRIALS], help="all, if none is named")
    status = 0
    for name in parser.parse_args().names or TRIALS:
        try:
            figure = TRIALS[name]()
        except BrokenPromiseError as error:
            print(f"{name}: BROKEN: {error}")
            status = 1
        else:
            print(f"{name}: {figure}")
            figures.put(name, figure)
    return status


if __name__ == "__main__":
    sys.exit(main())
