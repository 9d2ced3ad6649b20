"""Budgets and the exact arithmetic of their limits; `now` is always handed in."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from attrs import define, field, frozen, validators

if TYPE_CHECKING:
    from collections.abc import Iterator

_SMALL_WINDOW_SHARE = 0.05


@frozen
class Window:
    """At most `limit` units in any stretch of `seconds`, whatever its phase."""

    limit: int = field(validator=validators.ge(1))
    seconds: float = field(validator=validators.gt(0))


@frozen
class Concurrent:
    """At most `limit` requests at once; a request takes one permit, however many units it spends."""

    limit: int = field(validator=validators.ge(1))


@frozen
class Budget:
    """A named pool with its limits; one request takes from all of them or from none.

    The service counts a request at some moment between its send and its reply, so a slot is taken from the send until
    the reply plus the window plus `margin` seconds, which covers clocks and transit (at most 5 % of a small window).
    """

    name: str
    limits: tuple[Window | Concurrent, ...] = ()
    margin: float = 0.05

    @property
    def windows(self) -> tuple[Window, ...]:
        """Its rolling windows, in the order given."""
        return tuple(limit for limit in self.limits if isinstance(limit, Window))

    @property
    def concurrent(self) -> int | None:
        """Requests at once, None when unlimited."""
        return min((limit.limit for limit in self.limits if isinstance(limit, Concurrent)), default=None)

    def hold(self, window: Window) -> float:
        """Seconds for which a settled request still takes a slot of the window."""
        return window.seconds + min(self.margin, window.seconds * _SMALL_WINDOW_SHARE)


@define(eq=False)
class WindowLog:
    """The exact log of one window: who settled how many units, and when each becomes free again.

    Units in flight have no such moment yet; they are handed in as `held`. `urgent` of the `spent` units were urgent
    calls'.
    """

    window: Window
    hold: float
    spent: int = 0
    urgent: int = 0
    _log: deque[tuple[float, int, str, bool]] = field(factory=deque)

    def forget(self, now: float) -> None:
        """Drop what no window that ends now or later can still hold."""
        log = self._log
        while log and log[0][0] <= now:
            _, units, _, urgent = log.popleft()
            self.spent -= units
            if urgent:
                self.urgent -= units

    def add(self, units: int, now: float, tenant: str, *, urgent: bool = False) -> None:
        """Note units that the service counted at the latest now."""
        self._log.append((now + self.hold, units, tenant, urgent))
        self.spent += units
        if urgent:
            self.urgent += units

    def free_at(self, units: int, held: int, now: float, *, kept: int = 0) -> float:
        """The earliest moment with room for `units`; infinity when something in flight must settle first.

        `kept` units are for urgent calls, less those that urgent calls have spent.
        """
        log = self._log
        if log and log[0][0] <= now:
            self.forget(now)
        taken, urgent, limit = self.spent + held + units, self.urgent, self.window.limit
        if taken + max(0, kept - urgent) <= limit:
            return now
        for expiry, freed, _, was_urgent in log:
            taken -= freed
            if was_urgent:
                urgent -= freed
            if taken + max(0, kept - urgent) <= limit:
                return expiry
        return math.inf

    def room_at(self, when: float, held: int) -> int:
        """Units that are free at a moment if nothing starts or settles before it."""
        return self.window.limit - held - sum(units for expiry, units, *_ in self._log if expiry > when)

    def forecast(self, units: int, held: int, now: float, service: float, *, kept: int = 0) -> float:
        """When the last of `units` could start if all start as early as allowed and each takes `service` seconds.

        The makespan bound start[k] = start[k - limit] + hold + service, in closed form: every slot comes back one lap
        after its last use. `kept` units are as in `free_at`.
        """
        self.forget(now)
        limit = max(1, self.window.limit - max(0, kept - self.urgent))
        free = limit - self.spent - held
        if units <= free:
            return now
        lap = self.hold + service
        slots = [(expiry, count) for expiry, count, *_ in self._log]
        slots += [(now + lap, held), (now + lap, max(free, 0))]
        laps, rest = divmod(units - max(free, 0) - 1, limit)
        rest += max(-free, 0)  # what is in use beyond the limit comes back first, to nobody
        for expiry, count in slots:
            rest -= count
            if rest < 0:
                return expiry + laps * lap
        return now + (laps + 1) * lap

    def tenants(self, now: float) -> Iterator[tuple[str, int]]:
        """Who settled the units that still count."""
        self.forget(now)
        for _, units, tenant, _ in self._log:
            yield tenant, units

    def moved_to(self, window: Window, hold: float) -> WindowLog:
        """The same history under another limit."""
        moved = WindowLog(window, hold)
        for expiry, units, tenant, urgent in self._log:
            moved.add(units, expiry - self.hold, tenant, urgent=urgent)
        return moved
