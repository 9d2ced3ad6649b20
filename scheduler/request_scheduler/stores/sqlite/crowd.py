"""Who else is at the SQLite file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from request_scheduler.call import Priority
from request_scheduler.status import Holding, Waiter
from request_scheduler.stores.crowd import Crowd
from request_scheduler.stores.holder import process_of

if TYPE_CHECKING:
    import sqlite3


def read_crowd(database: sqlite3.Connection, own: str, moment: float) -> Crowd:
    """Everybody who holds or waits at a moment; `own` is this process, whose queue its scheduler knows better."""
    crowd = Crowd()
    for budget, holder, tenant, units in database.execute(
        "SELECT budget, holder, tenant, sum(units) FROM held GROUP BY budget, holder, tenant ORDER BY min(at)"
    ):
        crowd.holdings.setdefault(budget, []).append(Holding(*process_of(holder), tenant, units))
    for holder, tenant, priority, since, spends in database.execute(
        "SELECT holder, tenant, priority, since, spends FROM turns WHERE holder != ? ORDER BY since", (own,)
    ):
        who = (*process_of(holder), tenant, Priority(priority).name.lower(), max(0.0, moment - since))
        for budget in {name for name, _ in json.loads(spends)}:
            crowd.waiters.setdefault(budget, []).append(Waiter(*who))
    return crowd
