"""Users: how many there are, what their properties amount to, and who they are.

ws.query_user(where=mp.Filter.equals("plan", "pro")).value
ws.query_user(mode="profiles", limit=None, parallel=True).df
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless.operation import Async, Mode, Surface, composite, operation
from mixpanel_headless.paging import read_pages, read_pages_at_once
from mixpanel_headless.query.user_rules import MAX_WORKERS
from mixpanel_headless.query.users import build_user_params, check_run, is_aggregate, wire_params
from mixpanel_headless.request import Request
from mixpanel_headless.results.profiles import ProfilePage, check_profiles
from mixpanel_headless.results.users import UserQueryResult, check_aggregate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_headless.query import vocabulary as words
    from mixpanel_headless.query.cohorts import CohortDefinition
    from mixpanel_headless.query.dates import Day
    from mixpanel_headless.query.filters import Filter


class Users(Surface[Mode]):
    """Profiles, and aggregates over them."""

    build_user_params = staticmethod(build_user_params)

    @operation
    def _aggregate_users(self, params: Mapping[str, Any]) -> Request[UserQueryResult]:
        """One aggregate over users."""
        return Request(
            "POST",
            "query",
            "/engage/stats",
            lambda tree, provenance: UserQueryResult.of_aggregate(tree, params, provenance),
            body={"project_id": self.pin.project, **wire_params(params)},
            accept=check_aggregate,
            lifetime="range",
        )

    @operation
    def _profile_page(
        self, params: Mapping[str, Any], page: int, session_id: str | None, limit: int | None
    ) -> Request[ProfilePage]:
        """One page of profiles; the service counts the first page of a session only."""
        body = {"project_id": self.pin.project, "page": page, "session_id": session_id, "limit": limit}
        return Request(
            "POST",
            "query",
            "/engage/",
            ProfilePage.from_reply,
            body={**{name: value for name, value in body.items() if value is not None}, **params},
            accept=check_profiles,
            lifetime="range" if limit == 1 else "none",  # a kept first page would lead on into a session of the past
        )

    @composite
    async def query_user(
        self: Users[Async],
        *,
        where: str | Filter | Sequence[Filter] | None = None,
        cohort: int | CohortDefinition | None = None,
        properties: str | Sequence[str] | None = None,
        sort_by: str | None = None,
        sort_order: words.SortOrder = "descending",
        limit: int | None = 1,
        search: str | None = None,
        distinct_id: str | None = None,
        distinct_ids: str | Sequence[str] | None = None,
        group_id: str | int | None = None,
        as_of: Day | int | None = None,
        mode: words.UserMode = "aggregate",
        aggregate: words.UserAggregate = "count",
        aggregate_property: str | None = None,
        percentile: float | None = None,
        segment_by: int | Sequence[int] | None = None,
        parallel: bool = False,
        workers: int = 5,
        include_all_users: bool = False,
    ) -> UserQueryResult:
        """How many users there are, what a property of theirs amounts to, or their profiles.

        Costs one query. Profiles come a thousand or so to a
        page, of which the service counts the first; with `parallel` up to `workers` of the others are read at
        once, and pages that are broken or cut are told in `meta["failed_pages"]` instead of raising.

        Raises BookmarkValidationError with every problem at once, before anything is sent.

        - others: those of `build_user_params`.
        """
        params = build_user_params(
            where=where,
            cohort=cohort,
            properties=properties,
            sort_by=sort_by,
            sort_order=sort_order,
            limit=limit,
            search=search,
            distinct_id=distinct_id,
            distinct_ids=distinct_ids,
            group_id=group_id,
            as_of=as_of,
            mode=mode,
            aggregate=aggregate,
            aggregate_property=aggregate_property,
            percentile=percentile,
            segment_by=segment_by,
            parallel=parallel,
            workers=workers,
            include_all_users=include_all_users,
        )
        if mode == "aggregate":
            return await self._aggregate_users(params)
        return await read_profiles(self, params, limit, workers if parallel else 0)

    @composite
    async def run_user_params(
        self: Users[Async],
        params: Mapping[str, Any],
        *,
        limit: int | None = 1,
        parallel: bool = False,
        workers: int = 5,
    ) -> UserQueryResult:
        """Users by the parameters of `query_user`, as JSON: an aggregate if they have an `action`, else profiles.

        In Python, `build_user_params` makes such. Costs one query, like `query_user`; at most 5 `workers` read pages at
        once.

        - `parallel`: reads several pages of profiles at once.
        - `workers`: how many pages at most.
        - `limit`: so many profiles, or all without a limit.
        """
        check_run(params, limit, workers)
        if is_aggregate(params):
            return await self._aggregate_users(params)
        return await read_profiles(self, params, limit, min(workers, MAX_WORKERS) if parallel else 0)


async def read_profiles(
    users: Users[Async], params: Mapping[str, Any], limit: int | None, workers: int
) -> UserQueryResult:
    """Profiles up to the limit: one page after the other, or with `workers` several at once."""
    wired, serial = wire_params(params), not workers or limit == 1

    async def read(page: int, session_id: str | None) -> ProfilePage:
        return await users._profile_page(wired, page, session_id, limit if serial else None)

    if serial:
        pages = await read_pages(read, limit)
        return UserQueryResult.of_pages(pages, params, limit, parallel=False)
    pages, failed = await read_pages_at_once(read, limit, workers)
    return UserQueryResult.of_pages(pages, params, limit, failed_pages=failed, parallel=True, workers=workers)
