"""The generated shop: its planted facts, asked of the engine."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mixpanel_headless.engine import Engine, generate_shop
from tests.engine.asking import by, filled, formula, metric, only, report, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

END = dt.date(2026, 3, 1)
FIRST = END - dt.timedelta(days=60)
OUTAGE = END - dt.timedelta(days=17)
ALL = (FIRST.isoformat(), END.isoformat())


@pytest.fixture(scope="module")
def shop() -> Iterator[Engine]:
    events, profiles = generate_shop(7, end=END)
    with filled(*events, profiles=profiles, now=dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)) as engine:
        yield engine


def days(engine: Engine, name: str) -> dict[dt.date, int]:
    series = only(engine.insights(report(metric(name), dates=ALL, chart="line")))
    return {dt.date.fromisoformat(key[:10]): count for key, count in series.items()}


def test_twelve_hundred_people_sign_up_twenty_a_day_but_for_the_outage(shop: Engine) -> None:
    assert days(shop, "Sign Up") == {
        FIRST + dt.timedelta(days=place): 0 if FIRST + dt.timedelta(days=place) == OUTAGE else 20 for place in range(61)
    }
    assert only(shop.insights(report(metric("Sign Up", "unique"), dates=ALL))) == 1200


def test_on_the_day_of_the_outage_there_are_only_tickets(shop: Engine) -> None:
    day = (OUTAGE.isoformat(), OUTAGE.isoformat())
    assert segments(shop.insights(report(metric("$all_events"), dates=day, groups=[by("$event_name")]))) == {
        "Support Ticket": 60
    }
    assert {count for date, count in days(shop, "Support Ticket").items() if date != OUTAGE} == {2}


@pytest.mark.parametrize(
    ("name", "weekday", "weekend"), [("Page View", 500, 200), ("Feature Used", 200, 80), ("Login", 100, 40)]
)
def test_weekends_are_quiet(shop: Engine, name: str, weekday: int, weekend: int) -> None:
    for date, count in days(shop, name).items():
        assert count == (0 if date == OUTAGE else weekend if date.weekday() >= 5 else weekday)


def test_people_by_plan_and_country(shop: Engine) -> None:
    for group, expected in (
        ("plan", {"free": 720, "team": 360, "business": 120}),
        ("country", {"US": 600, "DE": 400, "GB": 200}),
    ):
        assert segments(shop.insights(report(metric("Sign Up"), dates=ALL, groups=[by(group)]))) == expected
        people = by(group, resourceType="people")
        assert segments(shop.insights(report(metric("Sign Up", "unique"), dates=ALL, groups=[people]))) == expected


def test_conversion_by_plan(shop: Engine) -> None:
    shows = [metric(name, "unique", hidden=True) for name in ("Sign Up", "Trial Started", "Invoice Paid")]
    for definition, expected in (
        ("B / A", {"free": 0.3, "team": 0.8, "business": 0.9}),
        ("C / A", {"free": 0.1, "team": 0.5, "business": 0.75}),
    ):
        answer = shop.insights(report(*shows, formula(definition), dates=ALL, groups=[by("plan")]))
        assert segments(answer) == pytest.approx(expected)


def test_revenue_by_country_and_in_all(shop: Engine) -> None:
    revenue = metric("Invoice Paid", "total", of="amount")
    answer = shop.insights(report(revenue, dates=ALL, groups=[by("country")]))
    assert segments(answer) == {"US": 13689, "DE": 9126, "GB": 4563}
    assert only(answer)["$overall"] == {"all": 27378}


def test_invoices_delivered_twice_count_once(shop: Engine) -> None:
    events, _ = generate_shop(end=END)
    assert sum(row["event"] == "Invoice Paid" for row in events) == 372
    assert only(shop.insights(report(metric("Invoice Paid"), dates=ALL))) == 342


def test_features_and_calls(shop: Engine) -> None:
    found = segments(shop.insights(report(metric("Feature Used"), dates=ALL, groups=[by("feature")])))
    whole = sum(found.values())
    assert {name: count / whole for name, count in found.items()} == pytest.approx(
        {"dashboards": 0.5, "export": 0.3, "alerts": 0.15, "api": 0.05}
    )
    calls = metric("Feature Used", "total", of="calls")
    assert only(shop.insights(report(calls, dates=ALL))) == found["api"] * 100


def test_every_third_page_view_has_no_referrer(shop: Engine) -> None:
    day = (END.isoformat(), END.isoformat())
    found = segments(shop.insights(report(metric("Page View"), dates=day, groups=[by("referrer")])))
    assert found["undefined"] == 67
    assert sum(found.values()) == 200


def test_the_facts_do_not_hang_on_the_seed_or_the_end() -> None:
    events, profiles = generate_shop(seed=99, end=dt.date(2024, 2, 29))
    paid = {
        row["properties"]["$insert_id"]: row["properties"]["amount"] for row in events if row["event"] == "Invoice Paid"
    }
    assert (len(paid), sum(paid.values()), len(profiles)) == (342, 27378, 1200)


def test_the_same_seed_gives_the_same_shop() -> None:
    assert generate_shop(seed=5, end=END) == generate_shop(seed=5, end=END)
    assert generate_shop(seed=5, end=END) != generate_shop(seed=6, end=END)


def test_nothing_happens_before_a_sign_up_or_after_the_last_day() -> None:
    events, _ = generate_shop(end=END)
    signed_up = {
        row["properties"]["distinct_id"]: row["properties"]["time"] for row in events if row["event"] == "Sign Up"
    }
    midnight = dt.datetime(2026, 3, 2, tzinfo=dt.UTC).timestamp()
    for row in events:
        assert signed_up[row["properties"]["distinct_id"]] <= row["properties"]["time"] < midnight


def test_a_shop_too_small_for_its_facts_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 user and 19 days"):
        generate_shop(days=10)
