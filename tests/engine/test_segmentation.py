"""The segmentation endpoints: shapes, what falls into which segment, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.engine import BadQuery
from tests.engine.asking import event, filled, profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_headless.engine import Engine

DAYS = {"from_date": "2026-01-05", "to_date": "2026-01-06"}


@pytest.fixture(scope="module")
def shop() -> Iterator[Engine]:
    events = [
        event("Buy", "u1", "2026-01-05T10:00:00", price=250, tags=["a", "b"], gift=True),
        event("Buy", "u1", "2026-01-05T11:00:00", price=1999.5, tags=["a"], gift=False),
        event("Buy", "u2", "2026-01-06T10:00:00", price="7", tags=[], size={"w": 1}),
        event("Look", "u2", "2026-01-06T11:00:00"),
        event("Look", "u2", "2026-02-28T11:00:00"),
    ]
    with filled(*events, profiles=[profile("u1", tier="gold")]) as engine:
        yield engine


def split(engine: Engine, on: str, **more: Any) -> dict[str, list[int]]:
    answer = engine.segmentation({"event": "Buy", **DAYS, "on": on, **more})
    return {segment: list(points.values()) for segment, points in answer["data"]["values"].items()}


def test_each_item_of_a_list_is_a_segment_and_none_is_undefined(shop: Engine) -> None:
    assert split(shop, 'properties["tags"]') == {"a": [2, 0], "b": [1, 0], "undefined": [0, 1]}


def test_segments_are_values_as_text(shop: Engine) -> None:
    assert split(shop, 'properties["price"]') == {"1999.5": [1, 0], "250": [1, 0], "7": [0, 1]}
    assert split(shop, 'properties["gift"]') == {"false": [1, 0], "true": [1, 0], "undefined": [0, 1]}
    assert split(shop, 'properties["size"]') == {"undefined": [2, 0], '{"w":1}': [0, 1]}
    assert split(shop, 'user["tier"]') == {"gold": [2, 0], "undefined": [0, 1]}


def test_segments_may_be_computed(shop: Engine) -> None:
    assert split(shop, 'properties["price"] > 1000') == {"false": [1, 0], "true": [1, 0], "undefined": [0, 1]}
    assert split(shop, 'number(properties["price"]) * 2') == {"14": [0, 1], "3999": [1, 0], "500": [1, 0]}


def test_only_the_largest_segments_are_kept(shop: Engine) -> None:
    assert split(shop, 'properties["tags"]', limit=1) == {"a": [2, 0]}


def test_an_event_that_never_happened_has_a_zero_for_each_day(shop: Engine) -> None:
    answer = shop.segmentation({"event": "Nothing", **DAYS})
    assert answer == {
        "data": {"series": ["2026-01-05", "2026-01-06"], "values": {"Nothing": {"2026-01-05": 0, "2026-01-06": 0}}},
        "legend_size": 1,
    }


def test_a_period_may_be_several_days(shop: Engine) -> None:
    answer = shop.segmentation({"event": "Buy", **DAYS, "interval": "2", "type": "unique"})
    assert answer["data"]["values"] == {"Buy": {"2026-01-05": 2}}


def test_without_dates_the_interval_counts_back_from_now(shop: Engine) -> None:
    answer = shop.event_counts({"event": '["Look"]', "type": "general", "unit": "day", "interval": "2"})
    assert answer["data"]["values"] == {"Look": {"2026-02-28": 1, "2026-03-01": 0}}


def test_several_events_stand_side_by_side(shop: Engine) -> None:
    answer = shop.event_counts({"event": ["Buy", "Look"], "type": "unique", "unit": "month", **DAYS})
    assert answer == {
        "data": {"series": ["2026-01-01"], "values": {"Buy": {"2026-01-01": 2}, "Look": {"2026-01-01": 1}}},
        "legend_size": 2,
    }


def test_the_values_of_a_property_may_be_named(shop: Engine) -> None:
    asked = {"event": "Buy", "name": "tags", "type": "general", "unit": "day", **DAYS}
    answer = shop.property_counts({**asked, "values": '["b", "z"]'})
    assert answer["data"]["values"] == {
        "b": {"2026-01-05": 1, "2026-01-06": 0},
        "z": {"2026-01-05": 0, "2026-01-06": 0},
    }
    assert set(shop.property_counts({**asked, "limit": 2})["data"]["values"]) == {"a", "b"}


def test_number_ranges_leave_out_what_is_no_number(shop: Engine) -> None:
    answer = shop.segmentation_numeric({"event": "Buy", **DAYS, "on": 'properties["price"]'})
    assert answer["data"]["values"] == {"200 - 400": {"2026-01-05": 1}, "1,800 - 2,000": {"2026-01-05": 1}}
    nothing = shop.segmentation_numeric({"event": "Look", **DAYS, "on": 'properties["price"]'})
    assert (nothing["data"]["values"], nothing["legend_size"]) == ({}, 0)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"event": ""}, "event is a required parameter"),
        ({"from_date": None}, "from_date is a required parameter"),
        ({"to_date": "soon"}, "'soon' is not a date"),
        ({"to_date": "2026-01-01"}, "from_date 2026-01-05 is after to_date 2026-01-01"),
        ({"unit": "quarter"}, "unit must be one of minute, hour, day, week, month"),
        ({"type": "sum"}, "type must be one of general, unique, average"),
        ({"limit": "0"}, "limit must be a whole number from 1 to 10000, not '0'"),
        ({"limit": "ten"}, "limit must be a whole number"),
        ({"where": "properties["}, "where, character 12: expected the name of a property in quotes"),
        ({"on": "tags"}, "on, character 1: 'tags' means nothing"),
    ],
)
def test_a_wrong_parameter_is_named(shop: Engine, changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadQuery) as caught:
        shop.segmentation({"event": "Buy", **DAYS, **changed})
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"event": "Buy"}, "event must be JSON, not 'Buy'"),
        ({"event": '{"a": 1}'}, "event must be a JSON list of texts"),
        ({"event": "[]"}, "event is a required parameter: a JSON list of names"),
        ({"type": None}, "type is a required parameter"),
        ({"type": "unique", "unit": "hour"}, "type=unique is not available for unit=hour"),
    ],
)
def test_a_wrong_parameter_of_event_counts_is_named(shop: Engine, changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadQuery) as caught:
        shop.event_counts({"event": '["Buy"]', "type": "general", "unit": "day", **DAYS, **changed})
    assert problem in caught.value.message
