"""A hostile network: every failure ends clearly, is settled rightly, and leaves the workspace usable."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import gzip
import importlib
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import traceback
import zlib
from typing import TYPE_CHECKING, Any, TypedDict

import pytest

import mixpanel_headless as mp
from mixpanel_headless import transport
from mixpanel_headless.sandbox.faults import Cut, ForeignUse, Hold, Instead, failing, huge, not_json, shedding

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.sandbox import Sandbox
    from tests.answering import Answering


class Days(TypedDict):
    from_date: str
    to_date: str


DAYS: Days = {"from_date": "2026-01-05", "to_date": "2026-01-07"}
ANSWER = b'["From the packing"]'


@pytest.mark.parametrize("where", ["before headers", "after headers", "inside the body"])
def test_a_cut_connection_is_told_as_sent_and_kept_as_spent(box: Sandbox, where: Any) -> None:
    box.inject(Cut(where))
    with box.workspace() as ws:
        with pytest.raises(mp.TransportError) as caught:
            ws.query("Purchase", **DAYS)
        assert caught.value.sent is True
        assert ws.budget().used == 1
        assert ws.query("Purchase", **DAYS).series
    assert box.counted == 2


def test_no_network_is_told_as_never_sent_and_costs_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with mp.Workspace(project=1, username="u", secret="s3cret-value", api_base_url=url) as ws:
            with pytest.raises(mp.TransportError) as caught:
                ws.query("Purchase", **DAYS)
            assert caught.value.sent is False
            assert ws.budget().used == 0
    assert "s3cret-value" not in str(caught.value.to_dict())


def shown_with_locals(error: BaseException | None) -> str:
    """What a tool that keeps the locals of frames has of an error and of all that stand behind it."""
    shown = ""
    while error is not None:
        shown += "".join(traceback.TracebackException.from_exception(error, capture_locals=True, limit=99).format())
        error = error.__cause__ or error.__context__
    return shown


def assert_keeps_to_itself(error: BaseException, box: Sandbox) -> None:
    shown = shown_with_locals(error)
    assert "ws = <Workspace" in shown  # the locals are there
    assert box.secret not in shown
    assert base64.b64encode(f"{box.username}:{box.secret}".encode()).decode() not in shown


@pytest.mark.parametrize("where", ["before headers", "after headers", "inside the body"])
def test_the_frames_of_a_broken_connection_hold_no_credentials(box: Sandbox, where: Any) -> None:
    box.inject(Cut(where))
    with box.workspace() as ws, pytest.raises(mp.TransportError) as caught:
        ws.query("Purchase", **DAYS)
    assert_keeps_to_itself(caught.value, box)


def test_failures_that_stand_behind_each_other_in_a_circle_lose_their_frames_too() -> None:
    one, other = OSError("one"), OSError("other")
    for error, behind in ((one, other), (other, one)):
        with contextlib.suppress(OSError):
            raise error from behind
    assert transport.without_frames(one) is one
    assert (one.__traceback__, other.__traceback__) == (None, None)


def test_the_frames_of_a_connection_that_is_refused_hold_no_credentials(box: Sandbox) -> None:
    with box.workspace(api_base_url="http://127.0.0.1:1") as ws:
        for call in (lambda: ws.query("Purchase", **DAYS), lambda: list(ws.stream_events(**DAYS))):
            with pytest.raises(mp.TransportError) as caught:
                call()
            assert_keeps_to_itself(caught.value, box)


def test_a_body_that_is_not_json_is_quoted_and_spent(box: Sandbox) -> None:
    box.inject(not_json())
    with box.workspace() as ws:
        with pytest.raises(mp.InvalidResponseError, match="sign in"):
            ws.query("Purchase", **DAYS)
        assert ws.budget().used == 1


@pytest.mark.parametrize("kept", [-1, -4, -8, 30, 1])
def test_a_packed_answer_without_its_end_is_a_broken_connection_and_spent(box: Sandbox, kept: int) -> None:
    box.inject(Instead(200, gzip.compress(ANSWER)[:kept], {"Content-Encoding": "gzip"}))
    with box.workspace() as ws:
        with pytest.raises(mp.TransportError) as caught:
            ws.events()
        assert caught.value.sent is True
        assert ws.budget().used == 1
        assert ws.events() == ["Login", "Purchase"]


def test_a_packed_answer_whose_sum_is_wrong_is_a_broken_connection(box: Sandbox) -> None:
    packed = gzip.compress(ANSWER)
    box.inject(Instead(200, packed[:-8] + b"\1\2\3\4" + packed[-4:], {"Content-Encoding": "gzip"}))
    with box.workspace() as ws, pytest.raises(mp.TransportError):
        ws.events()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(ANSWER)),
        ("X-GZIP", gzip.compress(ANSWER[:5]) + gzip.compress(ANSWER[5:])),
        ("deflate", zlib.compress(ANSWER)),
        ("deflate", zlib.compress(ANSWER, wbits=-15)),
        ("gzip", gzip.compress(ANSWER) + b"\0\0"),
        ("gzip", gzip.compress(ANSWER + b" " * 5_000_000)),
        ("identity", ANSWER),
    ],
    ids=["gzip", "two members", "zlib", "raw", "padded", "large", "plain"],
)
def test_every_usual_packing_is_read(box: Sandbox, encoding: str, body: bytes) -> None:
    box.inject(Instead(200, body, {"Content-Encoding": encoding}))
    with box.workspace() as ws:
        assert ws.events() == ["From the packing"]


@pytest.mark.parametrize("unpacker", ["zlib", "isal.isal_zlib"])
def test_a_packed_body_is_the_same_wherever_the_network_cut_it(unpacker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    monkeypatch.setattr(transport, "unpacker", importlib.import_module(unpacker))
    members = [bytes(chance.choices(b"abc\n", k=chance.randrange(300_000))) * chance.choice([1, 9]) for _ in range(4)]
    packed = b"".join(gzip.compress(member, chance.choice([1, 6])) for member in members)
    for _ in range(5):
        cuts = sorted([0, *chance.sample(range(len(packed)), chance.choice([0, 3, 400])), len(packed)])
        packing = transport.Packing("gzip")
        arrived = [packed[start:end] for start, end in itertools.pairwise(cuts)]
        pieces = [piece for some in arrived for piece in packing.unpack(some)]
        packing.end()
        assert b"".join(pieces) == b"".join(members)
        assert max(map(len, pieces)) <= transport.PIECE


def test_an_unknown_packing_is_named(box: Sandbox) -> None:
    box.inject(Instead(200, ANSWER, {"Content-Encoding": "lzma"}))
    with box.workspace() as ws, pytest.raises(mp.TransportError, match="lzma"):
        ws.events()


def test_an_error_inside_a_success_is_never_cached(box: Sandbox) -> None:
    box.inject(Instead(200, b'{"error": "query timed out"}'))
    with box.workspace() as ws:
        with pytest.raises(mp.QueryError, match="timed out"):
            ws.query("Purchase", **DAYS)
        assert ws.query("Purchase", **DAYS).provenance.origin == "network"


def test_a_status_error_inside_a_success_is_an_error(box: Sandbox) -> None:
    box.inject(Instead(200, b'{"status": "error", "error": "no such thing"}'))
    with box.workspace() as ws, pytest.raises(mp.QueryError, match="no such thing"):
        ws.events()


def test_a_server_error_is_raised_spent_and_not_repeated(box: Sandbox) -> None:
    box.inject(failing(503))
    with box.workspace() as ws:
        with pytest.raises(mp.ServerError) as caught:
            ws.query("Purchase", **DAYS)
        assert caught.value.retryable
        assert ws.budget().used == 1
    assert box.counted == 1


def test_a_redirect_is_never_followed(box: Sandbox) -> None:
    box.inject(Instead(302, b"", {"Location": "http://127.0.0.1:1/steal"}))
    with box.workspace() as ws, pytest.raises(mp.TransportError, match="redirect"):
        ws.query("Purchase", **DAYS)


def test_a_shed_request_is_sent_again_after_a_pause(box: Sandbox) -> None:
    box.inject(shedding())
    with box.workspace() as ws:
        answer = ws.query("Purchase", **DAYS)
    assert answer.provenance.origin == "network"
    assert [entry.status for entry in box.requests] == [429, 200]


def test_wrong_credentials_cost_no_budget(box: Sandbox) -> None:
    with box.workspace(secret="wrong-secret") as ws:
        with pytest.raises(mp.AuthenticationError) as caught:
            ws.query("Purchase", **DAYS)
        assert ws.budget().used == 0
    assert "wrong-secret" not in str(caught.value.to_dict())
    assert caught.value.hint


def test_a_project_that_somebody_else_spends_is_waited_for(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=4, window=1.0)
    box.inject(ForeignUse(requests=4), path="*names*")
    with box.workspace() as ws:
        ws.events()
        answer = ws.query("Purchase", **DAYS)
    assert answer.series
    assert box.refused >= 1, "the own log had room, so the first try was refused"


def test_a_huge_answer_is_read_without_stopping_others(box: Sandbox) -> None:
    box.inject(huge(20_000_000), path="*names*")

    async def ask() -> tuple[int, int]:
        async with box.async_workspace() as ws:
            names, answer = await asyncio.gather(ws.events(), ws.query("Purchase", **DAYS))
            return len(names), len(answer.table.rows)

    names, rows = asyncio.run(ask())
    assert names > 19_000
    assert rows == 3


def test_no_collection_of_garbage_walks_over_a_huge_answer_as_young_objects(service: Answering) -> None:
    service.tell({"series": {f"Event {number}": {"all": [number]} for number in range(100_000)}})
    with service.workspace() as ws:
        answer = ws.query("Login", **DAYS)
    young = {id(thing) for generation in (0, 1) for thing in gc.get_objects(generation)}
    assert young.isdisjoint(map(id, answer._series.values()))
    assert gc.isenabled()


def test_a_cancelled_caller_gives_nothing_back_that_was_sent(box: Sandbox) -> None:
    hold = box.inject(Hold())

    async def ask() -> int:
        async with box.async_workspace() as ws:
            call = asyncio.create_task(ws.query("Purchase", **DAYS))
            await asyncio.to_thread(box.wait_until, lambda counters: counters.running == 1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            hold.release()
            return (await ws.budget()).used

    assert asyncio.run(ask()) == 1


SCRIPT = """
import sys
import mixpanel_headless as mp
with mp.Workspace() as ws:
    print("ready", flush=True)
    ws.query("Purchase", from_date="2026-01-05", to_date="2026-01-07")
