"""One process in the line of those that wait for budgets of the SQLite file: its turns, and what it was denied."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import frozen

from request_scheduler.errors import UnknownBudget
from request_scheduler.stores.sqlite.turns import arrive, charge, come_by, leave, stand, starts_of, wait_for, waiting
from request_scheduler.stores.turns import GRACE, Ask, Turn, before

if TYPE_CHECKING:
    import sqlite3
    from contextlib import AbstractContextManager

    from request_scheduler.stores.memory import MemoryStore
    from request_scheduler.stores.turns import Starts


@frozen
class Room:
    """What can start at a moment, as far as this process knows the budgets; `lock` is held while it looks."""

    books: MemoryStore
    lock: AbstractContextManager[object]
    moment: float

    def free_at(self, ask: Ask) -> float:
        """When there is room; infinite for budgets that this process does not know."""
        try:
            with self.lock:
                return self.books.free_at(ask.spends, self.moment, urgent=ask.urgent)
        except UnknownBudget:
            return math.inf

    def has(self, ask: Ask) -> bool:
        """Whether there is room now."""
        return self.free_at(ask) <= self.moment

    def keeps(self, ask: Ask) -> bool:
        """Whether slots are reserved for it."""
        with self.lock:
            return ask.urgent and self.books.keeps(ask.spends, self.moment)


class Line:
    """The places of one process; `hanging` says that one of them waits for what others do, or for the next moment."""

    def __init__(self, holder: str, lease: float) -> None:
        self.hanging = False
        self._holder = holder
        self._lease = lease
        self._denied: dict[tuple[str, bool], tuple[Ask, bool]] = {}
        self._asked: dict[str, bool] = {}  # whether what was asked for last in a lane was urgent

    @property
    def waits(self) -> bool:
        """Whether anything was denied."""
        return bool(self._denied)

    def forget(self, seat: tuple[str, bool]) -> None:
        """Wait with nothing in a place any longer, whatever became of its row."""
        self._denied.pop(seat, None)
        self._note_hanging()

    def wait(self, database: sqlite3.Connection, ask: Ask, room: Room) -> float:
        """When to ask again; at the moment itself it is this process's turn, which is counted."""
        moment = room.moment
        self._asked[ask.lane] = ask.urgent
        turns = waiting(database, ask.lane, moment - self._lease)
        mine, others = self._part(turns, ask)
        crowded = any(other.holder != self._holder for other in others)
        turn = Turn(self._holder, ask, moment if mine is None else mine.since)
        until, starts = room.free_at(ask), starts_of(database, ask.lane)
        if crowded or until > moment or ask.standing.more:
            starts = arrive(database, self._holder, ask, turns, starts)
        if until <= moment and (first := _first_before(turn, others, starts, room)):
            until = wait_for(database, first, moment)
        if until > moment:
            stand(database, turn, mine)
            # With nothing to wait for but others, this process looks often.
            self._denied[ask.seat] = ask, until - moment <= GRACE or math.isinf(until)
            self._note_hanging()
            return until
        self.forget(ask.seat)
        if crowded:
            charge(database, self._holder, ask, starts)
        if ask.standing.more:
            stand(database, Turn(self._holder, ask, moment) if crowded else turn, mine)
        elif mine is not None:
            leave(database, ask.seat, self._holder)
        return moment

    def pass_by(self, database: sqlite3.Connection, ask: Ask) -> None:
        """Wait no longer with an ask that another process sees to; those behind it keep the place."""
        self.forget(ask.seat)
        if not ask.standing.more:
            leave(database, ask.seat, self._holder)

    def look(self, database: sqlite3.Connection, room: Room) -> tuple[bool, bool]:
        """Whether asking again is worth it for a denied head, and whether there is room for one at all."""
        for seat in self._asked.items():
            come_by(database, seat, self._holder)
        asks = [ask for ask, _ in self._denied.values() if room.has(ask)]
        return any(self._may_go(database, ask, room) for ask in asks), bool(asks)

    def _may_go(self, database: sqlite3.Connection, ask: Ask, room: Room) -> bool:
        mine, others = self._part(waiting(database, ask.lane, room.moment - self._lease), ask)
        if mine is None:
            return True
        first = _first_before(mine, others, starts_of(database, ask.lane), room)
        return first is None or first.yielded is None

    def _part(self, turns: list[Turn], ask: Ask) -> tuple[Turn | None, list[Turn]]:
        """The turn of an ask of this process, and the others."""
        mine = next((turn for turn in turns if turn.holder == self._holder and turn.ask.urgent == ask.urgent), None)
        return mine, [turn for turn in turns if turn is not mine]

    def _note_hanging(self) -> None:
        self.hanging = any(hangs for _, hangs in self._denied.values())


def _first_before(turn: Turn, others: list[Turn], starts: Starts, room: Room) -> Turn | None:
    """Who has to be let go first; what is reserved for an urgent call is not taken from those that are not."""
    rivals = [other for other in others if other.ask.urgent] if others and room.keeps(turn.ask) else others
    return before(turn, rivals, starts, room.moment, room.has)
