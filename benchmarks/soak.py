"""Whether budgets hold when everything around them fails: processes on one store that are killed while clocks jump.

    python benchmarks/soak.py [--minutes 10] [--store sqlite|redis] [--seed 7]

Eight processes spend one budget at a service in this process, which counts exactly. Every few seconds one of them is
killed with SIGKILL and another takes its place, the wall clock jumps by an hour forth or back, and for some seconds no
process can write to the disk (its limit of file size is set to nothing, which is what a full disk is to SQLite), or Redis
is killed or stopped. The wall clock is that of the store's timeline and of the scheduler's clock, shared by all
processes, because the machine's own is not ours to set; Redis goes by its server's. The first process is never killed:
it shows what a long life leaves behind.

Prints JSON: the goals first, all of them 0 or bounded, then what was done. Ends with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import sqlite3
import struct
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen
from report import goal, print_report, use_checkout

use_checkout()

from request_scheduler import Budget, Concurrent, Settlement, Spend, Window  # noqa: E402
from request_scheduler.stores import Reservation  # noqa: E402
from request_scheduler.stores.sqlite import SqliteStore  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from request_scheduler.stores.redis import RedisStore

AGENT = Path(__file__).with_name("soak_agent.py")
PROCESSES = 8
LIMIT, SECONDS, PERMITS = 40, 2.0, 5
LEASE = 5.0
HOUR = 3600.0
_PATIENCE = 120.0
_LONGEST = 0.15  # seconds that the service takes, far below the lease
_FATES = frozenset(["answered", "wrong", "given-up", "DeadlinePassed", "DeadlineUnreachable", "Cut", "TurnedAway"])


@define(eq=False)
class Service:
    """Answers with what it was asked, and counts every request on arrival."""

    dice: random.Random
    arrivals: list[float] = field(factory=list)
    running: int = 0
    peak: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: now and then it is refused, or cut after the request was counted."""
        try:
            name = await reader.readline()
            if name:
                writer.write(await self._work(name, reader))
                await writer.drain()
        except ConnectionError:
            pass  # who asked was killed
        finally:
            writer.close()

    async def _work(self, name: bytes, reader: asyncio.StreamReader) -> bytes:
        """Take a while over a request, or until its connection is gone. One that is refused does not count."""
        luck = self.dice.random()
        if luck < 0.01:
            return b"refused\n"
        self.arrivals.append(time.monotonic())
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            async with asyncio.timeout(self.dice.uniform(0.01, _LONGEST)):
                await reader.read()
        except TimeoutError:
            pass
        finally:
            self.running -= 1
        return b"" if luck < 0.02 else name

    def excess(self) -> int:
        """Requests beyond what any window, whatever its phase, or the permits allow."""
        return max(0, self.fullest() - LIMIT) + max(0, self.peak - PERMITS)

    def fullest(self) -> int:
        """The most requests in any half-open stretch of a window's length."""
        fullest = first = 0
        for last, moment in enumerate(self.arrivals):
            while moment - self.arrivals[first] >= SECONDS:
                first += 1
            fullest = max(fullest, last - first + 1)
        return fullest


@frozen
class Holdings:
    """What a process has of the machine."""

    files: int
    threads: int
    kilobytes: int


@define(eq=False)
class Agent:
    """A process under test, and what it has said."""

    process: asyncio.subprocess.Process
    killed: bool = False
    ended: bool = False
    open_calls: set[str] = field(factory=set)
    fates: Counter[str] = field(factory=Counter)
    holdings: list[Holdings] = field(factory=list)

    async def listen(self) -> None:
        """Take down what it says until it is gone."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self._note(line.decode().split())
        await self.process.wait()

    def _note(self, words: list[str]) -> None:
        match words:
            case ["s", number]:
                self.open_calls.add(number)
            case ["f", number, fate]:
                self.open_calls.discard(number)
                self.fates[fate] += 1
            case ["m", files, threads, kilobytes]:
                self.holdings.append(Holdings(int(files), int(threads), int(kilobytes)))
            case ["end"]:
                self.ended = True

    def stop(self) -> None:
        """Ask it to take no new calls, and to end when the others are answered."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"stop\n")

    def kill(self) -> None:
        """End it at once."""
        self.killed = True
        self.process.kill()


