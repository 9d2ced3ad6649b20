"""Raw events as they come: every event once, whatever the connection does."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import random
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest

import mixpanel_headless as mp
from mixpanel_headless.exports import lines
from mixpanel_headless.sandbox.faults import Cut, Instead, Slow, failing, shedding
from mixpanel_headless.workspace import end_pages
from tests.exports.conftest import DAYS, EVENTS, IDS, endless, event, whole

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable
    from types import AsyncGeneratorType

    from mixpanel_headless.sandbox import Sandbox
    from tests.exports.conftest import Script

GZIP = "Content-Encoding: gzip"
LINE = b'{"event":"A","properties":{"time":1767571200,"distinct_id":"u","$insert_id":"i-%d","n":%d}}\n'
TWO = LINE % (1, 1) + LINE % (2, 2)


def cut_in_turn(box: Sandbox, shares: Iterable[float]) -> None:
    """Cut the next answers, each where its share of the body has gone out."""
    for number, share in enumerate(shares):
        box.inject(Cut("inside the body", share), after=number)


def ids(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [row["insert_id"] for row in rows]


def test_rows_have_their_own_names_and_the_other_properties(box: Sandbox) -> None:
    with box.workspace() as ws:
        rows = list(ws.stream_events(**DAYS))
    assert ids(rows) == IDS
    assert rows[0] == {
        "event_name": "Login",
        "event_time": datetime(2026, 1, 5, tzinfo=UTC),
        "distinct_id": "u0",
        "insert_id": "i-0",
        "properties": {"amount": 0, "note": ""},
    }


def test_raw_rows_are_the_objects_of_the_service(box: Sandbox) -> None:
    with box.workspace() as ws:
        assert list(ws.stream_events(**DAYS, raw=True)) == EVENTS


def test_events_days_and_a_limit_choose(box: Sandbox) -> None:
    with box.workspace() as ws:
        rows = list(ws.stream_events(from_date="2026-01-06", to_date="2026-01-06", events=["Login"], limit=5))
    assert ids(rows) == ["i-201", "i-204", "i-207", "i-210", "i-213"]


async def test_an_async_workspace_streams_the_same(box: Sandbox) -> None:
    async with box.async_workspace() as ws:
        assert [row["insert_id"] async for row in ws.stream_events(**DAYS)] == IDS


def test_a_stream_spends_one_request_of_the_export_budget(box: Sandbox) -> None:
    with box.workspace() as ws:
        list(ws.stream_events(**DAYS))
        assert ws.budget().used == 0
    assert [request.path for request in box.requests if request.counted] == ["/api/2.0/export"]


async def test_a_stream_that_is_left_early_gives_its_permit_back(box: Sandbox) -> None:
    box.inject(Slow(2.0))
    async with box.async_workspace() as ws:
        async with aclosing(cast("AsyncGenerator[dict[str, Any]]", ws.stream_events(**DAYS))) as rows:
            await anext(rows)
            assert await permits(ws) == [1]
        assert await permits(ws) == [0]


async def permits(ws: mp.AsyncWorkspace) -> list[int]:
    """How many exports run now."""
    budgets = (await ws.dispatcher()).status().budgets
    return [budget.permits_held for name, budget in budgets.items() if name.startswith("export")]


@pytest.mark.parametrize("cuts", [[0.5], [0.2, 0.5, 0.97], [0.9, 0.5, 0.1], [0.1, 0.3, 0.5, 0.7, 0.9]])
def test_a_cut_connection_gives_neither_a_duplicate_nor_a_loss(box: Sandbox, cuts: list[float]) -> None:
    cut_in_turn(box, cuts)
    with box.workspace() as ws:
        assert ids(ws.stream_events(**DAYS)) == IDS
    assert box.counted == len(cuts) + 1


def test_cuts_at_random_give_every_event_once(box: Sandbox) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    with box.workspace() as ws:
        for _ in range(2):
            cut_in_turn(box, sorted(chance.uniform(0.1, 1) for _ in range(3)))
            assert ids(ws.stream_events(**DAYS)) == IDS


@pytest.mark.parametrize("left", [TWO[:-20], TWO.rstrip()[:-1]], ids=["in a text", "before the last bracket"])
def test_an_unpacked_body_that_is_cut_in_a_line_is_asked_for_again(play: Callable[..., Script], left: bytes) -> None:
    script = play(endless(left), endless(TWO))
    with script.workspace() as ws:
        assert ids(ws.stream_events(**DAYS)) == ["i-1", "i-2"]


@pytest.mark.parametrize("headers", [[], ["Content-Encoding: identity"]])
def test_an_answer_whose_end_nobody_can_tell_is_warned_of(
    play: Callable[..., Script], caplog: pytest.LogCaptureFixture, headers: list[str]
) -> None:
    with caplog.at_level(logging.WARNING, "mixpanel_headless"), play(endless(TWO, *headers)).workspace() as ws:
        assert ids(ws.stream_events(**DAYS)) == ["i-1", "i-2"]
    assert "without its length" in caplog.text


def test_an_answer_that_tells_its_end_is_not_warned_of(
    play: Callable[..., Script], caplog: pytest.LogCaptureFixture
) -> None:
    script = play(whole(TWO), endless(gzip.compress(TWO), GZIP))
    with caplog.at_level(logging.WARNING, "mixpanel_headless"), script.workspace() as ws:
        assert ids(ws.stream_events(**DAYS)) == ids(ws.stream_events(**DAYS)) == ["i-1", "i-2"]
    assert "without its length" not in caplog.text


def test_rows_that_are_left_may_outlive_their_workspace(box: Sandbox) -> None:
    with box.workspace() as ws:
        rows = ws.stream_events(**DAYS)
        next(rows)
    rows.close()  # type: ignore[attr-defined] # as the garbage collector does
    assert list(rows) == []


def test_rows_may_be_dropped_on_the_loop_of_their_workspace(box: Sandbox) -> None:
    with box.workspace() as ws:
        rows = ws.stream_events(**DAYS)
        next(rows)

        async def drop() -> None:
            rows.close()  # type: ignore[attr-defined] # as above

        ws.thread.call(drop)
        assert ids(ws.stream_events(**DAYS)) == IDS


def test_a_part_that_nobody_asked_for_is_no_answer(play: Callable[..., Script]) -> None:
    script = play(*[whole(TWO, "Content-Range: bytes 0-99/200", status="206 Partial Content")] * 2)
    with script.workspace() as ws:
        with pytest.raises(mp.InvalidResponseError, match="206"):
            next(iter(ws.stream_events(**DAYS)))
        with pytest.raises(mp.InvalidResponseError, match="206"):
            ws.events()


def test_an_export_that_the_service_could_not_finish_is_asked_for_again(play: Callable[..., Script]) -> None:
    script = play(whole(LINE % (1, 1) + b"terminated early\n"), whole(TWO))
    with script.workspace() as ws:
        assert ids(ws.stream_events(**DAYS)) == ["i-1", "i-2"]


@pytest.mark.parametrize("kept", [-1, -8, 40])
def test_a_gzip_without_its_end_is_asked_for_again(play: Callable[..., Script], kept: int) -> None:
    script = play(endless(gzip.compress(TWO)[:kept], GZIP), endless(gzip.compress(TWO), GZIP))
    with script.workspace() as ws:
        assert ids(ws.stream_events(**DAYS)) == ["i-1", "i-2"]


def test_a_gzip_of_several_members_is_read_whole(play: Callable[..., Script]) -> None:
    cut = len(TWO) // 2 - 5
    script = play(whole(gzip.compress(TWO[:cut]) + gzip.compress(TWO[cut:]), GZIP))
    with script.workspace() as ws:
        assert ids(ws.stream_events(**DAYS)) == ["i-1", "i-2"]


def test_cuts_that_bring_nothing_new_end_the_stream(play: Callable[..., Script]) -> None:
    script = play(*[whole(TWO + b"terminated early")] * 2, whole(b"", status="404 Gone"))
    with script.workspace() as ws:
        rows = ws.stream_events(**DAYS)
        assert [next(iter(rows))["insert_id"], next(iter(rows))["insert_id"]] == ["i-1", "i-2"]
        with pytest.raises(mp.QueryError):
            next(iter(rows))


def test_a_refusal_half_way_keeps_what_came(box: Sandbox) -> None:
    box.inject(Cut("inside the body"))
    box.inject(attrs.evolve(shedding(), headers={"Retry-After": "0.01"}), after=1)
    with box.workspace() as ws:
        assert ids(ws.stream_events(**DAYS)) == IDS
    assert box.refused == 1


def test_stream_events_http_403_is_retried(box: Sandbox) -> None:
    """The reference retries 403 and hides the server's words; wanted: raised at once, with them."""
    for status in (403, 404):
        box.inject(failing(status, "No access to this project"))
        with box.workspace() as ws, pytest.raises(mp.QueryError, match="No access to this project") as caught:
            list(ws.stream_events(**DAYS))
        assert caught.value.status_code == status
    assert len(box.requests) == 2


