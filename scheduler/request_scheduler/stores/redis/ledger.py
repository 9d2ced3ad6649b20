"""What one process has to do with a Redis that others share: it asks scripts, and keeps a copy of what they told.

The server decides; the copy in memory answers what needs no decision, by the arithmetic of the memory store. Moments
here are the scheduler's; each answer brings the server's moment, so that both can be told apart by their difference.
"""

from __future__ import annotations

import json
import math
from collections import deque
from contextlib import nullcontext, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from request_scheduler.outcome import Settlement
from request_scheduler.stores import Denied, Led, Reservation, Verdict
from request_scheduler.stores.crowd import Crowd
from request_scheduler.stores.memory import MemoryStore
from request_scheduler.stores.redis.books import Lesson, Rows, read_books, read_crowd
from request_scheduler.stores.redis.link import PATIENCE, LinkLost
from request_scheduler.stores.redis.reserve import RESERVE
from request_scheduler.stores.redis.scripts import LAND, LEARN, LOAD, SETTLE, WITHDRAW
from request_scheduler.stores.redis.session import new_name
from request_scheduler.stores.turns import Ask, lane_of, units_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from request_scheduler.call import Spend
    from request_scheduler.limits import Budget
    from request_scheduler.outcome import Refused
    from request_scheduler.status import BudgetStatus
    from request_scheduler.stores.redis.session import Reply, Session

_OLD = 0.25  # seconds for which a copy that lacks what others did lately is good enough
_TRIES = 20
_NEVER_SEEN = -1


class Charge(NamedTuple):
    """What one ticket of this process was charged, at a moment of the server's."""

    ticket: str
    reservation: Reservation
    at: float


