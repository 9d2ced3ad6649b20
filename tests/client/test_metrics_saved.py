"""Saved metrics and behaviors: what is kept of a definition, what is refused, and what an update leaves as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from tests.answering import Answering

EVENT: dict[str, Any] = {"behavior": {"type": "event", "name": "Order"}, "measurement": {"math": "total"}}


def metric(**fields: Any) -> dict[str, Any]:
    return {"id": 601, "name": "Buyers", "type": "metric", "definition": EVENT, **fields}


def saved_definition(service: Answering, definition: Any) -> dict[str, Any]:
    service.tell({"results": {"700": metric(id=700)}})
    with service.workspace() as ws:
        ws.create_metric(mp.CreateMetricParams(name=" New ", definition=definition))
    body: dict[str, Any] = service.asked[0].body
    assert body["name"] == "New"
    return body


def test_a_null_description_is_accepted(service: Answering) -> None:  # list_metrics/null_description_refused
    service.tell({"results": {"601": metric(description=None)}})
    with service.workspace() as ws:
        assert ws.list_metrics()[0].description is None


def test_the_order_of_a_step_is_kept(service: Answering) -> None:  # create_metric/simple_behavior
    behavior = mp.SimpleBehavior(["Order", mp.FunnelStep("Renewal", label="Renew", order="any")], name="Any buy")
    steps = saved_definition(service, mp.Metric(behavior, math="dau"))["definition"]["behavior"]["behaviors"]
    assert (steps[1]["funnelOrder"], steps[1]["renamed"]) == ("any", "Renew")


@pytest.mark.parametrize(
    "definition",
    [
        mp.FunnelMetric(mp.FunnelBehavior(["Visit", "Order"]), label="Path"),  # create_metric/funnel_full
        mp.RetentionMetric(mp.RetentionBehavior("A", "B"), label="Path"),  # create_metric/retention_full
        mp.Formula("A", label="Path", metrics=[mp.Metric("Order")]),  # create_metric/formula_operands
    ],
)
def test_labels_are_sent(service: Answering, definition: Any) -> None:
    assert saved_definition(service, definition)["definition"]["name"] == "Path"


def test_a_raw_warehouse_metric_has_the_defaults_of_any_other(service: Answering) -> None:
    """create_metric/raw_warehouse."""
    raw = mp.RawMetricDefinition("warehouse", {"query": "select 1", "metricType": "numeric"}, warehouse_source_id=12)
    body = saved_definition(service, raw)
    assert (body["definition"]["aggregation"], body["definition"]["syncInterval"]) == ("none", "hourly")
    assert body["warehouse_source_id"] == 12


def test_an_update_that_changes_nothing_is_refused(service: Answering) -> None:  # update_metric/empty_params
    with service.workspace() as ws:
        for ask in (
            lambda: ws.update_metric(601, mp.UpdateMetricParams()),
            lambda: ws.update_behavior(802, mp.UpdateBehaviorParams()),
        ):
            with pytest.raises(mp.ParamValidationError, match="changes nothing"):
                ask()
    assert service.sent == []


def test_the_name_of_a_saved_simple_behavior_is_sent(service: Answering) -> None:  # create_behavior/simple
    service.tell({"results": {"802": {"id": 802, "name": "Path", "type": "simple", "definition": {}}}})
    with service.workspace() as ws:
        ws.create_behavior(mp.CreateBehaviorParams(name="Path", behavior=mp.SimpleBehavior(["Order"], name="Buy")))
    assert service.asked[0].body["definition"]["behavior"]["name"] == "Buy"


def test_a_display_is_merged_key_by_key_and_none_takes_a_key_away(service: Answering) -> None:
    stored = metric(
        definition={**EVENT, "display": {"prefix": "$", "precision": 2, "old": 1}, "goals": [{"label": "Q"}]}
    )
    service.tell({"results": {"601": stored}}).tell({"results": {"601": stored}})
    with service.workspace() as ws:
        ws.update_metric(601, mp.UpdateMetricParams(display=mp.MetricDisplay(prefix=None, suffix="x")))
    definition = service.asked[1].body["definition"]
    assert definition["display"] == {"precision": 2, "old": 1, "suffix": "x"}
    assert definition["goals"] == [{"label": "Q"}]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"name": "  ", "definition": mp.Metric("A")}, "SM1_EMPTY_NAME"),
        ({"name": "n" * 256, "definition": mp.Metric("A")}, "SM2_NAME_TOO_LONG"),
        ({"name": "n", "definition": {"behavior": {}}}, "SM4_SCHEMA"),
    ],
)
def test_what_cannot_be_saved_is_refused_where_it_is_written(params: Any, code: str) -> None:
    with pytest.raises(mp.ParamValidationError) as caught:
        mp.CreateMetricParams(**params)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        (mp.Formula("A"), "SM7_FORMULA_WITHOUT_OPERANDS"),
        (mp.Formula("A", metrics=[mp.Metric("Order", segment_method="first")]), "FM6_OPERAND_ATTRIBUTION"),
    ],
)
def test_a_formula_that_cannot_be_kept_is_refused(service: Answering, formula: mp.Formula, code: str) -> None:
    with service.workspace() as ws, pytest.raises(mp.ParamValidationError) as caught:
        ws.create_metric(mp.CreateMetricParams(name="n", definition=formula))
    assert (caught.value.code, service.sent) == (code, [])


def test_every_part_that_the_service_does_not_know_is_told_with_the_nearest(service: Answering) -> None:
    raw = mp.RawMetricDefinition("metric", {"behavior": {"typo": 1}, "measurment": {}})
    with service.workspace() as ws, pytest.raises(mp.ParamValidationError) as caught:
        ws.create_metric(mp.CreateMetricParams(name="n", definition=raw, display=mp.MetricDisplay(precision=9)))
    told = {flaw["path"]: flaw["message"] for flaw in caught.value.details["fields"]}
    assert told["definition.measurment"].endswith("did you mean 'measurement'?")
    assert set(told) == {"definition.measurment", "definition.behavior.typo"}


def test_a_metric_that_may_not_be_edited_is_deleted_only_by_force(service: Answering) -> None:
    service.tell({"results": {"601": metric(can_update_basic=False)}})
    service.tell({"results": {"601": metric(can_update_basic=False)}}).tell(b"", 204)
    with service.workspace() as ws:
        with pytest.raises(mp.ParamValidationError, match="may not edit 601"):
            ws.delete_metric(601)
        ws.delete_metric(601, force=True)
    assert service.sent[-1] == "DELETE /api/app/projects/12345/metrics"


def test_a_saved_metric_is_asked_as_it_is(service: Answering) -> None:
    service.tell({"results": {"601": metric()}})
    with service.workspace() as ws:
        params = ws.build_params(ws.get_metric(601), last=7)
    assert params["sections"]["show"] == [{"type": "metric", "id": 601}]


def test_a_refused_definition_is_told_where_it_is_wrong(service: Answering) -> None:
    body = {
        "status": "error",
        "error": "Bad &#x27;x&#x27; {'type': 1}",
        "details": {"path": ["x", "definition", "root"]},
    }
    service.tell(body, 400)
    with service.workspace() as ws, pytest.raises(mp.QueryError, match=r"Bad 'x' \(at definition.x\)"):
        ws.create_metric(mp.CreateMetricParams(name="n", definition=mp.Metric("Order")))
