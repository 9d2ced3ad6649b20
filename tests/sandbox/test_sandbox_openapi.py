"""What Mixpanel's OpenAPI documents allow to be asked, asked of the sandbox; its answers keep to their schemas."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import response_schema_conformance

from mixpanel_headless.sandbox import Sandbox
from tests.sandbox.conftest import EVENTS, NOW, PROFILES, total_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    Case = schemathesis.Case[Any]

DATA = Path(__file__).parents[1] / "data" / "openapi"
QUERY = schemathesis.openapi.from_path(DATA / "query.openapi.yaml").exclude(path="/jql")  # scripts are not run here
EXPORT = schemathesis.openapi.from_path(DATA / "export.openapi.yaml")
few = settings(max_examples=12, derandomize=True, database=None, suppress_health_check=list(HealthCheck))

STEPS: list[dict[str, Any]] = [{"type": "event", "name": name, "filters": []} for name in ("Login", "Purchase")]
FUNNEL = {
    "sections": {
        "show": [
            {"behavior": {"type": "funnel", "behaviors": STEPS}, "measurement": {"math": "conversion_rate_unique"}}
        ]
    }
}
REPORTS = [
    {"id": 1, "name": "Purchases", "type": "insights", "params": total_of("Purchase")},
    {"id": 2, "name": "Login to purchase", "type": "funnels", "params": FUNNEL},
]
REFUSED = {400, 404, 405, 501}
DAYS = {"from_date": "2026-01-05", "to_date": "2026-01-07"}
COUNTED = {"event": "Purchase", "type": "general", "unit": "day"} | DAYS
SUMMED = {"event": "Purchase", "unit": "day", "on": 'properties["amount"]'} | DAYS
ASKED: dict[str, dict[str, Any]] = {
    "/insights": {"bookmark_id": 1},
    "/funnels": {"funnel_id": 2, **DAYS},
    "/funnels/list": {},
    "/retention": {"born_event": "Login", "event": "Purchase", "retention_type": "birth", "unit": "day", **DAYS},
    "/retention/addiction": {"event": "Login", "unit": "day", "addiction_unit": "hour", **DAYS},
    "/segmentation": {"on": 'properties["plan"]', "where": 'properties["amount"] > 5', **COUNTED},
    "/segmentation/numeric": SUMMED,
    "/segmentation/sum": SUMMED,
    "/segmentation/average": SUMMED,
    "/stream/query": {"distinct_ids": '["u1","u2"]', **DAYS},
    "/cohorts/list": {},
    "/engage": {},
    "/events": {**COUNTED, "event": '["Purchase","Login"]'},
    "/events/top": {"type": "general", "limit": 5},
    "/events/names": {"type": "general", "limit": 5},
    "/events/properties": {"name": "plan", **COUNTED},
    "/events/properties/top": {"event": "Purchase", "limit": 5},
    "/events/properties/values": {"event": "Purchase", "name": "plan", "limit": 5},
}
"""What means something in the small project, for each address of the document."""


STEP = QUERY.raw_schema["paths"]["/funnels"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
STEP = STEP["properties"]["data"]["additionalProperties"]["properties"]["steps"]["items"]["properties"]
for name in ("avg_time", "avg_time_from_start"):
    STEP[name]["nullable"] = True  # its own description says so: "null for step 0"
PROFILE = QUERY.raw_schema["paths"]["/engage"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
PROFILE["properties"]["results"]["items"]["properties"]["$distinct_id"]["type"] = "string"  # as it is everywhere else

an_hour_later = count(0.0, 3600.0).__next__
"""A clock that leaves every window empty, so that no question is refused for its rate."""


@pytest.fixture(scope="module")
def service() -> Iterator[Sandbox]:
    with Sandbox(EVENTS, PROFILES, reports=REPORTS, now=NOW, clock=an_hour_later) as box:
        yield box


@QUERY.parametrize()
@few
def test_a_query_of_the_document_is_refused_or_answered_as_it_says(case: Case, service: Sandbox) -> None:
    assert send(case, "/api/query", service) in {200, *REFUSED}


@EXPORT.parametrize()
@few
def test_an_export_of_the_document_is_refused_or_answered_as_it_says(case: Case, service: Sandbox) -> None:
    assert send(case, "/api/2.0", service) in {200, *REFUSED}


@pytest.mark.parametrize("path", sorted(ASKED))
def test_a_question_with_data_is_answered_as_the_document_says(path: str, service: Sandbox) -> None:
    method = "POST" if path in {"/cohorts/list", "/engage"} else "GET"
    form: dict[str, Any] = {"body": {"where": 'properties["$city"] == "Oslo"'}} if path == "/engage" else {}
    case = QUERY[path][method].Case(query={"project_id": service.project, **ASKED[path]}, **form)
    assert send(case, "/api/query", service) == 200


def send(case: Case, base: str, service: Sandbox) -> int:
    """The status of the answer; the document's schema describes the body of a success."""
    if "project_id" in case.query:
        case.query["project_id"] = service.project  # others are refused before anything else is looked at
    answer = case.call(base_url=service.url + base, auth=(service.username, service.secret))
    if answer.status_code == 200:
        case.validate_response(answer, checks=[response_schema_conformance])
    return answer.status_code
