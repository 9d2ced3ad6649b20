"""A request tells what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.app_api import at, delete, patch, post
from mixpanel_headless.governance.facts import facts_of
from mixpanel_headless.governance.policy import Act
from mixpanel_headless.governance.targets import target_of

if TYPE_CHECKING:
    from mixpanel_headless.request import Request


@pytest.mark.parametrize(
    ("name", "request_", "ids", "names", "known"),
    [
        ("create_dashboard", post("dashboards", object, json={"title": "Sales"}), None, ("Sales",), True),
        ("update_dashboard", patch(at("dashboards/{}", 5), object, json={"title": "New"}), "5", ("New",), False),
        ("delete_dashboard", delete(at("dashboards/{}", 5)), "5", (), False),
        ("update_text_card", patch(at("dashboards/{}/text-cards/{}", 5, 7), object, json={}), "5", (), False),
        ("delete_event_definition", delete("events/", json={"name": "a/b"}), "a/b", ("a/b",), True),
        (
            "update_drop_filter",
            patch("drop-filters/", object, json={"id": 41, "event_name": "New"}),
            "41",
            ("New",),
            False,
        ),
        ("delete_metric", delete("metrics", json={"metrics": [{"id": 601}]}), "601", (), False),
        ("delete_drop_filter", delete("drop-filters/", json={"id": 41}), "41", (), False),
        ("delete_feature_flag", delete(at("feature-flags/{}/", "a/b")), "a/b", ("a/b",), False),
    ],
)
def test_a_call_about_one_thing(name: str, request_: Request[Any], ids: str | None, names: Any, known: bool) -> None:
    target = target_of(request_, facts_of("dashboards", name, {}))
    entity = target.entities[0]
    assert (entity.id, entity.names, entity.named, target.count) == (ids, names, known, 1)


@pytest.mark.parametrize(
    ("name", "body", "ids", "count"),
    [
        ("bulk_delete_dashboards", {"dashboard_ids": [1, 2]}, ["1", "2"], 2),
        ("bulk_update_metrics", {"metrics": [{"id": 1, "name": "A"}, {"name": "B"}]}, ["1", None], 2),
        ("bulk_update_anomalies", {"anomalies": [{"id": 1}], "status": "open"}, ["1"], 1),
        ("bulk_delete_dashboards", {"dashboard_ids": []}, [], 0),
        ("delete_schemas", None, [], None),
    ],
)
def test_a_bulk_call_tells_each_thing_or_that_nobody_knows(name: str, body: Any, ids: list[Any], count: int) -> None:
    target = target_of(post("things", json=body), facts_of("dashboards", name, {}))
    assert ([entity.id for entity in target.entities], target.count) == (ids, count)


@pytest.mark.parametrize(
    ("given", "told", "names", "count"),
    [
        (("event", "Revenue"), "event/Revenue", ("Revenue",), 1),
        (("event",), "event/*", (), None),
        ((), "*", (), None),
    ],
)
def test_what_a_type_and_a_name_stand_for_is_one_thing(given: Any, told: str, names: Any, count: int | None) -> None:
    facts = facts_of("schemas", "delete_schemas", {"named_by": 2})
    target = target_of(delete(at("/".join(["schemas", *["{}"] * len(given)]), *given)), facts)
    assert (str(target), target.entities[0].names, target.count) == (told, names, count)
    assert Act(facts, "1", None, target).bulk is (count is None)


def test_an_id_in_a_path_is_told_as_it_was_given_and_sent_encoded() -> None:
    request = patch(at("dashboards/{}", "../x?y"), object)
    assert (request.path, request.ids) == ("/dashboards/..%2Fx%3Fy", ("../x?y",))
