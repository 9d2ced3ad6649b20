"""One process of the soak: callers that ask, change their mind and are refused, on a store that others share.

It writes a line for each call that it submits and for what became of it, and at its end what it holds of the machine:
`s NUMBER`, `f NUMBER FATE`, `m FILES THREADS KILOBYTES`, `end`. It stops when its input ends or says so.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import random
import struct
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import use_checkout

use_checkout()

import anyio  # noqa: E402

from request_scheduler import Budget, Call, Concurrent, Failed, Priority, Refused, Scheduler, Spend, Window  # noqa: E402
from request_scheduler.clock import SystemClock  # noqa: E402
from request_scheduler.stores.sqlite import SqliteStore  # noqa: E402
from request_scheduler.stores.timeline import Timeline, boot_id  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from request_scheduler.stores import Store

_CALLERS = 6
_PATIENCE = 90.0
_PAGE = os.sysconf("SC_PAGE_SIZE") // 1024


class TurnedAway(Exception):  # noqa: N818 - named for what happened
    """The service refused as often as it was asked."""


class Cut(Exception):  # noqa: N818 - named for what happened
    """The service counted the request, and its answer was lost."""


class SkewedWall:
    """The wall clock as the machine's administrator sets it: a file holds by how much it is wrong."""

    def __init__(self, path: str) -> None:
        with Path(path).open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

    def __call__(self) -> float:
        """Seconds since 1970, as they are told."""
        shift: float = struct.unpack("d", self._map[:8])[0]
        return time.time() + shift


class SkewedClock(SystemClock):
    """The loop's own time, with a wall clock that jumps."""

    def __init__(self, wall: SkewedWall) -> None:
        super().__init__()
        self._wall = wall

    def wall(self) -> float:
        """Seconds since 1970, as they are told."""
        return self._wall()


def say(*words: object) -> None:
    """One line, written at once and whole."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def open_store(order: dict[str, Any], wall: SkewedWall) -> Store:
    """The store that the order names. While it is lost calls wait: nothing else is exact."""
    if "url" in order:
        from request_scheduler.stores.redis import RedisStore

        return RedisStore(order["url"], lease=order["lease"])
    timeline = Timeline(boot=boot_id(), wall=wall)
    return SqliteStore(order["path"], lease=order["lease"], timeline=timeline)


def say_holdings() -> None:
    """What this process has of the machine."""
    files = len(list(Path("/proc/self/fd").iterdir()))
    kilobytes = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    say("m", files, threading.active_count(), kilobytes)


class Callers:
    """Callers that each wait for one answer at a time."""

    def __init__(self, order: dict[str, Any], scheduler: Scheduler) -> None:
        self.name, self.port, self.scheduler = order["name"], order["port"], scheduler
        self.dice = random.Random(order["seed"])
        self.stopping = asyncio.Event()
        self.numbers = iter(range(1_000_000_000))

    def request(self, name: str) -> Callable[[], Awaitable[str]]:
        """Ask the service for a name."""

        async def run() -> str:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write(f"{name}\n".encode())
                reply = (await reader.readline()).decode().strip()
            finally:
                writer.close()
            if reply == "refused":
                raise Refused(TurnedAway(), kind="unknown")
            if not reply:
                raise Failed(Cut())
            return reply

        return run

    async def ask(self) -> None:
        """One call, and what became of it."""
        number, dice = next(self.numbers), self.dice
        name = f"{self.name}-{number}"
        deadline = self.scheduler.now() + dice.uniform(0.5, 20.0) if dice.random() < 0.2 else None
        patience = dice.uniform(0.0, 3.0) if dice.random() < 0.1 else None
        call: Call[str] = Call(
            self.request(name),
            spends=(Spend("query"),),
            tenant=f"tenant {dice.randrange(4)}",
            priority=dice.choice(list(Priority)),
            deadline=deadline,
        )
        say("s", number)
        fate = "given-up"
        try:
            with anyio.move_on_after(patience):
                answer = await self.scheduler.submit(call)
                fate = "answered" if answer.value == name else "wrong"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the caller gets
            fate = type(error).__name__
        say("f", number, fate)

    async def stay(self) -> None:
        """Ask until it is time to stop."""
        while not self.stopping.is_set():
            await self.ask()
            await asyncio.sleep(self.dice.expovariate(1 / 0.05))

    async def watch_memory(self, warm_up: float) -> None:
        """Tell what is held when everything has been in use for a while."""
        await asyncio.sleep(warm_up)
        say_holdings()


async def main(order: dict[str, Any]) -> None:
    wall = SkewedWall(order["wall"])
    limit, seconds, permits = order["budget"]
    budget = Budget("query", (Window(limit, seconds), Concurrent(permits)), margin=0.02)
    async with Scheduler([budget], store=open_store(order, wall), clock=SkewedClock(wall)) as scheduler:
        callers = Callers(order, scheduler)
        told = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
        say_holdings()
        with anyio.move_on_after(order["seconds"] + _PATIENCE):
            async with anyio.create_task_group() as tasks:
                for _ in range(_CALLERS):
                    tasks.start_soon(callers.stay)
                memory = asyncio.create_task(callers.watch_memory(order["seconds"] / 4))
                await told
                callers.stopping.set()
                memory.cancel()
        say_holdings()
    say("end")


if __name__ == "__main__":
    anyio.run(main, json.loads(sys.argv[1]))
