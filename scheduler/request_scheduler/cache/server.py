"""Answers in Redis: packed bodies under names of their own, and an index beside them that its scripts keep.

Everything here blocks and belongs into a worker thread. A drop that the server missed is told before anything is read or
written again, however often it is lost meanwhile.
"""

from __future__ import annotations

import json
import math
import secrets
from typing import TYPE_CHECKING, Any, TypeVar

from request_scheduler.cache.link import CacheLink, Ears, ServerLost, ServerRefuses, Upload, text_of
from request_scheduler.cache.rows import SMALL, Mark, Page, Row
from request_scheduler.cache.scripts import DROP, LOOK, PUT, REMOVE, SWEEP, TOTALS, USE, VOID, Script
from request_scheduler.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

T = TypeVar("T")

_VERSION = 1  # of what lies in the server; others are left alone
_PAUSES = 1.0, 30.0  # seconds without a look at a server that is lost: at first, and at most
_STALE = 86_400.0  # seconds that an expired answer stays for those who accept it
_EVER = 1e9  # seconds beyond which a time to live means nothing
_OVERHEAD = 512  # bytes charged for each answer besides its content
_UNKNOWN = Mark(0, 0)
_KINDS = {"state": "hash", "meta": "hash", "used": "zset", "expiry": "zset", "drops": None, "body:": None}


