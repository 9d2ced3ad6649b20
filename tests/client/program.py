"""One program of several: it asks a sandbox for one thing after another and writes down when a call was let go.

    python program.py '{"name": ..., "questions": [...], ...}'

It says `ready` when its workspace is open, starts when it reads a line, and prints its answers as JSON. Lines about the
calls that its scheduler admits go to the file descriptor `journal`, which programs may share.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import mixpanel_headless as mp
from request_scheduler import events


async def main(order: dict[str, Any]) -> None:
    name = order["name"]
    async with mp.AsyncWorkspace(weights={name: order.get("weight", 1.0)}) as ws:

        def note(event: events.Event) -> None:
            if "journal" in order and isinstance(event, events.Admitted):
                os.write(order["journal"], f"{name}\n".encode())

        (await ws.scheduler()).listen(note)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        view = ws.with_options(tenant=name)
        asked = [view.property_values("plan", event="Purchase", limit=number) for number in order["questions"]]
        print(json.dumps([sorted(answer) for answer in await asyncio.gather(*asked)]), flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
