"""Flow answers over real data against numbers that plain Python computes from the same files."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.test_flows import columns, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_headless.engine import Engine

JANUARY = {"type": "between", "from_date": "2013-01-01", "to_date": "2013-01-31"}
SPRING = {"type": "between", "from_date": "2024-03-01", "to_date": "2024-05-31"}
DAY = dt.timedelta(days=1)
Visit = tuple[dt.datetime, str]


@pytest.fixture(scope="module")
def visits(ecom_rows: list[dict[str, str]]) -> dict[str, list[Visit]]:
    """What each user of the shop did in spring, in order."""
    found = defaultdict(list)
    for row in ecom_rows:
        moment = dt.datetime.fromisoformat(row["timestamp"])
        if "2024-03-01" <= str(moment.date()) <= "2024-05-31":
            found[row["user_id"]].append((moment, row["event"]))
    return {user: sorted(own, key=lambda visit: visit[0]) for user, own in found.items()}


@pytest.fixture(scope="module")
def legs(flight_lines: list[dict[str, Any]]) -> dict[str, list[tuple[dt.datetime, dict[str, Any]]]]:
    """The events of each aircraft in January, in order; what has one moment stays as it stands in the file."""
    found = defaultdict(list)
    for line in flight_lines:
        moment = dt.datetime.fromtimestamp(line["properties"]["time"], dt.UTC)
        if (moment.year, moment.month) == (2013, 1):
            found[line["properties"]["distinct_id"]].append((moment, line))
    return {plane: sorted(own, key=lambda leg: leg[0]) for plane, own in found.items()}


def asked(*steps: dict[str, Any], dates: dict[str, str], **more: Any) -> dict[str, Any]:
    window = {"conversion_window": {"unit": "day", "value": 7}}
    return {"steps": [*steps], "date_range": dates, "cardinality_threshold": 50, **window, **more}


def named(answer: dict[str, Any]) -> list[dict[str, int]]:
    return [dict(sorted(column.items())) for column in columns(answer)]


def test_what_visitors_do_after_the_cart(ecom: Engine, visits: dict[str, list[Visit]]) -> None:
    wanted = [Counter[str](), Counter[str](), Counter[str]()]
    for own in visits.values():
        start = next((place for place, visit in enumerate(own) if visit[1] == "cart"), None)
        if start is None:
            continue
        later = [name for moment, name in own[start : start + 3] if moment - own[start][0] <= 7 * DAY]
        for place, name in enumerate(([*later, "DROPOFF"])[:3]):
            wanted[place][name] += 1
    answer = ecom.flows(asked(step("cart", forward=2), dates=SPRING, count_type="unique"))
    assert named(answer) == [dict(sorted(column.items())) for column in wanted]
    assert wanted[0]["cart"] > 100


def test_what_visitors_do_before_they_buy(ecom: Engine, visits: dict[str, list[Visit]]) -> None:
    wanted: Counter[tuple[str, ...]] = Counter()
    for own in visits.values():
        start = next((place for place, visit in enumerate(own) if visit[1] == "purchase"), None)
        if start is not None:
            folded = [visit for place, visit in enumerate(own) if place == 0 or own[place - 1][1] != visit[1]]
            start = next(place for place, visit in enumerate(folded) if visit[1] == "purchase")
            near = [v for v in folded[max(0, start - 2) : start] if folded[start][0] - v[0] <= 7 * DAY]
            wanted[tuple(name for _, name in [*near, folded[start]])] += 1
    flow = asked(step("purchase", reverse=2), dates=SPRING, count_type="unique", collapse_repeated=True)
    found = ecom.flows(flow, "flows_top_paths")["flows"]
    top = sorted(wanted, key=lambda way: (-wanted[way], way))[:50]
    assert [tuple(one["event"] for one in way["flowSteps"]) for way in found] == top
    assert len(wanted) > 50 or len(found) == len(wanted)


def sessions(own: list[Visit]) -> Iterator[list[Visit]]:
    """Visits that follow within half an hour of each other on one day."""
    part: list[Visit] = []
    for visit in own:
        if part and (visit[0] - part[-1][0] > dt.timedelta(minutes=30) or visit[0].date() != part[-1][0].date()):
            yield part
            part = []
        part.append(visit)
    yield part


def test_sessions_that_search(ecom: Engine, visits: dict[str, list[Visit]]) -> None:
    following: Counter[str] = Counter()
    for own in visits.values():
        for part in sessions(own):
            names = [name for _, name in part]
            if "search" in names:
                after = names[names.index("search") + 1 :]
                following[after[0] if after else "DROPOFF"] += 1
    flow = asked(step("search", forward=1), dates=SPRING, count_type="session")
    flow["conversion_window"] = {"unit": "session", "value": 1}
    assert columns(ecom.flows(flow)) == [{"search": sum(following.values())}, following]
    assert following["DROPOFF"]


def test_every_way_from_the_home_page(ecom: Engine, visits: dict[str, list[Visit]]) -> None:
    hidden = {"promo_page", "support_chat"}
    counted: Counter[tuple[str, ...]] = Counter()
    for own in visits.values():
        kept = [visit for visit in own if visit[1] not in hidden]
        place = 0
        while place < len(kept):
            if kept[place][1] != "home":
                place += 1
                continue
            way = [name for moment, name in kept[place : place + 3] if moment - kept[place][0] <= DAY]
            for length in range(1, len(way) + 1):
                counted[tuple(way[:length])] += 1
            place += len(way)
    flow = asked(step("home", forward=2), dates=SPRING, count_type="total", hidden_events=sorted(hidden))
    flow["conversion_window"] = {"unit": "day", "value": 1}
    [tree] = ecom.flows(flow, "flows")["trees"]
    found: dict[tuple[str, ...], int] = {}

    def walk(node: dict[str, Any], above: tuple[str, ...]) -> None:
        for child in node["children"]:
            way = (*above, child["step"]["event"])
            found[way] = int(child["totalCount"])
            walk(child, way)

    walk(tree["root"], ())
    assert found == counted


def test_aircraft_that_leave_and_arrive_within_two_hours(flights: Engine, legs: dict[str, Any]) -> None:
    started = arrived = 0
    for own in legs.values():
        first = next((place for place, leg in enumerate(own) if leg[1]["event"] == "Flight Departed"), None)
        if first is not None:
            started += 1
            later = own[first + 1 :]
            arrived += any(
                leg["event"] == "Flight Arrived" and moment - own[first][0] <= 2 * dt.timedelta(hours=1)
                for moment, leg in later
            )
    flow = asked(step("Flight Departed"), step("Flight Arrived"), dates=JANUARY, count_type="unique")
    flow["conversion_window"] = {"unit": "hour", "value": 2}
    answer = flights.flows(flow)
    assert answer["overallConversionRate"] == pytest.approx(arrived / started)
    assert columns(answer) == [{"Flight Departed": started}, {"Flight Arrived": arrived, "DROPOFF": started - arrived}]
    assert 0 < arrived < started


def test_what_follows_the_long_flights_of_one_carrier(flights: Engine, legs: dict[str, Any]) -> None:
    following: Counter[str] = Counter()
    for own in legs.values():
        for place, (moment, leg) in enumerate(own):
            properties = leg["properties"]
            if (
                leg["event"] == "Flight Arrived"
                and properties["carrier"] == "UA"
                and properties["distance_miles"] >= 2000
            ):
                after = own[place + 1 : place + 2]
                near = [one["event"] for then, one in after if then - moment <= 7 * DAY]
                following[near[0] if near else "DROPOFF"] += 1
                break

    def condition(name: str, kind: str, operator: str, operand: Any) -> dict[str, Any]:
        named = {"name": name, "source": "properties", "type": kind}
        comparison = {"operator": operator, "operand": operand}
        return {"property": named, "type": kind, "selected_property_type": kind, "filter": comparison}

    conditions = [condition("carrier", "string", "==", ["UA"]), condition("distance_miles", "number", ">=", "2000")]
    start = step("Flight Arrived", forward=1, property_filter_params_list=conditions)
    answer = flights.flows(asked(start, dates=JANUARY, count_type="unique"))
    assert columns(answer) == [{"Flight Arrived": sum(following.values())}, following]
    assert len(following) > 1
