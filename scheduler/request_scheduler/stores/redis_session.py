"""One process's talk with a Redis server about the budgets of one group: keys, the lease, and which run of the log it is.

Moments here are the scheduler's; each answer brings the server's moment, and `shift` is what to add to come from these to
those. An answer also names the era of the log and its number: another era means that the server has forgotten it.
"""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio

from request_scheduler.feedback import LESSON_LIFE
from request_scheduler.journal import logger
from request_scheduler.limits import Window
from request_scheduler.stores.holder import name_holder
from request_scheduler.stores.redis_books import mark_of
from request_scheduler.stores.redis_link import LinkCut
from request_scheduler.stores.shared import share_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from request_scheduler.limits import Budget
    from request_scheduler.stores import OnLoss
    from request_scheduler.stores.redis_link import Link
    from request_scheduler.stores.timeline import Timeline

_FORMAT = 1
_DAY = 86_400.0


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
        self._heads: dict[tuple[tuple[str, ...], bool], str] = {}
        self._known_keys: dict[tuple[tuple[str, ...], str], tuple[list[str], list[str]]] = {}
        self._fresh = new_name()
        self._era: str | None = None
        self._version = 0
        self._renewed = self._met = -math.inf

    @property
    def met(self) -> bool:
        """Whether the server knows this process."""
        return self._era is not None

    def define(self, budget: Budget, reserve: int) -> None:
        """Add a budget or change its limits."""
        self.defined[budget.name] = budget, reserve
        self.spans[budget.name] = max((budget.hold(window) for window in budget.windows), default=0.0)
        self.memory = max(self.spans.values())
        self._heads.clear()

    def renewal_due(self, moment: float) -> bool:
        """Whether a third of the lease has passed."""
        return moment >= self._renewed + self._lease / 3

    def share_of(self, limit: int) -> int:
        """What is trusted of a limit after the log was lost."""
        return share_of(limit) if self._on_loss == "cautious" else 0

    async def ask(
        self,
        script: str,
        names: tuple[str, ...],
        told: dict[str, Any],
        *more: str,
        lane: str = "",
        flight: str | None = None,
        flights: Sequence[str] = (),
        specs: bool = False,
    ) -> Reply:
        """What a script answers about some budgets, whose limits it is told with `specs`.

        From then on the server's moment and the state of its log are known.
        """
        moment = self._now()
        if moment > self._met + self.memory:
            self._era = None  # nothing that this process knew can still count
        renews = self.renewal_due(moment)
        told |= {"fresh": self._fresh, "version": self._version}
        # What is absent is nil there, and the shorter text is read faster.
        optional = {"lane": lane, "flight": flight, "renew": renews, "era": self._era}
        told |= {name: value for name, value in optional.items() if value}
        if self._timeline is not None:
            told["now"] = moment
        before, after = self._keys(names, lane)
        keys = [*before, f"{self._prefix}lead:{flight or ''}", *after]
        keys += [f"{self._prefix}lead:{followed}" for followed in flights]
        head = self._head(names, specs=specs)
        try:
            answer = await self._link.run(script, keys, [head + json.dumps(told)[1:], *more])
        except LinkCut:
            told["again"] = True
            answer = await self._link.run(script, keys, [head + json.dumps(told)[1:], *more])
        (told_back, *result) = answer
        verdict, text, era, version, there = told_back.split(" ")
        at = self._met = self._now()
        if renews:
            self._renewed = moment
        self.shift = float(there) - at
        self._meet(era, int(version))
        return Reply(verdict, float(text), result, int(version), at, self.shift)

    def _meet(self, era: str, version: int) -> None:
        if self._era is not None and era != self._era:
            logger.error("%s has lost the log of the budgets; they count cautiously for a while", self._link.place)
            self.forgotten = True
            self._version = 0
        if era == self._fresh:
            self._fresh = new_name()  # no two eras have one name
        self._era, self._version = era, max(version, self._version)

    def _keys(self, names: tuple[str, ...], lane: str) -> tuple[list[str], list[str]]:
        """The keys that a script touches, before and after the lead of a flight."""
        keys = self._known_keys.get((names, lane))
        if keys is None:
            before = [self._prefix + name for name in ("era", "holders", "turns", f"shares:{lane}")]
            after = [f"{self._prefix}{kind}:{name}" for name in names for kind in ("facts", "held", "spent")]
            keys = self._known_keys[names, lane] = before, [f"{self._prefix}landings", *after]
        return keys

    def _head(self, names: tuple[str, ...], *, specs: bool) -> str:
        """The part of what a script is told that stays the same, as the beginning of a JSON object."""
        head = self._heads.get((names, specs))
        if head is None:
            told = {
                "holder": self.holder,
                "lease": self._lease,
                "kept": int(max(2 * self.memory, LESSON_LIFE) + _DAY),
                "channel": self.channel,
                "names": names,
            }
            if specs:
                told["budgets"] = [self._spec(name) for name in names]
            head = self._heads[names, specs] = json.dumps(told)[:-1] + ", "
        return head

    def _spec(self, name: str) -> dict[str, Any]:
        budget, reserve = self.defined[name]
        limits = []
        for limit in budget.limits:
            told = {"most": limit.limit, "share": self.share_of(limit.limit)}
            limits.append({**told, "hold": budget.hold(limit)} if isinstance(limit, Window) else told)
        return {
            "name": name,
            "reserve": reserve,
            "configured": mark_of(budget.limits),
            "limits": limits,
            "span": self.spans[name],
        }

    def _now(self) -> float:
        moment = anyio.current_time()
        return moment if self._timeline is None else self._timeline.of(moment)


def new_name() -> str:
    """A name that nothing else has."""
    return os.urandom(8).hex()
