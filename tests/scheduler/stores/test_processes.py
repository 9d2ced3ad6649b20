"""Several real processes on one file or one server: limits, shares and what is left of a process that was killed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.scheduler.service import fullest_window

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENT = Path(__file__).with_name("agent.py")


class Agents:
    """Processes that share a store, and the journal of the service that they ask."""

    def __init__(self, store: str, journal: Path) -> None:
        self.store, self.journal = store, journal
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, **order: Any) -> subprocess.Popen[str]:
        order = {"store": self.store, "journal": str(self.journal), "name": str(len(self.processes)), **order}
        process = subprocess.Popen(
            [sys.executable, str(AGENT), json.dumps(order)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.processes.append(process)
        assert said(process) == "ready\n"
        return process

    def go(self, *some: subprocess.Popen[str]) -> None:
        for process in some or self.processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()

    def lines(self) -> list[tuple[str, str, float]]:
        parts = [line.split() for line in self.journal.read_text().splitlines()]
        return [(sign, name, float(moment)) for sign, name, moment in parts]

    def sent(self) -> list[tuple[float, str]]:
        return sorted((moment, name) for sign, name, moment in self.lines() if sign == "+")

    def peak(self) -> int:
        running = peak = 0
        for sign, _, _ in sorted(self.lines(), key=lambda line: line[2]):
            running += 1 if sign == "+" else -1
            peak = max(peak, running)
        return peak


@pytest.fixture(params=["redis", "sqlite"])
def agents(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Agents]:
    file = tmp_path / "state" / "budget-v1.sqlite"
    store = request.getfixturevalue("redis_server").url if request.param == "redis" else str(file)
    agents = Agents(store, tmp_path / "journal")
    yield agents
    for process in agents.processes:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def finish(process: subprocess.Popen[str]) -> None:
    assert said(process) == "done\n"
    assert process.wait() == 0


def check_shares(agents: Agents, count: int, shares: dict[str, int], *, start_up: int) -> None:
    """After the first window, whose slots go to whoever is up first, each process had its share within one request.

    All of them must have had more to ask for until then.
    """
    sent = agents.sent()[start_up : start_up + count]
    assert (len(sent), sum(shares.values())) == (count, count)
    served = Counter(name for _, name in sent)
    assert all(abs(served[name] - share) <= 1 for name, share in shares.items()), served


def test_four_processes_never_exceed_the_limits_and_share_them_evenly_trap_8(agents: Agents) -> None:
    for number in range(4):
        agents.start(budget=(12, 0.5, 5), calls=60 if number else 26)
    agents.go()
    finish(agents.processes[0])
    assert fullest_window([moment for moment, _ in agents.sent()], 0.5) <= 12
    assert agents.peak() <= 5
    check_shares(agents, 48, dict.fromkeys("0123", 12), start_up=12)


def test_processes_have_their_weights_share_though_one_stalls_for_a_while(agents: Agents) -> None:
    agents.start(budget=(16, 0.5, 5), calls=48, tenant="a", weight=3.0)
    agents.start(budget=(16, 0.5, 5), calls=90, tenant="b", weight=2.0, stall=(5, 1.0))
    agents.start(budget=(16, 0.5, 5), calls=90, tenant="c", weight=2.0)
    agents.start(budget=(16, 0.5, 5), calls=90, tenant="d", weight=1.0)
    agents.go()
    finish(agents.processes[0])
    check_shares(agents, 80, {"0": 30, "1": 20, "2": 20, "3": 10}, start_up=16)


def test_a_killed_process_gives_its_permits_back_and_keeps_its_slots_spent_trap_6(agents: Agents) -> None:
    victim = agents.start(budget=(6, 1000.0, 2), calls=2, service=1000.0, lease=1.0, loud=True)
    agents.go(victim)
    assert said(victim) == said(victim) == "sent\n"
    victim.kill()
    heir = agents.start(budget=(6, 1000.0, 2), calls=5, service=0.0, lease=1.0, name="heir", loud=True, **{"for": 4.0})
    agents.go(heir)
    assert [said(heir) for _ in range(5)] == ["sent\n"] * 4 + ["done\n"]


def test_processes_killed_at_any_moment_leave_a_sound_store_and_exact_limits(agents: Agents) -> None:
    random = Random(20)
    for _ in range(5):
        crowd = [agents.start(budget=(10, 1.0, 3), calls=50, lease=1.0, loud=True) for _ in range(2)]
        for process in crowd:
            agents.go(process)
        for process in crowd:
            for _ in range(random.randint(1, 4)):
                said(process)
            process.kill()
    last = agents.start(budget=(10, 1.0, 3), calls=12, lease=1.0, name="last")
    agents.go(last)
    finish(last)
    assert [name for _, name in agents.sent()].count("last") == 12
    assert fullest_window([moment for moment, _ in agents.sent()], 1.0) <= 10
    if not agents.store.startswith("redis:"):
        left = sorted(path.name for path in Path(agents.store).parent.iterdir())
        assert left == ["budget-v1.sqlite", "budget-v1.sqlite-lock"]


def test_a_tenant_with_two_processes_does_not_push_out_one_of_twice_its_weight(agents: Agents) -> None:
    agents.start(budget=(6, 0.5, 5), calls=28, tenant="one", name="one", weight=2.0)
    for number in range(2):
        agents.start(budget=(6, 0.5, 5), calls=60, tenant="two", name=f"two-{number}")
    agents.go()
    finish(agents.processes[0])
    check_shares(agents, 30, {"one": 20, "two-0": 5, "two-1": 5}, start_up=6)
