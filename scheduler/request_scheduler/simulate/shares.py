"""How far what tenants were served is from their weighted shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from request_scheduler.events import Admitted, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from request_scheduler.simulate.workload import Tenant


@define(eq=False)
class Shares:
    """Watches who is served while who waits.

    Each request that is let go gives every tenant of its priority that waits its part of it, by weight; the one that
    goes has had a whole one. `error` is the furthest, in requests, that anybody was ever from what it was given; who
    waits no more is neither owed anything nor owes. Tenants with a minimum have another promise, and are left out.
    `waiting` counts by tenant what waits on all machines.
    """

    tenants: Mapping[str, Tenant]
    waiting: Callable[[], Mapping[str, int]]
    error: float = 0.0
    _ahead: dict[str, float] = field(factory=dict)

    def hear(self, event: Event) -> None:
        """Take in what a scheduler tells."""
        if isinstance(event, Admitted) and not self.tenants[event.tenant].minimum:
            self._serve(event.tenant)

    def _serve(self, served: str) -> None:
        priority = self.tenants[served].priority
        waits = {name for name, calls in self.waiting().items() if calls and self._counts(name, priority)}
        peers = waits | {served}
        whole = sum(self.tenants[name].weight for name in peers)
        for name in [name for name in self._ahead if name not in peers and self.tenants[name].priority == priority]:
            del self._ahead[name]
        for name in peers:
            had = 1.0 if name == served else 0.0
            ahead = self._ahead.get(name, 0.0) + had - self.tenants[name].weight / whole
            self._ahead[name] = ahead
            self.error = max(self.error, abs(ahead))
        if served not in waits:
            del self._ahead[served]

    def _counts(self, name: str, priority: str) -> bool:
        return self.tenants[name].priority == priority and not self.tenants[name].minimum
