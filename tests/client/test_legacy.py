"""The older reports, saved reports and the rest of discovery: what goes out, what comes back, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from tests.answering import Answering

MARCH: Any = {"from_date": "2025-03-01", "to_date": "2025-03-31"}
COUNTS: dict[str, Any] = {
    "data": {"series": [], "values": {"US": {"2025-03-02": 4, "2025-03-01": 9}, "DE": {"2025-03-01": 2}}}
}


def test_a_segmentation_is_a_table_of_dates_and_segments(service: Answering) -> None:
    service.tell(COUNTS)
    with service.workspace() as ws:
        answer = ws.segmentation("Sign Up", **MARCH, on="country")
    assert answer.table.to_dicts()[0] == {"date": "2025-03-02", "segment": "US", "count": 4}
    assert (answer.total, answer.segment_property) == (15, "country")
    assert ("on", 'properties["country"]') in service.asked[0].params
    assert "segmentation Sign Up 2025-03-01 to 2025-03-31" in repr(answer)


@pytest.mark.parametrize(
    ("on", "sent"),
    [
        ('user["plan"]', 'user["plan"]'),
        ('number(properties["a"])', 'number(properties["a"])'),
        ('say "hi" \\ there', 'properties["say \\"hi\\" \\\\ there"]'),
    ],
)
def test_a_name_becomes_an_expression_and_an_expression_stays(service: Answering, on: str, sent: str) -> None:
    service.tell({"results": {"2025-03-01": 4}})
    with service.workspace() as ws:
        assert ws.segmentation_sum("Order", **MARCH, on=on).property_expr == on
    assert ("on", sent) in service.asked[0].params


def test_equal_questions_are_asked_once_and_another_unit_is_another_question(service: Answering) -> None:
    service.tell(COUNTS).tell(COUNTS)
    with service.workspace() as ws:
        first = ws.event_counts(["US", "DE"], **MARCH)
        again = ws.event_counts(["US", "DE"], **MARCH)
        ws.event_counts(["US", "DE"], **MARCH, unit="week")
    assert (first.provenance.origin, again.provenance.origin, len(service.sent)) == ("network", "cache", 2)
    assert again == first


def test_every_date_and_segment_of_a_saved_funnel_is_kept(service: Answering) -> None:
    steps = [{"count": 10, "event": "Open"}, {"count": 4, "goal": "Buy"}, {"count": 1}]
    service.tell({"data": {"2025-03-01": {"$overall": steps, "US": steps[:1]}, "2025-03-02": {"steps": steps[:2]}}})
    with service.workspace() as ws:
        funnel = ws.funnel(7, **MARCH, on="country")
    assert [(step.event, step.count, step.conversion_rate) for step in funnel.steps] == [
        ("Open", 20, 1.0),
        ("Buy", 8, 0.4),
        ("Step 3", 1, 0.125),
    ]
    assert funnel.by_date["2025-03-01"]["US"] == steps[:1]
    assert funnel.conversion_rate == 0.05


def test_a_retention_has_its_dates_in_order_and_none_where_time_has_not_come(service: Answering) -> None:
    service.tell({"2025-03-02": {"first": 10, "counts": [9, 7]}, "2025-03-01": {"first": 0, "counts": [0]}})
    with service.workspace() as ws:
        answer = ws.retention(born_event="Sign Up", return_event="Login", **MARCH, interval=7)
    assert answer.table.rows == (("2025-03-01", 0, 0.0, None), ("2025-03-02", 10, 0.9, 0.7))
    names = {name for name, _ in service.asked[0].params}
    assert ("interval", "7") in service.asked[0].params
    assert "unit" not in names


def test_the_time_of_an_event_is_the_events_time(service: Answering) -> None:
    """activity_feed/table-time-is-the-raw-property; an event without a time stays."""
    events = [
        {"event": "Login", "properties": {"time": 1741000000, "$distinct_id": "u-1", "plan": "pro"}},
        {"event": "Odd", "properties": {}},
    ]
    service.tell({"results": {"events": events, "sentinel_event": {"event": "Odd"}}})
    with service.workspace(workspace=4242) as ws:
        feed = ws.activity_feed(["u-1"], to_date="2025-03-31")
    assert feed.table.columns == ("event", "time", "distinct_id", "plan")
    assert feed.table.rows == (
        ("Login", datetime(2025, 3, 3, 11, 6, 40, tzinfo=UTC), "u-1", "pro"),
        ("Odd", None, None, None),
    )
    assert feed.to_dict()["events"][0]["time"] == "2025-03-03T11:06:40+00:00"
    assert feed.title == "activity u-1 to 2025-03-31"
    assert attrs.evolve(feed, to_date=None).title == "activity u-1"
    assert service.asked[0].body["bookmark"]["dateRange"] == {
        "type": "between",
        "from": "2025-03-01",
        "to": "2025-03-31",
    }


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"include_events": ["A"], "exclude_events": ["B"]}, "cannot both be given"),
        ({"search_properties": [{"name": "a"}]}, "needs a search text"),
        ({"from_date": "March"}, "are no days"),
        ({"to_date": "0001-01-02"}, "are no days"),
    ],
)
def test_a_feed_that_the_service_would_refuse_is_not_asked(service: Answering, wrong: Any, why: str) -> None:
    with service.workspace(workspace=4242) as ws, pytest.raises(mp.QueryError, match=why) as caught:
        ws.activity_feed(["u-1"], **wrong)
    assert (caught.value.sent, service.sent) == (False, [])


@pytest.mark.parametrize("kind", ["insights", "retention", "flows"])
def test_dates_that_a_saved_report_would_ignore_are_refused(service: Answering, kind: Any) -> None:
    """query_saved_report/insights-pinned-dates-ignored."""
    with service.workspace() as ws, pytest.raises(mp.InvalidArgumentError, match="keeps its own dates"):
        ws.query_saved_report(5511, bookmark_type=kind, from_date="2025-03-01")
    assert service.sent == []


def test_the_type_of_a_saved_report_is_its_own_whatever_its_headers_say(service: Answering) -> None:
    """query_saved_report/headers-decide-type."""
    service.tell({"headers": ["$Retention"], "series": {"Login": {"2025-03-01": 3}, "odd": 5}})
    with service.workspace() as ws:
        report = ws.query_saved_report(5511)
    assert report.report_type == "insights"
    assert report.table.to_dicts() == [{"date": "2025-03-01", "event": "Login", "count": 3}]


def test_a_cohort_whose_size_is_not_told_is_listed_without_it(service: Answering) -> None:
    """cohorts/missing-count."""
    service.tell([{"id": 2, "name": "b", "count": 4}, {"id": 1, "name": "a", "is_visible": 1}])
    with service.workspace() as ws:
        cohorts = ws.cohorts()
    assert [(one.name, one.count, one.is_visible) for one in cohorts] == [("a", None, True), ("b", 4, False)]


def test_a_null_among_values_is_left_out(service: Answering) -> None:  # property_values/plain
    service.tell(["pro", 3, None, True])
    with service.workspace() as ws:
        assert ws.property_values("plan") == ["pro", "3", "True"]


def test_the_keys_of_objects_are_told_with_what_their_values_are(service: Answering) -> None:
    rows = ['{"n": 1, "on": "2025-03-01", "b": true, "deep": {"x": 1}}', '[{"n": "two"}, 3]', "no json", "5"]
    service.tell(rows)
    with service.workspace() as ws:
        found = ws.subproperties("items")
    assert [(one.name, one.type, one.sample_values) for one in found] == [
        ("b", "boolean", (True,)),
        ("n", "string", (1, "two")),
        ("on", "datetime", ("2025-03-01",)),
    ]


def test_a_graph_joins_properties_with_the_events_that_they_come_with(service: Answering) -> None:
    service.tell({"results": [{"name": "Login"}, {"name": "Order"}]}, path="data-definitions/events/")
    service.tell({"results": [{"name": "plan", "densityLocal": 0.5}, {"name": "unused"}]}, path="/properties/")
    service.tell([{"name": "Order", "properties": [{"name": "plan"}, {"name": "elsewhere"}]}], path="data_definitions")
    with service.workspace() as ws:
        graph = ws.schema_graph(include_density=True, include_user_properties=False)
        assert graph.provenance is not None
    assert graph.event_to_properties == {"Order": ["plan"]}
    assert graph.property_to_events == {"plan": ["Order"], "unused": []}
    assert graph.table.rows == (("Order", "plan", 0.5),)
    assert graph.meta["relationship_edges"] == 1


def test_words_and_days_that_the_service_does_not_know_are_refused(service: Answering) -> None:
    with service.workspace() as ws:
        with pytest.raises(mp.InvalidArgumentError, match="did you mean 'day'"):
            ws.segmentation("A", **MARCH, unit="dayy")  # type: ignore[arg-type] # the flaw
        with pytest.raises(mp.InvalidArgumentError, match="comes before"):
            ws.funnel(7, from_date="2025-03-31", to_date="2025-03-01")
    assert service.sent == []


def test_the_sandbox_computes_what_the_client_asks() -> None:
    from mixpanel_headless.sandbox import Sandbox

    with Sandbox() as box, box.workspace() as ws:
        last = datetime.now(UTC).date().isoformat()
        total = ws.segmentation("Sign Up", from_date="2020-01-01", to_date=last, unit="month").total
        counts = ws.segmentation("Sign Up", from_date="2020-01-01", to_date=last, unit="month", on="plan").total
    assert total == counts > 0
