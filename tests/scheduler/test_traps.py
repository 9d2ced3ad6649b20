"""The hard traps of request schedulers, each with the tests that hold it; and those that need no file of their own."""

from __future__ import annotations

import ast
import itertools
import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from request_scheduler import Budget, Concurrent, ManualClock, MemoryStore, Scheduler, Settlement, Spend, Window
from request_scheduler.stores import NO_CLAIMS, ORDINARY, Denied, Reservation
from tests.scheduler.service import Service, fullest_window, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from request_scheduler.stores import Claim, Standing

TESTS = Path(__file__).parents[1]
HERE = Path(__file__).relative_to(TESTS).as_posix()

TRAPS = {
    "1 window shape": [
        "scheduler/feedback/test_server_shapes.py::test_the_exact_log_is_never_refused",
        "scheduler/feedback/test_server_shapes.py::test_against_two_buckets_pacing_keeps_refusals_few",
        "client/test_service_in_trouble.py::test_a_server_that_counts_in_two_buckets_loses_no_call",
    ],
    "2 boundary and resolution": [
        "scheduler/test_limits.py::test_the_window_is_half_open",
        "scheduler/test_limits.py::test_the_margin_is_a_small_share_of_a_small_window",
    ],
    "3 skew between grant and send": [
        "scheduler/test_limits.py::test_a_slot_is_free_again_a_window_and_a_margin_after_the_reply",
        "scheduler/test_random_workloads.py::test_no_window_of_any_phase_is_exceeded_and_every_patient_call_is_answered",
    ],
    "4 thundering herd": [f"{HERE}::test_a_freed_slot_asks_for_one_call_and_not_for_all_that_wait"],
    "5 cancelled while queued or between grant and start": [
        "scheduler/test_cancellation.py::test_a_waiting_call_that_is_cancelled_gives_its_place_back",
        "scheduler/test_cancellation.py::test_a_call_cancelled_between_grant_and_start_is_charged_only_if_it_was_sent",
        "scheduler/test_cancellation.py::test_cancelling_nine_thousand_of_ten_thousand_leaves_no_trace",
    ],
    "6 crash while holding a lease": [
        "scheduler/stores/test_processes.py::test_a_killed_process_gives_its_permits_back_and_keeps_its_slots_spent_trap_6",
        "scheduler/stores/test_sharing.py::test_a_dead_holders_permits_come_back_at_the_end_of_its_lease_trap_6",
    ],
    "7 clocks": [
        f"{HERE}::test_a_wall_clock_that_jumps_changes_nothing",
        "scheduler/stores/test_sharing.py::test_a_jump_of_the_wall_clock_changes_nothing_trap_7",
    ],
    "8 check, then act": [
        "scheduler/stores/test_processes.py::test_four_processes_never_exceed_the_limits_and_share_them_evenly_trap_8",
    ],
    "9 the service counts differently": [
        "scheduler/feedback/test_named_refusals.py::test_no_call_is_lost_when_half_of_the_budget_goes_to_somebody_else",
        "client/test_service_in_trouble.py::test_half_of_the_budget_given_to_somebody_else_loses_no_call",
    ],
    "10 retries that spend budget": [
        "scheduler/test_refusals.py::test_a_retry_pays_like_any_request",
        "scheduler/test_refusals.py::test_the_retries_of_a_full_window_wait_for_a_slot",
    ],
    "11 adaptive floors": [
        "scheduler/test_feedback.py::test_unexplained_refusals_double_up_to_the_window",
        "scheduler/test_refusals.py::test_after_an_impossible_refusal_requests_are_paced_for_a_window",
    ],
    "12 coalesced waiters": [
        "scheduler/test_cancellation.py::test_a_leader_that_leaves_neither_fails_nor_repeats_the_flight",
        "scheduler/test_cancellation.py::test_nobody_joins_a_flight_that_is_being_cancelled",
        "scheduler/test_submit.py::test_an_error_of_the_run_reaches_every_caller_as_it_is",
    ],
    "13 deadlines and priorities of those who share": [
        "scheduler/test_deadlines_and_ceilings.py::test_a_flight_is_useful_until_the_latest_deadline_of_those_in_it",
        "scheduler/test_order.py::test_a_joiner_raises_the_priority_of_the_flight_it_joins",
        "scheduler/test_cancellation.py::test_a_flight_falls_back_when_its_urgent_caller_leaves",
        "scheduler/test_deadlines_and_ceilings.py::test_a_flight_is_paid_by_another_member_when_the_first_is_at_its_ceiling",
    ],
    "14 identity of keys": [
        "scheduler/test_submit.py::test_calls_without_a_key_are_never_shared",
        "client/test_operations.py::test_two_credentials_make_different_keys_and_headers_of_the_same_request",
    ],
    "15 stampede and synchronised expiry": [
        "scheduler/test_submit.py::test_two_hundred_equal_calls_are_sent_once",
        "scheduler/test_freshness.py::test_a_stale_answer_is_renewed_once_however_many_ask",
        "scheduler/test_freshness.py::test_a_stale_answer_is_not_renewed_when_the_budget_is_scarce",
    ],
    "16 head of line": [
        "scheduler/test_order.py::test_a_heavy_call_is_not_starved_by_light_ones",
        "scheduler/test_order.py::test_a_call_blocked_on_one_budget_does_not_block_another_budget",
        "scheduler/test_order.py::test_others_pass_a_blocked_call_only_where_they_cannot_delay_it",
    ],
    "17 width over capacity": ["scheduler/test_order.py::test_a_call_wider_than_a_limit_fails_at_once"],
    "18 state as rows": [
        "scheduler/stores/test_redis.py::test_what_processes_change_at_the_same_time_is_all_kept_trap_18",
        "scheduler/stores/test_redis.py::test_lessons_that_two_processes_learn_at_once_are_both_learned_trap_18",
    ],
    "19 event loops and forks": [
        "scheduler/test_home.py::test_another_event_loop_is_told_that_it_is_another",
        "scheduler/test_home.py::test_a_forked_process_is_told_that_it_is_another",
    ],
    "20 loss of the store": [
        "scheduler/stores/test_redis.py::test_a_server_that_lost_its_log_counts_as_full_for_a_window_trap_20",
        "scheduler/stores/test_redis.py::test_a_server_that_lost_its_log_leaves_an_eighth_if_so_wished_trap_20",
        "scheduler/stores/test_redis.py::test_a_log_that_lost_only_its_end_counts_cautiously_too_trap_20",
    ],
    "21 every limit is asked": [
        "scheduler/test_order.py::test_a_call_of_two_budgets_takes_from_both_or_from_none",
        f"{HERE}::test_the_moment_that_a_denial_names_holds_for_every_limit",
    ],
    "22 wind-up and overflow of virtual time": [
        "scheduler/test_queue.py::test_an_idle_level_forgets_who_had_how_much",
        "scheduler/test_queue.py::test_a_tenant_that_was_away_has_neither_credit_nor_debt",
        "scheduler/test_random_workloads.py::test_two_backlogged_tenants_never_differ_by_more_than_their_reciprocal_weights",
    ],
}


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((TESTS / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize(("path", "test"), [tuple(held.split("::")) for held in itertools.chain(*TRAPS.values())])
def test_a_trap_is_held_by_a_test_that_exists(path: str, test: str) -> None:
    assert test in names_in(path)


class CountingStore(MemoryStore):
    """How often somebody asked for room."""

    asked = 0

    def reserve(
        self,
        spends: tuple[Spend, ...],
        now: float,
        tenant: str,
        urgent: bool = False,
        claims: Mapping[str, Claim] = NO_CLAIMS,
        standing: Standing = ORDINARY,
        flight: str | None = None,
    ) -> Reservation | Denied:
        self.asked += 1
        return super().reserve(spends, now, tenant, urgent, claims, standing, flight)


async def test_a_freed_slot_asks_for_one_call_and_not_for_all_that_wait() -> None:
    """Trap 4: a thousand calls wait for five slots a minute; each slot wakes one of them."""
    service, store = Service(seconds=0.0), CountingStore()
    async with (
        Scheduler([Budget("query", (Window(5, 60.0),))], store=store) as scheduler,
        anyio.create_task_group() as tasks,
    ):
        for number in range(1000):
            tasks.start_soon(scheduler.submit, service.call(f"{number}"))
        await anyio.sleep(600.0)
        assert len(service.sent) == 50
        assert store.asked <= 3 * len(service.sent) + 20
        tasks.cancel_scope.cancel()


class JumpingWall(ManualClock):
    """Somebody sets the computer's clock an hour on, then two hours back, and so forth."""

    jumps = itertools.cycle([3600.0, -7200.0, 0.0])

    def wall(self) -> float:
        return super().wall() + next(self.jumps)


async def test_a_wall_clock_that_jumps_changes_nothing() -> None:
    """Trap 7: what counts is the monotonic clock of the event loop; wall time is only shown."""
    clock, sent = JumpingWall(), list[float]()

    async def run() -> None:
        sent.append(clock.now())

    async with (
        Scheduler([Budget("query", (Window(3, 60.0),))], clock=clock) as scheduler,
        anyio.create_task_group() as tasks,
    ):
        for number in range(12):
            tasks.start_soon(scheduler.submit, query(run, label=f"{number}"))
        await clock.advance(300.0)
        assert scheduler.status().counters.finished == 12
    assert fullest_window(sent, 60.0) == 3


def test_the_moment_that_a_denial_names_holds_for_every_limit() -> None:
    """Trap 21: the first limit that says no must not keep the others from being asked."""
    store = MemoryStore()
    store.define(Budget("query", (Window(1, 60.0), Window(2, 3600.0), Concurrent(1)), margin=0.0))
    spends = (Spend("query"),)
    for moment in (0.0, 100.0):
        reservation = store.reserve(spends, moment, "tenant")
        assert isinstance(reservation, Reservation)
        assert store.reserve(spends, moment, "tenant") == Denied(math.inf)
        store.settle(reservation, Settlement.SPENT, moment)
    assert store.reserve(spends, 110.0, "tenant") == Denied(3600.0)
