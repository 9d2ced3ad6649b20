"""A workspace from the outside: one scheduler behind tasks, threads and views."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypedDict

import pytest

import mixpanel_headless as mp
from mixpanel_headless.sandbox.faults import Hold, failing

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.sandbox import Sandbox


class Days(TypedDict):
    from_date: str
    to_date: str


DAYS: Days = {"from_date": "2026-01-05", "to_date": "2026-01-07"}


def test_an_answer_says_where_it_came_from(box: Sandbox) -> None:
    with box.workspace() as ws:
        first, second = ws.query("Purchase", **DAYS), ws.query("Purchase", **DAYS)
    assert list(first.series["Purchase [Total Events]"].values()) == [2, 1, 0]
    assert (first.provenance.origin, first.provenance.cost) == ("network", 1)
    assert (second.provenance.origin, second.provenance.cost) == ("cache", 0)
    assert first == second
    assert box.counted == 1


def test_callers_do_not_see_what_others_do_to_an_answer(box: Sandbox) -> None:
    with box.workspace() as ws:
        ws.query("Purchase", **DAYS).series.clear()
        assert ws.query("Purchase", **DAYS).series


def test_differently_spelled_equal_questions_share_an_answer(box: Sandbox) -> None:
    where = [mp.Filter.equals("plan", ["pro", "free"]), mp.Filter.is_set("amount")]
    same = [mp.Filter.is_set("amount"), mp.Filter.equals("plan", ["free", "pro", "free"])]
    with box.workspace() as ws:
        first, second = ws.query("Purchase", where=where, **DAYS), ws.query("Purchase", where=same, unit="day", **DAYS)
    assert second.provenance.origin == "cache"
    assert first.series == second.series
    assert box.counted == 1


async def test_two_hundred_equal_calls_from_tasks_are_one_request(box: Sandbox) -> None:
    async with box.async_workspace() as ws:
        answers = await asyncio.gather(*(ws.query("Purchase", **DAYS) for _ in range(200)))
    assert len({str(answer.series) for answer in answers}) == 1
    assert sorted(answer.provenance.origin for answer in answers) == ["flight"] * 199 + ["network"]
    assert box.counted == 1


def test_two_hundred_equal_calls_from_fifty_threads_are_one_request(box: Sandbox) -> None:
    with box.workspace() as ws, ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: ws.query("Purchase", **DAYS), range(200)))
    assert {answer.provenance.cost for answer in answers} == {0, 1}
    assert box.counted == 1


def test_a_crowd_of_questions_is_never_refused(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=5, window=0.5, concurrency=2)
    with box.workspace() as ws, ThreadPoolExecutor(16) as pool:
        days = [f"2025-12-{day:02}" for day in range(1, 17)]
        answers = list(pool.map(lambda day: ws.query("Purchase", from_date=day, to_date="2026-01-07"), days))
    assert len({len(answer.series["Purchase [Total Events]"]) for answer in answers}) == 16
    assert (box.counted, box.refused) == (16, 0)


def test_the_budget_is_known_without_a_request(box: Sandbox) -> None:
    with box.workspace() as ws:
        before = ws.budget()
        ws.query("Purchase", **DAYS)
        after = ws.budget()
    assert (before.used, before.left, before.limit, before.next_slot) == (0, 60, 60, 0.0)
    assert (after.used, after.left, dict(after.spent)) == (1, 59, {"default": 1})
    assert "1 of 60" in str(after)
    assert len(box.requests) == 1


def test_a_view_carries_its_wishes_and_leaves_the_workspace_alone(box: Sandbox) -> None:
    with box.workspace() as ws:
        view = ws.with_options(tenant="nightly", priority="batch")
        view.query("Purchase", **DAYS)
        assert dict(ws.budget().spent) == {"nightly": 1}
        assert ws.options.tenant is None
        assert ws.with_options(freshness="fresh").query("Purchase", **DAYS).provenance.origin == "network"
    assert box.counted == 2


def test_offline_never_asks(box: Sandbox) -> None:
    with box.workspace() as ws, pytest.raises(mp.BudgetExhausted) as caught:
        ws.with_options(freshness="offline").query("Purchase", **DAYS)
    assert caught.value.code == "NOT_CACHED"
    assert box.requests == []


@pytest.mark.parametrize(
    "wish",
    [{"priority": "urgent"}, {"freshness": "cahced"}, {"deadline": -1}, {"max_age": float("nan")}, {"deadline": True}],
)
def test_a_wish_that_cannot_be_met_is_refused_with_what_is_allowed(box: Sandbox, wish: dict[str, object]) -> None:
    with box.workspace() as ws, pytest.raises(mp.InvalidArgumentError) as caught:
        ws.with_options(**wish)  # type: ignore[arg-type]
    assert next(iter(wish)) in str(caught.value)
    assert caught.value.hint


def test_a_task_cannot_spend_more_than_it_was_given(box: Sandbox) -> None:
    with box.workspace() as ws:
        with ws.task("report", max_requests=1) as task:
            ws.query("Purchase", **DAYS)
            ws.query("Purchase", **DAYS)
            with pytest.raises(mp.TaskCeilingReached, match="report"):
                ws.query("Login", **DAYS)
        assert (task.used, task.left) == (1, 0)
        assert ws.query("Login", **DAYS).provenance.origin == "network"
        assert dict(ws.budget().spent) == {"report": 1, "default": 1}
    assert box.counted == 2


def test_a_task_inside_another_spends_from_both(box: Sandbox) -> None:
    with box.workspace() as ws, ws.task("outer", max_requests=1) as outer, ws.task("inner", max_requests=5) as inner:
        ws.query("Purchase", **DAYS)
        with pytest.raises(mp.TaskCeilingReached):
            ws.query("Login", **DAYS)
    assert (outer.used, inner.used) == (1, 1)


def test_a_task_follows_its_context_into_threads(box: Sandbox) -> None:
    with box.workspace() as ws, ws.task("report", max_requests=2) as task, ThreadPoolExecutor(2) as pool:
        context = copy_context()
        pool.submit(context.run, lambda: ws.query("Purchase", **DAYS)).result()
    assert task.used == 1


@pytest.mark.parametrize("bad", [{"max_requests": -1}, {"max_wait": float("nan")}, {"max_requests": True}])
def test_a_ceiling_that_makes_no_sense_is_refused(box: Sandbox, bad: dict[str, float]) -> None:
    with box.workspace() as ws, pytest.raises(mp.InvalidArgumentError), ws.task("report", **bad):  # type: ignore[arg-type]
        pass


def test_a_deadline_that_cannot_be_met_is_refused_with_the_wait(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=1, window=3600)
    with box.workspace() as ws:
        ws.query("Purchase", **DAYS)
        with pytest.raises(mp.DeadlineUnreachable) as caught:
            ws.with_options(deadline=30).query("Login", **DAYS)
    assert caught.value.retry_after is not None
    assert 3500 < caught.value.retry_after < 3700
    assert caught.value.sent is False
    assert box.counted == 1


def test_use_moves_the_pin_and_a_new_project_drops_the_view(box: Sandbox) -> None:
    with box.workspace() as ws:
        ws.use(workspace=42).query("Purchase", **DAYS)
        assert "workspace_id=42" in str(ws.pin) or ws.pin.workspace == 42
        ws.use(project=777)
        assert (ws.pin.project, ws.pin.workspace) == ("777", None)
        with pytest.raises(mp.MixpanelHeadlessError):
            ws.query("Purchase", **DAYS)
        ws.use()
        assert ws.pin.project == str(box.project)
        assert ws.query("Purchase", **DAYS).series


def test_a_data_view_does_not_share_answers_with_another(box: Sandbox) -> None:
    with box.workspace() as ws:
        ws.query("Purchase", **DAYS)
        assert ws.use(workspace=42).query("Purchase", **DAYS).provenance.origin == "network"


@pytest.mark.parametrize("project", ["../7", "", "12 3", "x"])
def test_a_project_that_is_no_number_is_refused(box: Sandbox, project: str) -> None:
    with box.workspace() as ws, pytest.raises(mp.ConfigError):
        ws.use(project=project)


def test_names_are_known_until_they_are_forgotten(box: Sandbox) -> None:
    with box.workspace() as ws:
        assert sorted(ws.events(to_date="2026-01-08")) == ["Login", "Purchase"]
        assert ws.events(to_date="2026-01-08").provenance.origin == "cache"
        ws.clear_discovery_cache()
        assert ws.events(to_date="2026-01-08").provenance.origin == "network"
        assert ws.property_values("plan", event="Purchase") == ["pro", "free"]
        assert "amount" in ws.properties("Purchase")


def test_wrong_arguments_cost_nothing(box: Sandbox) -> None:
    with box.workspace() as ws:
        with pytest.raises(mp.BookmarkValidationError) as caught:
            ws.query("Purchase", from_date="2026-01-07", to_date="2026-01-05", rolling=0)
        assert len(caught.value.errors) == 2
        with pytest.raises(ValueError, match="limit"):
            ws.query("Purchase", limit=0)
        with pytest.raises(mp.InvalidArgumentError):
            ws.run_params([])  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="limit"):
            ws.events(limit=0)
        with pytest.raises(ValueError, match="event"):
            ws.properties(" ")
        with pytest.raises(ValueError, match="from_date"):
            ws.events(from_date="yesterday")
    assert box.requests == []


def test_a_blocking_workspace_works_inside_a_running_loop(box: Sandbox) -> None:
    async def cell() -> int:
        with box.workspace() as ws:
            return len(ws.events())

    assert asyncio.run(cell()) == 2


def test_a_closed_workspace_says_so(box: Sandbox) -> None:
    ws = box.workspace()
    ws.events()
    ws.close()
    ws.close()
    with pytest.raises(mp.ClosedError):
        ws.events()


def test_closing_ends_the_calls_that_wait(box: Sandbox) -> None:
    hold = box.inject(Hold())
    ws = box.workspace()
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            ws.query("Purchase", **DAYS)
        except mp.ClosedError as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert box.wait_until(lambda counters: counters.running == 1)
    ws.close()
    thread.join(20)
    hold.release()
    assert len(raised) == 1


def test_a_forgotten_workspace_leaves_no_thread(box: Sandbox) -> None:
    ws = box.workspace()
    ws.events()
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "mixpanel-headless"]
    gone = weakref.ref(ws)
    del ws
    gc.collect()
    thread.join(20)
    assert gone() is None
    assert not thread.is_alive()


async def test_an_async_workspace_opens_itself_and_closes_from_another_task(box: Sandbox) -> None:
    ws = box.async_workspace()
    await asyncio.create_task(ws.events())
    await asyncio.create_task(ws.close())
    with pytest.raises(mp.ClosedError):
        await ws.events()


def test_closing_from_another_loop_waits_until_all_has_ended_in_its_own(box: Sandbox) -> None:
    hold = box.inject(Hold())
    ws = box.async_workspace()
    ended: list[BaseException] = []
    closed = threading.Event()

    async def ask() -> set[str]:
        try:
            await ws.query("Purchase", **DAYS)
        except mp.ClosedError as error:
            ended.append(error)
        await asyncio.to_thread(closed.wait, 30)
        return {task.get_name() for task in asyncio.all_tasks()}

    with ThreadPoolExecutor(1) as own:
        asking = own.submit(asyncio.run, ask())
        assert box.wait_until(lambda counters: counters.running == 1)
        asyncio.run(ws.close())
        closed.set()
        assert "mixpanel-headless" not in asking.result(30)
    hold.release()
    assert len(ended) == 1


def test_closing_from_another_loop_takes_effect_when_its_own_runs_next(box: Sandbox) -> None:
    ws = box.async_workspace()
    with contextlib.closing(asyncio.new_event_loop()) as own:
        own.run_until_complete(ws.events())
        asyncio.run(ws.close())
        (serving,) = [task for task in asyncio.all_tasks(own) if task.get_name() == "mixpanel-headless"]
        own.run_until_complete(asyncio.wait_for(serving, 30))
    with pytest.raises(mp.ClosedError):
        asyncio.run(ws.events())


def test_a_workspace_of_another_loop_is_refused(box: Sandbox) -> None:
    ws = box.async_workspace()

    async def ask() -> None:
        await ws.events()

    asyncio.run(ask())
    with pytest.raises(mp.ClosedError):
        asyncio.run(ask())


def test_a_blocking_call_on_the_workspaces_own_loop_is_refused(box: Sandbox) -> None:
    with box.workspace() as ws:

        async def misuse() -> None:
            ws.events()

        with pytest.raises(mp.ClosedError, match="AsyncWorkspace") as caught:
            ws.thread.call(misuse)
    assert caught.value.code == "BLOCKING_ON_LOOP"


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_after_a_fork_the_child_is_told_to_open_its_own(box: Sandbox) -> None:
    with box.workspace() as ws:
        ws.events()
        child = os.fork()
        if child == 0:
            try:
                ws.events()
            except mp.ClosedError as error:
                os._exit(0 if "fork" in str(error) else 3)
            except BaseException:
                os._exit(4)
            os._exit(5)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert ws.events()


def test_no_credentials_is_an_error_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("MP_"):
            monkeypatch.delenv(name)
    with pytest.raises(mp.ConfigError, match="MP_USERNAME"):
        mp.Workspace()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("query", {"events": "Login"}),
        ("query", {"evnts": "Login"}),
        ("query", {"events": b"Login"}),
        ("stream_events", DAYS),
        ("stream_events", {**DAYS, "evnts": []}),
        ("stream_events", {"from_date": "2026-01-07", "to_date": "2026-01-05"}),
        ("stream_profiles", {}),
        ("activity_feed", {"distinct_ids": ["u1"], "include_events": ["A"], "exclude_events": ["B"]}),
        ("activity_feed", {"ids": ["u1"]}),
    ],
)
def test_an_error_of_a_blocking_call_is_freed_with_the_frames_that_it_came_through(
    box: Sandbox, name: str, arguments: dict[str, Any]
) -> None:
    """What a caller's frame holds would else live until a garbage collection, and be ended in any order."""
    box.inject(failing(400))
    gc.collect()
    gc.disable()
    try:
        with box.workspace() as ws:
            try:
                answer = getattr(ws, name)(**arguments)
                next(iter(answer))
            except mp.MixpanelHeadlessError as error:
                seen = weakref.ref(error)
            assert seen() is None
    finally:
        gc.enable()
