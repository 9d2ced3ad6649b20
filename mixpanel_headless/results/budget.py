"""What is left of a project's limits, as a value that prints itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs

from .provenance import span
from .table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from request_scheduler import Holding, Status, Waiter


@attrs.frozen(kw_only=True)
class PoolReport:
    """One of a project's budgets: `query`, `jql`, `export`, `schemas` or `app`.

    `used` and `left` count requests in its rolling window of `window` seconds, the longest if it has several, None where it
    has none; `concurrency` is how many may run at once, None for any number. `next_slot` is the seconds until one more may
    start, None while that hangs on a request in flight. `waiting` calls of this process wait for it, and those of
    `elsewhere` other processes.
    """

    name: str
    limit: int | None
    window: float | None
    used: int | None
    left: int | None
    next_slot: float | None
    running: int
    concurrency: int | None
    paused_for: float
    waiting: int
    elsewhere: int

    @property
    def in_use(self) -> bool:
        """Whether something was spent of it, runs, or waits for it."""
        return bool(self.used or self.running or self.waiting or self.elsewhere)

    @property
    def holds_up(self) -> bool:
        """Whether calls wait because it has no room."""
        return self.waiting > 0 and self.next_slot != 0

    @property
    def state(self) -> str:
        """What it is and how much of it is used, such as `export budget: 60 of 60 used in 1.0 h`."""
        return ": ".join(filter(None, [f"{self.name} budget", self._spent()]))

    def __str__(self) -> str:
        said = [self.state, next_in(self.next_slot)]
        if self.concurrency is not None:
            said.append(f"{self.running} of {self.concurrency} running")
        if self.waiting:
            said.append(f"{self.waiting} waiting")
        if self.elsewhere:
            said.append(f"other processes that wait: {self.elsewhere}")
        return ", ".join(said)

    def _spent(self) -> str:
        if self.window is None:
            return ""
        if self.paused_for > 0:
            return f"{self.used} of {self.limit} known to be used in {span(self.window)}, but the service refused more"
        return f"{self.used} of {self.limit} used in {span(self.window)}"


def next_in(seconds: float | None) -> str:
    """When one more request may start."""
    if seconds is None:
        return "next when a running request ends"
    return "next now" if seconds <= 0 else f"next in {span(seconds)}"


@attrs.frozen(kw_only=True)
class BudgetReport:
    """A project's query budget as this client knows it, without a request.

    `used` and `left` count queries in the rolling window of `window` seconds; `next_slot` is the seconds until one more
    may start, 0 for now, None while that hangs on a query in flight. For `paused_for` seconds nothing may, because the
    service refused a query that `left` had room for: somebody else spends the budget too. `queue` (waiting in this process) and `spent` (in
    the window, in flight included) count by tenant. `held_by` says who has queries in flight, and `elsewhere` the first
    call that each other process waits with: host, process, tenant. `circuits` holds the hosts that failed lately and
    the state of each: closed, open (nothing is sent) or half-open (one probe is). `lost` says that the store which
    programs share cannot be used now: then `left` is what one program may spend without it.
    `pools` are all of the project's budgets, that of queries first: exports, schemas and the App API have their own.
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
    held_by: Sequence[Holding] = ()
    elsewhere: Sequence[Waiter] = ()
    lost: bool = False
    pools: Sequence[PoolReport] = ()

    @property
    def failing(self) -> tuple[str, ...]:
        """The hosts that nothing is sent to now, or one probe."""
        return tuple(host for host, state in self.circuits.items() if state != "closed")

    @property
    def others(self) -> tuple[PoolReport, ...]:
        """The budgets beside that of queries."""
        return tuple(self.pools[1:])

    @property
    def held_up(self) -> PoolReport | None:
        """The budget that calls of this process wait for longest; None if none waits for one."""
        full = [pool for pool in self.pools if pool.holds_up] or [pool for pool in self.pools if pool.waiting]
        return max(full, key=lambda pool: math.inf if pool.next_slot is None else pool.next_slot, default=None)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data."""
        data = attrs.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}

    def __str__(self) -> str:
        waiting = self.pools[0].waiting if self.pools else sum(self.queue.values())
        text = (
            f"{self._spent()}, {next_in(self.next_slot)}; "
            f"{self.running} of {self.concurrency} running; {waiting} waiting"
        )
        if self.elsewhere:
            text = f"{text} here; other processes that wait: {len(self.elsewhere)}"
        if self.lost:
            text = f"{text}; the store that programs share cannot be used now: what is left is one program's part without it"
        if self.learned:
            text = f"{text}; limits as the service told them"
        failing = self.failing
        told = [text, *(str(pool) for pool in self.others if pool.in_use)]
        return "; ".join([*told, f"failing: {', '.join(failing)}"] if failing else told)

    def _spent(self) -> str:
        if self.paused_for > 0:  # what is left by our own count is not, for somebody else has spent it
            return (
                f"{self.used} of {self.limit} queries known to be used in {span(self.window)},"
                f" but the service refused more: paused for {span(self.paused_for)}"
            )
        return f"{self.used} of {self.limit} queries used in {span(self.window)}, {self.left} left"

    def __rich__(self) -> RenderableType:
        from rich.console import Group

        from .terminal import terminal_table

        tables = [(title, table) for title, table in self._tables() if len(table)]
        return Group(f"{self}.", *(terminal_table(table, title=title) for title, table in tables))

    def _tables(self) -> Iterator[tuple[str, Table]]:
        tenants = sorted({*self.spent, *self.queue}, key=lambda tenant: (-self.spent.get(tenant, 0), tenant))
        shares = [(tenant, self.spent.get(tenant, 0), self.queue.get(tenant, 0)) for tenant in tenants]
        yield f"Spent in {span(self.window)}", Table(("tenant", "queries", "waiting here"), shares)
        holdings = [(who.host, str(who.process), who.tenant, who.units) for who in self.held_by]
        yield "In flight", Table(("host", "process", "tenant", "queries"), holdings)
        heads = [(who.host, str(who.process), who.tenant, who.priority, span(who.waited)) for who in self.elsewhere]
        yield "Waiting elsewhere", Table(("host", "process", "tenant", "priority", "for"), heads)


def report_budget(status: Status, names: Mapping[str, str]) -> BudgetReport:
    """The report on a project's budgets, whose names in the scheduler stand beside ours, that of queries first."""
    pools = tuple(report_pool(status, name, full) for name, full in names.items())
    budget = status.budgets[names["query"]]
    return BudgetReport(
        limit=budget.limit or 0,
        window=budget.window or 0.0,
        used=budget.used or 0,
        left=budget.left or 0,
        next_slot=pools[0].next_slot,
        running=budget.permits_held,
        concurrency=budget.permits_limit or 0,
        paused_for=budget.paused_for,
        learned=budget.learned,
        queue=dict(status.queued_by_tenant),
        spent=dict(budget.spent_by),
        counters=attrs.asdict(status.counters),
        held_by=budget.held_by,
        elsewhere=budget.waiters,
        lost=budget.lost,
        circuits={host: circuit.state for host, circuit in status.circuits.items()},
        pools=pools,
    )


def report_pool(status: Status, name: str, full: str) -> PoolReport:
    """The report on one budget of a scheduler."""
    budget = status.budgets[full]
    longest = max(budget.windows, key=lambda window: window.seconds, default=None)
    windowed = (longest.limit, longest.seconds, longest.used, longest.left) if longest else (None, None, None, None)
    limit, window, used, left = windowed
    return PoolReport(
        name=name,
        limit=limit,
        window=window,
        used=used,
        left=left,
        next_slot=None if math.isinf(budget.next_slot) else budget.next_slot,
        running=budget.permits_held,
        concurrency=budget.permits_limit,
        paused_for=budget.paused_for,
        waiting=status.queued_by_budget.get(full, 0),
        elsewhere=len(budget.waiters),
    )
