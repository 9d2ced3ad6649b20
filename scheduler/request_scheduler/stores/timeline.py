"""The time that all processes of a machine share: seconds since it was started, whatever its wall clock does."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def seconds_since_boot(_: float) -> float:
    """Seconds since the machine was started, sleep included where the system counts it; never set back or forward."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@cache
def boot_id() -> str:
    """What names this run of the machine; empty where the system has no such name."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


@frozen
class Timeline:
    """How a store tells time: `of` turns a moment of the scheduler's into one that all processes share.

    Between two runs of the machine (`boot`) only the wall clock goes on.
    """

    of: Callable[[float], float] = seconds_since_boot
    boot: str = ""
    wall: Callable[[], float] = time.time


def machine_timeline() -> Timeline:
    """The timeline of this machine, for a scheduler on real time."""
    return Timeline(boot=boot_id())


def shift_between(stamp: float, stamped_wall: float, moment: float, wall: float) -> float:
    """What to add to moments of an earlier run of the machine, the last of which was `stamp`.

    The machine has been off for as long as the wall clock says, but at least it has been up since it was started: a
    clock that was set back may keep slots taken for longer than needed, never shorter.
    """
    return moment - max(moment, wall - stamped_wall) - stamp
