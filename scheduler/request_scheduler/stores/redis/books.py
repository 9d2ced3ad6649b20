"""The rows of a Redis store read into books of this process, and lessons written for the others. All pure.

Rows are on the server's clock and books on the scheduler's: `shift` is what to add to go from these to those.
"""

from __future__ import annotations

import hashlib
import json
import math
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import asdict, evolve, frozen

from request_scheduler.call import Priority
from request_scheduler.feedback import CLEAR, Pause
from request_scheduler.status import Holding, Waiter
from request_scheduler.stores.crowd import Crowd
from request_scheduler.stores.holder import process_of
from request_scheduler.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from request_scheduler.limits import Budget, Concurrent, Window
    from request_scheduler.stores.account import Account

_FOREVER = 1e300  # JSON knows no infinity
_MOMENTS = ("until", "since", "paced_until")


class Held(NamedTuple):
    """Units in flight."""

    holder: str
    units: int
    urgent: bool
    tenant: str

    @classmethod
    def read(cls, row: str) -> Held:
        """Those of a row."""
        holder, units, urgent, tenant = row.split(" ", 3)
        return cls(holder, int(units), urgent == "u", tenant)


@frozen
class Rows:
    """What the server keeps of one budget; `held` and `spent` are by ticket, and by settled unit."""

    pause: str
    last_start: float
    lesson: str
    held: Mapping[str, Held]
    spent: Sequence[tuple[float, str, bool]]

    @classmethod
    def read(cls, raw: Sequence[Any]) -> Rows:
        """The rows in an answer."""
        pause, last_start, lesson, held, spent = raw
        return cls(
            pause,
            float(last_start or -math.inf),
            lesson,
            {ticket: Held.read(row) for ticket, row in zip(held[::2], held[1::2], strict=True)},
            [_settled(member, float(at)) for member, at in zip(spent[::2], spent[1::2], strict=True)],
        )


def read_books(
    rows: Mapping[str, Rows],
    defined: Mapping[str, tuple[Budget, int]],
    cautious: float,
    now: float,
    shift: float,
    share: Callable[[int], int],
) -> MemoryStore:
    """Every budget as its rows tell; since `cautious`, when a log was lost, only a `share` of each limit is trusted."""
    books = MemoryStore()
    for name, (budget, reserve) in defined.items():
        books.define(budget, reserve=reserve)
        if name in rows:
            _fill(books.account(name), rows[name], cautious - shift, now, shift, share)
    return books


def _fill(account: Account, rows: Rows, cautious: float, now: float, shift: float, share: Callable[[int], int]) -> None:
    if rows.lesson:
        lesson = json.loads(rows.lesson)
        if lesson["configured"] == mark_of(account.configured.limits) and lesson["ends"] - shift > now:
            told = zip(account.configured.limits, lesson["limits"], strict=True)
            limits = tuple(evolve(limit, limit=most) for limit, most in told)
            account.learn(evolve(account.configured, limits=limits), now)
            account.lesson_ends = lesson["ends"] - shift
    for log in account.logs:
        spent = [(at - shift, 1, tenant, urgent) for at, tenant, urgent in rows.spent]
        if cautious + log.hold > now:
            most = log.window.limit
            spent.append((cautious, max(0, most - share(most)), "(before the log was lost)", False))
        for at, units, tenant, urgent in sorted(spent, key=itemgetter(0)):
            log.add(units, at, tenant, urgent=urgent)
    last_start = rows.last_start - shift
    for row in rows.held.values():
        account.take(row.units, last_start, row.tenant, urgent=row.urgent)
    account.last_start, account.pause = last_start, _pause(rows.pause, shift)


def _settled(member: str, at: float) -> tuple[float, str, bool]:
    urgent, _, _, tenant = member.split(":", 3)
    return at, tenant, urgent == "u"


def _pause(text: str, shift: float) -> Pause:
    if not text:
        return CLEAR
    told = json.loads(text)
    return Pause(**{**told, **{name: _bounded(told[name], -shift) for name in _MOMENTS}})


class Lesson:
    """What was known of a budget, beside which a lesson shows."""

    def __init__(self, account: Account) -> None:
        self._pause, self._learned = account.pause, (account.budget, account.lesson_ends)

    def changes(self, account: Account, rows: Rows, shift: float) -> dict[str, tuple[str, str]]:
        """For the server: the rows that it must still have, and what to put in their place."""
        pause = rows.pause if account.pause == self._pause else _pause_text(account.pause, shift)
        same = (account.budget, account.lesson_ends) == self._learned
        return {
            "pause": (rows.pause, pause),
            "lesson": (rows.lesson, rows.lesson if same else _lesson_text(account, shift)),
        }


def _pause_text(pause: Pause, shift: float) -> str:
    """Empty when there is none."""
    if pause == CLEAR:
        return ""
    told = asdict(pause)
    return json.dumps({**told, **{name: _bounded(told[name], shift) for name in _MOMENTS}})


def _bounded(moment: float, shift: float) -> float:
    """A moment moved; one that never comes, or never was, is a number for the server and infinite here."""
    if abs(moment) >= _FOREVER:
        return math.copysign(math.inf if math.isfinite(moment) else _FOREVER, moment)
    return moment + shift


def _lesson_text(account: Account, shift: float) -> str:
    """The limits that the service told; empty when they are the configured ones."""
    if not account.taught:
        return ""
    limits = [limit.limit for limit in account.budget.limits]
    told = {"configured": mark_of(account.configured.limits), "limits": limits, "ends": account.lesson_ends + shift}
    return json.dumps(told)


def mark_of(limits: tuple[Window | Concurrent, ...]) -> str:
    """A short name of configured limits: a lesson is about those that it was learned under."""
    return hashlib.sha1(repr(limits).encode(), usedforsecurity=False).hexdigest()[:12]


def read_crowd(rows: Mapping[str, Rows], turns: Sequence[str], own: str, now: float) -> Crowd:
    """Everybody who holds or waits at a moment (the server's); `own` is this process, whose queue its scheduler knows."""
    crowd = Crowd()
    for name, budget in rows.items():
        units: dict[tuple[str, str], int] = {}
        for row in budget.held.values():
            who = row.holder, row.tenant
            units[who] = units.get(who, 0) + row.units
        crowd.holdings[name] = [Holding(*process_of(holder), tenant, sum_) for (holder, tenant), sum_ in units.items()]
    for since, holder, ask in sorted(_turns(turns), key=itemgetter(0, 1)):
        if holder != own:
            priority = Priority(ask["priority"]).name.lower()
            waiter = Waiter(*process_of(holder), ask["tenant"], priority, max(0.0, now - since))
            for name in ask["units"]:
                crowd.waiters.setdefault(name, []).append(waiter)
    return crowd


def _turns(fields: Sequence[str]) -> Iterable[tuple[float, str, dict[str, Any]]]:
    """Since when, who and what of every turn that is whole."""
    turns = dict(zip(fields[::2], fields[1::2], strict=True))
    for field, value in turns.items():
        kind, _, place = field.partition(" ")
        if kind == "ask" and f"since {place}" in turns:
            yield float(turns[f"since {place}"]), place.partition(" ")[0], json.loads(value)
