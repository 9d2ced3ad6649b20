"""The older reports: segmentation, saved funnels, retention, frequency and counts.

ws.segmentation("Sign Up", from_date="2026-01-01", to_date="2026-01-31", on="plan").df
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_headless.errors import InvalidArgumentError, shown
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.options import check_choice
from mixpanel_headless.query.dates import Day, checked_day
from mixpanel_headless.query.fields import is_whole_text
from mixpanel_headless.request import Json, Request, query_params
from mixpanel_headless.results import legacy as answers
from mixpanel_headless.results.legacy_reading import read_funnel, read_retention, reader

from .discovery import CountType, check_count, check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mixpanel_headless.results.provenance import Provenance

Unit = Literal["minute", "hour", "day", "week", "month"]
FunnelUnit = Literal["day", "week", "month"]
AddictionUnit = Literal["hour", "day"]
EXPRESSIONS = ('properties["', 'user["', 'event["')
"""What an expression of the service's own language holds; any other text is the name of a property."""


class Legacy(Surface[Mode]):
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
        return ask("/segmentation", params, reader(
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
        read = reader(answers.NumericBucketResult, "series", **asked, property_expr=on)
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
            return read_funnel(tree, funnel_id=funnel_id, from_date=first, to_date=last, provenance=provenance)

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
            return read_retention(tree, provenance, **asked, return_event=return_event, unit=unit)

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
        read = reader(answers.FrequencyResult, "data", event=event, from_date=first, to_date=last, **units)
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
        read = reader(answers.EventCountsResult, "series", events=list(events), from_date=first, to_date=last, **how)
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
        return ask("/events/properties", params, reader(answers.PropertyCountsResult, "series", **asked), last)


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
    return ask(f"/segmentation/{what}", params, reader(kind, "results", **asked, property_expr=on), last)


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


def name_list(field: str, names: object) -> str:
    """Names as the JSON list that an endpoint takes; InvalidArgumentError for anything but a list of text."""
    if not isinstance(names, list | tuple) or not all(map(is_whole_text, names)):
        raise InvalidArgumentError(f"{field} is {shown(names)}.", hint=f"Give {field} as a list of text.", sent=False)
    return json.dumps(list(names))
