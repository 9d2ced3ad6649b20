"""Questions about users on their way to the service and back: aggregates, and profiles page by page."""

from __future__ import annotations

import inspect
import threading
from typing import Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.paging import count_pages
from mixpanel_headless.results.profiles import ProfilePage
from mixpanel_headless.results.provenance import given
from tests.answering import Answer, Answering, Asked


class Profiles(Answering):
    """A service that holds `count` users and gives `size` of them to a page, all pages of one session."""

    def __init__(self, count: int, size: int = 2, *told: Answer) -> None:
        super().__init__(*told)
        self.count, self.size, self.together = count, size, 0
        self.meet: threading.Barrier | None = None
        self.broken: dict[int, Answer] = {}

    def take(self, asked: Asked) -> Answer:
        with self.lock:
            self.asked.append(asked)
        page = asked.body["page"]
        if page and self.meet is not None:
            self.meet.wait(10)
        if page in self.broken:
            return self.broken[page]
        assert (page == 0) == ("session_id" not in asked.body), "a later page goes on in the session of the first"
        users = range(page * self.size, min((page + 1) * self.size, self.count))
        rows = [{"$distinct_id": f"u{user}", "$properties": {"n": user}} for user in users]
        facts = {"page": page, "page_size": self.size, "session_id": "s-1", "status": "ok", "total": self.count}
        return Answer({**facts, "results": rows})


def everybody(count: int) -> list[str]:
    return [f"u{user}" for user in range(count)]


def test_an_aggregate_is_one_question() -> None:
    with Answering().tell({"computed_at": "x", "results": 4310}) as service, service.workspace() as ws:
        result = ws.query_user(where=mp.Filter.equals("plan", "pro"), cohort=41)
        (asked,) = service.asked
    assert (asked.verb, asked.path) == ("POST", "/api/query/engage/stats")
    assert asked.body == {
        "project_id": "12345",
        "selector": 'properties["plan"] == "pro"',
        "filter_by_cohort": '{"id": 41}',
        "include_all_users": False,
        "action": "count()",
    }
    assert (result.value, result.total, result.provenance.cost) == (4310, 4310, 1)


def test_an_equal_aggregate_is_answered_from_the_cache() -> None:
    with Answering().tell({"results": 7}) as service, service.workspace() as ws:
        ws.query_user()
        assert ws.run_user_params({"action": "count()"}).provenance.origin == "cache"
        assert len(service.asked) == 1


def test_profiles_are_read_page_by_page_until_there_are_enough() -> None:
    with Profiles(9) as service, service.workspace() as ws:
        result = ws.query_user(mode="profiles", limit=3)
        assert [asked.body["page"] for asked in service.asked] == [0, 1]
        assert all(asked.body["limit"] == 3 for asked in service.asked)
    assert result.distinct_ids == everybody(3)


@pytest.mark.parametrize("parallel", [False, True])
async def test_all_profiles_come_in_their_order_and_count_as_one_query(parallel: bool) -> None:
    with Profiles(100) as service:
        async with service.async_workspace() as ws:
            result = await ws.query_user(mode="profiles", limit=None, parallel=parallel)
            assert (await ws.budget()).used == 1
        assert len(service.asked) == 50 + (not parallel)
    assert result.distinct_ids == everybody(100)
    assert list(result.table)[7] == ("u7", None, 7)


def test_fifty_pages_are_read_though_the_budget_has_one_query_left() -> None:
    with Profiles(100) as service, service.workspace(limits=mp.Limits(query=1)) as ws:
        assert ws.query_user(mode="profiles", limit=None).total == 100


def test_pages_are_read_side_by_side_by_so_many_workers() -> None:
    with Profiles(14) as service, service.workspace() as ws:
        service.meet = threading.Barrier(3)  # six later pages, which the service answers three at a time or never
        result = ws.query_user(mode="profiles", limit=None, parallel=True, workers=3)
    assert result.distinct_ids == everybody(14)
    assert result.meta == {
        "session_id": "s-1",
        "pages_fetched": 7,
        "limit": None,
        "found": 14,
        "failed_pages": [],
        "parallel": True,
        "workers": 3,
    }


def test_no_page_beyond_the_limit_is_read_side_by_side() -> None:
    with Profiles(100) as service, service.workspace() as ws:
        result = ws.query_user(mode="profiles", limit=5, parallel=True)
        assert sorted(asked.body["page"] for asked in service.asked) == [0, 1, 2]
        assert not any("limit" in asked.body for asked in service.asked)
    assert result.distinct_ids == everybody(5)


