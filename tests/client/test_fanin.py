"""Batches of planned calls: answers beside errors, one request for equal calls, and going on after a cut."""

from __future__ import annotations

import stat
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypedDict

import pytest

import mixpanel_headless as mp
from mixpanel_headless.fanin import Batch
from tests.answering import Answering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mixpanel_headless.sandbox import Sandbox


class Days(TypedDict):
    from_date: str
    to_date: str


DAYS: Days = {"from_date": "2026-01-05", "to_date": "2026-01-07"}


def days(first: str) -> Days:
    return {"from_date": first, "to_date": "2026-01-07"}


def test_answers_stand_in_the_order_of_their_calls(box: Sandbox) -> None:
    with box.workspace() as ws:
        gathered = ws.gather([mp.later(ws.query, event, **DAYS) for event in ("Purchase", "Login", "Purchase")])
    assert [next(iter(answer.series)) for answer in gathered.values] == [
        "Purchase [Total Events]", "Login [Total Events]", "Purchase [Total Events]",
    ]  # fmt: skip
    assert box.counted == 2


def test_an_answer_tells_the_question_as_it_was_sent(box: Sandbox) -> None:
    with box.workspace() as ws:
        answer = ws.gather([mp.later(ws.query, "Login", math="unique", **DAYS)])[0].value
    assert answer.params == mp.Workspace.build_params("Login", math="unique", **DAYS)
    assert answer.provenance.request["parameters"]["bookmark"] == answer.params


def test_what_was_gathered_is_a_sequence(box: Sandbox) -> None:
    with box.workspace() as ws:
        calls = [mp.later(ws.query, event, **DAYS) for event in ("Purchase", "Login")]
        gathered = ws.gather(calls)
    assert [done.call for done in gathered] == calls
    assert [done.index for done in gathered[1:]] == [gathered[-1].index] == [1]
    with pytest.raises(IndexError):
        _ = gathered[2]


def test_a_planned_call_keeps_its_arguments_apart(box: Sandbox) -> None:
    with box.workspace() as ws:
        call = mp.later(ws.query, "Login", last=7, unit="week")
    assert (call.args, call.kwargs) == (("Login",), {"last": 7, "unit": "week"})


def test_an_error_stands_beside_its_call_and_stops_no_other(box: Sandbox) -> None:
    with box.workspace() as ws:
        gathered = ws.gather([mp.later(ws.query, "Login", last=-1), mp.later(ws.query, "Login", **DAYS)])
    assert [done.index for done in gathered.failed] == [0]
    assert gathered[1].value.series
    with pytest.raises(mp.MixpanelHeadlessError):
        _ = gathered.values


async def test_calls_of_a_generator_are_taken_as_there_is_room(box: Sandbox) -> None:
    taken: list[int] = []

    async with box.async_workspace() as ws:

        def calls() -> Iterator[mp.Planned[mp.QueryResult]]:
            for number in range(500):
                taken.append(number)
                yield mp.later(ws.query, "Login", **DAYS)

        stream = ws.as_completed(calls(), at_once=10)
        await anext(stream)
        assert len(taken) <= 30
        rest = [done async for done in stream]
    assert len(rest) == 499
    assert box.counted == 1


async def test_calls_with_a_deadline_that_a_close_cuts_off_end_with_a_closed_error(box: Sandbox) -> None:
    async with box.async_workspace() as ws:
        hurried = ws.with_options(deadline=60)
        stream = ws.as_completed([mp.later(hurried.query, "Login", last=days) for days in range(1, 6)], at_once=1)
        await anext(stream)
        await ws.close()
        rest = [done async for done in stream]
    assert [type(done.error) for done in rest][-3:] == [mp.ClosedError] * 3


def test_the_blocking_form_gives_each_call_as_it_ends(box: Sandbox) -> None:
    with box.workspace() as ws:
        calls = [mp.later(ws.query, event, **DAYS) for event in ("Purchase", "Login")]
        assert sorted(done.index for done in ws.as_completed(calls)) == [0, 1]