class CacheServer:
    """Answers by digest in a server, bounded in bytes and entries; the expired go first, then the least recently used.

    `wall` is the time of rows, `moment` stands in for the server's clock. `now` is set before each use, for a thread may not
    ask an event loop for its time; before `retry_at` a server that was lost is left alone.
    """

    def __init__(
        self,
        url: str,
        prefix: str,
        *,
        size: int,
        entries: int,
        wall: Callable[[], float],
        moment: Callable[[], float] | None,
    ) -> None:
        self._size, self._entries = size, entries
        self._wall, self._moment = wall, moment
        keys = {f"{{{prefix}}}:answers-{_VERSION}:{name}": kind for name, kind in _KINDS.items()}
        self._link = CacheLink(url, keys)
        self._channel, self._bodies = list(keys)[-2:]
        self._owed: list[frozenset[str] | None] = []
        self._pause = 0.0
        self._trouble = ""
        self._deaf = False
        self.ears: Ears | None = None
        self.mark: Mark | None = None
        self.now, self.retry_at = 0.0, -math.inf

    # -- one look, one write

    def read(self, digests: Iterable[bytes], seen: Mark | None) -> Page:
        """The rows under some digests that still count, and what was dropped since `seen`."""

        def read() -> Page:
            self._listen()
            self._tell()
            page, vanished = self._look(tuple(digests), seen)
            if vanished:  # they were replaced between the look and the fetching of their bodies
                page.rows.update(self._look(vanished, seen)[0].rows)
            return page

        return self._attempt(read)

    def write(self, rows: Iterable[tuple[bytes, Row, Mark]], used: Collection[bytes], now: float) -> None:
        """Keep rows, each unless one of its tags was dropped after its mark; the digests in `used` count as used now."""

        def write() -> None:
            self._tell()
            if used:
                self._ask(USE, {}, *used)
            self._link.upload(PUT, [self._upload(digest, row, since) for digest, row, since in rows])

        self._attempt(write)

    def drop(self, tags: Collection[str] | None) -> Mark:
        """Forget the answers that bear one of the tags, or all, for every process, and give the mark that this left.

        A server that is lost is told when it is back.
        """
        self._owed.append(None if tags is None else frozenset(tags))
        self._attempt(self._tell)
        assert self.mark is not None
        return self.mark

    def remove(self, digest: bytes) -> None:
        """Forget one answer, for instance because it cannot be read."""
        self._attempt(lambda: self._ask(REMOVE, {}, digest))

    def totals(self) -> tuple[int, int]:
        """Entries and bytes kept."""
        entries, size = self._attempt(lambda: self._ask(TOTALS, {}))
        return entries, size

    def learn(self, mark: Mark) -> None:
        """Take in how many drops there were, unless more are known."""
        if self.mark is None or mark.generation != self.mark.generation or mark.drops > self.mark.drops:
            self.mark = mark

    def close(self) -> None:
        """Let go of the connections; the next use opens them again."""
        if self._owed:
            logger.warning("the server of answers was not told of the last drops: others may serve what was dropped")
        self._hush()
        self._link.close()
        self.mark, self.retry_at = None, -math.inf

    # -- inside an attempt

    def _look(self, digests: Sequence[bytes], seen: Mark | None) -> tuple[Page, list[bytes]]:
        """One look, and the digests of large answers whose bodies had gone a moment later."""
        vanished: list[bytes] = []
        known = {} if seen is None else {"generation": str(seen.generation), "drops": seen.drops}
        told, dropped, *found = self._ask(LOOK, {"small": SMALL} | known, *digests)
        generation, drops, moment = told.split()
        page = Page({}, Mark(int(drops), int(generation)), frozenset(map(text_of, dropped)))
        shift = self._wall() - float(moment)
        for digest, row in zip(digests, found, strict=True):
            if row is None:
                continue
            meta, packed = row
            _, _, computed, expires, seconds, size, _, tags, body = json.loads(text_of(meta))
            packed = packed or self._link.get(self._bodies + body)
            if packed is not None:
                moments = float(computed) + shift, float(expires) + shift
                page.rows[digest] = Row(packed, *moments, seconds, size, frozenset(tags))
            else:
                vanished.append(digest)
        self.learn(page.mark)
        return page, vanished

    def _upload(self, digest: bytes, row: Row, since: Mark) -> Upload:
        """A body under a name that no other has, and the question whether it may be put."""
        body, wall = secrets.token_hex(16), self._wall()
        times = {"age": max(0.0, wall - row.computed), "left": min(row.expires - wall, _EVER), "seconds": row.seconds}
        fields = {"size": row.size, "weight": len(row.packed) + _OVERHEAD, "tags": sorted(row.tags), "body": body}
        bounds = {"bytes": self._size, "entries": self._entries, "stale": _STALE}
        mark = {"generation": str(since.generation), "since": since.drops}
        return Upload(self._bodies + body, row.packed, (self._spell(times | fields | bounds | mark), digest))

    def _tell(self) -> None:
        """Drop what is owed, for every process, in one step."""
        if not self._owed:
            return
        everything = None in self._owed
        tags = sorted(frozenset[str]().union(*[tags for tags in self._owed if tags is not None]))
        try:
            generation, drops = self._ask(DROP, {} if everything else {"tags": tags})
        except ServerRefuses:
            self._link.ask(VOID)
            self._owed.clear()
            self.mark = _UNKNOWN
            raise
        self._owed.clear()
        self.learn(Mark(int(drops), int(generation)))
        while everything and self._ask(SWEEP, {}):
            pass

    def _listen(self) -> None:
        """Subscribe to the drops of others, before the look that brings this process up to date."""
        if self._deaf or (self.ears is not None and self.ears.open):
            return
        try:
            self.ears = self._link.listen(self._channel)
        except ServerRefuses as error:
            self._deaf = True
            logger.warning("every earlier answer is looked up in the server, as it tells no news (%s)", error)

    def _ask(self, script: Script, asked: dict[str, Any], *digests: bytes) -> Any:
        return self._link.ask(script, self._spell(asked), *digests)

    def _spell(self, asked: dict[str, Any]) -> bytes:
        moment = {} if self._moment is None else {"now": self._moment()}
        whole = asked | moment | {"fresh": str(secrets.randbits(63) | 1)}
        return json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogatepass")

    # -- losing the server

    def _attempt(self, work: Callable[[], T]) -> T:
        if self.now < self.retry_at:
            raise ServerLost(self._trouble)
        try:
            done = work()
        except ServerLost as error:
            self._pause = min(max(_PAUSES[0], 2 * self._pause), _PAUSES[1])
            self.retry_at, self._trouble = self.now + self._pause, str(error)
            self._hush()
            raise
        self._pause = 0.0
        return done

    def _hush(self) -> None:
        ears, self.ears = self.ears, None
        if ears is not None:
            ears.close()
