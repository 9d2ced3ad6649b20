"""Several real processes on one file or one server: limits, shares and what is left of a process that was killed."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.scheduler.service import fullest_window
from tests.scheduler.stores.agents import Agents, finish, said

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTIONS = [f"question-{number}" for number in range(20)]


@pytest.fixture(params=["redis", "sqlite"])
def agents(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Agents]:
    file = tmp_path / "state" / "budget-v1.sqlite"
    store = request.getfixturevalue("redis_server").url if request.param == "redis" else str(file)
    with Agents(store, tmp_path / "journal") as agents:
        yield agents


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


def test_four_processes_that_ask_the_same_20_questions_at_once_send_20_requests(agents: Agents) -> None:
    for _ in range(4):
        agents.start(budget=(100, 1000.0, 5), questions=QUESTIONS, service=0.05)
    agents.go()
    for process in agents.processes:
        finish(process)
    assert Counter(what.partition("/")[2] for _, what in agents.sent()) == dict.fromkeys(QUESTIONS, 1)
    answered = [what.split("/") for sign, what, _ in agents.lines() if sign == "="]
    assert Counter(question for _, question, _, _ in answered) == dict.fromkeys(QUESTIONS, 4)
    assert sum(int(cost) for _, _, _, cost in answered) == 20
    assert agents.peak() <= 5


def test_questions_beyond_the_budget_are_still_sent_once(agents: Agents) -> None:
    for _ in range(3):
        agents.start(budget=(8, 1.0, 3), questions=QUESTIONS)
    agents.go()
    for process in agents.processes:
        finish(process)
    assert len(agents.sent()) == 20


def test_when_the_process_that_asks_is_killed_the_next_one_asks_after_its_lease_and_not_before_trap_6(
    agents: Agents,
) -> None:
    victim = agents.start(
        budget=(100, 1000.0, 5), questions=["shared"], name="victim", service=1000.0, lease=1.0, loud=True
    )
    agents.go(victim)
    assert said(victim) == "sent\n"
    heirs = [
        agents.start(
            budget=(100, 1000.0, 5), questions=["shared", f"own-{number}"], name=f"heir-{number}", lease=1.0, loud=True
        )
        for number in (1, 2)
    ]
    for heir in heirs:
        agents.go(heir)
        assert said(heir) == "sent\n", "its own question, so that it has been told that the other one is asked"
    killed = time.monotonic()
    victim.kill()
    assert sorted(line for heir in heirs for line in (said(heir),)) == ["done\n", "sent\n"]
    sent = [(moment, what) for moment, what in agents.sent() if what.endswith("/shared")]
    assert len(sent) == 2
    assert sent[0][1] == "victim/shared"
    assert sent[1][0] > killed
    answered = Counter(what.partition("/")[2] for sign, what, _ in agents.lines() if sign == "=")
    assert answered["shared/network/1"] == 1
    assert answered["shared/flight/0"] == 1
