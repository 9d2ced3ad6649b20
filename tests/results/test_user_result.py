"""Answers about users: aggregates and profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.errors import QueryError
from mixpanel_headless.results.profiles import ProfilePage, check_profiles, name_columns, profile_table, read_profile
from mixpanel_headless.results.users import UserQueryResult, check_aggregate

if TYPE_CHECKING:
    from mixpanel_headless.results.provenance import Provenance

COUNT = {"action": "count()"}
BY_COHORT = {"action": "count()", "segment_by_cohorts": '{"41": true}'}


@pytest.mark.parametrize(
    ("params", "data", "columns", "rows"),
    [
        (COUNT, 7, ("metric", "value"), [("count()", 7)]),
        (COUNT, None, ("metric", "value"), []),
        ({"action": "extremes(x)"}, {"min": 1, "max": 9}, ("metric", "min", "max"), [("extremes(x)", 1, 9)]),
        (BY_COHORT, {"41": 3, "42": 4}, ("segment", "value"), [("41", 3), ("42", 4)]),
        (BY_COHORT, {}, ("segment", "value"), []),
        (
            BY_COHORT,
            {"41": {"min": 1}, "42": {"min": 2, "max": 3}},
            ("segment", "min", "max"),
            [("41", 1, None), ("42", 2, 3)],
        ),
    ],
)
def test_an_aggregate_is_a_table(
    provenance: Provenance, params: dict[str, Any], data: object, columns: tuple[str, ...], rows: list[Any]
) -> None:
    table = UserQueryResult.of_aggregate({"computed_at": "x", "results": data}, params, provenance).table
    assert (table.columns, list(table)) == (columns, rows)


def test_only_one_number_is_a_value_and_only_a_count_is_a_total(provenance: Provenance) -> None:
    def read(data: object, params: dict[str, Any]) -> UserQueryResult:
        return UserQueryResult.of_aggregate({"results": data}, params, provenance)

    assert (read(7, COUNT).value, read(7, COUNT).total) == (7, 7)
    assert (read({"41": 7}, BY_COHORT).value, read({"41": 7}, BY_COHORT).total) == (None, 0)
    assert (read(7.5, {"action": "percentile(x, 5)"}).value, read(7, {"action": "percentile(x, 5)"}).total) == (7.5, 0)


def test_an_aggregate_without_a_time_was_computed_when_it_came(provenance: Provenance) -> None:
    result = UserQueryResult.of_aggregate({"results": 7}, COUNT, provenance)
    assert result.computed_at == provenance.computed_at.isoformat()


def test_a_profile_has_its_last_visit_beside_its_properties() -> None:
    row = {"$distinct_id": "u1", "$properties": {"$last_seen": "2026-01-05", "plan": "pro"}}
    assert read_profile(row) == {"distinct_id": "u1", "last_seen": "2026-01-05", "properties": {"plan": "pro"}}
    assert read_profile({}) == {"distinct_id": "", "last_seen": None, "properties": {}}
    assert row["$properties"] == {"$last_seen": "2026-01-05", "plan": "pro"}


def test_profiles_are_a_table_of_their_properties_by_name() -> None:
    profiles: list[dict[str, Any]] = [
        {"distinct_id": "u1", "last_seen": None, "properties": {"zeta": 1, "$city": "Bonn"}},
        {"distinct_id": "u2", "last_seen": "x", "properties": {}},
    ]
    table = profile_table(profiles)
    assert table.columns == ("distinct_id", "last_seen", "city", "zeta")
    assert list(table) == [("u1", None, "Bonn", 1), ("u2", "x", None, None)]


def test_no_property_hides_behind_another_of_its_name() -> None:
    columns = name_columns(["$email", "email", "last_seen", "$distinct_id"])
    assert columns == {
        "$distinct_id": "$distinct_id",
        "email": "email",
        "$email": "$email",
        "last_seen": "properties.last_seen",
    }


def page(provenance: Provenance, *ids: str) -> ProfilePage:
    reply = {"results": [{"$distinct_id": name} for name in ids], "session_id": "s", "page_size": 2, "total": 9}
    return ProfilePage.from_reply(reply, provenance)


def test_pages_become_one_result_cut_at_the_limit(provenance: Provenance) -> None:
    pages = [page(provenance, "a", "b"), page(provenance, "c", "d")]
    result = UserQueryResult.of_pages(pages, {}, 3, parallel=False)
    assert result.distinct_ids == ["a", "b", "c"]
    read = {"session_id": "s", "pages_fetched": 2, "limit": 3, "found": 9, "parallel": False}
    assert (result.total, result.meta) == (3, read)
    assert result.provenance.cost == 2


def test_a_limit_that_hides_profiles_is_told_with_the_answer(provenance: Provenance) -> None:
    result = UserQueryResult.of_pages([page(provenance, "a")], {}, 1, parallel=False)
    assert result.title == "1 profile"
    for text in (result.note, result.summary(), result._repr_html_()):
        assert "1 of 9 shown; limit=N for more" in text


def test_a_limit_that_the_service_counts_to_may_hide_some(provenance: Provenance) -> None:
    counted = ProfilePage.from_reply({"results": [{"$distinct_id": "a"}], "session_id": "s", "total": 1}, provenance)
    assert "limit 1 reached, there may be more" in UserQueryResult.of_pages([counted], {}, 1).note
    assert "limit" not in UserQueryResult.of_pages([counted], {}, None).note
    assert "limit" not in UserQueryResult.of_pages([counted], {}, 2).note


def test_missing_pages_are_told_with_the_answer(provenance: Provenance) -> None:
    result = UserQueryResult.of_pages([page(provenance, "a")], {}, None, failed_pages=[1], parallel=True, workers=5)
    assert "pages that failed are missing: [1]" in result.summary()


@pytest.mark.parametrize("reply", [{"error": "no"}, {"results": {}}, [], None])
def test_what_is_no_page_of_profiles_is_an_error(reply: object) -> None:
    with pytest.raises(QueryError):
        check_profiles(reply)


@pytest.mark.parametrize("reply", [{"error": "no"}, [], None, 7])
def test_what_is_no_aggregate_is_an_error(reply: object) -> None:
    with pytest.raises(QueryError):
        check_aggregate(reply)
