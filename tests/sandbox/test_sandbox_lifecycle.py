"""Opening and closing: by `with`, by `async with`, twice, side by side, and on a port that is taken."""

from __future__ import annotations

import http.client
import json
import math
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

import mixpanel_headless as mp
from mixpanel_headless.engine import Engine, EventFileError, Project
from mixpanel_headless.errors import ClosedError, ConfigError, InvalidArgumentError
from mixpanel_headless.sandbox import Hold, Sandbox
from tests.boxes import event
from tests.sandbox.conftest import EVENTS, NAMES, NOW, PROFILES, caller, total_of

Opener = Callable[..., Sandbox]


def threads_of_boxes() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sandbox")]


def test_a_box_answers_inside_its_block_and_leaves_nothing_running() -> None:
    with Sandbox(EVENTS, now=NOW) as box:
        url = box.url
        assert caller(box).get(NAMES).status == 200
        assert threads_of_boxes()
    assert threads_of_boxes() == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))


async def test_an_async_block_does_the_same() -> None:
    async with Sandbox(EVENTS, now=NOW) as box:
        answer = await anyio.to_thread.run_sync(caller(box).get, NAMES)
        assert answer.json == ["Login", "Purchase"]
    assert threads_of_boxes() == []


async def test_cancelling_an_async_block_leaves_nothing_running() -> None:
    with anyio.move_on_after(0):
        async with Sandbox(EVENTS, now=NOW):
            await anyio.sleep_forever()
    assert threads_of_boxes() == []


def test_an_error_inside_the_block_closes_the_box() -> None:
    with pytest.raises(ZeroDivisionError), Sandbox(EVENTS):
        1 / 0  # noqa: B018
    assert threads_of_boxes() == []


def test_the_log_can_be_read_after_the_box_has_closed() -> None:
    with Sandbox(EVENTS, now=NOW) as box:
        caller(box).get(NAMES)
    assert (box.counted, len(box.requests)) == (1, 1)
    with pytest.raises(ClosedError):
        _ = box.url
    with pytest.raises(ClosedError):
        _ = box.engine


def test_closing_ends_a_query_that_still_waits() -> None:
    box = Sandbox(EVENTS, now=NOW).open()
    box.inject(Hold())
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(caller(box).get, NAMES)
        assert box.wait_until(lambda counters: counters.running == 1)
        box.close()
        assert held.result().status == 200
    assert threads_of_boxes() == []


def test_closing_cuts_an_answer_that_is_far_off(caplog: pytest.LogCaptureFixture) -> None:
    box = Sandbox(EVENTS, now=NOW, latency=600.0).open()
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(caller(box).get, NAMES)
        assert box.wait_until(lambda counters: counters.running == 1)
        box.close()
        with pytest.raises(http.client.RemoteDisconnected):
            late.result()
    assert [(line.status, line.counted) for line in box.requests] == [(None, True)]
    assert (threads_of_boxes(), caplog.text) == ([], "")


def test_closing_twice_is_harmless_and_opening_twice_is_refused() -> None:
    box = Sandbox(EVENTS).open()
    with pytest.raises(ClosedError):
        box.open()
    box.close()
    box.close()
    assert threads_of_boxes() == []


def test_a_closed_box_can_be_opened_again_with_a_fresh_account() -> None:
    box = Sandbox(EVENTS, now=NOW)
    for _ in range(2):
        with box:
            caller(box).get(NAMES)
            assert box.counted == 1


def test_two_boxes_side_by_side_know_nothing_of_each_other(open_box: Opener) -> None:
    one, other = open_box(limit=1), open_box(events=[event("Signup", "u9", "2026-01-07T00:00:00")], project=7)
    assert caller(one).get(NAMES).json == ["Login", "Purchase"]
    assert caller(other).get(NAMES, project_id=7).json == ["Signup"]
    assert caller(one).get(NAMES).status == 429
    assert caller(other).get(NAMES, project_id=7).status == 200
    assert caller(other, caller(one).authorization).get(NAMES, project_id=7).status == 401


def test_a_port_that_is_taken_is_named_with_the_way_out(open_box: Opener) -> None:
    port = int(open_box().url.rpartition(":")[2])
    with pytest.raises(ConfigError, match=f"Port {port} is already in use. Give another port") as caught:
        Sandbox(EVENTS, port=port).open()
    assert (caught.value.code, caught.value.details) == ("PORT_IN_USE", {"port": port})


def test_a_box_that_could_not_open_leaves_nothing_running() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError):
        Sandbox(EVENTS, port=taken.getsockname()[1]).open()
    assert threads_of_boxes() == []


def test_files_and_rows_can_be_mixed(tmp_path: Path, open_box: Opener) -> None:
    file = tmp_path / "export.jsonl"
    file.write_text(json.dumps(event("Refund", "u1", "2026-01-07T12:00:00")) + "\n")
    box = open_box(events=[file, *EVENTS])
    assert (box.contents.events, box.contents.profiles) == (9, 1)
    assert caller(box).get(NAMES).json == ["Login", "Purchase", "Refund"]


