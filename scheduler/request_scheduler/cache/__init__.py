"""Earlier answers: when they may be served, and a bounded memory of them."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING

from cachetools import LRUCache

from request_scheduler.call import Answer
from request_scheduler.value import value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable

    from request_scheduler.call import Freshness

_RENEWAL_SPAN = 0.2
_LONGEST_DRAW = 53 * math.log(2.0)
_ENTRY_OVERHEAD = 256  # bytes charged for each entry besides its own size, so that empty answers are bounded too


@value(eq=False)
class Kept:
    """One answer in the cache; `at` and `expires` are on the scheduler's clock, `wall` is for people.

    `seconds` is how long its run took: so much earlier is it worth renewing.
    """

    value: object
    at: float
    wall: float
    expires: float
    size: int = 0
    tags: frozenset[str] = frozenset()
    seconds: float = 0.0

    def answer(self, now: float) -> Answer[object]:
        """What a caller gets who takes it."""
        return Answer(self.value, "cache", self.wall, now - self.at)

    def handed_on(self, submitted_at: float, now: float) -> Answer[object]:
        """What a caller gets who waited for it while another process asked."""
        waited = max(0.0, self.at - self.seconds - submitted_at)
        return Answer(self.value, "flight", self.wall, max(0.0, now - self.at), 0, waited)


class Use(Enum):
    """What an earlier answer is good for."""

    SERVE = "serve"
    SERVE_AND_RENEW = "serve and renew"
    NOTHING = "nothing"


def use_of(kept: Kept | None, freshness: Freshness, now: float) -> Use:
    """What a call with these wishes may do with an earlier answer."""
    mode = freshness.mode
    if kept is None or mode == "fresh":
        return Use.NOTHING
    if freshness.max_age is not None and now - kept.at > freshness.max_age:
        return Use.NOTHING
    if now < kept.expires or mode == "offline":
        return Use.SERVE
    return Use.SERVE_AND_RENEW if mode == "stale_ok" else Use.NOTHING


def worth_renewing(kept: Kept, now: float, draw: Callable[[], float]) -> bool:
    """Whether this use of an answer that has not expired should renew it; `draw` gives a random number from 0 to 1.

    The rule is XFetch (Vattani, Chierichetti and Lowenstein, VLDB 2015): every use draws, with a probability that grows
    towards the expiry, so answers that are in use are renewed just in time, by one of their users, and others never.
    Not before the last fifth of its life, or slow answers of short life would be renewed all the time.
    """
    left = kept.expires - now
    if left > _RENEWAL_SPAN * (kept.expires - kept.at) or left > _LONGEST_DRAW * kept.seconds:
        return False
    return left <= -kept.seconds * math.log(max(draw(), 2.0**-53))


class Cache:
    """The most recently used answers, bounded in entries and in bytes; expired ones stay for those who accept them."""

    def __init__(self, entries: int, size: int) -> None:
        self._entries = entries
        self._kept: LRUCache[Hashable, Kept] = LRUCache(size, getsizeof=_weigh)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes that the entries are taken to need."""
        return int(self._kept.currsize)

    def get(self, key: Hashable) -> Kept | None:
        """The last answer under a key, however old."""
        return self._kept.get(key)

    def put(self, key: Hashable, kept: Kept) -> None:
        """Remember an answer; one that is larger than the whole cache is not kept."""
        try:
            self._kept[key] = kept
        except ValueError:  # it is too large, which the earlier answer does not make up for
            self._kept.pop(key, None)
        while len(self._kept) > self._entries:
            self._kept.popitem()

    def drop(self, tags: Collection[str]) -> int:
        """Forget every answer that bears one of the tags, and say how many."""
        doomed = [key for key, kept in self._kept.items() if not kept.tags.isdisjoint(tags)]
        for key in doomed:
            del self._kept[key]
        return len(doomed)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


def _weigh(kept: Kept) -> int:
    return kept.size + _ENTRY_OVERHEAD
