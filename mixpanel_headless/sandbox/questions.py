"""The supported endpoints: each reads a request as strictly as the service would and asks the engine."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.sandbox.replies import Rejected, text_lines
from mixpanel_headless.sandbox.snapshots import Snapshots

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.engine import Engine
    from mixpanel_headless.sandbox.arrivals import Arrival

DEFAULT_SEGMENTS = 3_000
MOST_EXPORTED = 100_000


@attrs.frozen
class Source:
    """What the answers are computed from, and how many days back it may be asked."""

    engine: Engine
    history_days: int | None = None
    snapshots: Snapshots = attrs.field(factory=Snapshots)


@attrs.frozen
class Endpoint:
    """How one address is asked: the method that it takes, and the computation."""

    method: str
    ask: Callable[[Source, Arrival], Any]


def ask_insights(source: Source, arrival: Arrival) -> Any:
    """An insights answer for an inline bookmark."""
    if not isinstance(arrival.document, dict):
        raise Rejected(400, "Invalid JSON: the body must be an object")
    bookmark, limits = arrival.document.get("bookmark"), arrival.document.get("queryLimits") or {}
    if not isinstance(bookmark, dict):
        raise Rejected(400, "bookmark is a required parameter and must be an object")
    if not isinstance(limits, dict):
        raise Rejected(400, "queryLimits must be an object")
    return source.engine.insights(bookmark, limits.get("limit", DEFAULT_SEGMENTS))


def ask_flows(source: Source, arrival: Arrival) -> Any:
    """A flow answer for an inline bookmark."""
    if not isinstance(arrival.document, dict):
        raise Rejected(400, "Invalid JSON: the body must be an object")
    bookmark, kind = arrival.document.get("bookmark"), arrival.document.get("query_type")
    if not isinstance(bookmark, dict):
        raise Rejected(400, "bookmark is a required parameter and must be an object")
    return source.engine.flows(bookmark, kind)


def ask_event_names(source: Source, arrival: Arrival) -> Any:
    """The names of the events in a range of days, commonest first."""
    from_date, to_date = read_date(arrival, "from_date"), read_date(arrival, "to_date")
    if source.history_days is not None and from_date is not None:
        first = source.engine.project.clock().date() - timedelta(days=source.history_days)
        if from_date < str(first):
            raise Rejected(403, f"Date range exceeds {source.history_days} days into the past")
    return source.engine.event_names(from_date, to_date, read_limit(arrival, 255), read_type(arrival))


def ask_top_events(source: Source, arrival: Arrival) -> Any:
    """Today's commonest events against yesterday."""
    return source.engine.top_events(read_type(arrival), read_limit(arrival, 100))


def ask_top_properties(source: Source, arrival: Arrival) -> Any:
    """The commonest properties of an event."""
    return source.engine.top_properties(read_text(arrival, "event"), read_limit(arrival, 10))


def ask_property_values(source: Source, arrival: Arrival) -> Any:
    """The commonest values of a property, of one event or of all."""
    event = read_text(arrival, "event") if "event" in arrival.query else None
    return source.engine.property_values(read_text(arrival, "name"), event, read_limit(arrival, 255))


def legacy(answer: str) -> Callable[[Source, Arrival], Any]:
    """An endpoint whose parameters the engine reads by their names on the wire; `answer` is the engine's method."""

    def ask_legacy(source: Source, arrival: Arrival) -> Any:
        if arrival.parameters.get("format", "json") != "json":
            raise Rejected(501, f"format={arrival.parameters['format']} is not supported by the sandbox yet")
        return getattr(source.engine, answer)(arrival.parameters)

    return ask_legacy


def ask_profiles(source: Source, arrival: Arrival) -> Any:
    """One page of profiles."""
    return source.snapshots.page(source.engine, arrival.parameters, read_page(arrival))


def ask_export(source: Source, arrival: Arrival) -> Any:
    """The events of the days that are asked for, as lines."""
    from_date, to_date = read_date(arrival, "from_date"), read_date(arrival, "to_date")
    if from_date is None or to_date is None:
        raise Rejected(400, f"{'to_date' if from_date else 'from_date'} is a required parameter")
    limit = read_limit(arrival, MOST_EXPORTED) if "limit" in arrival.query else None
    if limit is not None and limit > MOST_EXPORTED:
        raise Rejected(400, f"limit must be at most {MOST_EXPORTED} ({limit} was given)")
    in_ms = arrival.query.get("time_in_ms", "").lower() in {"true", "1"}
    where = arrival.query.get("where")
    lines = source.engine.export(from_date, to_date, read_event_list(arrival), where, limit, in_ms)
    return text_lines(lines, packed=arrival.takes_gzip)