def test_columns_say_where_a_csv_keeps_user_event_and_time(tmp_path: Path, open_box: Opener) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("who,what,at\nu1,Visit,2026-01-07T10:00:00\nu2,Visit,2026-01-07T11:00:00\n")
    columns = {"user_column": "who", "event_column": "what", "time_column": "at"}
    assert caller(open_box(events=[str(file)], columns=columns)).get(NAMES).json == ["Visit"]


def test_a_file_that_is_not_events_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_text(json.dumps(EVENTS[0]) + "\n{nonsense\n")
    with pytest.raises(EventFileError, match=r"broken\.jsonl, line 2: "):
        Sandbox([file]).open()
    assert threads_of_boxes() == []


def test_an_engine_of_ones_own_stays_open() -> None:
    engine = Engine(Project(id=12345, now=NOW))
    engine.add_events(EVENTS)
    engine.add_profiles(PROFILES)
    with Sandbox(engine=engine) as box:
        assert box.engine is engine
        assert caller(box).get(NAMES).status == 200
    assert engine.insights(total_of("Login"))["series"]
    engine.close()


def test_without_events_the_box_holds_the_generated_shop() -> None:
    today = NOW.date()
    bookmark = total_of("Sign Up")
    bookmark["sections"]["time"] = [
        {"dateRangeType": "between", "unit": "day", "value": [str(today - timedelta(days=60)), str(today)]}
    ]
    bookmark["displayOptions"]["chartType"] = "bar"
    with Sandbox(now=NOW) as box:
        answer = caller(box).insights(bookmark)
    assert answer.json["series"] == {"Sign Up [Total Events]": {"all": 1200}}
    assert box.counted == 1


def test_the_environment_points_another_process_at_the_box(open_box: Opener) -> None:
    box = open_box(limit=9, window=0.5, concurrency=2)
    variables = box.environment()
    assert variables["MP_API_BASE_URL"] == box.url
    assert (variables["MP_USERNAME"], variables["MP_SECRET"]) == ("sandbox", box.secret)
    assert (variables["MP_LIMIT_QUERY"], variables["MP_LIMIT_QUERY_WINDOW"]) == ("9", "0.5")
    assert variables["MP_LIMIT_QUERY_CONCURRENCY"] == "2"


def test_what_other_processes_keep_of_a_box_is_gone_with_it() -> None:
    with Sandbox([]) as box:
        folder = Path(box.environment()["MP_STATE_DIR"])
        assert folder == Path(box.environment()["MP_STATE_DIR"])
        (folder / "budget").touch()
    assert not folder.exists()


def test_a_listener_that_fails_does_not_hurt_the_answer(open_box: Opener, caplog: pytest.LogCaptureFixture) -> None:
    box = open_box(on_request=lambda line: 1 / 0)
    assert caller(box).get(NAMES).status == 200
    assert "ZeroDivisionError" in caplog.text


def test_two_boxes_never_share_a_secret_and_none_shows_it(open_box: Opener) -> None:
    one, other = open_box(), open_box()
    assert one.secret != other.secret
    assert one.secret not in f"{one!r} {one.service!r} {one.service.rules!r}"


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"limit": 1.5},
        {"window": 0},
        {"window": math.inf},
        {"window": math.nan},
        {"concurrency": 0},
        {"latency": -1.0},
        {"limit": 10**5000},
        {"shape": "leaky"},
        {"shape": ["fixed"]},
        {"project": "abc"},
        {"project": -5},
        {"project": None},
        {"port": 70_000},
        {"port": "http"},
        {"username": "a:b"},
        {"secret": "two\nlines"},
        {"secret": b"bytes"},
        {"history_days": "ten"},
        {"columns": {"user": "who"}},
        {"timezone": 5},
        {"now": "2026-01-08"},
        {"now": datetime(2026, 1, 8)},  # noqa: DTZ001 - it has no zone
        {"clock": 5},
        {"on_request": "print"},
        {"engine": 5},
        {"events": "export.jsonl"},
        {"events": None},
        {"profiles": 5},
    ],
)
def test_options_that_make_no_sense_are_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=next(iter(options))) as caught:
        Sandbox(**options)
    assert caught.value.hint


@pytest.mark.parametrize("item", [5, None, b"export.jsonl", ["E"]])
def test_a_row_that_is_neither_file_nor_object_is_refused_by_its_place(item: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="Item 1"):
        Sandbox([EVENTS[0], item]).open()
    assert threads_of_boxes() == []


def test_a_secret_that_cannot_be_used_is_not_shown() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Sandbox(secret="hush\nhush")
    assert "hush" not in str(caught.value)


def test_changes_by_its_workspaces_are_told_in_a_log_of_its_own_that_goes_with_it() -> None:
    with Sandbox([]) as box:
        folder = Path(box.environment()["MP_STATE_DIR"])
        with box.workspace() as ws:
            ws.create_cohort(mp.CreateCohortParams(name="a"))
            assert [row.kind for row in ws.audit.log()] == ["intent", "outcome"]
        assert list((folder / "audit").glob("*.jsonl"))
    assert not folder.exists()
