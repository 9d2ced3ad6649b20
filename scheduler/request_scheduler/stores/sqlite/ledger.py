"""What the SQLite store decides: one short transaction each, by the arithmetic of the memory store.

The file holds the truth. A copy of it in memory answers what needs no transaction, and is read anew when another process
has written. Everything that touches the file blocks and belongs into one worker thread; a lock lets the event loop read
the copy meanwhile. Moments here are on the store's timeline.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from request_scheduler.database_file import reading_rows
from request_scheduler.outcome import Settlement
from request_scheduler.stores import Denied, Led, Reservation, Verdict
from request_scheduler.stores.crowd import Crowd
from request_scheduler.stores.memory import MemoryStore
from request_scheduler.stores.sqlite.books import Lessons, read_books
from request_scheduler.stores.sqlite.crowd import read_crowd
from request_scheduler.stores.sqlite.file import LedgerFile
from request_scheduler.stores.sqlite.flights import followed, is_led, land, landed, lead, still_led
from request_scheduler.stores.sqlite.leases import Leases, end_lease
from request_scheduler.stores.sqlite.line import Line, Room
from request_scheduler.stores.sqlite.turns import leave
from request_scheduler.stores.turns import lane_of, units_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from request_scheduler.call import Spend
    from request_scheduler.limits import Budget
    from request_scheduler.outcome import Refused
    from request_scheduler.status import BudgetStatus
    from request_scheduler.stores.timeline import Timeline
    from request_scheduler.stores.turns import Ask

_SPENT = "INSERT INTO spent (ticket, budget, units, tenant, urgent, at, until) VALUES (?, ?, ?, ?, ?, ?, ?)"


class Ledger:
    """One process's hold on the file."""

    def __init__(self, path: Path, timeline: Timeline, lease: float, holder: str) -> None:
        self.holder = holder
        self.lock = threading.Lock()
        self.books = MemoryStore()
        self.crowd = Crowd()
        self._file = LedgerFile(path, timeline)
        self._lessons = Lessons(timeline)
        self._leases = Leases(holder, lease, timeline)
        self._defined: dict[str, tuple[Budget, int]] = {}
        self._line = Line(holder, lease)
        self._seen: object = None
        self._unlooked = True
        self._defined_anew = False
        self._following: set[str] = set()
        self._followed: frozenset[str] = frozenset()
        self._to_land: list[str] = []
        self._heard = 0, 0

    # -- without the file

    def define(self, budget: Budget, reserve: int) -> None:
        """Add a budget or change its limits; what the file knows of it is read with the next transaction."""
        with self.lock:
            self._defined[budget.name] = budget, reserve
            self.books.define(budget, reserve=reserve)
            self._defined_anew = True

    # -- decisions

    def refresh(self, moment: float) -> None:
        """Read what other processes have written, and who they are; renew the lease."""
        with self._writing(moment) as database:
            crowd = read_crowd(database, self.holder, moment)
        with self.lock:
            self.crowd = crowd

    def flush(self, moment: float) -> None:
        """Write what waits for a transaction."""
        with self._writing(moment):
            pass

    def usage(self, moment: float) -> tuple[BudgetStatus, ...]:
        """Every budget as the last transaction left it, with who was there at the last refresh."""
        with self.lock:
            return self.crowd.beside(self.books.usage(moment))

    def reserve(self, ask: Ask, flight: str | None, moment: float) -> Verdict:
        """Take everything now, or note that this process waits and say when to ask again."""
        with self._writing(moment) as database:
            if flight is not None and is_led(database, flight, self.holder):
                self._following.add(flight)
                self._line.pass_by(database, ask)
                return Led()
            until = self._line.wait(database, ask, self._room(moment))
            if until > moment:
                return Denied(until)
            return self._take(database, ask, flight, moment)

    def withdraw(self, spends: tuple[Spend, ...], moment: float, *, urgent: bool) -> None:
        """Let go of this process's place among those who wait for some budgets."""
        seat = lane_of(spends), urgent
        self._line.forget(seat)
        with self._writing(moment) as database:
            leave(database, seat, self.holder)

    def settle(self, reservation: Reservation, settlement: Settlement, at: float, moment: float) -> None:
        """Replace a reservation by what the attempt cost; it may have ended (`at`) some time ago."""
        with self._writing(moment) as database:
            if not self._give_back(database, reservation, moment):
                self._settle_late(database, reservation, settlement, at)
                return
            if settlement is not Settlement.REFUNDED:
                self._note_spent(database, reservation, at)
            with self.lock:
                self.books.settle(reservation, settlement, at)
            self._lessons.write(database, self.books, reservation.spends)

    def refuse(self, reservation: Reservation, refusal: Refused, at: float, moment: float, *, jitter: float) -> None:
        """Give a refused reservation back, and let every process learn from the refusal."""
        with self._writing(moment) as database:
            if not self._give_back(database, reservation, moment):
                self._settle_late(database, reservation, Settlement.REFUNDED, at)
                return
            with self.lock:
                self.books.refuse(reservation, refusal, at, jitter)
            self._lessons.write(database, self.books, reservation.spends)

    def charge(self, reservation: Reservation, at: float, moment: float) -> None:
        """Note what was spent while the file was lost."""
        with self._writing(moment) as database:
            self._note_spent(database, reservation, at)
            self._seen = None

    def land(self, flight: str) -> bool:
        """Give the lead of a flight up with the next transaction, and say whether somebody is known to wait for it."""
        with self.lock:
            self._to_land.append(flight)
        return flight in self._followed

    @property
    def landing(self) -> bool:
        """Whether a lead waits for a transaction that gives it up."""
        return bool(self._to_land)

    @property
    def following(self) -> bool:
        """Whether this process waits for a flight that another one leads."""
        return bool(self._following)

    @property
    def hanging(self) -> bool:
        """Whether this process waits for what others do, or for the next few moments, and should look often."""
        return self._line.hanging or bool(self._following)

    @property
    def waits(self) -> bool:
        """Whether anything that other processes write may concern this one soon."""
        return self._line.waits or bool(self._following)

    def forsake(self) -> set[str]:
        """Follow no flight any longer, because the file cannot tell when they land, and say which."""
        forsaken, self._following = self._following, set()
        return forsaken

    # -- news

    def changed(self, moment: float) -> bool:
        """Whether another process has written, or a lease has run out, since the last look for a start."""
        return (
            self._unlooked
            or self._seen is None
            or self._file.version() != self._seen
            or moment >= self._leases.next_end
        )

    def news(self, moment: float) -> tuple[bool, set[str]]:
        """Whether one of the heads that this process was denied could start now, and what others have landed."""
        with self._writing(moment) as database:
            room, unlooked = self._line.look(database, self._room(moment))
            heard, over = self._landed(database)
        self._unlooked, self._heard = unlooked, heard
        self._following -= over
        return room, over

    def renewal_due(self, moment: float) -> bool:
        """Whether a third of the lease has passed."""
        return self._leases.due(moment)

    def close(self, moment: float) -> None:
        """End the own lease: what is still reserved counts as spent."""
        try:
            with self._writing(moment) as database:
                end_lease(database, self.holder, moment)
        finally:
            self._file.close()

    # -- inside a transaction

    @contextmanager
    def _writing(self, moment: float) -> Iterator[sqlite3.Connection]:
        """A transaction that begins with an up-to-date copy and lease, and distrusts both when it fails."""
        try:
            with self._file.writing(moment) as database:
                self._catch_up(database, moment)
                landing = tuple(self._to_land)
                for flight in landing:
                    land(database, flight, self.holder, moment)
                yield database
            with self.lock:
                del self._to_land[: len(landing)]
        except BaseException:
            self._seen = None
            self._leases.distrust()
            raise

    def _catch_up(self, database: sqlite3.Connection, moment: float) -> None:
        """Bring the lease and the copy up to date."""
        version = self._file.seen
        with self.lock:
            stale = self._seen is None or version != self._seen or self._defined_anew
            self._defined_anew = False
        # A renewal for every news would itself be news to the others, who would renew in turn, for as long as they wait.
        if self._leases.due(moment) or (stale and not self._leases.known(database)):
            self._leases.renew(database, moment)
        if stale or moment >= self._leases.next_end:
            self._leases.end_over(database, moment)
            self._load(database, moment)
            self._followed = followed(database, self.holder)
        self._seen = version

    def _load(self, database: sqlite3.Connection, moment: float) -> None:
        with self.lock:
            defined = dict(self._defined)
        with reading_rows():
            books = read_books(database, defined, self._lessons, moment)
        self._unlooked = True
        with self.lock:
            for name in self._defined.keys() - defined.keys():  # the next transaction reads its history
                budget, reserve = self._defined[name]
                books.define(budget, reserve=reserve)
            self.books = books

    def _landed(self, database: sqlite3.Connection) -> tuple[tuple[int, int], set[str]]:
        """What others have landed since the last look, and what this process follows that nobody leads any more.

        Before it, up to where that was heard.
        """
        opened, heard = self._heard
        heard, over = landed(database, self.holder, heard if opened == self._file.opened else 0)
        over |= self._following - still_led(database, self._following, self.holder)
        return (self._file.opened, heard), over

    def _room(self, moment: float) -> Room:
        return Room(self.books, self.lock, moment)

    def _take(self, database: sqlite3.Connection, ask: Ask, flight: str | None, moment: float) -> Reservation:
        with self.lock:
            verdict = self.books.reserve(ask.spends, moment, ask.tenant, ask.urgent)
        assert isinstance(verdict, Reservation)
        verdict.ticket = ticket = int.from_bytes(os.urandom(8), "big") >> 1
        verdict.flight = flight
        if flight is not None:
            lead(database, flight, self.holder)
        database.executemany(
            "INSERT INTO held VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (ticket, name, units, ask.tenant, ask.urgent, moment, self._span(name), self.holder)
                for name, units in units_of(ask.spends)
            ],
        )
        self._lessons.write_pauses(database, self.books, ask.spends)
        return verdict

    def _give_back(self, database: sqlite3.Connection, reservation: Reservation, moment: float) -> bool:
        if reservation.flight is not None:
            land(database, reservation.flight, self.holder, moment)
        return database.execute("DELETE FROM held WHERE ticket = ?", (reservation.ticket,)).rowcount > 0 or (
            not reservation.spends
        )

    def _settle_late(
        self, database: sqlite3.Connection, reservation: Reservation, settlement: Settlement, at: float
    ) -> None:
        """Settle what counts as spent already, because the lease had run out."""
        gone = database.execute("DELETE FROM spent WHERE ticket = ?", (reservation.ticket,)).rowcount
        if settlement is not Settlement.REFUNDED and (gone or reservation.ticket is not None):
            self._note_spent(database, reservation, at)
        self._seen = None

    def _note_spent(self, database: sqlite3.Connection, reservation: Reservation, at: float) -> None:
        database.execute("DELETE FROM spent WHERE until <= ?", (at,))
        urgent, tenant = reservation.urgent, reservation.tenant
        rows = [
            (reservation.ticket or 0, name, units, tenant, urgent, at, at + self._span(name))
            for name, units in units_of(reservation.spends)
        ]
        database.executemany(_SPENT, rows)

    def _span(self, name: str) -> float:
        """Seconds for which a settled request counts in the longest window of a budget."""
        budget = self._defined[name][0]
        return max((budget.hold(window) for window in budget.windows), default=0.0)