def test_a_batch_that_is_resumed_pays_only_for_what_it_lacks(box: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    with box.workspace(store="memory") as ws:
        first = ws.gather([mp.later(ws.query, "Login", **DAYS)], resume=path)
    with box.workspace(store="memory") as ws:
        again = ws.with_options(freshness="fresh")
        calls = [mp.later(again.query, event, **DAYS) for event in ("Login", "Purchase")]
        second = ws.gather(calls, resume=path)
    assert box.counted == 2
    assert second[0].value == first[0].value
    assert second[0].value.provenance.origin == "cache"


def test_a_batch_goes_on_after_a_crash_in_the_middle_of_a_line(box: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    with box.workspace(store="memory") as ws:
        calls = [mp.later(ws.query, event, **DAYS) for event in ("Login", "Purchase")]
        ws.gather(calls, resume=path, at_once=1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    for _ in range(2):
        with box.workspace(store="memory") as ws:
            fresh = ws.with_options(freshness="fresh")
            ws.gather([mp.later(fresh.query, event, **DAYS) for event in ("Login", "Purchase")], resume=path)
    assert box.counted == 3


def test_the_file_of_a_batch_is_for_its_owner_alone_and_holds_no_secret(box: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    with box.workspace() as ws:
        ws.gather([mp.later(ws.query, "Login", **DAYS)], resume=path)
        secrets = ws.settings.credentials.secrets()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secrets
    assert not any(secret in path.read_bytes() for secret in secrets)


async def test_a_batch_that_is_cut_keeps_what_was_answered(box: Sandbox, tmp_path: Path) -> None:
    async with box.async_workspace() as ws:
        calls = [mp.later(ws.query, "Login", **days(f"2026-01-0{day}")) for day in range(1, 6)]
        stream = ws.as_completed(calls, resume=tmp_path / "batch.jsonl", at_once=1)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined] # it is an async generator
        fresh = ws.with_options(freshness="fresh")
        again = [mp.later(fresh.query, "Login", **days(f"2026-01-0{day}")) for day in range(1, 6)]
        gathered = await ws.gather(again, resume=tmp_path / "batch.jsonl")
    assert gathered[0].value.provenance.origin == "cache"
    assert not gathered.failed
    assert box.counted <= 1 + 1 + 4  # the second may have been on its way


def test_an_error_of_what_makes_the_calls_ends_the_batch(box: Sandbox) -> None:
    with box.workspace() as ws:

        def calls() -> Iterator[mp.Planned[mp.QueryResult]]:
            yield mp.later(ws.query, "Login", **DAYS)
            raise LookupError("no more")

        with pytest.raises(LookupError):
            list(ws.as_completed(calls()))


def test_what_was_called_already_is_refused_with_the_way_to_name_it(box: Sandbox) -> None:
    with box.workspace() as ws:
        with pytest.raises(mp.InvalidArgumentError, match="holds a QueryResult"):
            ws.gather([ws.query("Login", **DAYS)])  # type: ignore[list-item]
        with pytest.raises(mp.InvalidArgumentError, match="cannot be planned"):
            mp.later(ws.stream_events)  # type: ignore[call-overload]


def test_a_planned_call_reads_as_it_was_written(box: Sandbox) -> None:
    with box.workspace() as ws:
        call = mp.later(ws.query, "Login", last=7)
    assert str(call) == "query('Login', last=7)"
    assert repr(call) == "<Planned query('Login', last=7)>"


def test_calls_of_several_requests_stand_in_a_batch_beside_those_of_one(box: Sandbox) -> None:
    with box.workspace() as ws:
        calls = [mp.later(ws.query_user), mp.later(ws.query_user, limit=0), mp.later(ws.query, "Login", **DAYS)]
        gathered = ws.gather(calls)
        streamed = list(ws.as_completed(calls[:1]))
    assert [type(done.error) for done in gathered] == [type(None), mp.BookmarkValidationError, type(None)]
    assert gathered[0].value.value == streamed[0].value.value
    assert str(calls[0]) == "query_user()"


def test_a_resumed_batch_has_what_a_call_of_several_requests_may_keep(box: Sandbox, tmp_path: Path) -> None:
    def ask() -> mp.Gathered:
        with box.workspace() as ws:
            calls = [mp.later(ws.query_user), mp.later(ws.query_user, mode="profiles", limit=None)]
            return ws.gather(calls, resume=tmp_path / "users.jsonl")

    first, paid = ask(), box.counted
    again = ask()
    assert [done.value.total for done in again] == [done.value.total for done in first]
    assert paid == 2
    assert box.counted == 3  # the session of the profiles is over; the aggregate is in the file


def test_requests_of_a_call_count_towards_the_ceiling_of_the_task_of_its_batch(box: Sandbox) -> None:
    with box.workspace() as ws, ws.task("nightly", max_requests=1):
        gathered = ws.gather([mp.later(ws.query_user, segment_by=number) for number in (1, 2)], at_once=1)
    assert [type(done.error) for done in gathered][1] is mp.TaskCeilingReached


def test_a_deadline_of_a_call_of_several_requests_counts_from_the_start_of_the_batch(
    open_box: Callable[..., Sandbox],
) -> None:
    with open_box(limit=1).workspace() as ws:
        gathered = ws.gather([mp.later(ws.query, "Login", **DAYS), mp.later(ws.with_options(deadline=60.0).query_user)])
    assert isinstance(gathered[1].error, mp.DeadlineUnreachable)


def test_what_a_call_of_several_requests_costs_is_not_guessed(box: Sandbox) -> None:
    with box.workspace() as ws, pytest.raises(mp.InvalidArgumentError, match=r"query_user finds out .*max_requests"):
        ws.plan([mp.later(ws.query_user)])
    assert box.counted == 0


def test_a_call_that_needs_a_workspace_finds_it_in_a_batch_too() -> None:
    one = {"id": 7, "name": "All Project Data", "project_id": 12345, "is_default": True}
    with Answering().tell({"results": [one]}).tell({"results": []}) as service, service.workspace() as ws:
        assert ws.gather([mp.later(ws.list_feature_flags)]).values == [[]]
    assert [asked.path for asked in service.asked][1] == "/api/app/projects/12345/workspaces/7/feature-flags/"


def test_the_calls_of_a_batch_count_towards_the_ceiling_of_their_task(box: Sandbox) -> None:
    with box.workspace() as ws, ws.task("nightly", max_requests=1):
        calls = [mp.later(ws.query, event, **DAYS) for event in ("Purchase", "Login")]
        gathered = ws.gather(calls, at_once=1)
    assert [type(done.error) for done in gathered] == [type(None), mp.TaskCeilingReached]


def test_ceilings_inside_each_other_both_hold_for_a_batch(box: Sandbox) -> None:
    with box.workspace() as ws, ws.task("night", max_requests=3), ws.task("report", max_requests=2):
        calls = [mp.later(ws.query, "Login", **DAYS, limit=number) for number in (1, 2, 3)]
        inner = ws.gather(calls, at_once=1)
    assert [type(done.error) for done in inner] == [type(None), type(None), mp.TaskCeilingReached]
    assert box.counted == 2


async def test_the_time_left_holds_for_calls_that_all_stand_in_the_queue_already(
    open_box: Callable[..., Sandbox],
) -> None:
    box = open_box(limit=2)
    async with box.async_workspace() as ws:
        calls = [mp.later(ws.query, "Login", **DAYS, limit=limit) for limit in range(1, 5)]
        batch = Batch(ws, await ws.dispatcher(), calls)
        async with aclosing(batch.pages()) as pages:
            done = 0
            while done < 2:
                done += len(await anext(pages))
            left = await batch.time_left(len(calls))
    assert round(left / 60) == 60


def test_what_makes_the_calls_may_ask_the_blocking_workspace_itself(box: Sandbox) -> None:
    with box.workspace() as ws, ws.task("report", max_requests=3):

        def calls() -> Iterator[mp.Planned[mp.QueryResult]]:
            for event in ws.events():
                yield mp.later(ws.query, event, **DAYS)

        gathered = ws.gather(calls())
        streamed = list(ws.as_completed(calls()))
        plan = ws.plan(calls())
        with pytest.raises(mp.TaskCeilingReached):
            ws.gather(mp.later(ws.query, event, **DAYS) for _ in range(2) for event in ws.properties("Login"))
    assert len(gathered.values) == len(streamed) == len(plan.calls) == 2
    assert box.counted == 3  # the events, and one query each


async def test_a_deadline_counts_from_the_start_of_the_batch(box: Sandbox) -> None:
    async with box.async_workspace() as ws:
        call = mp.later(ws.with_options(deadline=60.0).query, "Login", **DAYS)
        dispatcher = await ws.dispatcher()
        left = []
        for ago in (40.0, 100.0):
            batch = Batch(ws, dispatcher, [call], started=dispatcher.scheduler.now() - ago)
            asked = batch.timed(call.asked(None))
            made = dispatcher.call_of(asked, await dispatcher.make_ready(asked))
            assert made.deadline is not None
            left.append(made.deadline - dispatcher.scheduler.now())
    assert 0.0 < left[0] <= 20.0
    assert -60.0 < left[1] <= -40.0


def test_an_answer_that_is_known_is_given_after_the_deadline(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=1)
    with box.workspace() as ws:
        at_once = ws.with_options(deadline=0.0)
        calls = [mp.later(at_once.query, "Login", **DAYS, limit=limit) for limit in (1, 2, 1)]
        ws.query("Login", **DAYS, limit=1)
        gathered = ws.gather(calls, at_once=1)
    assert [type(done.error) for done in gathered] == [type(None), mp.DeadlineUnreachable, type(None)]


def test_progress_is_told_in_lines_where_there_is_no_terminal(box: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    with box.workspace() as ws:
        calls = [mp.later(ws.query, "Login", **DAYS), mp.later(ws.query, "Login", last=-1)]
        ws.gather(calls)
        assert capfd.readouterr().err == ""
        ws.gather(calls, progress=True)
    assert capfd.readouterr().err.splitlines()[-1] == "2 of 2 calls, 1 failed"


@pytest.mark.parametrize("calls", [None, 5])
def test_what_is_no_batch_is_refused_before_anything_is_sent(calls: object, box: Sandbox) -> None:
    with box.workspace() as ws:
        for take in (ws.gather, ws.plan, lambda calls: list(ws.as_completed(calls))):
            with pytest.raises(mp.InvalidArgumentError, match=f"calls is a {type(calls).__name__}"):
                take(calls)  # type: ignore[arg-type]
    assert box.counted == 0


def test_a_plan_tells_what_is_known_what_joins_and_what_is_sent(box: Sandbox) -> None:
    with box.workspace() as ws:
        ws.query("Purchase", **DAYS)
        plan = ws.plan([mp.later(ws.query, event, **DAYS) for event in ("Purchase", "Login", "Login")])
        assert [call.fate for call in plan.calls] == ["cached", "send", "joined"]
        assert (plan.requests, plan.left) == (1, 59)
    assert box.counted == 1


def test_a_plan_says_when_the_last_call_can_start(box: Sandbox) -> None:
    with box.workspace(limits=mp.Limits(query=2)) as ws:
        plan = ws.plan([mp.later(ws.query, f"Event {number}", **DAYS) for number in range(5)])
    starts = [round(call.starts_in or 0.0) for call in plan.calls]
    assert starts == [0, 0, 3600, 3600, 7200]
    assert plan.starts_in == plan.calls[4].starts_in
    assert "5 calls (5 send): 5 requests, 2 left" in str(plan)
    assert box.counted == 0


def test_an_estimate_of_a_call_that_may_not_send_says_so(box: Sandbox) -> None:
    with box.workspace() as ws:
        offline = ws.with_options(freshness="offline")
        assert ws.estimate(mp.later(offline.query, "Login", **DAYS)).fate == "refused"
        assert ws.estimate(mp.later(ws.query, "Login", **DAYS)) == (
            "query('Login', from_date='2026-01-05', to_date='2026-01-07')",
            "send",
            1,
            0.0,
        )


def test_a_batch_makes_no_calls_of_another_workspace(box: Sandbox) -> None:
    with box.workspace() as ws, box.workspace(policy="read_only") as reader:
        board = ws.create_dashboard(mp.CreateDashboardParams(title="Growth"))
        foreign: list[mp.Planned[Any]] = [mp.later(reader.delete_dashboard, board.id)]
        for refused in (lambda: ws.gather(foreign), lambda: list(ws.as_completed(foreign)), lambda: ws.plan(foreign)):
            with pytest.raises(mp.InvalidArgumentError, match="another workspace"):
                refused()
        assert ws.get_dashboard(board.id).title == "Growth"
        view = ws.with_options(tenant="nightly")
        assert not ws.gather([mp.later(view.get_dashboard, board.id)]).failures
