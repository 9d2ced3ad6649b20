"""Answers that processes share, read and written by worker threads: what a file and a server have in common.

Reads that come together share one look, writes one transaction; a call that is answered does not wait for its answer to
be written. Losing the place where answers lie costs requests, never an answer, so whatever goes wrong there is logged and
taken for a miss.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar, cast

import anyio
from anyio import CancelScope, CapacityLimiter

from request_scheduler.cache.codec import Codec, DamagedAnswerError, unpack
from request_scheduler.cache.rows import Look, Moment, Put, look, pack_some
from request_scheduler.clock import SystemClock
from request_scheduler.telemetry import logger
from request_scheduler.threads import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from types import TracebackType

    from request_scheduler.cache import Kept
    from request_scheduler.cache.rows import Mark, Row
    from request_scheduler.cache.shelf import Shelf
    from request_scheduler.clock import Clock

T = TypeVar("T")

_TOGETHER = 256  # answers in one look, or in one transaction
_BACKLOG = 1000  # answers that wait to be written; more are not kept
_TRIES = 5  # looks for one answer, while others go on dropping
_PATIENCE_AT_END = 10.0  # seconds for what is still to be written
_READS_NOTED = 1000


class _Wanted:
    """A digest that callers wait for; what was found is worth no more than the mark that it was read under.

    `writes` is how often others had written when the look began, if it has begun and that is known.
    """

    __slots__ = ("answered", "begun", "digest", "kept", "mark", "writes")

    def __init__(self, digest: bytes) -> None:
        self.digest = digest
        self.answered = anyio.Event()
        self.begun = False
        self.writes: int | None = None
        self.kept: Kept | None = None
        self.mark: Mark | None = None

    def serves(self, writes: int | None) -> bool:
        """Whether this look will find all that was there at this moment, when others had written so often."""
        return not self.begun or (writes is not None and self.writes == writes)


class _Drop(NamedTuple):
    """Tags to be dropped; None stands for everything."""

    tags: frozenset[str] | None


class SharedCache(ABC):
    """Answers by digest that processes share, used with `async with` in one event loop; `where` names them in logs.

    `codec` turns values into bytes and back. `on_drop` is called with the tags that any process dropped, or with None
    when everything was, before the next answer is served.
    """

    def __init__(
        self, where: str, *, codec: Codec, clock: Clock | None, on_drop: Callable[[frozenset[str] | None], object]
    ) -> None:
        self.codec, self.clock, self.on_drop = codec, clock, on_drop
        self._where = where
        self._shelf: Shelf | None = None
        self._lost = False
        self._reported: set[str] = set()

    @property
    @abstractmethod
    def mark(self) -> Mark | None:
        """What was dropped so far, as far as this process can tell without waiting; None before the first look.

        An answer is put with the mark that stood before its request was sent.
        """

    @property
    @abstractmethod
    def name(self) -> str | None:
        """What names these answers alike in all processes that share them, and no others; None before the first look.

        Processes that share a store and not their answers must not wait for each other.
        """

    @property
    def writes(self) -> int | None:
        """How often other processes have written, as far as this one can tell without waiting; None if it cannot."""
        return None

    @abstractmethod
    def _open_shelf(self) -> Shelf:
        """The place where answers lie; called in a worker thread, by the first that needs it."""

    @abstractmethod
    def _believes(self) -> bool:
        """Whether nothing was dropped since the last look, or this process is on its own."""

    async def __aenter__(self) -> Self:
        self.clock = self.clock or SystemClock()
        self._moment = partial(_moment, self.clock)
        self._in_shelf, self._in_packing = CapacityLimiter(1), CapacityLimiter(1)
        self._seen: Mark | None = None
        self._wanted: dict[bytes, _Wanted] = {}
        self._unread: deque[_Wanted] = deque()
        self._outbox: deque[Put | _Drop] = deque()
        self._unwritten: dict[bytes, Kept] = {}
        self._used: set[bytes] = set()
        self._dropping = 0
        self._ending = False
        self._work_to_read, self._work_to_write = anyio.Event(), anyio.Event()
        self._some_written, self._all_written = anyio.Event(), anyio.Event()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._keep_reading, name="cache reader")
        self._tasks.start_soon(self._keep_writing, name="cache writer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left, even when cancelled: answers were paid for, and drops must reach the other processes."""
        self._ending = True
        self._work_to_read.set()
        self._work_to_write.set()
        with anyio.move_on_after(_PATIENCE_AT_END, shield=True):
            await self._all_written.wait()
        self._tasks.cancel_scope.cancel()  # reading and writing are shielded and end by themselves
        if isinstance(error, Exception):
            kind = error = trace = None  # it is not an error of the tasks here, so they must not wrap it
        try:
            await self._tasks.__aexit__(kind, error, trace)
        finally:
            await self._in_thread(lambda shelf: shelf.close())

    # -- for the scheduler

    def current(self) -> bool:
        """Whether every drop of every process has reached this one, so that what it remembers may be served."""
        return not self._dropping and self._believes()

    async def get(self, digest: bytes) -> Kept | None:
        """The last answer under a digest, however old, on the scheduler's clock."""
        for _ in range(_TRIES):
            await self._wait_for_drops()
            if digest in self._unwritten and self.current():
                return self._unwritten[digest]
            wanted = await self._request(digest)
            if self._ending:
                return None
            if not self._dropping and wanted.mark == self._seen and self._seen in (None, self.mark):
                return self._unwritten.get(digest, wanted.kept)
        return None

    async def catch_up(self) -> None:
        """Take in what other processes dropped, and wait until own drops have reached them."""
        await self._wait_for_drops()
        if not self.current():
            await self._request(b"")

    def put(self, digest: bytes, kept: Kept, since: Mark | None) -> None:
        """Have an answer written soon, unless one of its tags is dropped by anybody after `since`."""
        if since is None or self._ending or len(self._unwritten) >= _BACKLOG:
            return
        self._unwritten[digest] = kept
        self._outbox.append(Put(digest, kept, since))
        self._work_to_write.set()

    def drop(self, tags: Collection[str] | None) -> None:
        """Have the answers that bear one of the tags dropped in all processes; None drops everything.

        No answer of the others is read until that is done.
        """
        if self._ending:
            return
        doomed = None if tags is None else frozenset(tags)
        self._forget_unwritten(doomed)
        self._dropping += 1
        self._outbox.append(_Drop(doomed))
        self._work_to_write.set()

    async def written(self, digest: bytes) -> None:
        """Wait until an answer that was put is where other processes find it, or could not be written."""
        while digest in self._unwritten and not self._all_written.is_set():
            await self._some_written.wait()

    async def flush(self) -> None:
        """Wait until nothing is left to be written."""
        while (self._unwritten or self._dropping) and not self._all_written.is_set():
            await self._some_written.wait()

    async def totals(self) -> tuple[int, int]:
        """Entries and bytes kept for all processes."""
        return await self._in_thread(lambda shelf: shelf.totals()) or (0, 0)

    # -- reading

    async def _request(self, digest: bytes) -> _Wanted:
        """What a look finds; those who want the same digest at the same time share it, if it cannot miss anything."""
        if self._ending:
            return _Wanted(digest)
        wanted = self._wanted.get(digest)
        if wanted is None or not wanted.serves(self.writes):
            wanted = self._wanted[digest] = _Wanted(digest)
            self._unread.append(wanted)
            self._work_to_read.set()
        await wanted.answered.wait()
        return wanted

    async def _keep_reading(self) -> None:
        with CancelScope(shield=True):
            while not self._ending:
                await self._work_to_read.wait()
                self._work_to_read = anyio.Event()
                while self._unread:
                    await self._read([self._unread.popleft() for _ in range(min(len(self._unread), _TOGETHER))])

    async def _read(self, wanted: list[_Wanted]) -> None:
        seen, asked, writes = self._seen, {one.digest for one in wanted if one.digest}, self.writes
        for one in wanted:
            one.begun, one.writes = True, writes
        found = await self._in_thread(lambda shelf: look(shelf, asked, seen, self.codec))
        if found is not None:
            self._take_in(found)
        for one in wanted:
            one.mark = self._seen
        moment = self._moment()
        for one in wanted:
            if found is not None and one.digest in found.large:
                self._tasks.start_soon(self._unpack_large, one, found.large[one.digest])
            elif found is not None and one.digest in found.small:
                self._answer(one, moment.kept(*found.small[one.digest]))
            else:
                self._answer(one, None)

    async def _unpack_large(self, wanted: _Wanted, row: Row) -> None:
        with CancelScope(shield=True):
            kept: Kept | None = None
            try:
                value = await run_in_thread(unpack, row.packed, self.codec, limiter=self._in_packing)
                kept = self._moment().kept(row, value)
            except DamagedAnswerError:
                await self._in_thread(lambda shelf: shelf.remove(wanted.digest))
            finally:
                self._answer(wanted, kept)

    def _answer(self, wanted: _Wanted, kept: Kept | None) -> None:
        if self._wanted.get(wanted.digest) is wanted:
            del self._wanted[wanted.digest]
        wanted.kept = kept
        wanted.answered.set()
        if kept is not None and len(self._used) < _READS_NOTED:
            self._used.add(wanted.digest)

    def _take_in(self, page: Look) -> None:
        """Bring this process up to the moment of a look."""
        everything = self._seen is None or page.mark.generation != self._seen.generation
        self._follow(page.mark, None if everything else page.dropped)

    def _follow(self, mark: Mark, tags: frozenset[str] | None) -> None:
        """Let whoever remembers answers know what others have dropped."""
        if tags != frozenset():
            self._forget_unwritten(tags)
            self.on_drop(tags)
        self._seen = mark

    # -- writing

    async def _keep_writing(self) -> None:
        with CancelScope(shield=True):
            try:
                while self._outbox or not self._ending:
                    await self._work_to_write.wait()
                    self._work_to_write = anyio.Event()
                    while self._outbox:
                        await self._write_next()
                        self._some_written.set()
                        self._some_written = anyio.Event()
                if self._used:
                    await self._write([])
            finally:
                self._all_written.set()
                self._some_written.set()

    async def _write_next(self) -> None:
        first = self._outbox.popleft()
        if isinstance(first, _Drop):
            await self._write_drop(first.tags)
            return
        puts = [first]
        while self._outbox and len(puts) < _TOGETHER and not isinstance(self._outbox[0], _Drop):
            puts.append(cast("Put", self._outbox.popleft()))
        await self._write([put for put in puts if self._unwritten.get(put.digest) is put.kept])
        for put in puts:
            if self._unwritten.get(put.digest) is put.kept:
                del self._unwritten[put.digest]

    async def _write(self, puts: Sequence[Put]) -> None:
        used, self._used = self._used, set()
        while puts or used:
            moment = self._moment()
            rows, puts = await run_in_thread(pack_some, puts, self.codec, moment, limiter=self._in_packing)
            await self._write_rows(rows, used, moment.wall)
            used = set()

    async def _write_rows(self, rows: list[tuple[bytes, Row, Mark]], used: set[bytes], now: float) -> None:
        await self._in_thread(lambda shelf: shelf.write(rows, used, now))

    async def _write_drop(self, tags: frozenset[str] | None) -> None:
        mark = await self._in_thread(lambda shelf: shelf.drop(tags))
        if self._seen is not None and mark == self._seen._replace(drops=self._seen.drops + 1):
            self._seen = mark
        self._dropping -= 1

    async def _wait_for_drops(self) -> None:
        while self._dropping and not self._all_written.is_set():
            await self._some_written.wait()

    def _forget_unwritten(self, tags: frozenset[str] | None) -> None:
        for digest, kept in tuple(self._unwritten.items()):
            if tags is None or not kept.tags.isdisjoint(tags):
                del self._unwritten[digest]

    # -- threads

    async def _in_thread(self, work: Callable[[Shelf], T]) -> T | None:
        """What a worker thread makes of the shelf; None when it cannot be used, which is logged once for each reason."""
        with CancelScope(shield=True):
            result, error = await run_in_thread(self._run, work, limiter=self._in_shelf)
        self._lost = error is not None
        if error is not None:
            reason = f"{type(error).__name__}: {error}"
            level = logging.DEBUG if reason in self._reported else logging.WARNING
            self._reported.add(reason)
            logger.log(level, "the answers kept in %s cannot be used just now (%s)", self._where, reason)
        return result

    def _run(self, work: Callable[[Shelf], T]) -> tuple[T | None, Exception | None]:
        try:
            if self._shelf is None:
                self._shelf = self._open_shelf()
            return work(self._shelf), None
        except Exception as error:  # noqa: BLE001 - a cache that fails must not fail anybody's call
            return None, error


def _moment(clock: Clock) -> Moment:
    return Moment(clock.now(), clock.wall())
