"""The supported endpoints: each reads a request as strictly as the service would and asks the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.query.fields import read_digits
from mixpanel_headless.sandbox.app import ask_app
from mixpanel_headless.sandbox.histories import number_of
from mixpanel_headless.sandbox.lookups import take_or_give
from mixpanel_headless.sandbox.replays import FOLDER, file_at
from mixpanel_headless.sandbox.replies import Rejected, Reply, text_lines
from mixpanel_headless.sandbox.saved import Saved
from mixpanel_headless.sandbox.snapshots import Snapshots

if TYPE_CHECKING:
    from mixpanel_headless.engine import Engine
    from mixpanel_headless.sandbox.arrivals import Arrival
    from mixpanel_headless.sandbox.recordings import Recording

DEFAULT_SEGMENTS = 3_000
MOST_EXPORTED = 100_000


@attrs.frozen
class Source:
    """What the answers are computed from, and how many days back it may be asked."""

    engine: Engine
    history_days: int | None = None
    saved: Saved = attrs.field(factory=Saved)
    snapshots: Snapshots = attrs.field(factory=Snapshots)
    recordings: Mapping[str, Recording] = attrs.field(factory=dict)


def ask_insights(source: Source, arrival: Arrival) -> Any:
    """An insights, funnel or retention answer for an inline bookmark."""
    bookmark, limits = inline_bookmark(arrival), arrival.document.get("queryLimits") or {}
    if not isinstance(limits, dict):
        raise Rejected(400, "queryLimits must be an object")
    return source.engine.insights(bookmark, limits.get("limit", DEFAULT_SEGMENTS))


def ask_flows(source: Source, arrival: Arrival) -> Any:
    """A flow answer for an inline bookmark."""
    return source.engine.flows(inline_bookmark(arrival), arrival.document.get("query_type"))


def inline_bookmark(arrival: Arrival) -> dict[str, Any]:
    """The question that a JSON body holds."""
    if not isinstance(arrival.document, dict):
        raise Rejected(400, "Invalid JSON: the body must be an object")
    bookmark = arrival.document.get("bookmark")
    if not isinstance(bookmark, dict):
        raise Rejected(400, "bookmark is a required parameter and must be an object")
    return bookmark


def saved_params(source: Source, arrival: Arrival, name: str = "bookmark_id") -> dict[str, Any]:
    """The question of the saved report that a parameter names."""
    params: dict[str, Any] = source.saved.report(read_text(arrival, name))["params"]
    return params


def ask_saved_insights(source: Source, arrival: Arrival) -> Any:
    """The answer of a saved report."""
    return source.engine.insights(saved_params(source, arrival), DEFAULT_SEGMENTS)


def ask_saved_flows(source: Source, arrival: Arrival) -> Any:
    """The answer of a saved flow."""
    return source.engine.flows(saved_params(source, arrival), arrival.query.get("query_type"))


def ask_saved_funnel(source: Source, arrival: Arrival) -> Any:
    """A saved funnel by date."""
    return source.engine.legacy_funnel(saved_params(source, arrival, "funnel_id"), arrival.parameters)


def ask_retention(source: Source, arrival: Arrival) -> Any:
    """Retention by date: of a saved report, or of the parameters."""
    if "bookmark_id" not in arrival.query:
        return source.engine.legacy_retention(arrival.parameters)
    series = source.engine.insights(saved_params(source, arrival), DEFAULT_SEGMENTS)["series"]
    return retention_by_date(next(iter(series.values()), {}))


def retention_by_date(rows: dict[str, Any]) -> dict[str, Any]:
    """A retention's rows under their days, as a saved report shows them; segments stand below the day."""
    if "$overall" not in rows:
        return {date[:10]: cell for date, cell in rows.items() if not date.startswith("$")}
    days = retention_by_date(rows["$overall"])
    split = {name: retention_by_date(own) for name, own in rows.items()}
    return {day: {name: own[day] for name, own in split.items() if day in own} for day in days}


def ask_funnel_list(source: Source, _: Arrival) -> Any:
    """The saved funnels by name."""
    return [{"funnel_id": report["id"], "name": report["name"]} for report in source.saved.listed("funnels")]


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


Ask = Callable[["Source", "Arrival"], Any]
ENDPOINTS: Mapping[tuple[str, str], Ask] = {
    ("GET", "export"): ask_export,
    ("POST", "insights"): ask_insights,
    ("GET", "insights"): ask_saved_insights,
    ("POST", "arb_funnels"): ask_flows,
    ("GET", "arb_funnels"): ask_saved_flows,
    ("GET", "segmentation"): legacy("segmentation"),
    ("GET", "segmentation/numeric"): legacy("segmentation_numeric"),
    ("GET", "segmentation/sum"): legacy("segmentation_sum"),
    ("GET", "segmentation/average"): legacy("segmentation_average"),
    ("GET", "events"): legacy("event_counts"),
    ("GET", "events/properties"): legacy("property_counts"),
    ("GET", "funnels"): ask_saved_funnel,
    ("GET", "funnels/list"): ask_funnel_list,
    ("GET", "retention"): ask_retention,
    ("GET", "retention/addiction"): legacy("addiction"),
    ("POST", "engage"): ask_profiles,
    ("POST", "engage/stats"): legacy("profile_stats"),
    ("POST", "cohorts/list"): lambda source, _: source.engine.cohort_list(),
    ("GET", "stream/query"): legacy("activity"),
    ("POST", "stream/bookmark"): legacy("activity_page"),
    ("GET", "data_definitions/events"): lambda source, _: {"status": "ok", "results": source.engine.event_properties()},
    ("GET", "events/names"): ask_event_names,
    ("GET", "events/top"): ask_top_events,
    ("GET", "events/properties/top"): ask_top_properties,
    ("GET", "events/properties/values"): ask_property_values,
}


def ask(source: Source, arrival: Arrival) -> Any:
    """The answer to a request that was let in, as JSON-ready data.

    Raises Rejected for what the service would refuse, and for what exists there but cannot be computed here yet.
    """
    route, method = arrival.route, arrival.method
    if route.family == "signed":
        return ask_signed(source, arrival)
    if route.family == "app":
        return ask_engine(ask_app, source, arrival)
    if not route.known:
        raise Rejected(400, "Invalid API endpoint")
    methods = [one for one, endpoint in ENDPOINTS if endpoint == route.endpoint]
    if not methods:
        raise Rejected(501, f"{method} {arrival.path} is not supported by the sandbox yet")
    if method not in methods:
        raise Rejected(405, f"Method {method} is not allowed, use {' or '.join(methods)}")
    return ask_engine(ENDPOINTS[method, route.endpoint], source, arrival)


def ask_signed(source: Source, arrival: Arrival) -> Reply:
    """A file at a signed address, or that it was taken there."""
    place = source.saved.signer.open(arrival, source.engine.project.clock().timestamp())
    if place.startswith(FOLDER) and arrival.method == "GET":
        return file_at(source.recordings, place)
    with source.saved.turn():
        return take_or_give(source.saved.lookups, place, arrival)


def ask_engine(answer: Ask, source: Source, arrival: Arrival) -> Any:
    """The engine's answer, its own refusals worded as the service's."""
    from mixpanel_headless.engine import BadQuery, Unsupported

    try:
        return answer(source, arrival)
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
    found = read_digits(text)
    if not found:
        raise Rejected(400, f"limit must be a positive integer ({text!r} was given)")
    return found


def read_page(arrival: Arrival) -> int:
    """The number of a page, from 0."""
    return number_of(str(arrival.parameters.get("page") or 0), "page")


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
