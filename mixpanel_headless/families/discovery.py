"""What a project holds: its events, their properties, the properties' values.

ws.events()                          every event name
ws.properties("Sign Up")             the properties seen on one event
ws.property_values("plan", event="Sign Up", limit=20)
"""

from __future__ import annotations

import re
import warnings
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import attrs
import msgspec

from mixpanel_headless.app_api import get
from mixpanel_headless.errors import EventNotFoundError, InvalidArgumentError, InvalidResponseError, QueryError, shown
from mixpanel_headless.operation import Async, Mode, Surface, composite, operation
from mixpanel_headless.options import check_choice
from mixpanel_headless.query.dates import Day, checked_day, today
from mixpanel_headless.query.fields import is_positive_integer
from mixpanel_headless.replies import read_rows
from mixpanel_headless.request import Json, Request, query_params
from mixpanel_headless.results.discovery import FunnelInfo, Listing, SavedCohort, SubPropertyInfo, TopEvent
from mixpanel_headless.suggestions import similar_names

if TYPE_CHECKING:
    from mixpanel_headless.models.bookmarks import BookmarkInfo
    from mixpanel_headless.results.provenance import Provenance

CountType = Literal["general", "unique", "average"]
EARLIEST = "2000-01-01"
MOST_SAMPLES = 5


class Discovery(Surface[Mode]):
    """Names and values. Answers are kept until `clear_discovery_cache`, or for a day."""

    @operation
    def _event_names(self, limit: int, from_date: str, to_date: str) -> Request[Listing[str]]:
        """Event names between two dates."""
        params = query_params(type="general", limit=limit, from_date=from_date, to_date=to_date)
        return Request("GET", "query", "/events/names", read_names, params, lifetime="discovery", shape=list)

    @composite
    async def events(
        self: Discovery[Async], *, limit: int = 5000, from_date: Day | None = None, to_date: Day | None = None
    ) -> Listing[str]:
        """Names of the project's events, sorted; at most `limit` of them, dates as YYYY-MM-DD.

        Costs one query. A project whose plan keeps N days only, asked without `from_date`, costs a second one that
        starts N days ago.
        """
        check_count("limit", limit)
        last = checked_day(today() if to_date is None else to_date, "to_date")
        try:
            first = checked_day(EARLIEST if from_date is None else from_date, "from_date")
            return await self._event_names(limit, first, last)
        except QueryError as error:
            days = days_of_history(error)
            if days is None or from_date is not None:
                raise
        return await self._event_names(limit, (today() - timedelta(days=days)).isoformat(), last)

    @operation
    def _top_properties(self, event: str) -> Request[Listing[str]]:
        """Properties seen on an event, sorted."""
        params = query_params(event=event)
        return Request("GET", "query", "/events/properties/top", read_keys, params, lifetime="discovery", shape=dict)

    @composite
    async def properties(self: Discovery[Async], event: str) -> Listing[str]:
        """Names of the properties seen on an event, sorted.

        Costs one query; for an unknown event a second one.

        Raises EventNotFoundError for an unknown event, with the nearest names.
        """
        check_name("event", event)
        try:
            return await self._top_properties(event)
        except QueryError as error:
            if error.status_code != 400:
                raise
            near = similar_names(event, await self.events())
            raise EventNotFoundError(
                event,
                near,
                status_code=400,
                response_body=error.response_body,
                request_method=error.request_method,
                request_url=error.request_url,
            ) from error

    @operation
    def property_values(
        self, property_name: str, *, event: str | None = None, limit: int = 100
    ) -> Request[Listing[str]]:
        """The most common values of a property as text, of one event or of all; null is left out. Costs one query."""
        check_name("property_name", property_name)
        if event is not None:
            check_name("event", event)
        check_count("limit", limit)
        params = query_params(name=property_name, limit=limit, event=event)
        return Request(
            "GET", "query", "/events/properties/values", read_values, params, lifetime="discovery", shape=list
        )

    @operation
    def subproperties(
        self, property_name: str, *, event: str | None = None, sample_size: int = 50
    ) -> Request[Listing[SubPropertyInfo]]:
        """The keys of the objects that a property holds, from `sample_size` of its values. Costs one query.

        What those values are: `string`, `number`, `boolean` or `datetime`; `string` where they differ.

        - `sample_size`: how many values are looked at.
        """
        check_name("property_name", property_name)
        if event is not None:
            check_name("event", event)
        check_count("sample_size", sample_size)
        params = query_params(name=property_name, limit=sample_size, event=event)
        return Request(
            "GET", "query", "/events/properties/values", read_subproperties, params, lifetime="discovery", shape=list
        )

    @operation
    def funnels(self) -> Request[Listing[FunnelInfo]]:
        """The saved funnels, by name; `funnel()` asks one. Costs one query."""
        return Request("GET", "query", "/funnels/list", read_funnels, lifetime="discovery", shape=list)

    @operation
    def cohorts(self) -> Request[Listing[SavedCohort]]:
        """The saved cohorts, by name. Costs one query; `list_cohorts_full` costs none and tells more."""
        return Request("POST", "query", "/cohorts/list", read_cohorts, lifetime="discovery", shape=list)

    @operation
    def list_bookmarks(self, bookmark_type: str | None = None) -> Request[Listing[BookmarkInfo]]:
        """The saved reports of one type, all of them by default; never kept, and costs no query.

        - `bookmark_type`: only reports of this type, such as insights or funnels.
        """
        from mixpanel_headless.models.bookmarks import BookmarkInfo

        if bookmark_type is not None:
            check_name("bookmark_type", bookmark_type)
        listed = get(
            "bookmarks",
            list[BookmarkInfo],
            v=2,
            type=bookmark_type,
            project_id=self.pin.project,
            query_origin="mixpanel-headless",
        )
        return attrs.evolve(listed, read=lambda tree, provenance: listed.read(or_no_rows(tree), provenance))

    @operation
    def top_events(self, *, type: CountType = "general", limit: int | None = None) -> Request[Listing[TopEvent]]:  # noqa: A002
        """Today's busiest events with their change against yesterday; never kept. Costs one query."""
        check_choice("type", type, CountType)
        if limit is not None:
            check_count("limit", limit)
        params = query_params(type=type, limit=limit)
        return Request("GET", "query", "/events/top", read_top_events, params)

    @composite(verb="read", command="")  # nothing of the service's changes
    async def clear_discovery_cache(self: Discovery[Async]) -> None:
        """Forgets names and values, so that the next call asks the service; costs nothing."""
        (await self.dispatcher()).scheduler.invalidate({"discovery"})


