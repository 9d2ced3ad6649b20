"""Two tiers: the answers of this process, in memory, in front of those that processes share.

Memory is only believed while every drop of every process has reached it; asking whether that is so never waits. A key
that cannot be written down alike in every process stays in memory.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from attrs import define

from request_scheduler.cache.key import digest_of

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

    from request_scheduler.cache import Cache, Kept
    from request_scheduler.cache.rows import Mark
    from request_scheduler.cache.shared import SharedCache


@define(eq=False)
class Tiers:
    """Earlier answers by key; without a shared tier nothing here ever waits."""

    memory: Cache
    shared: SharedCache | None = None

    def get(self, key: Hashable) -> Kept | None:
        """What memory holds, unless something was dropped elsewhere that it has not heard of."""
        return self.memory.get(key) if self.shared is None or self.shared.current() else None

    async def find(self, key: Hashable) -> Kept | None:
        """The newest answer of both tiers, which memory then holds if it has the room."""
        if self.shared is None:
            return self.memory.get(key)
        digest = digest_of(key)
        if digest is None:
            await self.shared.catch_up()
            return self.get(key)
        kept, held = await self.shared.get(digest), self.get(key)
        if kept is None or (held is not None and held.wall > kept.wall):
            return held
        self.memory.put(key, kept)
        return kept

    def name(self, key: Hashable) -> str | None:
        """What names a question alike in all processes that share its answer: a hex digest, None when none does."""
        where = None if self.shared is None else self.shared.name
        digest = None if where is None else digest_of(key)
        if where is None or digest is None:
            return None
        return blake2b(where.encode() + digest, digest_size=32).hexdigest()

    @property
    def writes(self) -> int | None:
        """How often other processes have written, as far as this one can tell without waiting; None if it cannot."""
        return None if self.shared is None else self.shared.writes

    async def catch_up(self) -> None:
        """Take in what other processes dropped, and wait until own drops have reached the others."""
        if self.shared is not None:
            await self.shared.catch_up()

    def mark(self) -> Mark | None:
        """What was dropped so far: to be taken before a request is sent, and handed over with its answer."""
        return None if self.shared is None else self.shared.mark

    def put(self, key: Hashable, kept: Kept, since: Mark | None) -> None:
        """Remember an answer, unless it was dropped before it came."""
        if self.shared is None:
            self.memory.put(key, kept)
            return
        if self.shared.mark == since:
            self.memory.put(key, kept)
        digest = digest_of(key)
        if digest is not None:
            self.shared.put(digest, kept, since)

    async def written(self, key: Hashable) -> None:
        """Wait until other processes can find an answer that was put."""
        digest = digest_of(key)
        if self.shared is not None and digest is not None:
            await self.shared.written(digest)

    def drop(self, tags: Collection[str]) -> int:
        """Forget every answer that bears one of the tags, in all processes, and say how many memory held."""
        if self.shared is not None:
            self.shared.drop(tags)
        return self.memory.drop(tags)

    def clear(self) -> None:
        """Forget everything, in all processes."""
        if self.shared is not None:
            self.shared.drop(None)
        self.memory.clear()