class SqliteState:
    """A file on a disk that can be full."""

    of_processes = ("holders", "held", "turns", "shares", "leads")
    kept_files = 4  # the file, its log, its index and its lock, of a process that began while the disk was full

    def __init__(self, folder: Path) -> None:
        self.path = folder / "budget.sqlite"
        self.order = {"path": str(self.path)}

    async def trouble(self, soak: Soak, seconds: float) -> None:
        """Let nobody write for a while."""
        self._limit_files(soak, 0)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._limit_files(soak, resource.RLIM_INFINITY)

    def _limit_files(self, soak: Soak, largest: int) -> None:
        for agent in soak.living():
            with suppress(ProcessLookupError):
                resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

    def open(self) -> SqliteStore:
        """The store, for a look at the end."""
        return SqliteStore(self.path, lease=LEASE)

    def rows(self) -> dict[str, int]:
        """What is left in the file, by table."""
        with closing(sqlite3.connect(self.path)) as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}

    def close(self) -> None:
        """Nothing runs but the processes."""


class RedisState:
    """A server that is killed, or answers nobody for a while; it has on disk whatever it has answered.

    It knows the ends of old leases for a week, so these rows are bounded and not nothing.
    """

    of_processes = ("held", "turns", "shares", "lead")
    kept_files = 2  # the connections for scripts and for news, of a process that began while the server was lost

    def __init__(self, folder: Path) -> None:
        from tests.redis_server import BINARIES, RedisServer

        binary = next(iter(BINARIES.values()))
        self.server = RedisServer(folder, binary, appendonly="yes", appendfsync="always")
        self.server.start()
        self.order = {"url": self.server.url}

    async def trouble(self, soak: Soak, seconds: float) -> None:
        """Take the server away for a while."""
        killed = soak.dice.random() < 0.5
        (self.server.kill if killed else self.server.pause)()
        try:
            await asyncio.sleep(seconds)
        finally:
            if killed:
                await asyncio.to_thread(self.server.start)
            else:
                self.server.resume()

    def open(self) -> RedisStore:
        """The store, for a look at the end."""
        from request_scheduler.stores.redis import RedisStore

        return RedisStore(self.order["url"], lease=LEASE)

    def rows(self) -> dict[str, int]:
        """What is left on the server, by kind of key."""
        rows: Counter[str] = Counter()
        with self.server.client() as client:
            for key in client.scan_iter():
                kind = client.type(key)
                count = {"hash": client.hlen, "zset": client.zcard, "list": client.llen, "set": client.scard}
                rows[key.partition("}:")[2].partition(":")[0]] += count[kind](key) if kind in count else 1
        return dict(rows)

    def close(self) -> None:
        """End the server."""
        self.server.stop()


