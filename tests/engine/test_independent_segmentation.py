"""Segmentation answers over real data against numbers that plain Python computes from the same files."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mixpanel_headless.engine import Engine

JANUARY = {"from_date": "2013-01-01", "to_date": "2013-01-31"}
SPRING = {"from_date": "2024-03-01", "to_date": "2024-05-31"}
Lines = list[dict[str, Any]]
Rows = list[dict[str, str]]


def at(line: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromtimestamp(line["properties"]["time"], dt.UTC)


def own(lines: Lines, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The day and the properties of each event of the name in January."""
    for line in lines:
        if line["event"] == name and at(line).year == 2013 and at(line).month == 1:
            yield str(at(line).date()), line["properties"]


def spring(rows: Rows, name: str) -> Iterator[tuple[dt.datetime, dict[str, str]]]:
    for row in rows:
        moment = dt.datetime.fromisoformat(row["timestamp"])
        if row["event"] == name and "2024-03-01" <= str(moment.date()) <= "2024-05-31":
            yield moment, row


def filled(days: Iterable[str], counted: dict[str, Any]) -> dict[str, Any]:
    return {date: counted.get(date, 0) for date in days}


def values(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = answer["data"]["values"]
    assert answer["legend_size"] == len(found)
    return found


def test_departures_of_each_day(flights: Engine, flight_lines: Lines) -> None:
    counted = Counter(date for date, _ in own(flight_lines, "Flight Departed"))
    assert values(flights.segmentation({"event": "Flight Departed", **JANUARY})) == {"Flight Departed": counted}


def test_distinct_aircraft_of_each_day_by_carrier(flights: Engine, flight_lines: Lines) -> None:
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for date, properties in own(flight_lines, "Flight Departed"):
        seen[properties["carrier"], date].add(properties["distinct_id"])
    answer = flights.segmentation(
        {"event": "Flight Departed", **JANUARY, "on": 'properties["carrier"]', "type": "unique"}
    )
    found = {(carrier, date): n for carrier, points in values(answer).items() for date, n in points.items() if n}
    assert found == {key: len(aircraft) for key, aircraft in seen.items()}


def test_the_three_commonest_destinations_of_long_delays(flights: Engine, flight_lines: Lines) -> None:
    delayed = [(date, p) for date, p in own(flight_lines, "Flight Departed") if p["dep_delay_min"] > 60]
    counted = Counter(properties["dest"] for _, properties in delayed)
    top = sorted(counted, key=lambda dest: (-counted[dest], dest))[:3]
    where = 'properties["dep_delay_min"] > 60'
    parameters = {"event": "Flight Departed", **JANUARY, "on": 'properties["dest"]', "where": where, "limit": "3"}
    found = values(flights.segmentation(parameters))
    assert {dest: sum(points.values()) for dest, points in found.items()} == {dest: counted[dest] for dest in top}
    assert list(found) == top


def test_departures_of_each_hour_of_a_day(flights: Engine, flight_lines: Lines) -> None:
    counted = Counter(f"{at(line):%Y-%m-%d %H}:00:00" for line in flight_lines
                      if line["event"] == "Flight Departed" and at(line).date() == dt.date(2013, 1, 9))  # fmt: skip
    day = {"from_date": "2013-01-09", "to_date": "2013-01-09", "unit": "hour"}
    answer = flights.segmentation({"event": "Flight Departed", **day})
    assert values(answer)["Flight Departed"] == filled(answer["data"]["series"], counted)
    assert len(answer["data"]["series"]) == 24


def test_departures_of_planes_of_one_maker(
    flights: Engine, flight_lines: Lines, aircraft: dict[str, dict[str, Any]]
) -> None:
    def boeing(user: str) -> bool:
        known = aircraft.get(user, {})
        return str(known.get("manufacturer")).lower() == "boeing" and bool(known.get("year", 0) >= 2005)

    counted = Counter(date for date, p in own(flight_lines, "Flight Departed") if boeing(p["distinct_id"]))
    where = 'user["manufacturer"] == "Boeing" and user["year"] >= 2005'
    answer = flights.segmentation({"event": "Flight Departed", **JANUARY, "where": where})
    assert values(answer)["Flight Departed"] == filled(answer["data"]["series"], counted)


def test_minutes_of_delay_of_each_day(flights: Engine, flight_lines: Lines) -> None:
    minutes: Counter[str] = Counter()
    for date, properties in own(flight_lines, "Flight Departed"):
        minutes[date] += properties["dep_delay_min"]
    on = 'properties["dep_delay_min"]'
    assert flights.segmentation_sum({"event": "Flight Departed", **JANUARY, "on": on})["results"] == minutes


def test_the_average_distance_of_each_day(flights: Engine, flight_lines: Lines) -> None:
    miles = defaultdict(list)
    for date, properties in own(flight_lines, "Flight Departed"):
        miles[date].append(properties["distance_miles"])
    on = 'properties["distance_miles"]'
    answer = flights.segmentation_average({"event": "Flight Departed", **JANUARY, "on": on})
    assert answer["results"] == pytest.approx({date: sum(each) / len(each) for date, each in miles.items()})


def test_departures_by_ranges_of_distance(flights: Engine, flight_lines: Lines) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for date, properties in own(flight_lines, "Flight Departed"):
        edge = properties["distance_miles"] // 500 * 500
        counted[f"{edge:,} - {edge + 500:,}", date] += 1
    on = 'properties["distance_miles"]'
    found = values(flights.segmentation_numeric({"event": "Flight Departed", **JANUARY, "on": on}))
    assert {(label, date): n for label, points in found.items() for date, n in points.items()} == counted


def test_buyers_of_each_month_by_channel(ecom: Engine, ecom_rows: Rows) -> None:
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for moment, row in spring(ecom_rows, "purchase"):
        seen[row["acquisition_channel"], f"{moment:%Y-%m}-01"].add(row["user_id"])
    parameters = {**SPRING, "on": 'properties["acquisition_channel"]', "unit": "month", "type": "unique"}
    found = values(ecom.segmentation({"event": "purchase", **parameters}))
    assert {(channel, date): n for channel, points in found.items() for date, n in points.items() if n} == {
        key: len(users) for key, users in seen.items()
    }
    assert seen


def test_visits_per_visitor_of_each_week(ecom: Engine, ecom_rows: Rows) -> None:
    visits, visitors = Counter[str](), defaultdict(set)
    for moment, row in spring(ecom_rows, "home"):
        if row["platform"] != "desktop":
            week = str(moment.date() - dt.timedelta(days=moment.weekday()))
            visits[week] += 1
            visitors[week].add(row["user_id"])
    where = 'properties["platform"] != "desktop"'
    answer = ecom.segmentation({"event": "home", **SPRING, "unit": "week", "type": "average", "where": where})
    wanted = {week: count / len(visitors[week]) for week, count in visits.items()}
    assert values(answer)["home"] == pytest.approx(filled(answer["data"]["series"], wanted))
