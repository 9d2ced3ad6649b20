"""Leases of the SQLite file: who is alive, and what becomes of what a process held when it is not."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from request_scheduler.stores.sqlite.flights import end_leads
from request_scheduler.stores.sqlite.turns import forget_idle

if TYPE_CHECKING:
    import sqlite3

    from request_scheduler.stores.timeline import Timeline


class Leases:
    """One process's lease, and the end of those of others; `next_end` is when the first of these is over."""

    def __init__(self, holder: str, lease: float, timeline: Timeline) -> None:
        self.next_end = math.inf
        self._holder, self._lease, self._timeline = holder, lease, timeline
        self._renewed = -math.inf

    def due(self, moment: float) -> bool:
        """Whether a third of the lease has passed."""
        return moment >= self._renewed + self._lease / 3

    def known(self, database: sqlite3.Connection) -> bool:
        """Whether the file knows this process."""
        return database.execute("SELECT 1 FROM holders WHERE holder = ?", (self._holder,)).fetchone() is not None

    def renew(self, database: sqlite3.Connection, moment: float) -> None:
        """Let the own lease begin anew."""
        database.execute(
            "INSERT OR REPLACE INTO holders VALUES (?, ?, ?)", (self._holder, os.getpid(), moment + self._lease)
        )
        database.execute("UPDATE era SET stamp = max(stamp, ?), wall = ?", (moment, self._timeline.wall()))
        self._renewed = moment

    def distrust(self) -> None:
        """Take the last renewal for none, because its transaction failed."""
        self._renewed = -math.inf

    def end_over(self, database: sqlite3.Connection, moment: float) -> None:
        """End the leases that are over."""
        over = database.execute("SELECT holder, lease FROM holders WHERE lease <= ?", (moment,)).fetchall()
        for holder, lease in over:
            end_lease(database, holder, lease)
        (self.next_end,) = database.execute(
            "SELECT coalesce(min(lease), 9e999) FROM holders WHERE holder != ?", (self._holder,)
        ).fetchone()


def end_lease(database: sqlite3.Connection, holder: str, moment: float) -> None:
    """Take a holder out: its permits come back, what it had reserved counts as spent from then on."""
    database.execute(
        "INSERT INTO spent (ticket, budget, units, tenant, urgent, at, until)"
        " SELECT ticket, budget, units, tenant, urgent, ?1, ?1 + span FROM held WHERE holder = ?2",
        (moment, holder),
    )
    end_leads(database, holder, moment)
    for table in ("held", "holders", "turns", "shares"):
        database.execute(f"DELETE FROM {table} WHERE holder = ?", (holder,))  # noqa: S608 - names from the line above
    forget_idle(database)
