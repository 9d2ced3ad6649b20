"""Arguments of every call: junk is refused by its name before anything is sent, never in somebody else's words."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.operation import Named

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_headless.sandbox import Sandbox

HALF = "\ud800"
DAYS = {"from_date": "2026-01-05", "to_date": "2026-01-07"}


def nested(depth: int) -> list[Any]:
    tree: list[Any] = []
    for _ in range(depth):
        tree = [tree]
    return tree


JUNK: list[Any] = [None, HALF, [HALF], 10**5000, object(), nested(5000), {1: 2}, {"a": HALF}, b"x", len]
CALLS = sorted(
    name
    for name in dir(mp.Workspace)
    if name[0] != "_" and isinstance(inspect.getattr_static(mp.Workspace, name), Named)
)


@pytest.fixture(scope="module")
def ws(request: pytest.FixtureRequest) -> Iterator[mp.Workspace]:
    from mixpanel_headless.sandbox import Sandbox
    from tests.client.conftest import EVENTS, NOW

    limits = mp.Limits(query=10**6, export=10**6, export_rate=10**6, schemas=10**6)
    with Sandbox(events=EVENTS, now=NOW, limit=10**6) as box, box.workspace(cache="off", limits=limits) as workspace:
        yield workspace.with_options(deadline=60)


def sound(parameter: inspect.Parameter) -> Any:
    """Something for an argument that must be given, of about the right kind."""
    annotation = str(parameter.annotation)
    if parameter.name in DAYS:
        return DAYS[parameter.name]
    if annotation.startswith("Sequence"):
        return []
    return {} if "Params" in annotation or annotation.startswith("Mapping") else 1 if annotation == "int" else "Login"


@pytest.mark.parametrize("name", CALLS)
def test_junk_in_any_argument_is_an_error_of_ours_or_of_no_account(
    ws: mp.Workspace, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call = getattr(ws, name)
    parameters = inspect.signature(call).parameters
    needed = {one.name: sound(one) for one in parameters.values() if one.default is one.empty}
    strangers = []
    for argument in parameters:
        for junk in JUNK:
            arguments = {**needed, argument: junk}
            first = [arguments.pop(one.name) for one in parameters.values() if one.kind is one.POSITIONAL_ONLY]
            try:
                answer = call(*first, **arguments)
                if isinstance(answer, Iterator):
                    next(answer, None)
            except mp.MixpanelHeadlessError:
                continue
            except Exception as error:  # each of them is told
                strangers.append(f"{argument}={type(junk).__name__}: {type(error).__name__}: {error!a}"[:200])
    assert strangers == []


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("bulk_delete_alerts", {"ids": None}, "ids is None; it must be a list, of an id each"),
        ("bulk_delete_alerts", {"ids": 5}, "ids is 5; it must be a list"),
        ("bulk_delete_alerts", {"ids": "15"}, "ids is '15'; it must be a list"),
        ("bulk_delete_alerts", {"ids": [1, None]}, "ids is "),
        ("bulk_delete_alerts", {"ids": [True]}, "ids is "),
        ("get_dashboard", {"dashboard_id": HALF}, "is '.ud800'"),
        ("get_experiment", {"experiment_id": HALF}, "is '.ud800'"),
        ("create_dashboard", {"params": None}, "params is None; give it"),
        ("create_dashboard", {"params": {1: 2}}, "params names a field 1"),
        ("create_dashboard", {"params": {"title": HALF}}, "surrogates"),
        ("property_values", {"property_name": HALF}, "property_name is '.ud800'"),
        ("segmentation", {"event": HALF, **DAYS}, "event is '.ud800'"),
        ("activity_feed", {"distinct_ids": ["u1"], "limit": {"a": 1}}, "limit is {'a': 1}; it must be a whole number"),
        ("create_schema", {"entity_type": "event", "entity_name": "a", "schema_json": {"a": nested(3000)}}, "too deep"),
        ("set_business_context", {"content": 5}, "content is 5; it must be text"),
        ("create_schema", {"entity_type": "event", "entity_name": "a", "schema_json": {"a": 10**5000}}, "no JSON"),
        ("get_dashboard", {"dashbord_id": 1}, "takes no dashbord_id; did you mean 'dashboard_id'?"),
        ("get_dashboard", {}, "get_dashboard: missing a required argument: 'dashboard_id'"),
        ("stream_events", {**DAYS, "evnts": ["a"]}, "takes no evnts; did you mean 'events'?"),
        ("stream_events", {"from_date": "2026-01-07", "to_date": "2026-01-05"}, "is after to_date"),
        ("stream_profiles", {"behaviors": [{"a": float("nan")}]}, "cannot be written as JSON"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_sent(
    box: Sandbox, name: str, arguments: dict[str, Any], told: str
) -> None:
    with box.workspace() as ws, pytest.raises(mp.InvalidArgumentError, match=told):
        next(getattr(ws, name)(**arguments))
    assert box.requests == []


def test_half_a_character_is_told_in_a_dry_run_as_well(box: Sandbox) -> None:
    with box.workspace() as ws, ws.dry_run() as plan, pytest.raises(mp.InvalidArgumentError, match="surrogates"):
        ws.create_dashboard(mp.CreateDashboardParams(title=HALF))
    assert plan.changes == []


def test_a_planned_call_with_any_argument_has_a_name(ws: mp.Workspace) -> None:
    for junk in JUNK:
        assert str(mp.later(ws.create_schema, "event", "a", junk)).startswith("create_schema('event', 'a', ")


def test_a_wrong_name_is_a_type_error_as_everywhere_in_python(box: Sandbox) -> None:
    with box.workspace() as ws, pytest.raises(TypeError):
        ws.query("Purchase", lats=30)  # type: ignore[call-arg]


def test_an_id_may_be_a_number_or_its_digits(box: Sandbox) -> None:
    with box.workspace() as ws:
        board = ws.create_dashboard(mp.CreateDashboardParams(title="Growth"))
        asked: Any = str(board.id)
        assert ws.get_dashboard(asked).title == "Growth"