def check_count(field: str, value: object) -> None:
    if not is_positive_integer(value):
        raise InvalidArgumentError(f"{field} is {shown(value)}.", hint=f"Give {field} as a whole number, 1 or more.")


def check_name(field: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidArgumentError(f"{field} is {shown(value)}.", hint=f"Give {field} as a name that is not blank.")


def days_of_history(error: QueryError) -> int | None:
    """The N of a 403 that says the range exceeds N days into the past."""
    found = re.search(r"exceeds (\d{1,5}) days", error.message) if error.status_code == 403 else None
    return int(found[1]) if found else None


def rows_in(tree: Json, kind: type = list) -> Any:
    """The answer; nothing, and a warning, if it is of another kind than it should be. It is not kept then."""
    if isinstance(tree, kind):
        return tree
    warnings.warn(
        f"The service gave {shown(tree)} where a {kind.__name__} belongs; it is taken for nothing.", stacklevel=2
    )
    return ()


def read_names(tree: Json, provenance: Provenance) -> Listing[str]:
    return Listing(sorted(map(str, rows_in(tree))), provenance=provenance)


def read_keys(tree: Json, provenance: Provenance) -> Listing[str]:
    return Listing(sorted(rows_in(tree, dict)), provenance=provenance)


def read_values(tree: Json, provenance: Provenance) -> Listing[str]:
    values = rows_in(tree)
    return Listing([str(value) for value in values if value is not None], provenance=provenance)


def read_funnels(tree: Json, provenance: Provenance) -> Listing[FunnelInfo]:
    rows = rows_in(tree)
    found = [FunnelInfo(row.get("funnel_id", 0), row.get("name", "")) for row in rows if isinstance(row, dict)]
    return Listing(sorted(found, key=lambda one: one.name), provenance=provenance)


def read_cohorts(tree: Json, provenance: Provenance) -> Listing[SavedCohort]:
    rows = rows_in(tree)
    found = [
        SavedCohort(
            row.get("id", 0),
            row.get("name", ""),
            row.get("count"),
            row.get("description") or "",
            row.get("created", ""),
            bool(row.get("is_visible")),
        )
        for row in rows
        if isinstance(row, dict)
    ]
    return Listing(sorted(found, key=lambda one: one.name), provenance=provenance)


def or_no_rows(tree: Json) -> Json:
    """An answer without rows says that there are none."""
    return tree if isinstance(read_rows(tree), list) else {"results": []}


def read_subproperties(tree: Json, provenance: Provenance) -> Listing[SubPropertyInfo]:
    """The keys of the objects in a property's values, by name."""
    samples: dict[str, list[Any]] = {}
    for value in rows_in(tree):
        for row in objects_in(value):
            for name, inner in row.items():
                if inner is not None and not isinstance(inner, (dict, list)):
                    samples.setdefault(name, []).append(inner)
    found = []
    for name, values in sorted(samples.items()):
        kinds = {kind_of(value) for value in values}
        distinct = list({(type(value), value): value for value in values}.values())
        found.append(
            SubPropertyInfo(name, kinds.pop() if len(kinds) == 1 else "string", tuple(distinct[:MOST_SAMPLES]))
        )
    return Listing(found, provenance=provenance)


def objects_in(value: Json) -> list[dict[str, Any]]:
    """The objects that a value of a property is, or holds in a list; the service gives them as text."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            return []
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def kind_of(value: Any) -> str:
    """What a plain value is, as the service's own words have it."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    try:
        datetime.fromisoformat(value if len(value) >= len(EARLIEST) else "")
    except ValueError:
        return "string"
    return "datetime"


def read_top_events(tree: Json, provenance: Provenance) -> Listing[TopEvent]:
    found = rows_in(tree, dict)
    rows = found.get("events") if found else None
    try:
        busiest = [TopEvent(row["event"], row["amount"], row["percent_change"]) for row in rows or ()]
    except (TypeError, KeyError) as error:
        raise InvalidResponseError(f"The busiest events came in another form: {str(rows)[:200]}", sent=True) from error
    return Listing(busiest, provenance=provenance)
