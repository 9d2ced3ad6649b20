"""The sandbox seen from outside: credentials, project, parameters, limits, error bodies, answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from mixpanel_headless.sandbox import Sandbox
from tests.sandbox.conftest import NAMES, Caller, account, caller, total_of

Opener = Callable[..., Sandbox]
DAYS = {"from_date": "2026-01-05", "to_date": "2026-01-07"}


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_an_insights_question_is_answered_by_computing(ask: Caller) -> None:
    answer = ask.insights(total_of("Purchase"))
    assert answer.status == 200
    assert answer.json["series"] == {
        "Purchase [Total Events]": {
            "2026-01-05T00:00:00+00:00": 2,
            "2026-01-06T00:00:00+00:00": 1,
            "2026-01-07T00:00:00+00:00": 0,
        }
    }


def test_the_engine_of_the_box_gives_the_same_answer(box: Sandbox, ask: Caller) -> None:
    assert ask.insights(total_of("Login")).json["series"] == box.engine.insights(total_of("Login"))["series"]


def test_names_come_commonest_first(ask: Caller) -> None:
    assert ask.get(NAMES).json == ["Login", "Purchase"]


def test_names_are_limited_to_the_days_that_are_asked_for(ask: Caller) -> None:
    assert ask.get(NAMES, from_date="2026-01-05", to_date="2026-01-05").json == ["Purchase"]


def test_top_properties_count_the_events_that_carry_them(ask: Caller) -> None:
    counts = ask.get("/api/query/events/properties/top", event="Purchase").json
    assert {name: counts[name] for name in ("amount", "plan")} == {"amount": {"count": 3}, "plan": {"count": 3}}


def test_property_values_come_commonest_first_and_stop_at_the_limit(ask: Caller) -> None:
    path = "/api/query/events/properties/values"
    assert ask.get(path, name="device", event="Login").json == ["desk", "phone"]
    assert ask.get(path, name="device", limit=1).json == ["desk"]


def test_top_events_compare_today_with_yesterday(open_box: Opener) -> None:
    from datetime import UTC, datetime

    box = open_box(now=datetime(2026, 1, 7, 23, tzinfo=UTC))
    answer = caller(box).get("/api/query/events/top", type="general").json
    assert answer["type"] == "general"
    assert {"event": "Login", "amount": 4, "percent_change": 3.0} in answer["events"]


def test_the_old_spelling_of_a_path_answers_the_same(ask: Caller) -> None:
    assert ask.get("/api/2.0/events/names").json == ask.get(NAMES).json


@pytest.mark.parametrize(
    "header", [account("sandbox", "wrong"), "Bearer wrong", "Bearer \xff", "Basic \xff", "nonsense"]
)
def test_wrong_credentials_are_refused_and_cost_nothing(box: Sandbox, header: str) -> None:
    answer = caller(box, header).get(NAMES)
    assert (answer.status, answer.json) == (401, {"request": NAMES, "error": "Unable to authenticate request"})
    assert box.counted == 0


def test_a_request_without_credentials_is_refused(box: Sandbox) -> None:
    assert Caller(box.url, None).get(NAMES).status == 401


def test_the_secret_works_as_a_bearer_token(box: Sandbox) -> None:
    assert caller(box, f"Bearer {box.secret}").get(NAMES).status == 200


def test_another_project_is_forbidden_and_costs_nothing(box: Sandbox, ask: Caller) -> None:
    in_query = ask.get(NAMES, project_id=999)
    in_body = ask.post("/api/query/insights", {"project_id": 999, "bookmark": total_of("Login")})
    assert [in_query.status, in_body.status] == [403, 403]
    assert in_query.json == {"request": NAMES, "error": "No access to project 999"}
    assert box.counted == 0


def test_a_request_that_names_no_project_is_a_bad_request(ask: Caller) -> None:
    answer = ask.send("GET", NAMES)
    assert (answer.status, answer.json["error"]) == (400, "project_id is a required parameter")


def test_an_endpoint_that_mixpanel_lacks_is_a_bad_request(ask: Caller) -> None:
    answer = ask.get("/api/2.0/nothing")
    assert (answer.status, answer.json) == (400, {"request": "/api/2.0/nothing", "error": "Invalid API endpoint"})


@pytest.mark.parametrize("path", ["/api/query/jql", "/api/query/annotations"])
def test_what_cannot_be_computed_yet_is_named_and_not_made_up(ask: Caller, path: str) -> None:
    answer = ask.get(path)
    assert answer.status == 501
    assert answer.json == {"request": path, "error": f"GET {path} is not supported by the sandbox yet"}


def test_a_saved_report_that_is_not_there_is_named(ask: Caller) -> None:
    answer = ask.get("/api/query/insights", bookmark_id=7)
    assert (answer.status, answer.json["error"]) == (404, "Bookmark 7 does not exist")


def test_a_feature_that_the_engine_lacks_is_named(ask: Caller) -> None:
    answer = ask.insights(total_of("Purchase", kind="frequency"))
    assert answer.status == 501
    assert "frequency" in answer.json["error"]


def test_the_app_says_in_its_own_words_what_it_lacks(ask: Caller) -> None:
    answer = ask.send("GET", "/api/app/nothing")
    assert answer.status == 404
    assert answer.json == {"status": "error", "error": "GET /api/app/nothing is not supported by the sandbox yet"}


def test_the_wrong_method_is_refused(ask: Caller) -> None:
    assert ask.post(NAMES, {"project_id": 12345}).status == 405
    assert ask.get("/api/query/engage").status == 405


def test_more_segments_than_the_service_gives_are_refused(ask: Caller) -> None:
    answer = ask.insights(total_of("Login"), queryLimits={"limit": 50001})
    assert answer.status == 400
    assert answer.json["error"].startswith("Query limit exceeds max limit of 50000 (50001 was given)")


@pytest.mark.parametrize("limit", [0, -1, True, 2.5, "10", None])
def test_a_segment_limit_that_is_no_positive_number_is_refused(ask: Caller, limit: Any) -> None:
    assert ask.insights(total_of("Login"), queryLimits={"limit": limit}).status == 400


def test_query_limits_that_are_no_object_are_refused(ask: Caller) -> None:
    assert ask.insights(total_of("Login"), queryLimits=[5]).json["error"] == "queryLimits must be an object"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"project_id": 12345}', b"\xff", b"[" * 100_000])
def test_a_body_that_holds_no_question_is_a_bad_request(ask: Caller, body: bytes) -> None:
    answer = ask.send("POST", "/api/query/insights", body, {"Content-Type": "application/json"})
    assert (answer.status, list(answer.json)) == (400, ["request", "error"])


@pytest.mark.parametrize("bookmark", [[], "text", 5, {"sections": 5}, {"sections": {"show": [None]}}])
def test_a_bookmark_of_another_shape_is_a_bad_request(ask: Caller, bookmark: Any) -> None:
    assert ask.insights(bookmark).status == 400


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"limit": "many"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"type": "sometimes"}, "type"),
        ({"from_date": "01/05/2026"}, "from_date"),
        ({"to_date": ""}, "to_date"),
        ({"from_date": "1999-12-31"}, "from_date"),
        ({"from_date": "2026-01-07", "to_date": "2026-01-05"}, "from_date"),
    ],
)
def test_a_bad_parameter_is_named(ask: Caller, query: dict[str, str], named: str) -> None:
    answer = ask.get(NAMES, **query)
    assert answer.status == 400
    assert answer.json["error"].startswith(named)


def test_a_parameter_that_is_missing_is_named(ask: Caller) -> None:
    assert ask.get("/api/query/events/properties/top").json["error"].startswith("event ")
    assert ask.get("/api/query/events/properties/values").json["error"].startswith("name ")


def test_properties_of_an_unknown_event_are_a_bad_request(ask: Caller) -> None:
    answer = ask.get("/api/query/events/properties/top", event="login")
    assert (answer.status, answer.json["error"]) == (400, "Event not found")


def test_a_short_history_refuses_older_days(open_box: Opener) -> None:
    ask = caller(open_box(history_days=90))
    refused = ask.get(NAMES, from_date="2025-10-09")
    assert (refused.status, refused.json["error"]) == (403, "Date range exceeds 90 days into the past")
    assert ask.get(NAMES, from_date=str(date(2025, 10, 10))).status == 200


def test_a_body_of_unreasonable_size_is_refused(ask: Caller) -> None:
    answer = ask.send("POST", "/api/query/insights", b" " * (16 * 2**20 + 1), {"Content-Type": "application/json"})
    assert answer.status == 413


def test_the_request_after_the_last_slot_is_refused_with_the_quota(open_box: Opener) -> None:
    box = open_box(limit=2)
    ask = caller(box)
    statuses = [ask.get(NAMES).status for _ in range(3)]
    refused = ask.get(NAMES)
    assert statuses == [200, 200, 429]
    assert refused.json["error"].startswith("Query rate limit exceeded for project_id: 12345. ")
    assert refused.headers["Retry-After"] == "3600"
    assert refused.headers["RateLimit"] == '"project";r=0;t=3600'
    assert refused.headers["RateLimit-Policy"].startswith('"project";q=2;w=3600')
    assert (box.counted, box.refused) == (2, 2)


def test_the_sixty_first_query_of_an_hour_is_refused(ask: Caller) -> None:
    assert [ask.get(NAMES).status for _ in range(61)] == [200] * 60 + [429]


def test_a_refused_request_does_not_put_off_the_next_slot(open_box: Opener) -> None:
    hands = Hands()
    ask = caller(open_box(limit=1, window=60.0, clock=hands))
    statuses = []
    for moment in (0.0, 59.0, 60.0):
        hands.time = 1000.0 + moment
        statuses.append(ask.get(NAMES).status)
    assert statuses == [200, 429, 200]


def test_too_many_exports_are_refused_in_words_of_their_own(open_box: Opener) -> None:
    ask = caller(open_box(clock=Hands()))
    answers = [ask.get("/api/2.0/export", **DAYS) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert (answers[3].json["code"], answers[3].json["status"]) == (429, "Too Many Requests")


def test_exports_and_queries_do_not_spend_from_each_other(open_box: Opener) -> None:
    ask = caller(open_box(limit=1))
    assert [ask.get(path).status for path in (NAMES, "/api/2.0/export", NAMES)] == [200, 400, 429]


def test_the_project_may_stand_in_a_form(ask: Caller) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert ask.send("POST", "/api/query/engage", b"project_id=12345", form).status == 200
    assert ask.send("POST", "/api/query/engage", b"project_id=9", form).status == 403


def test_headers_can_be_left_out_of_refusals(open_box: Opener) -> None:
    ask = caller(open_box(limit=1, headers=False))
    ask.get(NAMES)
    refused = ask.get(NAMES)
    assert refused.status == 429
    assert not {"Retry-After", "RateLimit", "RateLimit-Policy"} & set(refused.headers)


def test_failing_queries_count_and_forbidden_ones_do_not(box: Sandbox, ask: Caller) -> None:
    for answer in (ask.get(NAMES, limit="x"), ask.insights({}), ask.get("/api/query/segmentation")):
        assert answer.status in {400, 501}
    assert box.counted == 3
    ask.get(NAMES, project_id=1)
    ask.send("GET", "/api/app/me")
    assert box.counted == 3


def test_the_log_tells_what_arrived_and_what_it_cost(box: Sandbox, ask: Caller) -> None:
    ask.get(NAMES)
    ask.post("/api/query/insights", {"project_id": 2})
    lines = [(line.method, line.path, line.status, line.counted) for line in box.requests]
    assert lines == [("GET", NAMES, 200, True), ("POST", "/api/query/insights", 403, False)]


def test_the_log_keeps_a_path_as_it_was_sent(box: Sandbox, ask: Caller) -> None:
    ask.send("GET", "/api/query/%1b%5b2Jevents?secret=1")
    assert box.requests[0].path.lower() == "/api/query/%1b%5b2jevents"


def test_a_listener_hears_of_every_request(open_box: Opener) -> None:
    heard: list[int | None] = []
    box = open_box(on_request=lambda line: heard.append(line.status))
    caller(box).get(NAMES)
    caller(box, "nonsense").get(NAMES)
    assert heard == [200, 401]


def test_a_question_that_breaks_the_engine_is_a_server_error_without_details(
    open_box: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    box = open_box()
    box.engine.close()
    answer = caller(box).insights(total_of("Login"))
    assert (answer.status, answer.json["error"]) == (500, "An unknown error occurred.")
    assert box.secret not in caplog.text
