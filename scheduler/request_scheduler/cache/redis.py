"""Answers in Redis or Valkey, shared by the processes of several machines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

from anyio import CapacityLimiter, to_thread

from request_scheduler.cache.codec import JSON, Codec
from request_scheduler.cache.server import CacheServer
from request_scheduler.cache.shared import SharedCache
from request_scheduler.stores.redis.link import check_url, place_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from request_scheduler.cache.link import Ears, News
    from request_scheduler.cache.rows import Look, Mark
    from request_scheduler.cache.shelf import Shelf
    from request_scheduler.clock import Clock

T = TypeVar("T")

_TRUST = 5.0  # seconds for which a server that tells of drops is believed to have told of all


class RedisCache(SharedCache):
    """Answers in the server at `url`, at most `size` bytes and `entries` of them; all keys begin with `{prefix}`.

    What another process drops is void in the server at once. What this one remembers of it is void when the server has
    told so, or after five seconds without a look, whichever comes first. While the server cannot be reached this process
    goes on with what it remembers, and hears of the drops that it missed, as the others hear of its own, afterwards.
    An answer stays for a day after its time, for those who accept it. `moment` gives the time in seconds where it is not
    the server's clock that counts.
    """

    def __init__(
        self,
        url: str,
        *,
        codec: Codec = JSON,
        prefix: str = "request_scheduler",
        size: int = 512 * 1024 * 1024,
        entries: int = 100_000,
        clock: Clock | None = None,
        moment: Callable[[], float] | None = None,
        on_drop: Callable[[frozenset[str] | None], object] = lambda _: None,
    ) -> None:
        check_url(url)
        super().__init__(place_of(url), codec=codec, clock=clock, on_drop=on_drop)
        self._server = CacheServer(url, prefix, size=size, entries=entries, wall=self._wall, moment=moment)

    async def __aenter__(self) -> Self:
        self._in_hearing = CapacityLimiter(1)
        self._heeded: Ears | None = None
        self._trusted_until = -math.inf
        return await super().__aenter__()

    @property
    def mark(self) -> Mark | None:
        """What was dropped so far, as far as the server has told; None before the first look."""
        return self._server.mark

    @property
    def name(self) -> str | None:
        """What names the answers of one server and prefix; None before the first look."""
        # Its address does not: each of two machines may have a server of its own on localhost.
        return None if self.mark is None else f"{self.mark.generation:016x}"

    def _open_shelf(self) -> CacheServer:
        return self._server

    def _wall(self) -> float:
        assert self.clock is not None
        return self.clock.wall()

    def _believes(self) -> bool:
        assert self.clock is not None
        return self.mark == self._seen and self.clock.now() < self._trusted_until

    async def _in_thread(self, work: Callable[[Shelf], T]) -> T | None:
        assert self.clock is not None
        self._server.now = self.clock.now()
        result = await super()._in_thread(work)
        if self._lost:
            self._trusted_until = self._server.retry_at
        return result

    def _take_in(self, page: Look) -> None:
        super()._take_in(page)
        assert self.clock is not None
        ears = self._server.ears
        self._trusted_until = self.clock.now() + _TRUST if ears is not None and ears.open else -math.inf
        if ears is not None and ears is not self._heeded:
            self._heeded = ears
            self._tasks.start_soon(self._heed, ears, name="cache news")

    async def _heed(self, ears: Ears) -> None:
        """Take in what others drop as soon as the server tells."""
        while (
            news := await to_thread.run_sync(ears.hear, abandon_on_cancel=True, limiter=self._in_hearing)
        ) is not None:
            self._hear(news)
        if ears is self._server.ears:
            self._trusted_until = -math.inf

    def _hear(self, news: News) -> None:
        if self._seen is None or news.mark.generation != self._seen.generation:
            self._trusted_until = -math.inf  # the next look tells, and in the right order
            return
        self._server.learn(news.mark)
        if news.mark.drops == self._seen.drops + 1:
            self._follow(news.mark, news.tags)