"""


def test_ctrl_c_in_a_blocking_query_ends_the_program_at_once(box: Sandbox) -> None:
    hold = box.inject(Hold())
    environment = {**os.environ, **box.environment()}
    program = subprocess.Popen([sys.executable, "-c", SCRIPT], env=environment, stdout=-1, stderr=-1, text=True)
    assert box.wait_until(lambda counters: counters.running == 1, 30)
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=30)
    hold.release()
    assert program.returncode == -signal.SIGINT
    assert errors.strip().endswith("KeyboardInterrupt")
    assert "never awaited" not in errors
    assert "Unclosed" not in errors


STARTING = """
import asyncio, os, signal, threading
import mixpanel_headless as mp

interrupted = threading.Event()

def interrupt(*_):
    interrupted.set()
    raise KeyboardInterrupt

class InterruptedAtItsStart(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self):
        if threading.current_thread() is not threading.main_thread():
            os.kill(os.getpid(), signal.SIGINT)
            interrupted.wait(30)
        return super().new_event_loop()

signal.signal(signal.SIGINT, interrupt)
asyncio.set_event_loop_policy(InterruptedAtItsStart())
ws = mp.Workspace()
try:
    ws.events()
except KeyboardInterrupt:
    print(ws.events())
"""


def test_ctrl_c_while_the_event_loop_starts_is_raised_and_leaves_the_workspace_usable(box: Sandbox) -> None:
    environment = {**os.environ, **box.environment()}
    done = subprocess.run(
        [sys.executable, "-c", STARTING], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert "Login" in done.stdout


def test_a_workspace_that_cannot_start_says_why(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mixpanel_headless.transport", None)
    with box.workspace() as ws, pytest.raises(ImportError, match="transport"):
        ws.events()
