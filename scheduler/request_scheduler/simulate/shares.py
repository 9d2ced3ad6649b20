"""How far what tenants were served is from their weighted shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from request_scheduler.events import Admitted, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from request_scheduler.simulate.workload import Tenant


@define(eq=False)
class Lead:
    """How much more one tenant was served than another while both waited, in requests by weight, and its extremes."""

    now: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0

    def add(self, units: float) -> None:
        """Let it grow."""
        self.now += units
        self.lowest, self.highest = min(self.lowest, self.now), max(self.highest, self.now)


@define(eq=False)
class Shares:
    """Watches who is served while who waits.

    `error` is the furthest, in requests, that a tenant ever was from its part of what it and another of its priority
    were served, by weight, over any time in which both waited without a break. Start-time fair queuing promises 1.
    Tenants with a minimum have another promise, and are left out. `waiting` counts by tenant what waits on all machines.
    """

    tenants: Mapping[str, Tenant]
    waiting: Callable[[], Mapping[str, int]]
    error: float = 0.0
    _leads: dict[str, dict[str, Lead]] = field(factory=dict)

    def hear(self, event: Event) -> None:
        """Take in what a scheduler tells."""
        if isinstance(event, Admitted) and not self.tenants[event.tenant].minimum:
            self._serve(event.tenant)

    def _serve(self, served: str) -> None:
        waits = {name for name, calls in self.waiting().items() if calls and self._are_peers(name, served)}
        for name in [name for name in self._leads if name != served and name not in waits]:
            if self._are_peers(name, served):
                self._forget(name)
        weight = self.tenants[served].weight
        for name in waits - {served}:
            first, second = sorted((served, name))
            lead = self._leads.setdefault(first, {}).setdefault(second, Lead())
            self._leads.setdefault(second, {})[first] = lead
            lead.add(1 / weight if first == served else -1 / weight)
            other = self.tenants[name].weight
            self.error = max(self.error, (lead.highest - lead.lowest) * weight * other / (weight + other))
        if served not in waits:
            self._forget(served)

    def _forget(self, name: str) -> None:
        """One that waits no more is neither owed anything nor owes."""
        for other in self._leads.pop(name, {}):
            self._leads[other].pop(name, None)

    def _are_peers(self, name: str, other: str) -> bool:
        return self.tenants[name].priority == self.tenants[other].priority and not self.tenants[name].minimum
