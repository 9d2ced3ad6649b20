"""The average of a retention's rows: of what is over, and of nothing that is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from mixpanel_headless import Workspace
    from mixpanel_headless.results.retention import RetentionQueryResult

BIRTH = int(datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp())
DAY = 86_400
ROWS = [
    {"event": event, "properties": {"distinct_id": user, "time": BIRTH + after, "$insert_id": f"{user}{after}"}}
    for event, user, after in [("Join", "a", 0), ("Join", "b", 0), ("Visit", "a", 3600)]
]


def ask(ws: Workspace, born: str, back: str) -> RetentionQueryResult:
    return ws.query_retention(
        born, back, retention_unit="day", bucket_sizes=[1, 2, 3], from_date="2026-01-05", to_date="2026-01-05"
    )


def test_a_bucket_that_is_over_for_nobody_has_no_average() -> None:
    with Sandbox(ROWS, now=datetime(2026, 1, 7, 1, tzinfo=UTC)) as box, box.workspace() as ws:
        answer = ask(ws, "Join", "Visit")
    assert answer.average == {"first": 2.0, "counts": [1.0, None, None], "rates": [0.5, None, None]}
    assert answer.cohorts["2026-01-05"]["counts"] == [1, 0, 0]
    assert answer.shown.rows[0][-3:] == (0.5, None, None)


def test_where_nobody_began_nobody_came_back() -> None:
    with Sandbox(ROWS, now=datetime(2026, 1, 9, tzinfo=UTC)) as box, box.workspace() as ws:
        answer = ws.query_retention(
            "Join", "Visit", retention_unit="day", bucket_sizes=[1, 2], from_date="2026-01-04", to_date="2026-01-04"
        )
    assert answer.average["rates"] == [0.0, 0.0]


def test_a_number_that_is_not_known_yet_is_no_number() -> None:
    with Sandbox(ROWS, now=datetime(2026, 1, 5, 13, 30, tzinfo=UTC)) as box, box.workspace() as ws:
        params = ws.build_retention_params("Join", "Visit", retention_unit="day", last=1)
        params["displayOptions"]["chartType"] = "bar"
        answer = ws.run_params(params)
    assert [row[-1] for row in answer.table] == [None]
