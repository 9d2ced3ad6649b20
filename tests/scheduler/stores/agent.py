"""One process of many: a scheduler on a store that others share, against a service that writes down what it gets.

    python agent.py '{"store": ..., "budget": ..., ...}'

It says `ready` when its store is open, starts when it reads a line, and says `done` at its end. Asked `questions`, it shares
their answers with the others through a file, and writes down what each of them came to.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scheduler"))

import anyio
from anyio import to_thread

from request_scheduler import Budget, Call, Concurrent, Outcome, Scheduler, Spend, Window
from request_scheduler.cache.disk import DiskCache
from request_scheduler.stores.redis import RedisStore
from request_scheduler.stores.sqlite import SqliteStore


async def main(order: dict[str, Any]) -> None:
    limit, seconds, permits = order["budget"]
    budget = Budget("query", (Window(limit, seconds), Concurrent(permits)), margin=order.get("margin", 0.05))
    kind = RedisStore if order["store"].startswith("redis:") else SqliteStore
    store = kind(order["store"], lease=order.get("lease", 30.0), on_loss=order.get("on_loss", "wait"))
    journal = os.open(order["journal"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    name, tenant, weight = str(order["name"]), order.get("tenant", "default"), order.get("weight", 1.0)

    stall = [order.get("stall", (0, 0.0))]

    async def request(what: str) -> None:
        """A request: one line when it is sent and one when it is answered, each written at once."""
        os.write(journal, f"+ {what} {time.monotonic()!r}\n".encode())
        left, seconds = stall[0]
        stall[0] = left - 1, seconds
        if left == 1:
            time.sleep(seconds)  # noqa: ASYNC251 - as a program that computes in its event loop and holds up all else
        if order.get("loud"):
            print("sent", flush=True)
        await anyio.sleep(order.get("service", 0.01))
        os.write(journal, f"- {what} {time.monotonic()!r}\n".encode())

    async def run() -> str:
        await request(name)
        return name

    async def ask(question: str) -> None:
        async def run() -> Outcome[str]:
            await request(f"{name}/{question}")
            return Outcome(f"answer to {question}", ttl=1000.0)

        call: Call[str] = Call(run, key=question, spends=(Spend("query"),), tenant=tenant)
        answer = await scheduler.submit(call)
        os.write(journal, f"= {name}/{question}/{answer.origin}/{answer.cost} {time.monotonic()!r}\n".encode())
        assert answer.value == f"answer to {question}"

    cache = DiskCache(order["answers"]) if "answers" in order else None
    async with Scheduler([budget], store=store, shared_cache=cache, weights={tenant: weight}) as scheduler:
        print("ready", flush=True)
        await to_thread.run_sync(sys.stdin.readline)
        with anyio.move_on_after(order.get("for", 60.0)):
            async with anyio.create_task_group() as tasks:
                for question in order.get("questions", ()):
                    tasks.start_soon(ask, question)
                for _ in range(order.get("calls", 0)):
                    tasks.start_soon(scheduler.submit, Call(run, spends=(Spend("query"),), tenant=tenant))
    print("done", flush=True)


if __name__ == "__main__":
    anyio.run(main, json.loads(sys.argv[1]))
