"""The questions that find session recordings and their events, and how the answers are read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mixpanel_headless.errors import BookmarkValidationError, ParamValidationError

from .dates import Range

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mixpanel_headless.request import Json

    from .dates import Day

RECORD, REPLAY, RETENTION, USER = (
    "$mp_session_record", "$mp_replay_id", "$mp_replay_retention_period", "$distinct_id",
)  # fmt: skip
OVERALL = "$overall"
WINDOW = {"dateRangeType": "in the last", "unit": "day", "window": {"unit": "day", "value": 90}}
RETENTIONS = ("1", "7", "30", "90")
MILLISECONDS = 10**12
"""Above this a number of seconds would lie in the year 33,658."""
MOST_PROPERTIES = 5


def check_selector(
    distinct_id: str | None, replay_ids: Sequence[str] | None, from_date: Day | None, to_date: Day | None
) -> list[str] | None:
    """The ids that are looked for, None for a user's; ParamValidationError unless it is one of the two."""
    if (distinct_id is None) == (replay_ids is None):
        complaint = "Give distinct_id or replay_ids" + (", not both." if distinct_id is not None else ".")
        raise ParamValidationError(complaint, "WR4_REPLAY_SELECTOR_REQUIRED", path="replay_ids")
    if distinct_id is not None and (from_date is None or to_date is None):
        complaint = "The recordings of a user are looked for between from_date and to_date; give both."
        raise ParamValidationError(complaint, "WR5_DATE_RANGE_REQUIRED", path="from_date")
    return None if replay_ids is None else list(replay_ids)


def check_properties(names: Sequence[str] | None) -> list[str]:
    """The properties that are asked for; ParamValidationError for more than the service gives."""
    asked = list(names or ())
    if len(asked) > MOST_PROPERTIES:
        complaint = f"event_properties has {len(asked)} names; at most {MOST_PROPERTIES} can be asked."
        raise ParamValidationError(complaint, "WR1_TOO_MANY_EVENT_PROPERTIES", path="event_properties")
    return asked


def sessions(
    distinct_id: str | None, replay_ids: list[str] | None, from_date: Day | None, to_date: Day | None
) -> dict[str, Json]:
    """The bookmark that finds recordings: when each began, by how long it is kept."""
    measured = {"math": "min", "property": {"name": "$time", "resourceType": "events"}}
    condition = keeps(USER, [distinct_id]) if replay_ids is None else keeps(REPLAY, replay_ids)
    return table(RECORD, measured, window(from_date, to_date), [condition], [REPLAY, RETENTION])


def events(
    replay_ids: Sequence[str], properties: Sequence[str], from_date: Day | None, to_date: Day | None
) -> dict[str, Json]:
    """The bookmark that finds the events of recordings, each with its time."""
    conditions = [keeps(REPLAY, list(replay_ids)), keeps("$event_name", [RECORD], "does not equal")]
    groups = ["$time", "$event_name", REPLAY, *properties]
    return table("$all_events", {"math": "total"}, window(from_date, to_date), conditions, groups)


def table(
    event: str, measurement: dict[str, Json], time: Json, conditions: list[Json], groups: list[str]
) -> dict[str, Json]:
    behavior = {
        "type": "event", "name": event, "resourceType": "events", "filtersDeterminer": "all", "filters": [],
    }  # fmt: skip
    return {
        "sections": {
            "show": [{"type": "metric", "behavior": behavior, "measurement": measurement}],
            "time": [time],
            "filter": conditions,
            "group": [
                {
                    "value": name, "propertyName": name, "resourceType": "events", "propertyType": "string",
                    "propertyDefaultType": "string",
                }
                for name in groups
            ],
        },
        "displayOptions": {"chartType": "table", "analysis": "linear"},
    }  # fmt: skip


def keeps(name: str, values: list[Json], operator: str = "equals") -> dict[str, Json]:
    return {
        "resourceType": "events", "filterType": "string", "defaultType": "string", "filterValue": values,
        "filterOperator": operator, "value": name,
    }  # fmt: skip


def window(from_date: Day | None, to_date: Day | None) -> dict[str, Json]:
    """The days that are looked through: both that are given, or the last 90."""
    if from_date is None or to_date is None:
        return WINDOW
    asked = Range(from_date, to_date)
    if flaws := asked.problems():
        raise BookmarkValidationError(flaws)
    return {"dateRangeType": "between", "unit": "day", "value": [asked.from_date, asked.end]}


def read_sessions(series: Mapping[str, Json]) -> tuple[list[tuple[str, int, int]], list[str]]:
    """Each recording's id, beginning in milliseconds and days of retention; and the ids of those without a beginning."""
    found, odd = [], []
    metric = next((node for node in series.values() if isinstance(node, dict)), {})
    for name, node in metric.items():
        if name in (OVERALL, ""):
            continue
        inner = node if isinstance(node, dict) else {}
        kept = next((days for days in inner if days in RETENTIONS), None)
        other = next((days for days in inner if days != OVERALL), OVERALL)
        start = milliseconds(leaf(inner.get(kept if kept is not None else other)))
        if start is None:
            odd.append(name)
        else:
            found.append((name, start, int(kept) if kept is not None else 30))
    return found, odd


def read_events(series: Mapping[str, Json], properties: list[str]) -> Iterator[tuple[str, str, int, Json]]:
    """Each event's recording, name, time in seconds and properties; one that is counted n times comes n times."""
    for metric in series.values():
        for moment, names in inside(metric):
            at = milliseconds(moment)
            for name, replays in inside(names) if at is not None else ():
                for replay, node in inside(replays):
                    for values, count in leaves(node, len(properties)):
                        told = dict(zip(properties, values, strict=True)) if properties else None
                        for _ in range(count):
                            yield replay, name, (at or 0) // 1000, told


def inside(node: Json) -> list[tuple[str, Json]]:
    return [(name, one) for name, one in node.items() if name != OVERALL] if isinstance(node, dict) else []


def leaves(node: Json, depth: int) -> Iterator[tuple[list[str], int]]:
    """The values on the way to each count."""
    if depth == 0:
        counted = leaf(node)
        yield [], int(counted) if isinstance(counted, (int, float)) and counted > 1 else 1
        return
    for name, below in inside(node):
        for values, count in leaves(below, depth - 1):
            yield [name, *values], count


def leaf(node: Json) -> Json:
    return node.get("all") if isinstance(node, dict) else node


def milliseconds(value: Json) -> int | None:
    """A moment in milliseconds since 1970 from seconds, milliseconds, digits or a date; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                return None
            return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < MILLISECONDS * 1000:
        return None
    return int(value if value > MILLISECONDS else value * 1000)
