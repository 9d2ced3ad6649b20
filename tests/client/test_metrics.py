"""Calls and budgets as Prometheus metrics, read back from a registry as a scrape would."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, TypedDict

import pytest
from prometheus_client import CollectorRegistry, generate_latest

import mixpanel_headless as mp
from mixpanel_headless.observers.prometheus import MOST_NAMES
from mixpanel_headless.sandbox.faults import Hold, shedding

if TYPE_CHECKING:
    from mixpanel_headless.sandbox import Sandbox


class Days(TypedDict):
    from_date: str
    to_date: str


DAYS: Days = {"from_date": "2026-01-05", "to_date": "2026-01-07"}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def budget_of(box: Sandbox) -> str:
    return f"query:{box.url.partition('//')[2]}/{box.project}"


def test_calls_are_counted_by_tenant_priority_origin_and_outcome(box: Sandbox, registry: CollectorRegistry) -> None:
    with box.workspace(telemetry=[mp.count_calls(registry)]) as ws:
        nightly = ws.with_options(tenant="nightly", priority="batch")
        nightly.query("Purchase", **DAYS)
        nightly.query("Purchase", **DAYS)
        with ws.task("report", max_requests=0), pytest.raises(mp.TaskCeilingReached):
            ws.query("Login", **DAYS)
    labels = {"tenant": "nightly", "priority": "batch", "outcome": "answered"}
    assert registry.get_sample_value("mixpanel_calls_total", {**labels, "origin": "network"}) == 1
    assert registry.get_sample_value("mixpanel_calls_total", {**labels, "origin": "cache"}) == 1
    away = {"tenant": "report", "priority": "normal", "origin": "none", "outcome": "turned away"}
    assert registry.get_sample_value("mixpanel_calls_total", away) == 1
    assert registry.get_sample_value("mixpanel_turned_away_total", {"reason": "CeilingReached"}) == 1
    assert registry.get_sample_value("mixpanel_cost_total", {"tenant": "nightly", "priority": "batch"}) == 1
    assert registry.get_sample_value("mixpanel_wait_seconds_count", {"priority": "batch"}) == 1


def test_requests_are_counted_by_budget_and_by_what_became_of_them(box: Sandbox, registry: CollectorRegistry) -> None:
    box.inject(shedding())
    with box.workspace(telemetry=[mp.count_calls(registry)]) as ws:
        ws.query("Purchase", **DAYS)
    units = {"budget": budget_of(box), "tenant": "default"}
    assert registry.get_sample_value("mixpanel_units_total", units) == 2
    assert registry.get_sample_value("mixpanel_retries_total") == 1
    assert registry.get_sample_value("mixpanel_settlements_total", {"cost": "spent"}) == 1
    for outcome in ("refused", "answered"):
        assert registry.get_sample_value("mixpanel_send_seconds_count", {"outcome": outcome}) == 1


def test_the_budget_is_told_while_a_query_runs_and_goes_with_its_workspace(
    box: Sandbox, registry: CollectorRegistry
) -> None:
    hold = box.inject(Hold())
    with box.workspace(telemetry=[mp.count_calls(registry)]) as ws:
        asking = threading.Thread(target=lambda: ws.query("Purchase", **DAYS))
        asking.start()
        assert box.wait_until(lambda counters: counters.running == 1)
        budget = {"budget": budget_of(box)}
        told = {
            name: registry.get_sample_value(f"mixpanel_budget_{name}", budget)
            for name in ("used", "left", "limit", "permits_held", "permits_limit", "next_slot_seconds")
        }
        in_flight = registry.get_sample_value("mixpanel_in_flight")
        hold.release()
        asking.join(30)
    assert told == {
        "used": 1, "left": 59, "limit": 60, "permits_held": 1, "permits_limit": 5, "next_slot_seconds": 0,
    }  # fmt: skip
    assert in_flight == 1
    assert registry.get_sample_value("mixpanel_budget_used", budget) is None


async def test_a_scrape_in_the_workspaces_own_event_loop_does_not_wait_for_itself(
    box: Sandbox, registry: CollectorRegistry
) -> None:
    async with box.async_workspace(telemetry=[mp.count_calls(registry)]) as ws:
        await ws.query("Purchase", **DAYS)
        text = generate_latest(registry).decode()
    assert f'mixpanel_budget_used{{budget="{budget_of(box)}"}} 1.0' in text
    assert box.secret not in text


def test_workspaces_that_share_a_registry_share_their_series(box: Sandbox, registry: CollectorRegistry) -> None:
    with (
        box.workspace(telemetry=[mp.count_calls(registry)]) as one,
        box.workspace(telemetry=[mp.count_calls(registry)]) as two,
    ):
        one.query("Purchase", **DAYS)
        two.query("Login", **DAYS)
    labels = {"tenant": "default", "priority": "normal", "origin": "network", "outcome": "answered"}
    assert registry.get_sample_value("mixpanel_calls_total", labels) == 2


def test_tenants_beyond_the_bound_are_counted_together(box: Sandbox, registry: CollectorRegistry) -> None:
    with box.workspace(telemetry=[mp.count_calls(registry)]) as ws:
        for number in range(MOST_NAMES + 3):
            ws.with_options(tenant=f"t{number}").events()
    labels = {"tenant": "(others)", "priority": "normal", "origin": "cache", "outcome": "answered"}
    assert registry.get_sample_value("mixpanel_calls_total", labels) == 3


def test_a_name_that_is_no_telemetry_is_refused_with_those_that_are(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_TELEMETRY", "otel, prometeus")
    with pytest.raises(mp.ConfigError, match="prometeus") as caught:
        box.workspace()
    assert "otel, prometheus" in (caught.value.hint or "")


MISSING = """
import sys
import mixpanel_headless as mp

mp.Workspace(project=1, username="u", secret="s", store="memory")
assert not {"opentelemetry", "prometheus_client"} & set(sys.modules)
for name, package in (("otel", "opentelemetry"), ("prometheus", "prometheus_client")):
    sys.modules[package] = None
    try:
        mp.Workspace(project=1, username="u", secret="s", store="memory", telemetry=name)
    except mp.MissingExtraError as error:
        assert f"mixpanel-headless[{name}]" in error.hint, error.hint
    else:
        raise SystemExit("no error")
"""


def test_without_its_extra_it_says_what_to_install_and_switched_off_imports_nothing() -> None:
    subprocess.run([sys.executable, "-c", MISSING], check=True)
