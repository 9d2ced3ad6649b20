"""What is left of a project's limits, as a value that prints itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from .provenance import span

if TYPE_CHECKING:
    from rich.console import RenderableType

    from request_scheduler import Status


@attrs.frozen(kw_only=True)
class BudgetReport:
    """A project's query budget as this client knows it, without a request.

    `used` and `left` count queries in the rolling window of `window` seconds; `next_slot` is the seconds until one more
    may start, 0 for now, None while that hangs on a query in flight. `queue` and `spent` count by tenant. `circuits`
    holds the hosts that failed lately and the state of each: closed, open (nothing is sent) or half-open (one probe is).
    """

    limit: int
    window: float
    used: int
    left: int
    next_slot: float | None
    running: int
    concurrency: int
    paused_for: float
    learned: bool
    queue: Mapping[str, int]
    spent: Mapping[str, int]
    counters: Mapping[str, int]
    circuits: Mapping[str, str] = attrs.field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data."""
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in self._values().items()}

    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}

    def __str__(self) -> str:
        if self.next_slot is None:
            when = "next when a running query ends"
        else:
            when = "next now" if self.next_slot <= 0 else f"next in {span(self.next_slot)}"
        text = (
            f"{self.used} of {self.limit} queries used in {span(self.window)}, {self.left} left, {when}; "
            f"{self.running} of {self.concurrency} running; {sum(self.queue.values())} waiting"
        )
        if self.paused_for > 0:
            text = f"{text}; paused for {span(self.paused_for)}"
        failing = [host for host, state in self.circuits.items() if state != "closed"]
        return f"{text}; failing: {', '.join(failing)}" if failing else text

    def __rich__(self) -> RenderableType:
        from .table import Table
        from .views import terminal_table

        rows = [(name, str(value)) for name, value in self.to_dict().items()]
        return terminal_table(Table(("budget", "value"), rows), title="Query budget", note=str(self))


def report_budget(status: Status, name: str) -> BudgetReport:
    """The report on one budget of a scheduler."""
    budget = status.budgets[name]
    return BudgetReport(
        limit=budget.limit or 0,
        window=budget.window or 0.0,
        used=budget.used or 0,
        left=budget.left or 0,
        next_slot=None if math.isinf(budget.next_slot) else budget.next_slot,
        running=budget.permits_held,
        concurrency=budget.permits_limit or 0,
        paused_for=budget.paused_for,
        learned=budget.learned,
        queue=dict(status.queued_by_tenant),
        spent=dict(budget.spent_by),
        counters=attrs.asdict(status.counters),
        circuits={host: circuit.state for host, circuit in status.circuits.items()},
    )
