"""What the reference builds though nobody can answer it is refused by name, before anything is sent; see its case's id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.answering import Answering

DAYS: dict[str, Any] = {"from_date": "2025-03-01", "to_date": "2025-03-31"}
CALLS: dict[str, Callable[[Any], object]] = {
    "build_params/loose-where-list-of-text-is-dropped": lambda ws: ws.build_params(
        "E", where=["country == DE"], **DAYS
    ),
    "build_params/loose-formula-lowercase-and-multi-letter-names": lambda ws: ws.build_params(
        ["E", "F"], formula="A + b * AB", **DAYS
    ),
    "build_params/loose-unit-year-and-second year": lambda ws: ws.build_params("E", unit="year", **DAYS),
    "build_params/loose-unit-year-and-second second": lambda ws: ws.build_params("E", unit="second", **DAYS),
    "build_params/loose-empty-math-property": lambda ws: ws.build_params("E", math="average", math_property="", **DAYS),
    "build_funnel_params/loose-where-text-is-dropped": lambda ws: ws.build_funnel_params(
        ["E", "F"], where="country == DE", **DAYS
    ),
    "build_funnel_params/loose-empty-math-property": lambda ws: ws.build_funnel_params(
        ["E", "F"], math="average", math_property="", **DAYS
    ),
    "build_funnel_params/loose-exclusion-after-last-step": lambda ws: ws.build_funnel_params(
        ["E", "F"], exclusions=[mp.Exclusion("X", 1)], **DAYS
    ),
    "build_funnel_params/loose-frequency-filter-and-group where": lambda ws: ws.build_funnel_params(
        ["E", "F"], where=mp.FrequencyFilter("L", 2), **DAYS
    ),
    "build_funnel_params/loose-frequency-filter-and-group group": lambda ws: ws.build_funnel_params(
        ["E", "F"], group_by=mp.FrequencyBreakdown("L"), **DAYS
    ),
    "build_funnel_params/loose-mode-order-unknown mode": lambda ws: ws.build_funnel_params(
        ["E", "F"], mode="pie", **DAYS
    ),
    "build_funnel_params/loose-mode-order-unknown order": lambda ws: ws.build_funnel_params(
        ["E", "F"], order="strict", **DAYS
    ),
    "build_retention_params/loose-where-text-is-dropped": lambda ws: ws.build_retention_params(
        "E", "F", where="country == DE", **DAYS
    ),
    "build_retention_params/loose-average-without-property": lambda ws: ws.build_retention_params(
        "E", "F", math="average", **DAYS
    ),
    "build_retention_params/loose-empty-buckets": lambda ws: ws.build_retention_params(
        "E", "F", bucket_sizes=[], **DAYS
    ),
    "build_flow_params/bad-no-steps": lambda ws: ws.build_flow_params([]),
    "query_flow/bad-step-custom-property-not-json": lambda ws: ws.query_flow(
        mp.FlowStep("A", filters=[mp.Filter.equals(mp.CustomPropertyRef(5), "b")]), **DAYS
    ),
    "query_flow/bad-where-text": lambda ws: ws.query_flow("A", where="country == DE", **DAYS),
}


@pytest.mark.parametrize("case", CALLS)
def test_what_cannot_be_answered_is_refused_before_it_is_sent(service: Answering, case: str) -> None:
    with service.workspace() as ws, pytest.raises(mp.MixpanelHeadlessError) as caught:
        CALLS[case](ws)
    assert caught.value.hint or len(caught.value.message) > 20
    assert caught.value.sent in {False, None}
    assert service.asked == []


@pytest.mark.parametrize("status", [403, 404])
def test_a_refused_stream_is_asked_for_once(service: Answering, status: int) -> None:
    """stream_events/http-403-is-retried."""
    for _ in range(4):
        service.tell({"error": "No access to this project"}, status)
    with service.workspace() as ws, pytest.raises(mp.QueryError, match="No access to this project"):
        list(ws.stream_events(from_date="2025-03-01", to_date="2025-03-03"))
    assert len(service.asked) == 1


def test_negation_stays_in_the_filters_of_a_flow_s_step(service: Answering) -> None:
    """build_flow_params/step-filters-datetime."""
    on, not_on = mp.Filter.on("signup", "2025-01-15"), mp.Filter.not_on("signup", "2025-01-15")
    with service.workspace() as ws:
        built = [ws.build_flow_params(mp.FlowStep("A", filters=[one]), **DAYS)["steps"] for one in (on, not_on)]
    assert built[0] != built[1]
