"""Metrics for Prometheus (extra `prometheus`): counters of calls and requests, and gauges of budgets and queue."""

from __future__ import annotations

import time
from collections import Counter as Tally
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import attrs

import request_scheduler as rs
from mixpanel_headless.errors import MissingExtraError
from mixpanel_headless.observers import CallRecord, outcome_of

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
    from prometheus_client.core import GaugeMetricFamily
except ModuleNotFoundError as missing:
    if missing.name is None or missing.name.partition(".")[0] != "prometheus_client":
        raise  # it is there, something that it needs is not
    raise MissingExtraError("Counting calls", "prometheus") from missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MOST_NAMES = 100
"""Tenants, and budgets, that have series of their own; all others together are one."""
OTHERS = "(others)"
WAITS = (0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0)
SENDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


def metrics_in(registry: CollectorRegistry | None) -> Metrics:
    """The one set of series in a registry."""
    place = REGISTRY if registry is None else registry
    if place not in METRICS:
        METRICS[place] = Metrics(place)
    return METRICS[place]


@attrs.define
class Names:
    """Label values, the first so many of which are told apart."""

    known: set[str] = attrs.field(factory=set)

    def bound(self, name: str) -> str:
        """The name itself, or what stands for all that came too late."""
        if name not in self.known:
            if len(self.known) >= MOST_NAMES:
                return OTHERS
            self.known.add(name)
        return name


class Metrics:
    """All series in one registry, and the schedulers that they tell of."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.tenants, self.budgets, self.circuits = Names(), Names(), Names()
        self.looks: list[Callable[[], rs.Status | None]] = []
        labels = ("tenant", "priority", "origin", "outcome")
        self.calls = Counter("mixpanel_calls", "Calls that have ended.", labels, registry=registry)
        self.cost = Counter("mixpanel_cost", "Requests charged to calls.", ("tenant", "priority"), registry=registry)
        self.waits = Histogram(
            "mixpanel_wait_seconds", "Time in the queue of calls that sent a request.", ("priority",),
            buckets=WAITS, registry=registry,
        )  # fmt: skip
        self.sends = Histogram(
            "mixpanel_send_seconds", "Time from sending a request to its answer.", ("outcome",),
            buckets=SENDS, registry=registry,
        )  # fmt: skip
        self.units = Counter(
            "mixpanel_units", "Units reserved for requests, before refunds.", ("budget", "tenant"), registry=registry
        )
        self.settled = Counter("mixpanel_settlements", "Attempts by what they cost.", ("cost",), registry=registry)
        self.refusals = Counter("mixpanel_refusals", "Requests refused for a limit.", ("kind",), registry=registry)
        self.retries = Counter("mixpanel_retries", "Requests queued once more.", registry=registry)
        self.turned_away = Counter("mixpanel_turned_away", "Calls that were not run.", ("reason",), registry=registry)
        registry.register(self)

    # -- as an observer

    def follow(self, call: rs.Call[Any]) -> CountedCall:
        """Count a call when it ends."""
        return CountedCall(self, self.tenants.bound(call.tenant), call.priority.name.lower())

    def hear(self, event: rs.events.Event) -> None:
        """Count what happens to requests."""
        match event:
            case rs.events.Admitted():
                tenant = self.tenants.bound(event.tenant)
                for budget, units in event.spends:
                    self.units.labels(self.budgets.bound(budget), tenant).inc(units)
            case rs.events.Settled():
                self.settled.labels(event.settlement.value).inc()
            case rs.events.Refusal():
                self.refusals.labels(event.kind).inc()
            case rs.events.Retried():
                self.retries.inc()
            case rs.events.TurnedAway():
                self.turned_away.labels(event.reason).inc()

    def attach(self, look: Callable[[], rs.Status | None]) -> Callable[[], None]:
        """Tell a scheduler's state in gauges until it is closed."""
        self.looks.append(look)
        return lambda: self.looks.remove(look)

    # -- as a collector

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The gauges without values, so that registering asks no scheduler."""
        return Gauges().families()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauges as the open schedulers are now; one whose event loop is too busy to say is left out."""
        gauges = Gauges()
        for look in list(self.looks):
            if (status := look()) is not None:
                gauges.add(status, self)
        return gauges.families()


