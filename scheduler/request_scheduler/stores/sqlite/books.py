"""The budgets of the SQLite file as the memory store has them: read from its rows, and what refusals taught written back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import asdict

from request_scheduler.feedback import CLEAR, LESSON_LIFE, Pause, learned
from request_scheduler.limits import Concurrent, Window
from request_scheduler.stores.memory import MemoryStore
from request_scheduler.stores.turns import units_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from request_scheduler.limits import Budget
    from request_scheduler.stores.account import Account
    from request_scheduler.stores.timeline import Timeline


def read_books(
    database: sqlite3.Connection, defined: Mapping[str, tuple[Budget, int]], lessons: Lessons, moment: float
) -> MemoryStore:
    """The whole state anew; the log of a window is short by its nature."""
    books = MemoryStore()
    for budget, reserve in defined.values():
        books.define(budget, reserve=reserve)
    accounts = {name: books.account(name) for name in defined}
    (cautious,) = database.execute("SELECT cautious FROM era").fetchone()
    for account in accounts.values():
        lessons.read_quota(database, account, moment)
        for log in account.logs:
            if cautious + log.hold > moment:
                log.add(log.window.limit, cautious, "(before the file was lost)")
    for name, units, tenant, urgent, at in database.execute(
        "SELECT budget, units, tenant, urgent, at FROM spent WHERE until > ? ORDER BY at", (moment,)
    ):
        if name in accounts:
            for log in accounts[name].logs:
                log.add(units, at, tenant, urgent=bool(urgent))
    for name, units, tenant, urgent, at in database.execute(
        "SELECT budget, units, tenant, urgent, at FROM held ORDER BY at"
    ):
        if name in accounts:
            accounts[name].take(units, at, tenant, urgent=bool(urgent))
    lessons.read_pauses(database, accounts)
    return books


class Lessons:
    """What refusals taught every process: limits that the service told, and pauses; these are written when they change."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._saved: dict[str, tuple[Pause, float]] = {}

    def read_quota(self, database: sqlite3.Connection, account: Account, moment: float) -> None:
        """Let an account go by the limits that the service told, for as long as that is believed."""
        row = database.execute(
            "SELECT quota, wall FROM learned WHERE budget = ? AND configured = ?",
            (account.budget.name, repr(account.configured.limits)),
        ).fetchone()
        left = 0.0 if row is None else min(LESSON_LIFE, LESSON_LIFE - (self._timeline.wall() - row[1]))
        if left > 0:
            quota = tuple(Concurrent(limit) if not span else Window(limit, span) for limit, span in json.loads(row[0]))
            account.learn(learned(account.budget, quota), moment)
            account.lesson_ends = moment + left

    def read_pauses(self, database: sqlite3.Connection, accounts: Mapping[str, Account]) -> None:
        """Let accounts pause as the file says."""
        self._saved.clear()
        for name, pause, last_start in database.execute("SELECT budget, pause, last_start FROM pauses"):
            if name in accounts:
                account = accounts[name]
                account.pause, account.last_start = Pause(**json.loads(pause)), max(last_start, account.last_start)
                self._saved[name] = account.pause, last_start

    def write(self, database: sqlite3.Connection, books: MemoryStore, spends: tuple[tuple[str, int], ...]) -> None:
        """Write what some budgets have learned."""
        self.write_pauses(database, books, spends)
        for name, _ in units_of(spends):
            account = books.account(name)
            if account.taught:
                quota = [(limit.limit, getattr(limit, "seconds", 0)) for limit in account.budget.limits]
                values = name, repr(account.configured.limits), json.dumps(quota), self._timeline.wall()
                database.execute("INSERT OR REPLACE INTO learned VALUES (?, ?, ?, ?)", values)

    def write_pauses(
        self, database: sqlite3.Connection, books: MemoryStore, spends: tuple[tuple[str, int], ...]
    ) -> None:
        """Write the pauses of some budgets, and when these last started something, as far as that tells."""
        for name, _ in units_of(spends):
            account = books.account(name)
            now = account.pause, account.last_start
            if account.pause is CLEAR:
                if self._saved.pop(name, None) is not None:
                    database.execute("DELETE FROM pauses WHERE budget = ?", (name,))
            elif self._saved.get(name) != now:
                self._saved[name] = now
                values = name, json.dumps(asdict(account.pause)), account.last_start
                database.execute("INSERT OR REPLACE INTO pauses VALUES (?, ?, ?)", values)