class RedisLedger:
    """One process's part in the budgets that a server keeps under one name, the `group`."""

    def __init__(self, session: Session) -> None:
        self.lock = nullcontext()  # everything here happens in one event loop
        self.books = MemoryStore()
        self.crowd = Crowd()
        self._session = session
        self._rows: dict[str, Rows] = {}
        self._denied: dict[tuple[str, bool], Ask] = {}
        self._asked: dict[str, bool] = {}  # whether what was asked for last in a lane was urgent
        self._following: set[str] = set()
        self._landed: set[str] = set()  # since the last news
        self._heard = 0.0  # until when, by the server's clock
        self._leads: dict[str, list[str]] = {}
        self._flying: dict[str, Reservation] = {}
        self._charges: deque[Charge] = deque()
        self._seen = self._read = _NEVER_SEEN  # the version of the copy, and of the rows that it was last read from
        self._loaded = -math.inf

    # -- without the server

    def define(self, budget: Budget, reserve: int) -> None:
        """Add a budget or change its limits; what the server knows of it is read with the next look."""
        self._session.define(budget, reserve)
        self.books.define(budget, reserve=reserve)
        self._seen = self._read = _NEVER_SEEN

    def usage(self, moment: float) -> tuple[BudgetStatus, ...]:
        """Every budget as this process knows it, with who was there at the last refresh."""
        return self.crowd.beside(self.books.usage(moment))

    @property
    def following(self) -> bool:
        """Whether this process waits for a flight that another one leads."""
        return bool(self._following)

    @property
    def hanging(self) -> bool:
        """Whether this process waits for what others do; what they do is told, so it need not look often."""
        return True

    @property
    def waits(self) -> bool:
        """Whether anything that other processes do may concern this one soon."""
        return bool(self._denied) or bool(self._following)

    def forsake(self) -> set[str]:
        """Follow no flight any longer, because the server cannot tell when they land, and say which."""
        forsaken, self._following = self._following, set()
        return forsaken

    def renewal_due(self, moment: float) -> bool:
        """Whether a third of the lease has passed."""
        return self._session.renewal_due(moment)

    # -- decisions

    async def reserve(self, ask: Ask, flight: str | None, ticket: str, moment: float) -> Verdict:
        """Take everything now, or note that this process waits and say when to ask again."""
        session, self._asked[ask.lane] = self._session, ask.urgent
        expires = repr(moment + session.shift + PATIENCE) if session.met else ""
        own = ask_text(ask), ask.lane, _letter(ask.urgent), expires, "more" if ask.standing.more else "", ask.tenant
        reply = await session.ask(RESERVE, units_of(ask.spends), *own, ticket=ticket, lane=ask.lane, flight=flight)
        if reply.verdict in ("granted", "already"):
            self._denied.pop(ask.seat, None)
            taken = Reservation(ask.spends, reply.moment - reply.shift, ask.tenant, ticket, ask.urgent, flight)
            self._flying[ticket] = taken
            if flight is not None:
                self._leads.setdefault(flight, []).append(ticket)
            self._follow(reply, "granted", lambda: self._take(taken))
            await self._catch_up(moment)
            return taken
        if reply.verdict == "led":
            assert flight is not None
            self._following.add(flight)
            self._denied.pop(ask.seat, None)
            return Led()
        self._denied[ask.seat] = ask
        if reply.version != self._seen:
            self._distrust()
            await self._catch_up(moment)
        return Denied(reply.moment - reply.shift)

    async def settle(self, reservation: Reservation, settlement: Settlement, at: float, moment: float) -> None:
        """Replace a reservation by what the attempt cost; it may have ended (`at`) some time ago."""
        ticket = str(reservation.ticket)
        spent = settlement is not Settlement.REFUNDED
        ago = repr(max(0.0, moment - at))
        own = "spent" if spent else "", ago, reservation.tenant, _letter(reservation.urgent)
        units = units_of(reservation.spends)
        reply = await self._session.ask(SETTLE, units, *own, ticket=ticket, flight=reservation.flight)
        self._flying.pop(ticket, None)
        self._forget_lead(reservation)
        if spent:
            self._charges.append(Charge(ticket, reservation, at + reply.shift))
            while self._charges and self._charges[0].at + self._session.memory < moment + reply.shift:
                self._charges.popleft()
        if reply.verdict == "paused":
            await self._learn(reservation, lambda: self._note_end(reservation, settlement, at), moment)
        else:
            self._follow(reply, "settled", lambda: self.books.settle(reservation, settlement, at))
            await self._catch_up(moment)

    async def refuse(
        self, reservation: Reservation, refusal: Refused, at: float, moment: float, *, jitter: float
    ) -> None:
        """Give a refused reservation back, and let every process learn from the refusal."""
        learned = await self._learn(
            reservation, lambda: self.books.refuse(reservation, refusal, at, jitter), moment, gives_back=True
        )
        if not learned:
            await self.settle(reservation, Settlement.REFUNDED, at, moment)
        self._flying.pop(str(reservation.ticket), None)
        self._forget_lead(reservation)

    async def take_back(self, ask: Ask, flight: str | None, ticket: str, moment: float) -> None:
        """Give back what may have been granted without this process being told."""
        granted = Reservation(ask.spends, moment, ask.tenant, ticket, ask.urgent, flight)
        await self.settle(granted, Settlement.REFUNDED, moment, moment)

    async def charge(self, reservation: Reservation, at: float, moment: float) -> None:
        """Note what was spent while the server was lost."""
        reservation.ticket = reservation.ticket or new_name()  # so that it counts once, however often it is sent
        await self.settle(reservation, Settlement.UNKNOWN, at, moment)

    async def withdraw(self, spends: tuple[Spend, ...], moment: float, *, urgent: bool) -> None:
        """Let go of this process's place among those who wait for some budgets."""
        lane = lane_of(spends)
        self._denied.pop((lane, urgent), None)
        await self._session.ask(WITHDRAW, units_of(spends), "", lane, _letter(urgent), lane=lane)

    def next_landing(self, flight: str) -> str:
        """The ticket of a run of a flight that is to be landed."""
        tickets = self._leads.get(flight, [])
        ticket = tickets.pop(0) if tickets else ""
        if not tickets:
            self._leads.pop(flight, None)
        return ticket

    async def land(self, flight: str, ticket: str, moment: float) -> None:
        """Give the lead of a flight up, and tell the others."""
        await self._session.ask(LAND, (), ticket=ticket, flight=flight)

    # -- news

    async def refresh(self, moment: float) -> None:
        """Read what others have done, and who they are; renew the lease."""
        await self._load(moment)

    def heard(self, messages: Iterable[str]) -> tuple[bool, set[str]]:
        """What messages of others say: whether there may be room for what this process waits with, and what has landed."""
        room, (landed, self._landed) = False, (self._landed, set())
        wanted = {name for ask in self._denied.values() for name, _ in ask.spends}
        for message in map(json.loads, messages):
            if message["by"] == self._session.holder:
                continue
            room = room or not wanted.isdisjoint(message.get("room", ()))
            if "landed" in message:
                landed.add(message["landed"])
        self._following -= landed
        return room, landed

    async def news(self, moment: float) -> tuple[bool, set[str]]:
        """Whether one of the heads that this process was denied could start now, and what others have landed."""
        await self._load(moment, looks=True)
        over, self._landed = self._landed, set()
        # Whose turn it is, asking will tell: the next in turn may have gone, and must not hold up the others for good.
        room = any(
            all(
                self.books.account(name).free_at(units, moment, urgent=ask.urgent) <= moment
                for name, units in units_of(ask.spends)
            )
            for ask in self._denied.values()
        )
        return room, over

    async def close(self, moment: float) -> None:
        """End the own lease: what is still reserved counts as spent."""
        await self._session.ask(LOAD, tuple((name, 0) for name in self._session.defined), json.dumps({"leave": True}))

    # -- inside

    async def _load(self, moment: float, *, looks: bool = False) -> None:
        """Bring the copy up to date, and tell what the server forgot."""
        session, flights = self._session, sorted(self._following)
        names, forgotten = tuple(session.defined), session.forgotten
        units = tuple((name, 0) for name in names)
        rows = list(self._own_rows(names)) if forgotten else []
        session.forgotten = False
        try:
            places = [f" {_letter(urgent)} {lane}" for lane, urgent in self._asked.items()] if looks else []
            told = {"seen": self._read, "rows": rows, "flights": flights, "looks": places, "heard": self._heard}
            reply = await session.ask(LOAD, units, json.dumps(told), followed=flights)
        except LinkLost:
            session.forgotten = session.forgotten or forgotten
            raise
        if session.forgotten:  # which this answer has shown
            await self._load(moment, looks=looks)
            return
        state, turns, led, landings = reply.state
        self._heard = reply.at + reply.shift
        told_of = {flight for by, _, flight in (landing.partition(" ") for landing in landings) if by != session.holder}
        over = told_of | set(flights).difference(led)
        self._following -= over
        self._landed |= over
        if state:
            self._rows = {name: Rows.read(raw) for name, raw in zip(names, state, strict=True)}
            self.books = read_books(self._rows, session.defined, reply.moment, reply.at, reply.shift, session.share_of)
        if session.defined.keys() == set(names):
            self._seen = self._read = reply.version
        self._loaded = moment
        self.crowd = read_crowd(self._rows, turns, session.holder, reply.at + reply.shift)

    async def _learn(
        self, reservation: Reservation, lesson: Callable[[], object], moment: float, *, gives_back: bool = False
    ) -> bool:
        """Let a lesson change pauses and limits, anew whenever another process has changed them meanwhile.

        A reservation that is to be given back with it, but counts as spent already, teaches nothing: False.
        """
        units, ticket = units_of(reservation.spends), str(reservation.ticket)
        names = [name for name, _ in units]
        flight = reservation.flight if gives_back else None
        for _ in range(_TRIES):
            self._distrust()
            await self._load(moment)
            if gives_back and not all(ticket in self._rows[name].held for name in names):
                return False
            accounts = {name: self.books.account(name) for name in names}
            known = {name: Lesson(account) for name, account in accounts.items()}
            lesson()
            lessons = [
                known[name].changes(account, self._rows[name], self._session.shift)
                for name, account in accounts.items()
            ]
            back = ticket if gives_back else ""
            reply = await self._session.ask(LEARN, units, json.dumps(lessons), ticket=back, flight=flight)
            self._distrust()
            if reply.verdict == "done":
                await self._load(moment)
                return True
        raise LinkLost("others teach the budget faster than this process")

    def _forget_lead(self, reservation: Reservation) -> None:
        tickets = self._leads.get(reservation.flight or "", [])
        if reservation.ticket in tickets:
            tickets.remove(str(reservation.ticket))
        if reservation.flight is not None and not tickets:
            self._leads.pop(reservation.flight, None)

    def _take(self, taken: Reservation) -> None:
        for name, count in units_of(taken.spends):
            self.books.account(name).take(count, taken.at, taken.tenant, urgent=taken.urgent)

    def _note_end(self, reservation: Reservation, settlement: Settlement, at: float) -> None:
        for name, _ in units_of(reservation.spends):
            self.books.account(name).note_end(settlement, reservation.at, at)

    def _follow(self, reply: Reply, verdict: str, change: Callable[[], object]) -> None:
        """Do in the copy what the server has done, if it has, and nobody else has done anything meanwhile.

        It may have found it done: by a message whose answer was lost, or at the end of a lease.
        """
        known = self._seen != _NEVER_SEEN and not self._session.forgotten
        if known and reply.verdict == verdict and reply.version == self._seen + 1:
            self._seen = reply.version
            change()
        else:
            self._distrust()

    def _distrust(self) -> None:
        self._seen = self._read = _NEVER_SEEN

    async def _catch_up(self, moment: float) -> None:
        """Read the log anew when the copy lacks something, though not with every decision."""
        if self._session.forgotten or (self._seen == _NEVER_SEEN and moment > self._loaded + _OLD):
            with suppress(LinkLost):  # the decision stands; whoever asks next will notice
                await self._load(moment)

    def _own_rows(self, names: Sequence[str]) -> Iterable[dict[str, Any]]:
        """What this process has in flight and was charged, for a server that forgot it."""
        places = {name: number for number, name in enumerate(names, 1)}
        for ticket, taken in self._flying.items():
            for name, count in units_of(taken.spends):
                yield {**_row(taken, count), "budget": places[name], "ticket": ticket}
        for ticket, taken, at in self._charges:
            for name, count in units_of(taken.spends):
                yield {**_row(taken, count), "budget": places[name], "ticket": ticket, "at": at}


def _row(reservation: Reservation, units: int) -> dict[str, Any]:
    return {"units": units, "tenant": reservation.tenant, "urgent": _letter(reservation.urgent)}


def _letter(urgent: bool) -> str:
    return "u" if urgent else "n"


@lru_cache(maxsize=1024)
def ask_text(ask: Ask) -> str:
    """An ask as other processes read it."""
    standing = ask.standing
    told = {"units": dict(units_of(ask.spends)), "urgent": ask.urgent, "tenant": ask.tenant, "charged": ask.units}
    return json.dumps({**told, "priority": int(standing.priority), "weight": standing.weight})
