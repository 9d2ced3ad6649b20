"""One process's talk with a Redis server about the budgets of one group: keys, the lease, and which run of the log it is.

Moments here are the scheduler's; each answer brings the server's moment, and `shift` is what to add to come from these to
those. An answer also names the era of the log and its number: another era means that the server has forgotten it.
"""

from __future__ import annotations

import json
import math
import os
from asyncio import get_running_loop
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from request_scheduler.feedback import LESSON_LIFE
from request_scheduler.limits import Window
from request_scheduler.stores.holder import name_holder
from request_scheduler.stores.redis.books import mark_of
from request_scheduler.stores.redis.link import KeyTaken, LinkCut, LinkLost, Question, taken_by
from request_scheduler.stores.shared import share_of
from request_scheduler.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from request_scheduler.limits import Budget
    from request_scheduler.stores import OnLoss
    from request_scheduler.stores.redis.link import Link
    from request_scheduler.stores.timeline import Timeline

Units: TypeAlias = tuple[tuple[str, int], ...]

_FORMAT = 1
_DAY = 86_400.0
_SORTED = ("holders", "landings", "spent")  # the sorted sets among the keys; all others are hashes
AGAIN = "again"  # after all others, the argument of a script that may have run already


class Reply(NamedTuple):
    """What a script answered: a word, a moment of the server's, and rows if it was asked for some.

    `at` is when it came, and `shift` what to add to the scheduler's moments to get the server's.
    """

    verdict: str
    moment: float
    state: list[Any]
    version: int
    at: float
    shift: float


class Session:
    """Asks scripts about budgets; `forgotten` turns true when the server has lost what this process had told it.

    `spans` are the seconds for which a settled request counts in the longest window of a budget, and `memory` those for
    which anything counts.
    """

    def __init__(self, link: Link, group: str, timeline: Timeline | None, lease: float, on_loss: OnLoss) -> None:
        self.holder = name_holder()
        self.defined: dict[str, tuple[Budget, int]] = {}
        self.spans: dict[str, float] = {}
        self.memory = 0.0
        self.shift = 0.0
        self.forgotten = False
        self._link, self._timeline, self._lease, self._on_loss = link, timeline, lease, on_loss
        self._prefix = f"mixpanel-headless:{_FORMAT}:{{{group}}}:"
        self.channel = self._prefix + "news"
        self._fixed: dict[Units, tuple[str, ...]] = {}
        self._known_keys: dict[tuple[Units, str], tuple[str, ...]] = {}
        self._fresh = new_name()
        self._era = ""
        self._version = 0
        self._leased = ""
        self._met = -math.inf

    @property
    def met(self) -> bool:
        """Whether the server knows this process."""
        return bool(self._era)

    def define(self, budget: Budget, reserve: int) -> None:
        """Add a budget or change its limits."""
        self.defined[budget.name] = budget, reserve
        self.spans[budget.name] = max((budget.hold(window) for window in budget.windows), default=0.0)
        self.memory = max(self.spans.values())
        self._fixed.clear()

    def renewal_due(self, moment: float) -> bool:
        """Whether a third of the lease has passed."""
        return not self._leased or float(self._leased) - (moment + self.shift) <= self._lease * 2 / 3

    def share_of(self, limit: int) -> int:
        """What is trusted of a limit after the log was lost."""
        return share_of(limit) if self._on_loss == "cautious" else 0

    async def ask(
        self,
        script: str,
        units: Units,
        *own: str,
        ticket: str = "",
        lane: str = "",
        flight: str | None = None,
        followed: Sequence[str] = (),
    ) -> Reply:
        """What a script answers about some budgets and the units to take from each; `own` arguments are its alone.

        From then on the server's moment and the state of its log are known.
        """
        moment = self._now()
        if moment > self._met + self.memory:
            self._era = ""  # nothing that this process knew can still count
        leads = () if flight is None and not followed else self._leads(flight, *followed)
        stays = self._what_stays(units)
        told = [
            self._fresh,
            self._era,
            str(self._version),
            self._leased,
            "" if self._timeline is None else repr(moment),
            ticket,
            flight or "",
            *own,
        ]
        keys = self._keys(units, lane)
        question = Question(script, keys, leads, stays, told)
        try:
            answer = await self._link.run(question)
        except LinkCut:
            answer = await self._link.run(question._replace(told=[*told, AGAIN]))
        except KeyTaken as error:
            raise await self._name_taken(question) or error from error
        line, *rows = (answer,) if isinstance(answer, str) else answer
        verdict, text, era, version, there, self._leased = line.split(" ")
        at = self._met = self._now()
        self.shift = shift = float(there) - at
        number = int(version)
        self._meet(era, number)
        return Reply(verdict, float(text), rows, number, at, shift)

    async def _name_taken(self, question: Question) -> KeyTaken | None:
        """The error that names the key of a question that holds something else; None when that cannot be told."""
        with suppress(LinkLost):  # not every user may ask for it
            for key in (*question.keys, *question.leads):
                wanted = "zset" if key.removeprefix(self._prefix).partition(":")[0] in _SORTED else "hash"
                kind = await self._link.kind_of(key)
                if kind not in ("none", wanted):
                    return KeyTaken(taken_by(key, kind, wanted))
        return None

    def _meet(self, era: str, version: int) -> None:
        if self._era and era != self._era:
            logger.error("%s has lost the log of the budgets; they count cautiously for a while", self._link.place)
            self.forgotten = True
            self._version = 0
        if era == self._fresh:
            self._fresh = new_name()  # no two eras have one name
        self._era, self._version = era, max(version, self._version)

    def _keys(self, units: Units, lane: str) -> tuple[str, ...]:
        """The keys that a script touches, but for leads."""
        keys = self._known_keys.get((units, lane))
        if keys is None:
            ours = ("log", "holders", "turns", f"shares:{lane}", "landings")
            theirs = [f"{kind}:{name}" for name, _ in units for kind in ("held", "spent")]
            keys = self._known_keys[units, lane] = tuple(self._prefix + name for name in (*ours, *theirs))
        return keys

    def _leads(self, flight: str | None, *followed: str) -> tuple[str, ...]:
        flights = followed if flight is None else (flight, *followed)
        return tuple(f"{self._prefix}lead:{name}" for name in flights)

    def _what_stays(self, units: Units) -> tuple[str, ...]:
        """The arguments that all scripts get and that stay the same."""
        fixed = self._fixed.get(units)
        if fixed is None:
            kept = int(max(2 * self.memory, LESSON_LIFE) + _DAY)
            specs = json.dumps([self._spec(name, count) for name, count in units])
            fixed = self._fixed[units] = (self.holder, repr(self._lease), str(kept), self.channel, specs)
        return fixed

    def _spec(self, name: str, units: int) -> dict[str, Any]:
        budget, reserve = self.defined[name]
        limits = []
        for limit in budget.limits:
            told = {"most": limit.limit, "share": self.share_of(limit.limit)}
            limits.append({**told, "hold": budget.hold(limit)} if isinstance(limit, Window) else told)
        return {
            "name": name,
            "takes": units,
            "reserve": reserve,
            "configured": mark_of(budget.limits),
            "limits": limits,
            "span": self.spans[name],
        }

    def _now(self) -> float:
        moment = get_running_loop().time()
        return moment if self._timeline is None else self._timeline.of(moment)


def new_name() -> str:
    """A name that nothing else has."""
    return os.urandom(8).hex()