def test_whole_numbers_beyond_64_bits_are_exact(play: Callable[..., Script]) -> None:
    number = 2**80 + 1
    script = play(whole(json.dumps(event(0, big=number)).encode()))
    with script.workspace() as ws:
        assert next(iter(ws.stream_events(**DAYS)))["properties"]["big"] == number


def test_what_only_python_reads_as_json_is_read(play: Callable[..., Script]) -> None:
    script = play(whole(b'{"event":"A","properties":{"time":1,"x":1e400,"half":"\\ud800"}}'))
    with script.workspace() as ws:
        properties = next(iter(ws.stream_events(**DAYS)))["properties"]
    assert (properties["x"], properties["half"]) == (float("inf"), "\ud800")


def test_lines_that_are_no_events_are_counted_and_told(
    play: Callable[..., Script], caplog: pytest.LogCaptureFixture
) -> None:
    bad = [b"{broken", b"[1]", b'{"event":"A"}', b'{"event":"A","properties":{"time":"never"}}', b"\xff", b"[" * 5000]
    script = play(whole(TWO + b"\n".join(bad) + b"\n" + LINE % (3, 3)))
    with caplog.at_level(logging.WARNING, "mixpanel_headless"), script.workspace() as ws:
        assert ids(ws.stream_events(**DAYS)) == ["i-1", "i-2", "i-3"]
    assert "lines=6 first=3 of=9" in caplog.text


