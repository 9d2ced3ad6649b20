"""What a scheduler shows of itself, as values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from attrs import asdict, define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen
class WindowStatus:
    """One rolling window: units that count now (in flight included), and what is left."""

    limit: int
    seconds: float
    used: int
    left: int


@frozen
class Holding:
    """Units of requests that one process has in flight for one tenant."""

    host: str
    process: int
    tenant: str
    units: int


@frozen
class Waiter:
    """The first call that another process waits with; it has waited there for so many seconds."""

    host: str
    process: int
    tenant: str
    priority: str
    waited: float


@frozen
class BudgetStatus:
    """One budget as it is now.

    `used`, `left`, `limit` and `window` (seconds) are those of its tightest window, None without one. `next_slot` is the
    seconds until one more request may start, 0 for now, infinite while that hangs on something in flight. `paused_for`
    is what refusals still cost, and for `paced_for` seconds starts are kept apart, because others seem to spend the
    budget too; `learned` says that the limits are the service's own, `lost` that their shared store cannot be used now:
    then `left` is what one process may take without it. `spent_by` counts by tenant. `held_by` says who has requests in flight and
    `waiters` with what other processes wait, of a shared store as its last `refresh` saw them.
    """

    name: str
    used: int | None
    left: int | None
    limit: int | None
    window: float | None
    windows: tuple[WindowStatus, ...]
    permits_held: int
    permits_limit: int | None
    next_slot: float
    paused_for: float
    learned: bool
    spent_by: Mapping[str, int]
    paced_for: float = 0.0
    held_by: tuple[Holding, ...] = ()
    waiters: tuple[Waiter, ...] = ()
    lost: bool = False


@frozen
class CircuitStatus:
    """What failed lately: failures in a row, and while it is not closed the seconds until the next probe."""

    state: Literal["closed", "open", "half-open"]
    failures: int
    half_opens_in: float


@define
class Counters:
    """What happened since the scheduler was made; a status holds a copy."""

    submitted: int = 0
    cache_hits: int = 0
    joined: int = 0
    sent: int = 0
    refused: int = 0
    retried: int = 0
    failed: int = 0
    cancelled: int = 0
    turned_away: int = 0
    finished: int = 0


@frozen
class Status:
    """A scheduler at one moment: `at` is wall-clock time, `queued` and `in_flight` count runs, not callers.

    A run that spends several budgets waits in `queued_by_budget` for each of them. `circuits` holds those that have
    failed lately; the others are closed.
    """

    at: float
    budgets: Mapping[str, BudgetStatus]
    queued: int
    queued_by_tenant: Mapping[str, int]
    queued_by_priority: Mapping[str, int]
    in_flight: int
    cache_entries: int
    cache_bytes: int
    counters: Counters = field(factory=Counters)
    circuits: Mapping[str, CircuitStatus] = field(factory=dict)
    queued_by_budget: Mapping[str, int] = field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON-ready data; an unknown `next_slot` is None."""
        data = asdict(self)
        data["budgets"] = {name: _finite(asdict(budget)) for name, budget in self.budgets.items()}
        return data


def _finite(data: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None
        if isinstance(value, float) and math.isinf(value)
        else list(value)
        if isinstance(value, tuple)
        else value
        for key, value in data.items()
    }