def test_a_broken_page_among_others_is_told_and_the_others_are_kept() -> None:
    with Profiles(6) as service, service.workspace() as ws:
        service.broken[1] = Answer(b"<html>gateway</html>")
        result = ws.query_user(mode="profiles", limit=None, parallel=True)
    assert result.distinct_ids == ["u0", "u1", "u4", "u5"]
    assert (result.meta["failed_pages"], result.meta["pages_fetched"]) == ([1], 2)


def test_a_broken_page_in_a_row_is_raised() -> None:
    with Profiles(6) as service, service.workspace() as ws:
        service.broken[1] = Answer(b"<html>gateway</html>")
        with pytest.raises(mp.InvalidResponseError):
            ws.query_user(mode="profiles", limit=None)


@pytest.mark.parametrize("parallel", [False, True])
def test_a_page_that_the_service_refuses_is_raised(parallel: bool) -> None:
    with Profiles(6) as service, service.workspace() as ws:
        service.broken[2] = Answer({"error": "session expired"}, 400)
        with pytest.raises(mp.QueryError, match="session expired"):
            ws.query_user(mode="profiles", limit=None, parallel=parallel)


def test_a_service_that_repeats_a_page_for_ever_is_left() -> None:
    row = {"$distinct_id": "u0", "$properties": {}}
    again = Answer({"results": [row], "session_id": "s", "total": 9, "page_size": 1})
    with Profiles(9, 1) as service, service.workspace() as ws:
        service.broken = dict.fromkeys(range(9), again)
        with pytest.raises(mp.InvalidResponseError, match="repeats"):
            ws.query_user(mode="profiles", limit=None)


def test_a_page_that_repeats_another_one_beside_it_counts_as_failed() -> None:
    row = {"$distinct_id": "u0", "$properties": {}}
    with Profiles(4, 1) as service, service.workspace() as ws:
        service.broken[2] = Answer({"results": [row], "session_id": "s-1", "total": 4, "page_size": 1})
        result = ws.query_user(mode="profiles", limit=None, parallel=True)
    assert (result.distinct_ids, result.meta["failed_pages"]) == (["u0", "u1", "u3"], [2])


def test_one_profile_is_kept_and_a_first_page_of_many_is_not() -> None:
    with Profiles(9) as service, service.workspace() as ws:
        for _ in range(2):
            ws.query_user(mode="profiles", distinct_id="u0")
        assert len(service.asked) == 1
        for _ in range(2):
            ws.query_user(mode="profiles", limit=2)
        assert len(service.asked) == 3


@pytest.mark.parametrize(
    "wrong",
    [{"params": "x"}, {"limit": 0}, {"workers": 0}, {"params": {"selector": "x"}}, {"params": {"wher": "x"}}],
    ids=repr,
)
def test_what_cannot_be_run_is_refused_before_anything_is_sent(wrong: dict[str, Any]) -> None:
    with Answering() as service, service.workspace() as ws:
        with pytest.raises(mp.InvalidArgumentError):
            ws.run_user_params(**{"params": {}, **wrong})
        assert service.asked == []


def test_bad_arguments_send_nothing() -> None:
    with Answering() as service, service.workspace() as ws:
        with pytest.raises(mp.BookmarkValidationError):
            ws.query_user(mode="profiles", parallel=True, workers=6)
        assert service.asked == []


@pytest.mark.parametrize(
    ("facts", "limit", "pages"),
    [
        ({"total": 9, "page_size": 2, "session_id": "s"}, None, 5),
        ({"total": 9, "page_size": 2, "session_id": "s"}, 4, 2),
        ({"total": 9, "session_id": "s"}, None, 9),  # a page of one tells its own size
        ({"total": 9, "page_size": 2}, None, 1),
        ({"page_size": 2, "session_id": "s"}, None, 1),
    ],
)
def test_the_first_page_tells_how_many_there_are(facts: dict[str, Any], limit: int | None, pages: int) -> None:
    first = ProfilePage.from_reply({"results": [{"$distinct_id": "u0"}], **facts}, given())
    assert count_pages(first, limit) == pages


def test_query_user_takes_all_that_build_user_params_takes() -> None:
    build = set(inspect.signature(mp.Workspace.build_user_params).parameters)
    assert build == set(inspect.signature(mp.Workspace.query_user.call_blocking).parameters) - {"self"}
