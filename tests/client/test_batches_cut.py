"""A batch that is cut in the middle, as real processes are cut: what was answered and kept is never asked again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest

import mixpanel_headless as mp
from mixpanel_headless.sandbox.faults import Hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mixpanel_headless.sandbox import Sandbox

CALLS = 40
PROGRAM = """
import sys
import mixpanel_headless as mp
with mp.Workspace(cache="off") as ws:
    calls = [mp.later(ws.query, "Login", from_date="2026-01-05", to_date="2026-01-07", limit=1 + n) for n in range(40)]
    try:
        gathered = ws.gather(calls, resume=sys.argv[1], progress=True)
    except KeyboardInterrupt:
        sys.exit("interrupted")
    print(len(gathered.failed))
"""


@pytest.fixture
def wide_box(open_box: Callable[..., Sandbox]) -> Sandbox:
    return open_box(limit=1000)


def start(box: Sandbox, manifest: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, **box.environment(), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM, str(manifest)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kept(manifest: Path) -> list[str]:
    return [json.loads(line)["digest"] for line in manifest.read_text().splitlines() if line.endswith("}")]


def cut(box: Sandbox, manifest: Path, by: signal.Signals) -> str:
    """Run the batch until some calls are answered and others under way, cut it there, and give what it said."""
    hold = box.inject(Hold(), after=CALLS // 2, times=None)
    with start(box, manifest) as process:
        try:
            assert box.wait_until(lambda counters: counters.arrived == CALLS // 2 + box.concurrency, 30.0)
            process.send_signal(by)
            _, told = process.communicate(timeout=30.0)
        finally:
            process.kill()
            box.heal()
            hold.release()
    return told


def test_a_batch_killed_in_the_middle_asks_again_for_nothing_that_was_kept(wide_box: Sandbox, tmp_path: Path) -> None:
    manifest = tmp_path / "batch.jsonl"
    cut(wide_box, manifest, signal.SIGKILL)
    assert len(kept(manifest)) == CALLS // 2
    with start(wide_box, manifest) as process:
        out, told = process.communicate(timeout=60.0)
    assert out.strip() == "0", told
    assert wide_box.counted == CALLS + wide_box.concurrency  # those under way are paid again
    assert len(kept(manifest)) == len(set(kept(manifest))) == CALLS


def test_ctrl_c_ends_a_batch_at_once_and_keeps_what_was_answered(wide_box: Sandbox, tmp_path: Path) -> None:
    manifest = tmp_path / "batch.jsonl"
    told = cut(wide_box, manifest, signal.SIGINT)
    assert told.strip().endswith("interrupted")
    assert f"{CALLS // 2} of {CALLS} calls" in told
    assert len(kept(manifest)) == CALLS // 2


async def test_a_batch_that_is_cancelled_keeps_what_was_answered(wide_box: Sandbox, tmp_path: Path) -> None:
    manifest = tmp_path / "batch.jsonl"
    hold = wide_box.inject(Hold(), after=5, times=None)

    async with wide_box.async_workspace() as ws, anyio.create_task_group() as tasks:

        async def gather() -> None:
            await ws.gather(calls(ws), resume=manifest)

        tasks.start_soon(gather)
        reached = await anyio.to_thread.run_sync(
            wide_box.wait_until, lambda counters: counters.arrived == 5 + wide_box.concurrency
        )
        tasks.cancel_scope.cancel()
    hold.release()
    assert reached
    assert len(kept(manifest)) == 5


def calls(ws: Any) -> Iterator[mp.Planned[Any]]:
    for number in range(CALLS):
        yield mp.later(ws.query, "Login", from_date="2026-01-05", to_date="2026-01-07", limit=1 + number)
