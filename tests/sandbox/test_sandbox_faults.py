"""Every way in which the sandbox can misbehave on demand."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mixpanel_headless.sandbox import (
    Cut,
    Delay,
    ForeignUse,
    Hold,
    Instead,
    Sandbox,
    failing,
    huge,
    not_json,
    shedding,
)
from mixpanel_headless.sandbox.faults import FaultPlan, Injection
from tests.sandbox.conftest import NAMES, Caller, caller

Opener = Callable[..., Sandbox]


def test_a_connection_cut_before_the_headers_gives_no_answer_and_counts(box: Sandbox, ask: Caller) -> None:
    box.inject(Cut("before headers"))
    with pytest.raises(http.client.RemoteDisconnected):
        ask.get(NAMES)
    assert (box.requests[0].status, box.counted) == (None, 1)


@pytest.mark.parametrize(("where", "received"), [("after headers", 0), ("inside the body", 10)])
def test_a_connection_cut_later_gives_part_of_an_answer_and_counts(
    box: Sandbox, ask: Caller, where: str, received: int
) -> None:
    box.inject(Cut(where))  # type: ignore[arg-type]
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask.get(NAMES)
    assert len(caught.value.partial) == received
    assert box.counted == 1


def test_after_a_cut_the_next_request_is_answered(box: Sandbox, ask: Caller) -> None:
    box.inject(Cut())
    with pytest.raises(http.client.RemoteDisconnected):
        ask.get(NAMES)
    assert ask.get(NAMES).status == 200
    assert box.counters().running == 0


def test_a_body_that_is_not_json_comes_with_status_200(box: Sandbox, ask: Caller) -> None:
    box.inject(not_json())
    answer = ask.get(NAMES)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html")
    assert answer.body.startswith(b"<html>")


def test_the_service_fails_as_often_as_it_is_told_and_each_failure_counts(box: Sandbox, ask: Caller) -> None:
    box.inject(failing(503), times=2)
    assert [ask.get(NAMES).status for _ in range(3)] == [503, 503, 200]
    assert box.counted == 3
    assert box.counters().failed == 2


def test_the_service_fails_for_as_long_as_it_is_told(open_box: Opener) -> None:
    time = [0.0]
    box = open_box(clock=lambda: time[0])
    ask = caller(box)
    box.inject(failing(), times=None, seconds=30.0)
    before = ask.get(NAMES).status
    time[0] = 29.9
    during = ask.get(NAMES).status
    time[0] = 30.0
    assert (before, during, ask.get(NAMES).status) == (500, 500, 200)


def test_shed_load_is_a_429_without_any_header_and_costs_nothing(box: Sandbox, ask: Caller) -> None:
    box.inject(shedding())
    answer = ask.get(NAMES)
    assert answer.status == 429
    assert not {"Retry-After", "RateLimit", "RateLimit-Policy"} & set(answer.headers)
    assert (box.counted, box.refused) == (0, 1)


def test_a_plan_without_queries_answers_402_and_costs_nothing(box: Sandbox, ask: Caller) -> None:
    box.inject(failing(402, "Your plan does not include this"))
    assert ask.get(NAMES).status == 402
    assert box.counted == 0


def test_any_reply_can_stand_in_for_the_answer(box: Sandbox, ask: Caller) -> None:
    box.inject(Instead(200, b'{"error": "half an answer"}', {"X-Node": "7"}))
    answer = ask.get(NAMES)
    assert (answer.json, answer.headers["X-Node"]) == ({"error": "half an answer"}, "7")


def test_a_huge_answer_is_whole_json(box: Sandbox, ask: Caller) -> None:
    box.inject(huge(2_000_000))
    answer = ask.get(NAMES)
    assert 1_990_000 < len(answer.body) <= 2_000_000
    assert len(answer.json) == 2_000_000 // 1001


def test_slots_that_somebody_else_spends_are_gone_but_not_ours(open_box: Opener) -> None:
    box = open_box(limit=3)
    box.inject(ForeignUse(requests=2))
    assert [caller(box).get(NAMES).status for _ in range(2)] == [200, 429]
    assert (box.counted, box.counters().foreign, box.counters().used) == (1, 2, 3)


def test_somebody_else_cannot_spend_more_than_is_left(open_box: Opener) -> None:
    box = open_box(limit=3)
    box.inject(ForeignUse(requests=100))
    assert box.counters().foreign == 3


def test_permits_that_somebody_else_holds_come_back_when_the_box_heals(box: Sandbox, ask: Caller) -> None:
    box.inject(ForeignUse(running=9))
    refused = ask.get(NAMES)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "10")
    box.heal()
    assert ask.get(NAMES).status == 200
    assert box.counters().running == 0


def test_the_sixth_query_at_once_is_refused_while_five_run(box: Sandbox, ask: Caller) -> None:
    hold = box.inject(Hold(), times=None)
    with ThreadPoolExecutor(5) as threads:
        running = [threads.submit(ask.get, NAMES) for _ in range(5)]
        assert box.wait_until(lambda counters: counters.running == 5)
        refused = ask.get(NAMES)
        hold.release()
        assert [one.result().status for one in running] == [200] * 5
    assert (refused.status, refused.headers["RateLimit"]) == (429, '"project-concurrency";r=0;t=10')
    assert "6/5 queries running concurrently" in refused.json["error"]


def test_uncounted_requests_pass_while_all_permits_are_taken(box: Sandbox, ask: Caller) -> None:
    box.inject(ForeignUse(running=5))
    assert ask.send("GET", "/api/app/me").status == 200


def test_a_delayed_query_keeps_its_permit(box: Sandbox, ask: Caller) -> None:
    box.inject(Delay(0.02))
    with ThreadPoolExecutor(1) as threads:
        late = threads.submit(ask.get, NAMES)
        assert box.wait_until(lambda counters: counters.running == 1)
        assert late.result().status == 200
    assert box.requests[0].took >= 0.02


def test_the_latency_of_the_box_delays_every_answer(open_box: Opener) -> None:
    box = open_box(latency=0.01)
    caller(box).get(NAMES)
    assert box.requests[0].took >= 0.01


def test_healing_lets_held_answers_go(box: Sandbox, ask: Caller) -> None:
    box.inject(Hold())
    with ThreadPoolExecutor(1) as threads:
        held = threads.submit(ask.get, NAMES)
        assert box.wait_until(lambda counters: counters.running == 1)
        box.heal()
        assert held.result().status == 200


def test_a_caller_that_goes_away_leaves_its_query_running_and_counted(box: Sandbox, ask: Caller) -> None:
    hold = box.inject(Hold())
    connection = http.client.HTTPConnection(box.url.removeprefix("http://"))
    connection.request("GET", f"{NAMES}?project_id=12345", headers={"Authorization": ask.authorization or ""})
    assert box.wait_until(lambda counters: counters.running == 1)
    connection.close()
    assert ask.get(NAMES).status == 200
    assert box.counters().running == 1
    hold.release()
    assert box.wait_until(lambda counters: counters.running == 0)
    assert box.counted == 2


def test_waiting_for_what_does_not_happen_ends(box: Sandbox) -> None:
    assert not box.wait_until(lambda counters: counters.running == 1, timeout=0.01)


def test_a_refused_request_does_not_use_up_a_fault(open_box: Opener) -> None:
    box = open_box(limit=1)
    caller(box).get(NAMES)
    box.inject(not_json())
    assert caller(box).get(NAMES).status == 429
    plan = FaultPlan()
    plan.add(Injection(Cut()))
    assert plan.take(NAMES, 0.0) == [Cut()]


def test_a_fault_meets_only_the_paths_that_it_is_meant_for() -> None:
    plan = FaultPlan()
    plan.add(Injection(Cut(), path="*/insights", times=1))
    assert plan.take(NAMES, 0.0) == []
    assert plan.take("/api/query/insights", 0.0) == [Cut()]
    assert plan.take("/api/query/insights", 0.0) == []


def test_a_fault_lets_the_first_requests_by() -> None:
    plan = FaultPlan()
    plan.add(Injection(Cut(), after=2, times=1))
    assert [plan.take(NAMES, 0.0) for _ in range(4)] == [[], [], [Cut()], []]


def test_faults_for_the_same_request_come_together() -> None:
    plan = FaultPlan()
    plan.add(Injection(Delay(1.0), times=None))
    plan.add(Injection(Cut(), times=1))
    assert plan.take(NAMES, 0.0) == [Delay(1.0), Cut()]
    assert plan.take(NAMES, 0.0) == [Delay(1.0)]
