"""The Lexicon, drop filters, custom properties and events: where this client is stricter or more lenient on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from tests.answering import Answering

FILTER: dict[str, Any] = {"id": 41, "eventName": "Debug Ping", "filters": {"property": "env"}, "active": True}
GROSS: dict[str, Any] = {"customPropertyId": 311, "name": "Gross", "resourceType": "events"}


def test_no_names_ask_for_nothing_and_send_nothing(service: Answering) -> None:
    """get_event_definitions/empty_names."""
    with service.workspace() as ws:
        assert ws.get_event_definitions(names=[]) == []
        assert ws.get_property_definitions(names=[]) == []
    assert service.sent == []


def test_a_number_is_accepted_as_the_id_of_a_data_group(service: Answering) -> None:
    """get_property_definitions/numeric_data_group_id."""
    service.tell({"results": [{"name": "seats", "dataGroupId": 771}]})
    with service.workspace() as ws:
        assert ws.get_property_definitions(names=["seats"])[0].data_group_id == 771


def test_whose_a_property_is_may_be_spelled_in_any_case(service: Answering) -> None:
    """update_property_definition/lowercase_resource_refused."""
    service.tell({"results": {"name": "plan"}})
    with service.workspace() as ws:
        ws.update_property_definition("plan", mp.UpdatePropertyDefinitionParams(resource_type="event"))  # type: ignore[arg-type] # any case
    assert service.asked[0].body == {"resourceType": "Event", "name": "plan"}


def test_the_filters_of_a_drop_filter_may_be_an_object_or_a_text(service: Answering) -> None:
    """list_drop_filters/filters_object_refused."""
    service.tell({"results": [FILTER, {**FILTER, "filters": "env == 'ci'"}]})
    with service.workspace() as ws:
        assert [one.filters for one in ws.list_drop_filters()] == [{"property": "env"}, "env == 'ci'"]


def test_a_drop_filter_needs_its_filters(service: Answering) -> None:
    """create_drop_filter/null_filters."""
    with service.workspace() as ws, pytest.raises(mp.ParamValidationError, match="filters: required"):
        ws.create_drop_filter(mp.CreateDropFilterParams(event_name="Debug Ping", filters=None))
    assert service.sent == []


def test_a_change_that_is_answered_with_nothing_is_success(service: Answering) -> None:
    """delete_drop_filter/no_content_is_refused."""
    service.tell(b"", 204)
    with service.workspace() as ws:
        assert ws.delete_drop_filter(41) == []


def test_whose_a_custom_property_is_may_be_singular_or_plural() -> None:
    """create_custom_property/singular_resource_refused."""
    for given, sent in (("event", "events"), ("user", "people"), ("groupProfile", "group_profiles")):
        params = mp.CreateCustomPropertyParams(name="x", resource_type=given, behavior={"a": 1})  # type: ignore[arg-type] # other spellings
        assert params.to_wire()["resourceType"] == sent


def test_the_id_of_a_custom_property_is_one_segment(service: Answering) -> None:
    """get_custom_property/id_not_escaped."""
    service.tell({"results": GROSS})
    with service.workspace() as ws:
        assert ws.get_custom_property("a/b").name == "Gross"
    assert service.sent == ["GET /api/app/projects/12345/custom_properties/a%2Fb/"]


def test_a_formula_that_the_service_cannot_read_is_told_with_the_way_out(service: Answering) -> None:
    service.tell({"status": "error", "error": "invalid displayFormula", "field": "displayFormula"}, 400)
    with service.workspace() as ws, pytest.raises(mp.QueryError, match="get_custom_property gives them one by one"):
        ws.list_custom_properties()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"display_formula": "A", "behavior": {"a": 1}}, "not both"),
        ({}, "give display_formula or behavior"),
        ({"display_formula": "A"}, "for the letters"),
        ({"behavior": {"a": 1}, "composed_properties": {"A": {"resource_type": "event"}}}, "not with behavior"),
    ],
)
def test_a_custom_property_is_made_by_a_formula_or_by_a_behavior(given: Any, why: str) -> None:
    with pytest.raises(mp.ParamValidationError, match=why):
        mp.CreateCustomPropertyParams(name="x", resource_type="events", **given)


def test_an_answer_about_another_custom_event_is_an_error(service: Answering) -> None:
    service.tell({"results": {"id": 9100, "name": "Other", "customEventId": 89}})
    with service.workspace() as ws, pytest.raises(mp.MixpanelHeadlessError, match="changed 89") as caught:
        ws.update_custom_event(88, mp.UpdateEventDefinitionParams(verified=True))
    assert caught.value.code == "UPDATE_TARGET_MISMATCH"


def test_an_export_that_is_not_ready_says_so(service: Answering) -> None:
    service.tell({"status": "ok", "results": "Your export is on its way"})
    with service.workspace() as ws:
        assert ws.export_lexicon() == {"status": "pending", "message": "Your export is on its way"}


def test_fields_are_read_and_written_under_the_services_names(service: Answering) -> None:
    service.tell({"results": {"id": 1, "name": "Sign Up", "displayName": "Signed up", "customEventId": 7, "odd": 1}})
    with service.workspace() as ws:
        params = mp.UpdateEventDefinitionParams(display_name=None, tags=["core"])
        event = ws.update_event_definition("Sign Up", params)
    assert (event.display_name, event.custom_event_id, event.extra) == ("Signed up", 7, {"odd": 1})
    assert service.asked[0].body == {"displayName": None, "tags": ["core"], "name": "Sign Up"}
    assert mp.types.EventDefinition is mp.EventDefinition