class CountedCall:
    """One call on its way into the counters."""

    def __init__(self, metrics: Metrics, tenant: str, priority: str) -> None:
        self.metrics, self.tenant, self.priority = metrics, tenant, priority

    @contextmanager
    def send(self) -> Iterator[None]:
        """Time one attempt."""
        began = time.perf_counter()
        error: BaseException | None = None
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.metrics.sends.labels(outcome_of(error)).observe(time.perf_counter() - began)

    def end(self, record: CallRecord) -> None:
        """Count the call."""
        self.metrics.calls.labels(self.tenant, self.priority, record.origin, record.outcome).inc()
        self.metrics.cost.labels(self.tenant, self.priority).inc(record.cost)
        if record.origin == "network":
            self.metrics.waits.labels(self.priority).observe(record.waited)


BUDGET_GAUGES = {
    "mixpanel_budget_used": ("used", "Units that count in the tightest window."),
    "mixpanel_budget_left": ("left", "Units that its tightest window has left."),
    "mixpanel_budget_limit": ("limit", "Units that its tightest window allows."),
    "mixpanel_budget_permits_held": ("permits_held", "Requests in flight."),
    "mixpanel_budget_permits_limit": ("permits_limit", "Requests that may be in flight at once."),
    "mixpanel_budget_next_slot_seconds": ("next_slot", "Time until one more request may start, +Inf while unknown."),
    "mixpanel_budget_paused_seconds": ("paused_for", "Time for which refusals still hold it."),
}
TOTAL_GAUGES = {
    "in_flight": "Runs in flight in this program.",
    "cache_entries": "Answers kept in memory.",
    "cache_bytes": "Bytes of answers kept in memory.",
}


class Gauges:
    """What the open schedulers of a registry are like, taken together.

    Several may know the same budget, which they share: it is told by the one that knows of most units used.
    """

    def __init__(self) -> None:
        self.budgets: dict[str, rs.BudgetStatus] = {}
        self.queued: Tally[str] = Tally()
        self.totals: Tally[str] = Tally()
        self.closed: dict[str, bool] = {}

    def add(self, status: rs.Status, metrics: Metrics) -> None:
        """Take one scheduler in."""
        for name, budget in status.budgets.items():
            label = metrics.budgets.bound(name)
            known = self.budgets.get(label)
            if label != OTHERS and (known is None or (budget.used or 0) >= (known.used or 0)):
                self.budgets[label] = budget
        for tenant, calls in status.queued_by_tenant.items():
            self.queued[metrics.tenants.bound(tenant)] += calls
        for total in TOTAL_GAUGES:
            self.totals[total] += getattr(status, total)
        for name, circuit in status.circuits.items():
            label = metrics.circuits.bound(name)
            self.closed[label] = self.closed.get(label, True) and circuit.state == "closed"

    def families(self) -> Iterator[GaugeMetricFamily]:
        """The gauges with their values."""
        for name, (field, text) in BUDGET_GAUGES.items():
            yield gauge(name, text, "budget", {label: getattr(budget, field) for label, budget in self.budgets.items()})
        yield gauge("mixpanel_queued", "Calls that wait in this program.", "tenant", self.queued)
        circuits = {label: float(not closed) for label, closed in self.closed.items()}
        yield gauge("mixpanel_circuit_open", "Whether a host that failed is left alone.", "host", circuits)
        for total, text in TOTAL_GAUGES.items():
            yield GaugeMetricFamily(f"mixpanel_{total}", text, value=self.totals[total])


def gauge(name: str, text: str, label: str, values: Mapping[str, float | None]) -> GaugeMetricFamily:
    """A gauge with a value for each label; one that is not known is left out."""
    family = GaugeMetricFamily(name, text, labels=(label,))
    for labelled, value in values.items():
        if value is not None:
            family.add_metric((labelled,), value)
    return family


METRICS: WeakKeyDictionary[CollectorRegistry, Metrics] = WeakKeyDictionary()
