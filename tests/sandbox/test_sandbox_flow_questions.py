"""Questions about flows, asked by the client and answered by the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixpanel_headless.sandbox import Sandbox

DAYS: dict[str, Any] = {"from_date": "2026-01-05", "to_date": "2026-01-05"}


def event(name: str, user: int, hour: int) -> dict[str, Any]:
    moment = datetime(2026, 1, 5, hour, tzinfo=UTC)
    signup = f"2026-01-0{user + 1}T10:00:00"
    properties = {"distinct_id": f"u{user}", "time": int(moment.timestamp()), "n": user, "signup": signup}
    return {"event": name, "properties": properties}


EVENTS = [
    *(event("Join", user, 1) for user in range(6)),
    *(event("Visit", user, 2) for user in range(4)),
    *(event("Buy", user, 3) for user in range(2)),
]


@pytest.fixture
def ws(open_box: Callable[..., Sandbox]) -> Iterator[mp.Workspace]:
    with open_box(events=EVENTS, profiles=(), now=datetime(2026, 1, 8, tzinfo=UTC)).workspace() as ws:
        yield ws


def test_a_sankey_tells_where_users_go_and_where_they_stop(ws: mp.Workspace) -> None:
    flow = ws.query_flow("Join", **DAYS)
    assert flow.top_transitions(2) == [("Join@0", "Visit@1", 4), ("Join@0", "DROPOFF@1", 2)]
    assert flow.drop_off_summary()["step_0"] == {"total": 6, "dropoff": 2, "rate": pytest.approx(1 / 3)}


def test_paths_and_trees_tell_the_same_users_in_their_own_way(ws: mp.Workspace) -> None:
    paths = ws.query_flow("Join", mode="paths", **DAYS)
    assert [row[1:3] + row[4:] for row in paths.table if row[0] == 2] == [
        (0, "Join", 6),
        (1, "Visit", 4),
        (2, "Buy", 2),
    ]
    (tree,) = ws.query_flow("Join", mode="tree", **DAYS).trees
    assert tree.render() == "Join (6)\n└── Visit (4)\n    └── Buy (2)\n"


@pytest.mark.parametrize(
    ("condition", "users"),
    [
        (mp.Filter.less_than("n", 3), 3),
        (mp.Filter.not_between("n", 1, 4), 2),
        (mp.Filter.on("signup", "2026-01-03"), 1),
        (mp.Filter.not_on("signup", "2026-01-03"), 5),
        (mp.Filter.date_not_between("signup", "2026-01-01", "2026-01-02"), 4),
        (mp.Filter.in_the_last("signup", 2, "day"), 1),
        (mp.Filter.not_in_the_last("signup", 2, "day"), 5),
    ],
    ids=lambda value: getattr(value, "operator", None),
)
def test_a_condition_of_a_step_chooses_who_starts(ws: mp.Workspace, condition: mp.Filter, users: int) -> None:
    flow = ws.query_flow(mp.FlowStep("Join", filters=condition), **DAYS)
    assert flow.nodes.to_dicts()[0]["count"] == users