def test_a_line_that_never_ends_is_refused_and_not_asked_for_again(
    play: Callable[..., Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 1_000_000)
    script = play(endless(gzip.compress(TWO + b"x" * 2_000_000), GZIP))
    with script.workspace() as ws:
        rows = ws.stream_events(**DAYS)
        assert [next(iter(rows))["insert_id"], next(iter(rows))["insert_id"]] == ["i-1", "i-2"]
        with pytest.raises(mp.InvalidResponseError, match="more than 1,000,000 bytes"):
            next(iter(rows))
    assert len(script.requests) == 1


def test_an_event_without_an_id_gets_one_of_its_own(play: Callable[..., Script]) -> None:
    script = play(whole(b'{"event":"A","properties":{}}\n{"event":"A","properties":{}}\n'))
    with script.workspace() as ws:
        one, other = ws.stream_events(**DAYS)
    assert one["insert_id"] != other["insert_id"]
    assert (one["event_time"], one["distinct_id"]) == (datetime(1970, 1, 1, tzinfo=UTC), "")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"limit": 0}, "WR2_LIMIT_TOO_SMALL"),
        ({"limit": True}, "WR2_LIMIT_TOO_SMALL"),
        ({"limit": 100_001}, "WR3_LIMIT_TOO_LARGE"),
        ({"events": "Login"}, "WR4_EVENTS_NOT_LIST"),
        ({"where": 5}, "WR5_WHERE_NOT_TEXT"),
        ({"to_date": None}, "WR1_DATES"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(box: Sandbox, wrong: Any, code: str) -> None:
    with box.workspace() as ws:
        rows = ws.stream_events(**{**DAYS, **wrong})
        with pytest.raises(mp.ParamValidationError) as caught:
            next(iter(rows))
    assert caught.value.code == code
    assert box.requests == []


def test_everything_that_is_wrong_is_told_at_once(box: Sandbox) -> None:
    with box.workspace() as ws, pytest.raises(mp.ParamValidationError) as caught:
        next(iter(ws.stream_events(**DAYS, limit=0, events="Login", where=1)))  # type: ignore[arg-type]
    assert len(caught.value.details["errors"]) == 3


def test_a_page_for_a_proxy_is_no_export(box: Sandbox) -> None:
    box.inject(Instead(302, b"", {"Location": "http://127.0.0.1:1/"}))
    with box.workspace() as ws, pytest.raises(mp.TransportError, match="redirect"):
        list(ws.stream_events(**DAYS))


def test_pages_that_the_event_loop_closes_already_are_not_closed_twice() -> None:
    async def close_twice() -> list[str]:
        told, closing, go_on = list[str](), asyncio.Event(), asyncio.Event()

        async def pages() -> AsyncGenerator[int]:
            try:
                yield 1
            finally:
                closing.set()
                await go_on.wait()
                told.append("closed")

        arriving = pages()
        await anext(arriving)
        by_itself = asyncio.ensure_future(arriving.aclose())  # as the loop does with what is garbage
        await closing.wait()
        await end_pages(cast("AsyncGeneratorType[int, None]", arriving))
        go_on.set()
        await by_itself
        return told

    assert asyncio.run(close_twice()) == ["closed"]
