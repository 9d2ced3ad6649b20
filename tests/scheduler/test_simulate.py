"""A simulated day: the real scheduler on virtual time, judged by the simulated service's own log."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import Any

import pytest

from request_scheduler.simulate import (
    Answers,
    Job,
    Outage,
    Report,
    Service,
    Simulation,
    Tenant,
    Workload,
    default_workload,
)
from tests.scheduler.service import fullest_window

DAY = 86_400.0


def one_job(calls: int, *, seconds: float = 10.0, **settings: Any) -> Workload:
    """So many different questions at once, each of which takes so long."""
    tenant = Tenant(name="nightly", jobs=(Job(calls=calls, questions=calls),))
    return Workload(tenants=(tenant,), service=Service(latency=seconds, spread=0.0, transit=0.0), **settings)


def busy(**settings: Any) -> Workload:
    """Two tenants of one priority that could use the budget many times over."""
    often: dict[str, Any] = {"agents": 40, "think": 10.0, "questions": 100_000, "zipf": 0.0}
    return Workload(tenants=(Tenant(name="a", weight=3.0, **often), Tenant(name="b", **often)), hours=6.0, **settings)


def bound(calls: int, seconds: float) -> float:
    """The shortest makespan of 60 in an hour and 5 at once: start[k] = max(start[k - 60] + hour, start[k - 5] + s)."""
    starts: list[float] = []
    for k in range(calls):
        earliest = [0.0]
        if k >= 60:
            earliest.append(starts[k - 60] + 3600.0)
        if k >= 5:
            earliest.append(starts[k - 5] + seconds)
        starts.append(max(earliest))
    return starts[-1] + seconds


def test_the_same_seed_gives_the_same_report() -> None:
    workload = default_workload(20, hours=6.0)
    assert Simulation(workload, seed=3).run() == Simulation(workload, seed=3).run()


def test_another_seed_gives_another_day() -> None:
    workload = default_workload(20, hours=6.0)
    assert Simulation(workload, seed=3).run() != Simulation(workload, seed=4).run()


def test_several_machines_give_the_same_report_again() -> None:
    workload = default_workload(12, hours=1.5, machines=3)
    assert Simulation(workload, seed=3).run() == Simulation(workload, seed=3).run()


@pytest.mark.parametrize("machines", [1, 3])
@pytest.mark.parametrize("shape", ["rolling", "fixed", "token"])
def test_the_services_own_log_never_holds_more_than_the_limits(shape: str, machines: int) -> None:
    hours = 6.0 if machines == 1 else 1.5
    simulation = Simulation(default_workload(60, hours=hours, machines=machines, service=Service(shape=shape)))
    report = simulation.run()
    assert report.requests == len(simulation.service.counted) > 60
    assert report.fullest_window == fullest_window(simulation.service.counted, 3600.0) == 60
    assert report.most_at_once <= 5
    assert report.refused == 0


def test_a_naive_client_is_refused() -> None:
    report = Simulation(default_workload(60, hours=6.0, budget=False)).run()
    assert report.refused > 100
    assert report.failed > 0
    assert report.share_error is None


@pytest.mark.parametrize(("calls", "seconds"), [(5, 10.0), (60, 2.0), (61, 10.0), (300, 10.0), (1440, 10.0)])
def test_the_makespan_is_within_half_a_percent_of_the_bound(calls: int, seconds: float) -> None:
    report = Simulation(one_job(calls, seconds=seconds)).run()
    assert report.answered == report.requests == calls
    assert report.makespan is not None
    assert 1.0 <= report.makespan / bound(calls, seconds) <= 1.005


def test_the_bound_is_the_closed_form_of_the_theory() -> None:
    for calls in (5, 60, 61, 120, 300, 1440):
        laps, rest = divmod(calls - 1, 60)
        assert bound(calls, 10.0) == laps * 3600 + rest // 5 * 10 + 10


def test_tenants_are_served_within_one_request_of_their_weights() -> None:
    report = Simulation(busy()).run()
    assert report.share_error is not None
    assert 0.0 < report.share_error <= 1.0 + 1e-9
    assert report.tenants["a"].requests > 2 * report.tenants["b"].requests


def test_the_measure_of_shares_sees_one_that_gets_more() -> None:
    from request_scheduler import Spend
    from request_scheduler.events import Admitted
    from request_scheduler.simulate.shares import Shares

    shares = Shares({name: Tenant(name=name, agents=1) for name in "ab"}, lambda: {"a": 1, "b": 1})
    for at in range(4):
        shares.hear(Admitted(float(at), "", "a", (Spend("query"),), 0.0))
    assert shares.error == 2.0


def test_without_shares_who_asks_most_gets_most() -> None:
    many, few = Tenant(name="many", agents=90, think=10.0), Tenant(name="few", agents=3, think=10.0)
    tenants = tuple(
        Tenant(name=t.name, agents=t.agents, think=t.think, questions=100_000, zipf=0.0) for t in (many, few)
    )

    def longest_wait_of_few(*, shares: bool) -> float:
        report = Simulation(Workload(tenants=tenants, hours=6.0, shares=shares)).run()
        assert (report.share_error is None) is not shares
        return report.tenants["few"].wait_p50

    assert longest_wait_of_few(shares=True) < longest_wait_of_few(shares=False)


def test_coalescing_and_cache_each_save_requests() -> None:
    def requests(**switches: Any) -> tuple[int, int, int]:
        tenant = Tenant(name="t", agents=10, questions=20, jobs=(Job(at=1.0, calls=30),))
        report = Simulation(Workload(tenants=(tenant,), hours=3.0, limit=10_000, **switches)).run()
        figures = report.tenants["t"]
        assert figures.answered == figures.requests + figures.saved_by_coalescing + figures.saved_by_cache
        assert figures.requests <= report.requests  # some answers were renewed early, for nobody in particular
        return figures.requests, figures.saved_by_coalescing, figures.saved_by_cache

    both, shared, none = requests(), requests(cache=False), requests(coalescing=False)
    assert both[0] < shared[0] < none[0]
    assert both[2] > 0
    assert shared[1] > 0 == shared[2]
    assert none[1:] == (0, 0)


def test_a_reserve_is_there_for_people_when_agents_have_the_rest() -> None:
    def wait(reserve: int) -> float:
        people = Tenant(name="people", agents=1, think=1800.0, priority="interactive", questions=100_000, zipf=0.0)
        agents = Tenant(name="agents", agents=40, think=60.0, questions=100_000, zipf=0.0)
        workload = Workload(tenants=(people, agents), reserve=reserve, ageing=DAY)
        return Simulation(workload).run().tenants["people"].wait_p95

    assert wait(10) == 0.0 < wait(0)


def test_machines_that_share_a_budget_share_answers_and_flights() -> None:
    """Calls are dealt to machines in turn, so that each machine asks all of the 20 questions of a burst."""
    asked = Tenant(name="t", jobs=(Job(calls=90, questions=20), Job(at=0.5, calls=90, questions=20)))
    report = Simulation(Workload(tenants=(asked,), machines=3, hours=1.0)).run()
    assert report.answered == 180
    assert report.requests == 40


def test_three_machines_answer_as_much_as_one_from_the_same_requests() -> None:
    def answered(machines: int) -> int:
        report = Simulation(default_workload(120, hours=3.0, machines=machines)).run()
        assert report.requests == 180
        return report.answered

    assert answered(3) >= 0.9 * answered(1)


def test_a_server_in_two_buckets_refuses_and_no_call_is_lost() -> None:
    workload = one_job(150, seconds=2.0)
    workload = Workload(tenants=workload.tenants, service=Service(shape="two-bucket", latency=2.0))
    report = Simulation(workload).run()
    assert report.answered == 150
    assert 0 < report.refused < 30


def test_a_limit_that_the_service_tells_is_learned() -> None:
    tenants = one_job(100).tenants
    report = Simulation(Workload(tenants=tenants, limit=60, service=Service(limit=30))).run()
    assert report.answered == 100
    assert report.fullest_window == 30
    assert report.refused <= 6


def test_what_others_spend_is_left_to_them_and_no_call_is_lost() -> None:
    tenants = (Tenant(name="t", jobs=(Job(at=1.0, calls=100, questions=100),)),)
    report = Simulation(Workload(tenants=tenants, service=Service(foreign=30.0))).run()
    assert report.answered == 100
    assert report.foreign > 15
    assert report.refused > 0


@pytest.mark.parametrize("kind", ["unavailable", "unreachable", "shedding", "slow"])
def test_an_outage_costs_time_and_no_call_that_may_go_again(kind: str) -> None:
    tenants = one_job(40).tenants
    trouble = Service(outages=(Outage(at=0.0, seconds=60.0, kind=kind),))
    report = Simulation(Workload(tenants=tenants, service=trouble, retries=20)).run()
    calm = Simulation(Workload(tenants=tenants)).run()
    assert report.makespan is not None
    assert calm.makespan is not None
    assert report.makespan > calm.makespan


def test_a_server_error_is_a_failed_call_and_counts() -> None:
    report = Simulation(Workload(tenants=one_job(60).tenants, service=Service(errors=0.2))).run()
    assert 0 < report.failed < 60
    assert report.answered + report.failed == 60 == report.requests


def test_a_deadline_that_cannot_be_met_is_turned_away_by_name() -> None:
    tenant = Tenant(name="t", deadline=30.0, jobs=(Job(calls=100, questions=100),))
    report = Simulation(Workload(tenants=(tenant,), service=Service(latency=10.0, spread=0.0))).run()
    figures = report.tenants["t"]
    assert set(figures.turned_away) == {"DeadlineUnreachable", "DeadlinePassed"}
    assert figures.answered + report.turned_away == 100
    assert figures.wait_max <= 30.0


def test_calls_that_still_wait_at_the_end_are_told() -> None:
    report = Simulation(one_job(100, hours=0.5)).run()
    assert (report.answered, report.unanswered, report.makespan) == (60, 40, None)
    assert report.hours == 0.5


def test_a_job_comes_again_with_other_questions_and_answers_of_today_do_not_last() -> None:
    tenant = Tenant(name="t", jobs=(Job(at=1.0, every=24.0, calls=10, questions=5),))
    report = Simulation(Workload(tenants=(tenant,), hours=72.0, answers=Answers(today=1.0))).run()
    assert (report.asked, report.requests, report.saved_by_coalescing) == (30, 15, 15)
    assert report.makespan == pytest.approx(49 * 3600, abs=60)


def test_it_can_be_stopped_and_tells_what_has_happened_up_to_then() -> None:
    def stop_at_noon(simulation: Simulation) -> None:
        if simulation.hours >= 12.0:
            simulation.stop()

    report = Simulation(default_workload(4), watch=stop_at_noon).run()
    assert not report.finished
    assert 12.0 <= report.hours < 13.0
    assert report.answered > 0


def test_one_that_was_stopped_before_it_began_does_nothing() -> None:
    simulation = Simulation(default_workload(4))
    simulation.stop()
    report = simulation.run()
    assert (report.finished, report.asked) == (False, 0)


def test_watching_changes_nothing() -> None:
    workload = default_workload(12, hours=3.0)
    seen: list[float] = []
    watched = Simulation(workload, watch=lambda simulation: seen.append(simulation.hours)).run()
    assert watched == Simulation(workload).run()
    assert seen == sorted(seen)
    assert len(seen) >= 100


def test_it_leaves_no_thread_and_no_task_behind() -> None:
    before = set(threading.enumerate())
    Simulation(default_workload(6, hours=0.5, machines=2)).run()
    assert set(threading.enumerate()) <= before


async def test_inside_of_a_running_loop_it_says_that_it_cannot() -> None:
    simulation = Simulation(default_workload(1, hours=1.0))
    with pytest.raises(RuntimeError, match="running event loop"):
        simulation.run()
    report: Report = await asyncio.to_thread(simulation.run)
    assert report.finished


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_waits_are_told_by_tenant_and_priority() -> None:
    report = Simulation(default_workload(60, hours=6.0)).run()
    assert set(report.tenants) == {"people", "agents", "nightly"}
    assert set(report.priorities) == {"interactive", "normal", "batch"}
    for figures in [*report.tenants.values(), *report.priorities.values()]:
        assert 0 <= figures.wait_p50 <= figures.wait_p95 <= figures.wait_max < math.inf
    assert sum(figures.asked for figures in report.tenants.values()) == report.asked
