"""Answers over real data against numbers that plain Python computes from the same files."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter, defaultdict
from typing import Any

import pytest

from mixpanel_headless.engine import Engine
from tests.engine.asking import by, formula, metric, only, points, report, segments, where

JANUARY = ("2013-01-01", "2013-01-31")
Lines = list[dict[str, Any]]


def day(line: dict[str, Any]) -> str:
    return dt.datetime.fromtimestamp(line["properties"]["time"], dt.UTC).date().isoformat()


def in_january(lines: Lines, name: str | None = None) -> Lines:
    """The events of the name inside the asked range: some flights of 31 January end in February."""
    return [line for line in lines if (name is None or line["event"] == name) and JANUARY[0] <= day(line) <= JANUARY[1]]


def by_day(answer: dict[str, Any]) -> dict[str, Any]:
    return {key[:10]: value for key, value in only(answer).items()}


def test_departures_of_each_day(flights: Engine, flight_lines: Lines) -> None:
    counted = Counter(day(line) for line in in_january(flight_lines, "Flight Departed"))
    answer = flights.insights(report(metric("Flight Departed"), dates=JANUARY, chart="line"))
    assert by_day(answer) == counted
    assert len(counted) == 31


def test_distinct_aircraft_of_each_day(flights: Engine, flight_lines: Lines) -> None:
    seen = defaultdict(set)
    for line in in_january(flight_lines, "Flight Departed"):
        seen[day(line)].add(line["properties"]["distinct_id"])
    answer = flights.insights(report(metric("Flight Departed", "unique"), dates=JANUARY, chart="line"))
    assert by_day(answer) == {date: len(aircraft) for date, aircraft in seen.items()}


def test_distinct_aircraft_of_the_month_over_any_event(flights: Engine, flight_lines: Lines) -> None:
    aircraft = {line["properties"]["distinct_id"] for line in in_january(flight_lines)}
    assert only(flights.insights(report(metric("$all_events", "unique"), dates=JANUARY))) == len(aircraft)


def test_scheduled_flights_by_carrier(flights: Engine, flight_lines: Lines) -> None:
    counted = Counter(line["properties"]["carrier"] for line in in_january(flight_lines, "Flight Scheduled"))
    answer = flights.insights(report(metric("Flight Scheduled"), dates=JANUARY, groups=[by("carrier")]))
    assert segments(answer) == counted
    assert only(answer)["$overall"] == {"all": sum(counted.values())}


def test_aircraft_by_origin_and_carrier(flights: Engine, flight_lines: Lines) -> None:
    seen = defaultdict(set)
    for line in in_january(flight_lines, "Flight Departed"):
        own = line["properties"]
        seen[own["origin"], own["carrier"]].add(own["distinct_id"])
    groups = [by("origin"), by("carrier")]
    series = only(flights.insights(report(metric("Flight Departed", "unique"), dates=JANUARY, groups=groups)))
    found = {
        (origin, carrier): leaf["all"]
        for origin, node in series.items()
        if origin != "$overall"
        for carrier, leaf in node.items()
        if carrier != "$overall"
    }
    assert found == {pair: len(aircraft) for pair, aircraft in seen.items()}


def test_long_flights_of_two_carriers(flights: Engine, flight_lines: Lines) -> None:
    wanted = [
        line
        for line in in_january(flight_lines, "Flight Scheduled")
        if line["properties"]["carrier"] in {"UA", "AA"} and line["properties"]["distance_miles"] >= 2000
    ]
    filters = [
        where("carrier", "equals", ["ua", "AA"]),
        where("distance_miles", "is at least", 2000, kind="number"),
    ]
    assert only(flights.insights(report(metric("Flight Scheduled"), dates=JANUARY, filters=filters))) == len(wanted)


def test_miles_flown_by_origin(flights: Engine, flight_lines: Lines) -> None:
    miles: Counter[str] = Counter()
    for line in in_january(flight_lines, "Flight Arrived"):
        miles[line["properties"]["origin"]] += line["properties"]["distance_miles"]
    clause = metric("Flight Arrived", "total", of="distance_miles")
    assert segments(flights.insights(report(clause, dates=JANUARY, groups=[by("origin")]))) == miles


def delays(lines: Lines) -> list[float]:
    return [line["properties"]["dep_delay_min"] for line in in_january(lines, "Flight Departed")]


@pytest.mark.parametrize(
    ("math", "expected"),
    [
        ("average", statistics.fmean),
        ("median", statistics.median),
        ("min", min),
        ("max", max),
        ("p90", lambda values: statistics.quantiles(values, n=10, method="inclusive")[8]),
        ("unique_values", lambda values: len(set(values))),
        ("most_frequent", lambda values: min(statistics.multimode(values))),
    ],
)
def test_the_departure_delay(flights: Engine, flight_lines: Lines, math: str, expected: Any) -> None:
    clause = metric("Flight Departed", math, of="dep_delay_min")
    assert only(flights.insights(report(clause, dates=JANUARY))) == pytest.approx(expected(delays(flight_lines)))


def test_the_average_arrival_delay_of_each_carrier(flights: Engine, flight_lines: Lines) -> None:
    values = defaultdict(list)
    for line in in_january(flight_lines, "Flight Arrived"):
        values[line["properties"]["carrier"]].append(line["properties"]["arr_delay_min"])
    clause = metric("Flight Arrived", "average", of="arr_delay_min")
    found = segments(flights.insights(report(clause, dates=JANUARY, groups=[by("carrier")])))
    assert found == pytest.approx({carrier: statistics.fmean(own) for carrier, own in values.items()})


def test_flights_per_aircraft(flights: Engine, flight_lines: Lines) -> None:
    counted = Counter(line["properties"]["distinct_id"] for line in in_january(flight_lines, "Flight Departed"))
    clause = metric("Flight Departed", "average", perUserAggregation="total")
    assert only(flights.insights(report(clause, dates=JANUARY))) == pytest.approx(statistics.fmean(counted.values()))


def test_the_median_of_each_aircraft_s_longest_flight(flights: Engine, flight_lines: Lines) -> None:
    longest: dict[str, float] = {}
    for line in in_january(flight_lines, "Flight Arrived"):
        own = line["properties"]
        longest[own["distinct_id"]] = max(own["distance_miles"], longest.get(own["distinct_id"], 0))
    clause = metric("Flight Arrived", "median", of="distance_miles", perUserAggregation="max")
    assert only(flights.insights(report(clause, dates=JANUARY))) == statistics.median(longest.values())


def test_weekly_active_aircraft_look_back_seven_days(flights: Engine, flight_lines: Lines) -> None:
    seen = defaultdict(set)
    for line in in_january(flight_lines, "Flight Departed"):
        seen[day(line)].add(line["properties"]["distinct_id"])
    first = dt.date(2013, 1, 10)
    expected = []
    for place in range(5):
        window = [(first + dt.timedelta(days=place - back)).isoformat() for back in range(7)]
        expected.append(len(set().union(*(seen[date] for date in window))))
    bookmark = report(metric("Flight Departed", "wau"), dates=("2013-01-10", "2013-01-14"), chart="line")
    assert points(flights.insights(bookmark)) == expected


def test_the_cancellation_rate_of_each_origin(flights: Engine, flight_lines: Lines) -> None:
    scheduled, cancelled = (
        Counter(line["properties"]["origin"] for line in in_january(flight_lines, name))
        for name in ("Flight Scheduled", "Flight Cancelled")
    )
    shows = [
        metric("Flight Cancelled", hidden=True),
        metric("Flight Scheduled", hidden=True),
        formula("A / B * 100", "rate"),
    ]
    found = segments(flights.insights(report(*shows, dates=JANUARY, groups=[by("origin")])))
    assert found == pytest.approx({origin: cancelled[origin] / count * 100 for origin, count in scheduled.items()})


def test_aircraft_by_manufacturer_from_their_profiles(
    flights: Engine, flight_lines: Lines, aircraft: dict[str, dict[str, Any]]
) -> None:
    flown = {line["properties"]["distinct_id"] for line in in_january(flight_lines, "Flight Departed")}
    makers = Counter(aircraft.get(one, {}).get("manufacturer") or "undefined" for one in flown)
    groups = [by("manufacturer", resourceType="people")]
    answer = flights.insights(report(metric("Flight Departed", "unique"), dates=JANUARY, groups=groups))
    assert segments(answer) == makers


def test_flights_of_large_aircraft(flights: Engine, flight_lines: Lines, aircraft: dict[str, dict[str, Any]]) -> None:
    large = {one for one, own in aircraft.items() if (own.get("seats") or 0) > 300}
    wanted = [
        line for line in in_january(flight_lines, "Flight Departed") if line["properties"]["distinct_id"] in large
    ]
    filters = [where("seats", "is greater than", 300, kind="number", resourceType="people")]
    assert only(flights.insights(report(metric("Flight Departed"), dates=JANUARY, filters=filters))) == len(wanted)
    assert wanted


def test_departures_by_delay_in_buckets_of_an_hour(flights: Engine, flight_lines: Lines) -> None:
    def bucket(delay: float) -> str:
        if delay < 0:
            return "< 0"
        return "≥ 180" if delay >= 180 else f"{int(delay // 60) * 60} - {int(delay // 60) * 60 + 60}"

    groups = [by("dep_delay_min", "number", customBucket={"bucketSize": 60, "min": 0, "max": 180})]
    answer = flights.insights(report(metric("Flight Departed"), dates=JANUARY, groups=groups))
    assert segments(answer) == Counter(map(bucket, delays(flight_lines)))


def test_departures_of_each_local_day_in_new_york(flight_lines: Lines, data: Any) -> None:
    offset = dt.timedelta(hours=-5)
    local = Counter(
        (dt.datetime.fromtimestamp(line["properties"]["time"], dt.UTC) + offset).date().isoformat()
        for line in flight_lines
        if line["event"] == "Flight Departed"
    )
    from mixpanel_headless.engine import Project

    with Engine(Project(timezone="America/New_York")) as engine:
        engine.load_events(data / "flights-2013-01.jsonl.gz")
        answer = engine.insights(report(metric("Flight Departed"), dates=JANUARY, chart="line"))
    assert by_day(answer) == {date: count for date, count in local.items() if date <= JANUARY[1]}


def test_departures_by_day_of_week(flights: Engine, flight_lines: Lines) -> None:
    names = Counter(
        dt.date.fromisoformat(day(line)).strftime("%A") for line in in_january(flight_lines, "Flight Departed")
    )
    groups = [by("$time", "datetime", unit="day_of_week")]
    found = segments(flights.insights(report(metric("Flight Departed"), dates=JANUARY, groups=groups)))
    assert found == names
    assert next(iter(found)) == "Monday"


YEAR = ("2024-01-01", "2024-12-31")


def month(row: dict[str, str]) -> str:
    return row["timestamp"][:7]


def test_shop_events_of_each_month(ecom: Engine, ecom_rows: list[dict[str, str]]) -> None:
    counted = Counter(map(month, ecom_rows))
    answer = ecom.insights(report(metric("$all_events"), dates=YEAR, unit="month", chart="line"))
    assert {key[:7]: value for key, value in only(answer).items() if value} == counted
    assert sum(counted.values()) == 31106


def test_shop_users_by_platform_and_lifecycle(ecom: Engine, ecom_rows: list[dict[str, str]]) -> None:
    seen = defaultdict(set)
    for row in ecom_rows:
        if row["event"] == "add_to_cart":
            seen[row["platform"], row["user_lifecycle"]].add(row["user_id"])
    groups = [by("platform"), by("user_lifecycle")]
    series = only(ecom.insights(report(metric("add_to_cart", "unique"), dates=YEAR, groups=groups)))
    for (platform, lifecycle), users in seen.items():
        assert series[platform][lifecycle] == {"all": len(users)}


def test_shop_sessions_named_by_the_file(ecom: Engine, ecom_rows: list[dict[str, str]]) -> None:
    sessions = {row["session_id"] for row in ecom_rows if row["acquisition_channel"] == "email"}
    filters = [where("acquisition_channel", "equals", ["email"])]
    clause = metric("$all_events", "unique_values", of="session_id")
    assert only(ecom.insights(report(clause, dates=YEAR, filters=filters))) == len(sessions)


def test_shop_users_who_did_either_of_two_things(ecom: Engine, ecom_rows: list[dict[str, str]]) -> None:
    users = {row["user_id"] for row in ecom_rows if row["event"] in {"add_to_cart", "promo_page"}}
    parts: list[dict[str, Any]] = [
        {"type": "event", "name": name, "filters": []} for name in ("add_to_cart", "promo_page")
    ]
    behavior = {"type": "simple", "behaviors": parts}
    clause = metric("add_to_cart or promo_page", "unique", behavior=behavior)
    assert only(ecom.insights(report(clause, dates=YEAR))) == len(users)


def test_shop_users_in_a_cohort_of_buyers(ecom: Engine, ecom_rows: list[dict[str, str]]) -> None:
    carts = Counter(row["user_id"] for row in ecom_rows if row["event"] == "add_to_cart")
    often = {user for user, count in carts.items() if count >= 5}
    visits = sum(row["event"] == "home" and row["user_id"] in often for row in ecom_rows)
    selector = {"property": "behaviors", "value": "bhvr_0", "operator": ">=", "operand": 5}
    counted = {"event_selector": {"event": "add_to_cart"}, "type": "absolute"}
    raw = {
        "selector": {"operator": "and", "children": [selector]},
        "behaviors": {"bhvr_0": {"count": counted, "from_date": "2024-01-01", "to_date": "2025-12-31"}},
    }
    filters = [where("$cohorts", "contains", [{"cohort": {"negated": False, "name": "", "raw_cohort": raw}}], "list")]
    assert only(ecom.insights(report(metric("home"), dates=YEAR, filters=filters))) == visits
    assert visits
