"""Whatever stands in the body of a change, the sandbox refuses it or takes it, and does not fail."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.sandbox.kinds import kinds

if TYPE_CHECKING:
    from mixpanel_headless.sandbox import Sandbox
    from tests.sandbox.conftest import Caller

SEED = 77
OTHERS = (
    "alerts/custom/test", "alerts/custom/validate-alerts-for-bookmark", "bookmarks", "bookmarks/1", "bookmarks/bulk-delete",
    "bookmarks/bulk-update", "business-context", "custom_events", "custom_properties/validate", "dashboards/blueprints",
    "dashboards/blueprints/cohorts", "dashboards/blueprints/finish", "dashboards/rca", "data-definitions/data-volume-anomalies",
    "data-definitions/data-volume-anomalies/bulk", "data-definitions/events",
    "data-definitions/events/deletion-requests/preview-filters", "data-definitions/lookup-tables", "data-definitions/properties",
    "data-definitions/schema", "schemas", "schemas/event/Order", "webhooks/test",
)  # fmt: skip
FIELDS = (
    "id", "ids", "toy_ids", "bookmark_ids", "dashboard_ids", "alert_ids", "name", "title", "rows", "content", "contents", "cohorts",
    "cards", "dashboard_id", "template_type", "rca_source_id", "rca_source_data", "duplicate", "tags", "date", "description",
    "subscriptions", "condition", "bookmark_id", "bookmark_params", "metrics", "behaviors", "definition", "status", "anomalies",
    "anomalyClass", "entries", "truncate", "entityType", "properties", "events", "customEventId", "displayFormula",
    "composedProperties", "behavior", "data-group-id", "data-group-ids", "eventName", "event_name", "fromDate", "filters", "users",
    "success", "delete", "key", "ruleset", "type", "params", "url", "frequency", "paused", "resourceType", "bookmarks",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 0, 1, -5, 1.5, 10**30, "", "x", "1", "\x00", [], [1], [[1]], [None], ["x"], {}, {"id": 1}, {"id": []}, [{}],
    [{"id": 1}, {"id": 1}], [{"id": []}], [{"contents": 5}], [{"contents": [5]}], {"action": "create", "content_type": "text"},
    {"action": "create", "content_type": "report", "content_params": {"source_bookmark_id": []}},
)  # fmt: skip


@pytest.mark.parametrize("path", [*sorted(kinds()), *(f"{path}/2002" for path in sorted(kinds())), *OTHERS])
def test_junk_in_a_body_is_no_failure_of_the_sandbox(path: str, box: Sandbox, ask: Caller) -> None:
    draw = random.Random(f"{SEED} {path}")
    for _ in range(80):
        verb = draw.choice(("POST", "PATCH", "PUT", "DELETE"))
        body = {name: draw.choice(VALUES) for name in draw.sample(FIELDS, draw.choice((1, 2, 4, 20)))}
        document: Any = draw.choice((body, body, body, draw.choice(VALUES)))
        place = f"/api/app/projects/{box.project}/{path}/"
        answer = ask.send(verb, place, json.dumps(document).encode(), {"Content-Type": "application/json"})
        assert answer.status < 500 or answer.status == 501, f"{verb} {path} {document} of seed {SEED}"
        assert not any(one.status == 500 for one in box.requests)