ENDPOINTS = {
    "export": Endpoint("GET", ask_export),
    "insights": Endpoint("POST", ask_insights),
    "arb_funnels": Endpoint("POST", ask_flows),
    "segmentation": Endpoint("GET", legacy("segmentation")),
    "segmentation/numeric": Endpoint("GET", legacy("segmentation_numeric")),
    "segmentation/sum": Endpoint("GET", legacy("segmentation_sum")),
    "segmentation/average": Endpoint("GET", legacy("segmentation_average")),
    "events": Endpoint("GET", legacy("event_counts")),
    "events/properties": Endpoint("GET", legacy("property_counts")),
    "retention": Endpoint("GET", legacy("legacy_retention")),
    "retention/addiction": Endpoint("GET", legacy("addiction")),
    "engage": Endpoint("POST", ask_profiles),
    "engage/stats": Endpoint("POST", legacy("profile_stats")),
    "events/names": Endpoint("GET", ask_event_names),
    "events/top": Endpoint("GET", ask_top_events),
    "events/properties/top": Endpoint("GET", ask_top_properties),
    "events/properties/values": Endpoint("GET", ask_property_values),
}


def ask(source: Source, arrival: Arrival) -> Any:
    """The answer to a request that was let in, as JSON-ready data.

    Raises Rejected for what the service would refuse, and for what exists there but cannot be computed here yet.
    """
    endpoint = ENDPOINTS.get(arrival.route.endpoint)
    if arrival.route.family == "app":
        raise Rejected(404, f"{arrival.method} {arrival.path} is not supported by the sandbox yet")
    if not arrival.route.known:
        raise Rejected(400, "Invalid API endpoint")
    if endpoint is None or "bookmark_id" in arrival.query:
        saved = " by bookmark_id" if endpoint else ""
        raise Rejected(501, f"{arrival.method} {arrival.path}{saved} is not supported by the sandbox yet")
    if arrival.method != endpoint.method:
        raise Rejected(405, f"Method {arrival.method} is not allowed, use {endpoint.method}")
    return ask_engine(endpoint, source, arrival)


def ask_engine(endpoint: Endpoint, source: Source, arrival: Arrival) -> Any:
    """The engine's answer, its own refusals worded as the service's."""
    from mixpanel_headless.engine import BadQuery, Unsupported

    try:
        return endpoint.ask(source, arrival)
    except BadQuery as error:
        raise Rejected(400, error.message) from error
    except Unsupported as error:
        raise Rejected(501, f"{error.feature} is not supported by the sandbox yet") from error


def read_text(arrival: Arrival, name: str) -> str:
    """A parameter that must be there."""
    text = arrival.query.get(name, "")
    if not text:
        raise Rejected(400, f"{name} is a required parameter")
    return text


def read_limit(arrival: Arrival, default: int) -> int:
    """A positive number of rows."""
    text = arrival.query.get("limit", str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < 1:
        raise Rejected(400, f"limit must be a positive integer ({text!r} was given)")
    return int(text)


def read_page(arrival: Arrival) -> int:
    """The number of a page, from 0."""
    text = str(arrival.parameters.get("page") or 0)
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise Rejected(400, f"page must be a whole number from 0 ({text!r} was given)")
    return int(text)


def read_date(arrival: Arrival, name: str) -> str | None:
    """A day as YYYY-MM-DD, if it is given."""
    text = arrival.query.get(name)
    if text is None:
        return None
    try:
        return str(datetime.strptime(text, "%Y-%m-%d").date())  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        raise Rejected(400, f"{name} must be a date as YYYY-MM-DD ({text!r} was given)") from None


def read_event_list(arrival: Arrival) -> list[str]:
    """The names of events that are asked for; none for all."""
    import msgspec

    text = arrival.query.get("event", "[]")
    try:
        return msgspec.json.decode(text, type=list[str])
    except msgspec.MsgspecError:
        raise Rejected(400, f"event must be a JSON array of names ({text[:80]!r} was given)") from None


def read_type(arrival: Arrival) -> str:
    """What is counted: events, users, or events per user."""
    return arrival.query.get("type", "general")
