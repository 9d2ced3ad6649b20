"""The session recordings of the generated shop: found, signed, fetched, streamed and analysed without a network."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

import mixpanel_headless as mp
from mixpanel_headless.engine import generate_shop
from mixpanel_headless.sandbox import Sandbox, failing
from mixpanel_headless.sandbox.arrivals import Arrival
from mixpanel_headless.sandbox.recordings import record_shop
from mixpanel_headless.sandbox.replies import Rejected
from mixpanel_headless.sandbox.signed import Signer
from tests.sandbox.conftest import EVENTS, NOW, caller
from tests.sandbox.test_sandbox_command import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

LAST = datetime(2026, 1, 31, 12, tzinfo=UTC)
SPAN: dict[str, Any] = {"from_date": "2025-12-01", "to_date": "2026-01-31"}
SIGN = "/api/app/projects/12345/replays/sign/bulk"


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox(now=LAST, limit=1000) as box:
        yield box


@pytest.fixture
def ws(shop: Sandbox) -> Iterator[mp.Workspace]:
    with shop.workspace() as workspace:
        yield workspace


@pytest.fixture(scope="module")
def ids(shop: Sandbox) -> dict[str, str]:
    """The id of the recording around each event."""
    return {one.story.event: one.id for one in shop.contents.recordings.values()}


def test_every_recording_is_found_with_its_beginning_and_how_long_it_is_kept(
    ws: mp.Workspace, ids: dict[str, str]
) -> None:
    found = {one.replay_id: one for one in ws.list_replays(replay_ids=list(ids.values()), **SPAN)}
    assert found.keys() == set(ids.values())
    assert len(found) == 6
    for name, summary in found.items():
        replay = ws.fetch_replay(name)
        assert (replay.start_time, replay.retention_days) == (summary.start_time, summary.retention_days)
    assert [found[ids[event]].retention_days for event in ("Page View", "Login")] == [90, 30]


def test_the_events_that_came_meanwhile_lie_inside(ws: mp.Workspace, ids: dict[str, str]) -> None:
    bundle = ws.fetch_replays(list(ids.values()), include_mixpanel_events=True, event_properties=["plan"])
    for event, replay in zip(ids, bundle.replays, strict=True):
        told = [one for one in replay.mixpanel_events if one.event_name == event]
        assert told
        assert all(replay.start_time <= 1000 * one.event_time <= replay.end_time for one in replay.mixpanel_events)
        assert told[0].properties is not None
        assert told[0].properties["plan"] in {"free", "team", "business"}


def test_a_customer_who_signs_up_and_pays_is_followed(shop: Sandbox, ws: mp.Workspace, ids: dict[str, str]) -> None:
    person = shop.contents.recordings[ids["Invoice Paid"]].person
    bundle = ws.replays_for_user(person, **SPAN)
    assert {one.replay_id for one in bundle.replays} == {ids["Invoice Paid"], ids["Sign Up"]}
    assert bundle.rage_clicks()[["target_desc", "count"]].to_numpy().tolist() == [['button "Pay now"', 3]]
    assert [one.replay_id for one in bundle.error_sessions().replays] == [ids["Invoice Paid"]]
    pages = next(one for one in bundle.replays if one.replay_id == ids["Sign Up"]).page_path()
    assert [page.rpartition("/")[2] for page in pages] == ["pricing", "signup", "app"]
    assert 'Set input "I accept the terms" type=checkbox to checked' in bundle.summary_markdown


def test_what_is_typed_is_masked(ws: mp.Workspace, ids: dict[str, str]) -> None:
    told = ws.analyze_replay(ids["Support Ticket"])
    assert "Entered '*' in textarea" in told
    typed = [
        event["data"]["text"]
        for event in ws.stream_replay(ids["Support Ticket"], retention_days=30)
        if event["type"] == 3 and event["data"]["source"] == 5
    ]
    assert typed == ["*" * count for count in range(1, 61)]


def test_an_app_is_recorded_by_its_screens(ws: mp.Workspace, ids: dict[str, str]) -> None:
    replay = ws.fetch_replay(ids["Login"])
    assert replay.capture == "screenshot"
    assert replay.screen_path() == ["Welcome back", "Today", "Alerts"]


def test_the_damaged_recording_is_read_on_past_the_damage_and_as_far_as_it_goes(
    ws: mp.Workspace, ids: dict[str, str]
) -> None:
    damaged = list(ws.stream_replay(ids["Feature Used"], retention_days=30))
    told = [action.description for action in ws.fetch_replay(ids["Feature Used"]).actions]
    assert [one for one in damaged if not isinstance(one.get("timestamp"), int) or "data" not in one]
    assert told.count('Clicked button "Export"') == 2
    assert told[-1] == 'Clicked button "Export"'


def test_the_files_of_a_recording_are_the_same_whenever_they_are_fetched(ids: dict[str, str]) -> None:
    with Sandbox(now=LAST) as another, another.workspace() as ws:
        first, second = (ws.fetch_replay(ids["Sign Up"], retention_days=30).rrweb_events for _ in range(2))
        files = another.contents.recordings[ids["Sign Up"]].files()
    assert first == second == [event for file in files for event in file]
    assert len(files) > 1


def test_the_events_of_the_shop_stay_as_they_are_but_for_the_mark_of_their_recording() -> None:
    events, _ = generate_shop(end=LAST.date())
    told, recordings = record_shop(events)
    marks = dict.fromkeys(recordings, 0)
    for event in told:
        if (name := event["properties"].pop("$mp_replay_id", None)) and event["event"] != "$mp_session_record":
            marks[name] += 1
    assert [event for event in told if event["event"] != "$mp_session_record"] == events
    assert all(marks.values())


@pytest.mark.parametrize(
    "ask",
    [
        lambda ws, name: ws.fetch_replay("unknown", retention_days=30),
        lambda ws, name: ws.fetch_replay(name, retention_days=90),
        lambda ws, name: ws.fetch_replay(name, retention_days=30, env="dev"),
    ],
    ids=["of another id", "kept for other days", "of another environment"],
)
def test_a_recording_that_is_not_kept_there_is_not_found(ws: mp.Workspace, ids: dict[str, str], ask: Any) -> None:
    with pytest.raises(mp.ReplayNotFoundError, match="Nothing is kept"):
        ask(ws, ids["Sign Up"])


def test_a_sandbox_of_ones_own_events_has_no_recordings() -> None:
    with Sandbox(EVENTS, now=NOW) as box, box.workspace() as ws:
        assert ws.list_replays(replay_ids=["r1"]) == []


def test_an_address_opens_one_recording_by_its_key_alone(ws: mp.Workspace, ids: dict[str, str]) -> None:
    signed = ws.sign_replay(ids["Sign Up"])
    other = ws.sign_replay(ids["Login"])
    assert status_of(signed.file(0, 30)) == 200
    assert status_of(signed.file(99, 30)) == 404
    assert status_of(signed.file(0, 30).replace(ids["Sign Up"], ids["Login"])) == 403
    assert status_of(signed.file(0, 30).replace(signed.query_string, other.query_string)) == 403
    expires = int(LAST.timestamp()) + 300
    assert status_of(signed.file(0, 30).replace(str(expires), str(expires + 1))) == 403


def test_a_key_is_good_until_its_second_has_come() -> None:
    signer = Signer()
    key = dict(parse_qsl(signer.key("replays/prod/r/", expires=100)))
    arrival = Arrival("GET", "/signed/replays/prod/r/0000-30.json", key)
    assert signer.open(arrival, now=99.9) == "replays/prod/r/0000-30.json"
    with pytest.raises(Rejected, match="expired"):
        signer.open(arrival, now=100.0)


def test_an_address_that_is_refused_is_signed_again(shop: Sandbox, ws: mp.Workspace, ids: dict[str, str]) -> None:
    before = len(shop.requests)
    shop.inject(failing(403), path="/signed/replays/*", times=1)
    assert ws.fetch_replay(ids["Sign Up"], retention_days=30, cdn_concurrency=1).page_path()
    asked = [one.path for one in shop.requests[before:]]
    assert sum(path.endswith("/sign/bulk") for path in asked) == 2


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, "replays must be a list of objects"),
        ({"replays": [7]}, "replays must be a list of objects"),
        ({"replays": [{"replay_id": 7}]}, "replay_id must be a text"),
        ({"replays": [{"replay_id": "r", "replay_env": "test"}]}, "replay_env must be prod or dev"),
    ],
)
def test_a_body_of_another_shape_is_refused_by_the_name_of_its_field(shop: Sandbox, body: Any, complaint: str) -> None:
    answer = caller(shop).post(SIGN, body)
    assert (answer.status, answer.json["error"]) == (400, complaint)


def test_the_commands_list_analyse_and_fetch_recordings(shop: Sandbox, ids: dict[str, str]) -> None:
    person = shop.contents.recordings[ids["Sign Up"]].person
    dates = ["--from-date", SPAN["from_date"], "--to-date", SPAN["to_date"]]
    rows = json.loads(replays(shop, "list", "--distinct-id", person, *dates, "--format", "json"))
    assert {row["replay_id"] for row in rows} == {ids["Invoice Paid"], ids["Sign Up"]}
    assert 'Clicked button "Create account"' in replays(shop, "analyze", ids["Sign Up"], "--format", "plain")
    lines = replays(shop, "stream", ids["Login"], "--retention-days", "30", "--format", "jsonl").splitlines()
    assert len(lines) == len(shop.contents.recordings[ids["Login"]].files()[0])


def replays(box: Sandbox, *arguments: str) -> str:
    """What `mp replays` prints."""
    command = [sys.executable, "-W", "error", "-c", "from mixpanel_headless.cli import main; main()", "replays"]
    ended = subprocess.run(
        [*command, *arguments], env={**environment(), **box.environment()}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
