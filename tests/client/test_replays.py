"""Session recordings: found, signed, fetched, and read as far as they go, however damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mixpanel_headless as mp
from mixpanel_headless.replays.actions import analyze
from mixpanel_headless.replays.bundle import ReplayBundle, page_of
from mixpanel_headless.replays.recording import make_replay

if TYPE_CHECKING:
    from tests.answering import Answering

START = 1767261600000


def node(identity: int, tag: str, *children: Any, **attributes: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    return {"type": 2, "id": identity, "tagName": tag, "attributes": named, "childNodes": list(children)}


def text(identity: int, said: str) -> dict[str, Any]:
    return {"type": 3, "id": identity, "textContent": said}


def snapshot(at: int, *nodes: Any) -> dict[str, Any]:
    return {"type": 2, "timestamp": START + at, "data": {"node": node(1, "body", *nodes)}}


def visit(at: int = 0) -> dict[str, Any]:
    return {"type": 4, "timestamp": START + at, "data": {"href": "https://shop.example.com/cart/9?x=1"}}


def point(at: int, target: int, kind: int = 2) -> dict[str, Any]:
    return {"type": 3, "timestamp": START + at, "data": {"source": 2, "type": kind, "id": target}}


def screen(at: int, said: str) -> dict[str, Any]:
    payload = {"elements": [{"role": "button", "text": said, "bounds": [0, 0, 100, 50]}], "viewport": [400, 800]}
    return {"type": 5, "timestamp": START + at, "data": {"tag": "mp_wireframe", "payload": payload}}


def tap(at: int, x: float = 10.0) -> list[dict[str, Any]]:
    place = {"source": 2, "id": 1, "x": x, "y": 10.0}
    return [{"type": 3, "timestamp": START + at + kind, "data": {**place, "type": kind}} for kind in (7, 9)]


def bundle(events: list[Any]) -> ReplayBundle:
    replay = make_replay(events, replay_id="r1", distinct_id="ada", project_id=12345, retention_days=30)
    assert replay is not None
    return ReplayBundle(project_id=12345, replays=[replay])


def signed(service: Answering, name: str = "r1", key: str = "Signature=s3cr3t") -> dict[str, Any]:
    return {"results": [{"replay_id": name, "url": f"{service.url}/cdn/{name}/", "query_string": key}]}


def told(events: list[Any]) -> list[str]:
    return [action.description for action in analyze(events)]


def test_a_recording_is_fetched_file_by_file_without_credentials(service: Answering) -> None:
    page = [visit(), snapshot(1, node(2, "button", text(3, "Pay"))), point(10, 2), point(20, 2)]
    service.tell(signed(service)).tell(page, path="0000-30").tell([point(2000, 2)], path="0001-30").tell("", 404)
    with service.workspace() as ws:
        replay = ws.fetch_replay("r1", retention_days=30, cdn_concurrency=1)
    assert replay.summary_markdown.splitlines() == [
        "1767261600: Navigated to https://shop.example.com/cart/9?x=1",
        '1767261600: Clicked button "Pay" (×3)',
    ]
    assert [asked.authorization is None for asked in service.asked] == [False, True, True, True]
    assert ("Signature", "s3cr3t") in service.asked[1].params


def test_a_refused_address_is_signed_once_more_and_then_given_up(service: Answering) -> None:
    service.tell(signed(service)).tell("no", 403, path="/cdn/")
    service.tell(signed(service), path="/sign/").tell([visit()], path="0000").tell("", 404)
    with service.workspace() as ws:
        assert ws.fetch_replay("r1", retention_days=30, cdn_concurrency=1).page_path()
        service.tell(signed(service), path="/sign/").tell("no", 403, path="/cdn/")
        service.tell(signed(service), path="/sign/").tell("no", 403, path="/cdn/")
        with pytest.raises(mp.SignedURLExpiredError) as caught:
            ws.fetch_replay("r1", retention_days=30, cdn_concurrency=1)
    assert "s3cr3t" not in f"{caught.value} {caught.value.to_dict()} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    "ask",
    [
        lambda ws: ws.sign_replay("r1", env="staging"),  # sign_replay/bad_env_after_request
        lambda ws: ws.fetch_replay("r1", retention_days=60),  # fetch_replay/bad_retention_after_download
        lambda ws: list(ws.stream_replay("r1", retention_days=60)),  # stream_replay/any_retention_value
    ],
)
def test_what_no_recording_has_is_refused_before_anything_is_sent(service: Answering, ask: Any) -> None:
    with service.workspace() as ws, pytest.raises(mp.ParamValidationError):
        ask(ws)
    assert service.sent == []


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda ws: ws.list_replays(), "WR4_REPLAY_SELECTOR_REQUIRED"),
        (lambda ws: ws.list_replays(distinct_id="u1", replay_ids=["r1"]), "WR4_REPLAY_SELECTOR_REQUIRED"),
        (lambda ws: ws.list_replays(distinct_id="u1", from_date="2026-01-05"), "WR5_DATE_RANGE_REQUIRED"),
        (lambda ws: ws.events_for_replay("r1", event_properties=list("abcdef")), "WR1_TOO_MANY_EVENT_PROPERTIES"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(service: Answering, ask: Any, code: str) -> None:
    with service.workspace() as ws, pytest.raises(mp.ParamValidationError) as caught:
        ask(ws)
    assert caught.value.code == code
    assert service.sent == []


@pytest.mark.parametrize("rows", [[], [{"replay_id": "r1"}]])
def test_an_address_that_is_not_whole_is_an_error_of_ours(service: Answering, rows: list[Any]) -> None:
    """sign_replay/empty_answer_index_error, sign_replay/missing_url_key_error."""
    service.tell({"results": rows})
    with service.workspace() as ws, pytest.raises(mp.MixpanelHeadlessError):
        ws.sign_replay("r1")


def test_the_replay_error_comes_on_replay_calls_only(service: Answering) -> None:
    """list_dashboards/403_replay_flag_in_body, get_event_definitions/replay_flag_403."""
    flagged = {"status": "error", "error": "SESSION_RECORDING_SENSITIVE_DATA is on"}
    for _ in range(3):
        service.tell(flagged, 403)
    with service.workspace() as ws:
        for ask in (ws.list_dashboards, lambda: ws.get_event_definitions(names=["x"])):
            with pytest.raises(mp.QueryError) as caught:
                ask()
            assert not isinstance(caught.value, mp.SessionReplayAccessError)
        with pytest.raises(mp.SessionReplayAccessError):
            ws.sign_replay("r1")
        service.tell(flagged, 403)
        with pytest.raises(mp.SessionReplayAccessError):
            ws.query("Login", last=3)


def test_recordings_that_tell_no_time_are_named_in_a_warning(service: Answering) -> None:
    """list_replays/skips_unusable."""
    rows = {"$overall": {"all": 1}, "r1": {"30": {"all": 1767261600}}, "r2": {"30": {"all": None}}, "r3": 7}
    service.tell({"headers": [], "series": {"Minimum of $time": {**rows, "r4": {"365": {"all": "1767261601"}}}}})
    with service.workspace() as ws, pytest.warns(UserWarning, match="r2"):
        found = ws.list_replays(replay_ids=["r1", "r2", "r3", "r4"])
    assert [(one.replay_id, one.start_time, one.retention_days) for one in found][:2] == [
        ("r1", START, 30),
        ("r3", 7000, 30),
    ] or [one.replay_id for one in found] == ["r1", "r4"]


def test_every_event_that_was_counted_comes_and_digits_are_times(service: Answering) -> None:
    """events_for_replay/count_is_ignored, events_for_replay/time_key_forms."""
    series = {
        "All": {"1767261606": {"Visit": {"r1": {"all": 1}}}, "2026-01-01T10:00:05": {"Order": {"r1": {"all": 3}}}}
    }
    service.tell({"headers": [], "series": series})
    with service.workspace() as ws:
        events = ws.events_for_replay("r1")
    assert [event.event_name for event in events] == ["Order"] * 3 + ["Visit"]
    assert events[-1].event_time == 1767261606


@pytest.mark.parametrize(
    "damage",
    [
        {"type": 2, "timestamp": START + 5, "data": {"node": {"type": 2, "id": 9, "tagName": None}}},
        {"type": 2, "timestamp": START + 5, "data": {"node": {"type": 2, "id": 9, "tagName": "a", "childNodes": None}}},
        {"type": 6, "timestamp": START + 5, "data": {"plugin": "rrweb/console@1", "payload": None}},
        {"type": 3, "timestamp": START + 5, "data": {"source": 0, "adds": [None], "removes": [3], "texts": None}},
    ],
)
def test_a_damaged_recording_is_read_as_far_as_it_goes(damage: dict[str, Any]) -> None:
    """fetch_replay/analyzer_crashes_on_null_tag_name, ..._children, ..._console_payload, ..._mutation_add."""
    assert told([visit(), damage, visit(10)])[-1] == "Navigated to https://shop.example.com/cart/9?x=1"


def test_a_new_page_starts_with_labels_of_its_own() -> None:
    """analyze_replay/label_cache_survives_snapshot."""
    events = [
        snapshot(0, node(2, "button", text(3, "Pay"))),
        point(10, 2),
        snapshot(20, node(2, "button", text(3, "Home"))),
        point(30, 2),
    ]
    assert told(events) == ['Clicked button "Pay"', 'Clicked button "Home"']


def test_typing_in_a_text_field_reads_as_typing() -> None:
    """analyze_replay/text_input_is_checked_false."""
    page = snapshot(0, node(2, "input", type="email"), node(3, "input", type="checkbox"))
    typed = {"type": 3, "timestamp": START + 10, "data": {"source": 5, "id": 2, "text": "a@b.co", "isChecked": False}}
    unticked = {"type": 3, "timestamp": START + 20, "data": {"source": 5, "id": 3, "text": "on", "isChecked": False}}
    assert told([page, typed, unticked]) == [
        "Entered 'a@b.co' in input type=email",
        "Set input type=checkbox to unchecked",
    ]


@pytest.mark.parametrize("tag", ["textarea", "select"])
def test_what_is_written_or_chosen_is_no_box_that_is_ticked(tag: str) -> None:
    page = snapshot(0, node(2, tag, aria_label="Format"))
    filled = {"type": 3, "timestamp": START + 10, "data": {"source": 5, "id": 2, "text": "csv", "isChecked": False}}
    assert told([page, filled]) == [f"Entered 'csv' in {tag} \"Format\""]


def test_to_move_the_focus_is_no_click_anywhere(service: Answering) -> None:
    """fetch_replays/errors_and_focus_counts."""
    page = [visit(), snapshot(1, node(2, "button", text(3, "Pay"))), point(10, 2), point(20, 2, kind=5)]
    service.tell(signed(service)).tell(page, path="0000-30").tell("", 404)
    with service.workspace() as ws:
        bundle = ws.fetch_replays(["r1"], retention_by_id={"r1": 30}, cdn_concurrency=1)
    assert bundle.sessions_df["n_clicks"].tolist() == [1]
    assert bundle.top_clicks()["count"].tolist() == [1]
    assert bundle.elements_df["url"].tolist() == ["https://shop.example.com/cart/:id"]
    assert len(bundle.replays[0].clicks_on(lambda action: True)) == 1


def test_recordings_that_cannot_be_had_are_kept_with_their_errors(service: Answering) -> None:
    service.tell(signed(service, "gone"), path="/sign/").tell("", 404, path="/cdn/gone")
    service.tell(signed(service, "r1"), path="/sign/").tell([visit()], path="0000-30").tell("", 404, path="/cdn/r1")
    with service.workspace() as ws:
        bundle = ws.fetch_replays(
            ["gone", "r1"], retention_by_id={"gone": 30, "r1": 30}, concurrency=1, cdn_concurrency=1
        )
    assert [one.replay_id for one in bundle.replays] == ["r1"]
    assert isinstance(bundle.failures["gone"], mp.ReplayNotFoundError)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.floats(allow_nan=True) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(
            ["type", "timestamp", "data", "source", "id", "node", "childNodes", "tagName", "attributes", "adds", "texts",
             "removes", "positions", "x", "y", "payload", "plugin", "level", "tag", "elements", "bounds", "viewport",
             "text", "role", "isChecked", "ranges", "start", "end", "startOffset", "endOffset", "href", "width"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=30,
)  # fmt: skip
EVENT = st.fixed_dictionaries(
    {"type": st.integers(2, 6), "timestamp": st.integers(START, START + 5000)},
    optional={
        "data": st.fixed_dictionaries({}, optional={"source": st.integers(0, 14), "type": st.integers(0, 10)}) | JSON
    },
)


@settings(max_examples=300)
@given(st.lists(EVENT | JSON, max_size=20))
def test_no_events_however_odd_make_the_reading_fail(events: list[Any]) -> None:
    actions = analyze(events)
    assert [action.timestamp for action in actions] == sorted(action.timestamp for action in actions)
    assert all(action.to_dict()["description"] is not None for action in actions)


def test_an_address_loses_what_makes_it_one_of_many() -> None:
    assert page_of("https://a.test/orders/4821/0f5a9f1e-6a5f?x=1#y") == "https://a.test/orders/:id/:id"
    assert page_of(None) == "(no-url)"


@pytest.mark.parametrize(
    ("taps", "then", "runs"),
    [
        ([0, 300, 600], [], [(3, "dead")]),
        ([0, 300, 600], [screen(1000, "Paid")], [(3, "rage")]),
        ([0, 300], [], []),
        ([0, 300, 2500, 2600], [], []),
        ([0, 300, 600, 5000, 5100, 5200, 5300], [], [(3, "dead"), (4, "dead")]),
    ],
)
def test_taps_again_and_again_about_one_place_are_told_with_what_came_of_them(
    taps: list[int], then: list[Any], runs: list[tuple[int, str]]
) -> None:
    events = [screen(-100, "Pay"), *(event for at in taps for event in tap(at, 10.0 + at % 7)), *then]
    found = bundle(events).rage_taps()
    assert list(zip(found["count"], found["kind"], strict=True)) == runs


def test_taps_far_from_each_other_are_no_run() -> None:
    events = [screen(-100, "Pay"), *tap(0, 10.0), *tap(300, 200.0), *tap(600, 10.0)]
    assert bundle(events).rage_taps().empty
