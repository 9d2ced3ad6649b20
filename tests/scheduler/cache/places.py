"""Where shared answers may lie: in a file, in a real Redis; and how tests put them there and take them out."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen

from request_scheduler.cache import Kept
from request_scheduler.cache.disk import DiskCache
from request_scheduler.cache.key import digest_of
from request_scheduler.cache.redis import RedisCache

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from request_scheduler import ManualClock
    from request_scheduler.cache.shared import SharedCache
    from tests.redis_server import RedisServer


class Place(Protocol):
    """One place, for any number of caches that stand for processes of their own."""

    @property
    def where(self) -> str:
        """How a process of its own is told of it."""

    def cache(self, clock: ManualClock, **settings: Any) -> SharedCache: ...
    def check(self) -> None:
        """It is whole, and its totals are what it holds."""

    def damage(self) -> None:
        """Write something else over every answer."""

    def spoil(self) -> None:
        """Let it be of no use to anybody."""


@frozen
class FilePlace:
    path: Path

    @property
    def where(self) -> str:
        return str(self.path)

    def check(self) -> None:
        with closing(sqlite3.connect(self.path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            rows = database.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM answers").fetchall()
            assert database.execute("SELECT entries, bytes FROM totals").fetchall() == rows
            orphans = "SELECT count(*) FROM tags WHERE answer NOT IN (SELECT id FROM answers)"
            assert database.execute(orphans).fetchall() == [(0,)]

    def cache(self, clock: ManualClock, **settings: Any) -> DiskCache:
        return DiskCache(self.path, clock=clock, **settings)

    def damage(self) -> None:
        with closing(sqlite3.connect(self.path)) as database:
            database.execute("UPDATE answers SET packed = x'00112233445566'")
            database.commit()

    def spoil(self) -> None:
        self.path.parent.write_text("a file where the folder should be")


@frozen
class ServerPlace:
    """Time in the server stands still as well: it is that of the clock."""

    server: RedisServer

    @property
    def where(self) -> str:
        return self.server.url

    def check(self) -> None:
        start = "{request_scheduler}:answers-1:"
        with self.server.client() as client:
            rows = {name: json.loads(row) for name, row in client.hgetall(start + "meta").items()}
            assert sum(row[6] for row in rows.values()) == int(client.hget(start + "state", "bytes") or 0)
            for index in ("used", "expiry"):
                assert set(client.zrange(start + index, 0, -1)) == set(rows)
            kept = {start + "body:" + row[8] for row in rows.values()}
            bodies = set(client.keys(start + "body:*"))
            assert kept <= bodies
            assert all(client.pttl(name) <= 600_000 for name in bodies - kept)  # sent ahead by those who were killed
            assert all(client.pttl(name) > 0 for name in client.keys("*"))

    def cache(self, clock: ManualClock, **settings: Any) -> RedisCache:
        return RedisCache(self.server.url, clock=clock, moment=clock.wall, **settings)

    def damage(self) -> None:
        with self.server.client() as client:
            for name in client.keys("*:body:*"):
                client.set(name, "\x00\x11\x22\x33\x44\x55\x66", keepttl=True)

    def spoil(self) -> None:
        self.server.stop()


def digest(name: str) -> bytes:
    made = digest_of(name)
    assert made is not None
    return made


def answer(clock: ManualClock, value: object = "answer", ttl: float = 100.0, tags: Iterable[str] = ()) -> Kept:
    return Kept(value, clock.now(), clock.wall(), clock.now() + ttl, 10, frozenset(tags), 1.0)


async def keep(cache: SharedCache, name: str, kept: Kept) -> None:
    await cache.catch_up()
    cache.put(digest(name), kept, cache.mark)
    await cache.written(digest(name))


async def value_of(cache: SharedCache, name: str) -> object:
    kept = await cache.get(digest(name))
    return None if kept is None else kept.value
