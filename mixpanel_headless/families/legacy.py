"""The older reports: segmentation, saved funnels, retention, frequency, counts, and what people did.

ws.segmentation("Sign Up", from_date="2026-01-01", to_date="2026-01-31", on="plan").df
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_headless.errors import InvalidArgumentError, QueryError, shown
from mixpanel_headless.operation import Async, Mode, composite, operation
from mixpanel_headless.options import check_choice
from mixpanel_headless.query.dates import Day, checked_day
from mixpanel_headless.query.fields import is_whole_text
from mixpanel_headless.request import Json, Request, query_params
from mixpanel_headless.results import legacy as answers
from mixpanel_headless.results.activity import ActivityFeedResult, read_activity

from .discovery import CountType, check_count, check_name
from .identity import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mixpanel_headless.results.provenance import Provenance

Unit = Literal["minute", "hour", "day", "week", "month"]
FunnelUnit = Literal["day", "week", "month"]
AddictionUnit = Literal["hour", "day"]
EXPRESSIONS = ('properties["', 'user["', 'event["')
"""What an expression of the service's own language holds; any other text is the name of a property."""
WINDOW = timedelta(days=30)


class Legacy(Identity[Mode]):
    """The older reports; each call costs one query, none when the answer is known or an equal question is under way."""

    @operation
    def segmentation(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str | None = None,
        unit: Unit = "day",
        where: str | None = None,
    ) -> Request[answers.SegmentationResult]:
        """How often an event happened, by date and by `on`: a property, or an expression such as `user["plan"]`.

        `where` is an expression too: `properties["plan"] == "pro"`.
        """
        check_name("event", event)
        first, last = days(from_date, to_date)
        asked = {"event": event, "from_date": first, "to_date": last, "unit": check_choice("unit", unit, Unit)}
        params = query_params(**asked, type="general", on=on and expression(on), where=where)
        return ask("/segmentation", params, answers.reader(
            answers.SegmentationResult, "series", **asked, segment_property=on
        ), last)  # fmt: skip

    @operation
    def segmentation_numeric(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        type: CountType = "general",  # noqa: A002 - the service's name
    ) -> Request[answers.NumericBucketResult]:
        """How often an event happened, by date and by ranges of the number `on`, which the service chooses."""
        first, last = days(from_date, to_date)
        asked = {"event": event, "from_date": first, "to_date": last, "unit": check_choice("unit", unit, Unit)}
        params = query_params(**asked, on=expression(on), type=check_choice("type", type, CountType), where=where)
        read = answers.reader(answers.NumericBucketResult, "series", **asked, property_expr=on)
        return ask("/segmentation/numeric", params, read, last)

    @operation
    def segmentation_sum(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
    ) -> Request[answers.NumericSumResult]:
        """The sum of the number `on` over an event, by date."""
        return ask_number(answers.NumericSumResult, "sum", event, from_date, to_date, on, unit, where)

    @operation
    def segmentation_average(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
    ) -> Request[answers.NumericAverageResult]:
        """The average of the number `on` over an event, by date."""
        return ask_number(answers.NumericAverageResult, "average", event, from_date, to_date, on, unit, where)

    @operation(command="saved-funnel")
    def funnel(
        self,
        funnel_id: int,
        *,
        from_date: Day,
        to_date: Day,
        unit: FunnelUnit | None = None,
        on: str | None = None,
    ) -> Request[answers.FunnelResult]:
        """A saved funnel over those days, by `on` if it is given; `funnels()` lists them."""
        check_count("funnel_id", funnel_id)
        first, last = days(from_date, to_date)
        step = None if unit is None else check_choice("unit", unit, FunnelUnit)
        params = query_params(funnel_id=funnel_id, from_date=first, to_date=last, unit=step, on=on)

        def read(tree: Json, provenance: Provenance) -> answers.FunnelResult:
            return answers.read_funnel(tree, funnel_id=funnel_id, from_date=first, to_date=last, provenance=provenance)

        return ask("/funnels", params, read)

    @operation(command="legacy-retention")
    def retention(
        self,
        *,
        born_event: str,
        return_event: str,
        from_date: Day,
        to_date: Day,
        born_where: str | None = None,
        return_where: str | None = None,
        interval: int = 1,
        interval_count: int = 10,
        unit: FunnelUnit = "day",
    ) -> Request[answers.RetentionResult]:
        """Who came back, by the date on which they began; an `interval` of more than 1 counts days, whatever `unit` says.

        - `born_event`: the event that a user begins with.
        - `return_event`: the event that counts as coming back.
        - `born_where`: what must hold of the first event, as an expression.
        - `return_where`: what must hold of the other, as an expression.
        - `interval`: how many days a bucket has.
        - `interval_count`: how many buckets there are.
        """
        check_count("interval", interval)
        check_count("interval_count", interval_count)
        first, last = days(from_date, to_date)
        check_choice("unit", unit, FunnelUnit)
        asked = {"born_event": born_event, "from_date": first, "to_date": last}
        params = query_params(
            **asked,
            event=return_event,
            retention_type="birth",
            interval_count=interval_count,
            interval=interval if interval != 1 else None,
            unit=unit if interval == 1 else None,
            born_where=born_where,
            where=return_where,
        )

        def read(tree: Json, provenance: Provenance) -> answers.RetentionResult:
            return answers.read_retention(tree, provenance, **asked, return_event=return_event, unit=unit)

        return ask("/retention", params, read)

    @operation
    def frequency(
        self,
        *,
        from_date: Day,
        to_date: Day,
        unit: FunnelUnit = "day",
        addiction_unit: AddictionUnit = "hour",
        event: str | None = None,
        where: str | None = None,
    ) -> Request[answers.FrequencyResult]:
        """In how many periods of `addiction_unit` people did an event, or anything, within each date of `unit`.

        - `addiction_unit`: the length of the periods that are counted.
        """
        first, last = days(from_date, to_date)
        units = {
            "unit": check_choice("unit", unit, FunnelUnit),
            "addiction_unit": check_choice("addiction_unit", addiction_unit, AddictionUnit),
        }
        params = query_params(from_date=first, to_date=last, **units, event=event, where=where)
        read = answers.reader(answers.FrequencyResult, "data", event=event, from_date=first, to_date=last, **units)
        return ask("/retention/addiction", params, read, last)

    @operation
    def event_counts(
        self,
        events: Sequence[str],
        *,
        from_date: Day,
        to_date: Day,
        type: CountType = "general",  # noqa: A002
        unit: Unit = "day",
    ) -> Request[answers.EventCountsResult]:
        """How often several events happened, by date."""
        first, last = days(from_date, to_date)
        how = {"type": check_choice("type", type, CountType), "unit": check_choice("unit", unit, Unit)}
        params = query_params(event=name_list("events", events), **how, from_date=first, to_date=last)
        read = answers.reader(
            answers.EventCountsResult, "series", events=list(events), from_date=first, to_date=last, **how
        )
        return ask("/events", params, read, last)

    @operation
    def property_counts(
        self,
        event: str,
        property_name: str,
        *,
        from_date: Day,
        to_date: Day,
        type: CountType = "general",  # noqa: A002
        unit: Unit = "day",
        values: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Request[answers.PropertyCountsResult]:
        """How often each value of a property came with an event, by date; only `values` if they are given.

        - `values`: only these values.
        """
        first, last = days(from_date, to_date)
        how = {"type": check_choice("type", type, CountType), "unit": check_choice("unit", unit, Unit)}
        chosen = None if values is None else name_list("values", values)
        params = query_params(
            event=event, name=property_name, **how, from_date=first, to_date=last, values=chosen, limit=limit
        )
        asked = {"event": event, "property_name": property_name, "from_date": first, "to_date": last, **how}
        return ask("/events/properties", params, answers.reader(answers.PropertyCountsResult, "series", **asked), last)

    @operation
    def _query_activity(self, body: Mapping[str, Json], days_asked: Mapping[str, Any]) -> Request[ActivityFeedResult]:
        """What some people did."""
        return Request(
            "POST",
            "query",
            "/stream/bookmark",
            lambda tree, provenance: read_activity(tree, provenance, **days_asked),
            body=body,
            names_project=False,
        )

    @composite
    async def activity_feed(
        self: Legacy[Async],
        distinct_ids: Sequence[str],
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        limit: int | None = None,
        include_events: Sequence[str] | None = None,
        exclude_events: Sequence[str] | None = None,
        sentinel_event: Mapping[str, Any] | None = None,
        paging_window: int | None = None,
        search: str | None = None,
        search_properties: Sequence[Mapping[str, Any]] | None = None,
        use_custom_events: bool | None = None,
    ) -> ActivityFeedResult:
        """What people did in those days (the last 30 by default), the newest page of it; never kept.

        The `sentinel_event` of a result asks for the page before it. Costs one query, and those of `resolve_workspace_id`.

        - `include_events`: only these events.
        - `exclude_events`: all events but these.
        - `sentinel_event`: the event of an earlier result that says where to go on.
        - `paging_window`: how many days back a page may reach.
        - `search`: a text that stands in an event.
        - `search_properties`: where that text is looked for.
        - `use_custom_events`: shows custom events too.
        """
        if include_events and exclude_events:
            refuse("include_events and exclude_events cannot both be given")
        if search_properties and not search:
            refuse("search_properties needs a search text", "Give search too.")
        window = feed_window(from_date, to_date)
        ids = list(distinct_ids)
        optional = {
            "limit": limit,
            "include_events": include_events and list(include_events),
            "exclude_events": exclude_events and list(exclude_events),
            "sentinel_event": sentinel_event,
            "paging_window": paging_window,
            "search": search,
            "search_properties": search_properties and list(search_properties),
            "use_custom_events": use_custom_events,
        }
        body = {
            "project_id": self.pin.project,
            "workspace_id": await self.resolve_workspace_id(),
            "bookmark": {"dateRange": window, "entries": []},
            "distinct_ids": ids,
            "mode": "raw",
            **{name: value for name, value in optional.items() if value is not None},
        }
        asked = {"distinct_ids": ids, "from_date": from_date and str(from_date), "to_date": to_date and str(to_date)}
        return await self._query_activity(body, asked)


def ask(path: str, params: Any, read: Callable[[Json, Provenance], Any], last_day: str | None = None) -> Request[Any]:
    """One question to an older report; without `last_day` its answer may still change for long."""
    return Request("GET", "query", path, read, params, lifetime="range", closes_on=last_day, shape=dict)


def ask_number(
    kind: Any, what: str, event: str, from_date: Day, to_date: Day, on: str, unit: str, where: str | None
) -> Request[Any]:
    """One number for each date."""
    first, last = days(from_date, to_date)
    asked = {"event": event, "from_date": first, "to_date": last, "unit": check_choice("unit", unit, Unit)}
    params = query_params(**asked, on=expression(on), where=where)
    return ask(f"/segmentation/{what}", params, answers.reader(kind, "results", **asked, property_expr=on), last)


def expression(on: str) -> str:
    """An expression as it is; the name of a property as the expression that stands for it."""
    check_name("on", on)
    if any(sign in on for sign in EXPRESSIONS):
        return on
    escaped = on.replace("\\", "\\\\").replace('"', '\\"')
    return f'properties["{escaped}"]'


def days(from_date: Day, to_date: Day) -> tuple[str, str]:
    """Both days as text; InvalidArgumentError for what is none, or where the last comes before the first."""
    first, last = checked_day(from_date, "from_date"), checked_day(to_date, "to_date")
    if last < first:
        raise InvalidArgumentError(f"to_date {last} comes before from_date {first}.", hint="Swap them.")
    return first, last


def feed_window(from_date: Day | None, to_date: Day | None) -> dict[str, Any]:
    """The days of an activity feed as the service takes them; without a first day the 30 before the last."""
    try:
        first, last = (None if day is None else checked_day(day, "date") for day in (from_date, to_date))
        if last is not None:
            first = first or (date.fromisoformat(last) - WINDOW).isoformat()
            return {"type": "between", "from": first, "to": last}
    except (InvalidArgumentError, OverflowError) as error:
        refuse(f"from_date {shown(from_date)} to to_date {shown(to_date)} are no days: {error}", "Give YYYY-MM-DD.")
    if first is None:
        return {"type": "relative_after", "window": {"unit": "day", "value": WINDOW.days}}
    return {"type": "since", "from": first}


def refuse(complaint: str, hint: str = "Give one of them.") -> None:
    """Raise what says that the service would refuse the call; it is not sent."""
    raise QueryError(f"{complaint}.", status_code=400, hint=hint, sent=False)


def name_list(field: str, names: object) -> str:
    """Names as the JSON list that an endpoint takes; InvalidArgumentError for anything but a list of text."""
    if not isinstance(names, list | tuple) or not all(map(is_whole_text, names)):
        raise InvalidArgumentError(f"{field} is {shown(names)}.", hint=f"Give {field} as a list of text.", sent=False)
    return json.dumps(list(names))