class Soak:
    """The processes and their troubles."""

    def __init__(
        self, state: SqliteState | RedisState, service: Service, folder: Path, seconds: float, dice: random.Random
    ) -> None:
        self.state, self.service, self.seconds, self.dice = state, service, seconds, dice
        self.wall = folder / "wall"
        self.set_wall(0.0)
        self.agents: list[Agent] = []
        self.done: Counter[str] = Counter()
        self.port = 0

    def set_wall(self, shift: float) -> None:
        """Let every process's wall clock be wrong by so many seconds."""
        with self.wall.open("r+b" if self.wall.exists() else "wb") as file:
            file.write(struct.pack("d", shift))

    def living(self) -> list[Agent]:
        """Processes that run."""
        return [agent for agent in self.agents if agent.process.returncode is None and not agent.killed]

    async def start_agent(self, tasks: asyncio.TaskGroup) -> None:
        """One more process."""
        order = {
            "name": len(self.agents), "port": self.port, "budget": (LIMIT, SECONDS, PERMITS), "lease": LEASE,
            "wall": str(self.wall), "seed": self.dice.random(), "seconds": self.seconds, **self.state.order,
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(AGENT), json.dumps(order),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.agents.append(Agent(process))
        tasks.create_task(self.agents[-1].listen())

    async def run(self) -> None:
        """Everything, until the last process has ended."""
        server = await asyncio.start_server(self.service.answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server, asyncio.timeout(self.seconds + _PATIENCE), asyncio.TaskGroup() as tasks:
            for _ in range(PROCESSES):
                await self.start_agent(tasks)
            troubles = [tasks.create_task(work) for work in (self.kill(tasks), self.jump(), self.lose())]
            await asyncio.sleep(self.seconds)
            for trouble in troubles:
                trouble.cancel()
            await asyncio.gather(*troubles, return_exceptions=True)
            for agent in self.living():
                agent.stop()

    async def kill(self, tasks: asyncio.TaskGroup) -> None:
        """End a process every few seconds, at any moment of its life, and start another."""
        async for _ in self.every(1.0, 4.0):
            self.dice.choice(self.living()[1:]).kill()
            self.done["kills"] += 1
            await self.start_agent(tasks)

    async def jump(self) -> None:
        """Set the wall clock an hour forth or back every few seconds."""
        async for _ in self.every(2.0, 6.0):
            self.set_wall(self.dice.choice((-HOUR, 0.0, HOUR)))
            self.done["clock jumps"] += 1

    async def lose(self) -> None:
        """Take the store away for a while, now and then for longer than a lease."""
        async for _ in self.every(2.0, min(12.0, self.seconds / 3)):
            self.done["losses of the store"] += 1
            await self.state.trouble(self, self.dice.uniform(0.5, min(1.5 * LEASE, self.seconds / 6)))

    async def every(self, least: float, most: float) -> AsyncIterator[None]:
        """Moments at random intervals."""
        while True:
            await asyncio.sleep(self.dice.uniform(least, most))
            yield


async def ask_once(store: SqliteStore | RedisStore) -> None:
    """One more call, which finds the places of the dead and clears them away."""
    now = asyncio.get_running_loop().time
    verdict = await store.reserve((Spend("query"),), now(), "inspector")
    if isinstance(verdict, Reservation) and (settled := store.settle(verdict, Settlement.REFUNDED, now())):
        await settled


async def permits_left(state: SqliteState | RedisState) -> int:
    """Permits that somebody still holds when every process has ended and every lease is over."""
    store = state.open()
    store.define(Budget("query", (Window(LIMIT, SECONDS), Concurrent(PERMITS))))
    await store.open()
    await asyncio.sleep(1.2 * LEASE)
    await store.refresh()
    (status,) = store.usage(asyncio.get_running_loop().time())
    await ask_once(store)
    await store.close()
    return status.permits_held


def growth(agents: list[Agent], what: Callable[[Holdings], int], since: int) -> int:
    """By how much more of something the worst process had at its end than before."""
    lives = [agent.holdings for agent in agents if agent.ended]
    return max((what(life[-1]) - what(life[since]) for life in lives), default=0)


def judge(soak: Soak, rows: dict[str, int], permits: int) -> dict[str, dict[str, Any]]:
    """Each thing that must not happen, and how often it did."""
    survivors = [agent for agent in soak.agents if not agent.killed]
    fates = sum((agent.fates for agent in soak.agents), Counter[str]())
    of_processes = sum(rows.get(table, 0) for table in soak.state.of_processes)
    return {
        "over-admissions": goal(soak.service.excess(), 0),
        "lost answers": goal(sum(len(agent.open_calls) for agent in survivors), 0),
        "wrong answers": goal(fates["wrong"], 0),
        "raw errors": goal(sum(fates[name] for name in fates.keys() - _FATES), 0),
        "processes that ended by themselves": goal(sum(not agent.ended for agent in survivors), 0),
        "stuck permits": goal(permits, 0),
        "leaked files": goal(growth(survivors, lambda held: held.files, 0), soak.state.kept_files),
        "leaked threads": goal(growth(survivors, lambda held: held.threads, 0), 1),
        "megabytes that the longest life gained": goal(
            growth(soak.agents[:1], lambda held: held.kilobytes, 1) / 1024, 8
        ),
        "rows of processes that have gone": goal(of_processes, 0),
        "other rows": goal(sum(rows.values()) - of_processes, 5 * LIMIT + len(soak.agents)),
    }


STATES: dict[str, Callable[[Path], SqliteState | RedisState]] = {"sqlite": SqliteState, "redis": RedisState}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--store", choices=STATES, default="sqlite")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(STATES[options.store](folder)) as state:
            soak = Soak(state, Service(dice), folder, 60.0 * options.minutes, dice)
            asyncio.run(soak.run())
            permits = asyncio.run(permits_left(state))
            goals = judge(soak, rows := state.rows(), permits)
    print_report(
        {},
        goals,
        seed=options.seed,
        store=options.store,
        minutes=options.minutes,
        troubles=dict(soak.done),
        requests=len(soak.service.arrivals),
        fullest_window=f"{soak.service.fullest()} of {LIMIT}",
        most_at_once=f"{soak.service.peak} of {PERMITS}",
        fates=dict(sum((agent.fates for agent in soak.agents), Counter[str]())),
        rows=rows,
    )
    sys.exit(not all(one["met"] for one in goals.values()))


if __name__ == "__main__":
    main()
