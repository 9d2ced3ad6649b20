"""One task that keeps time for everybody who waits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import anyio
from anyio import CancelScope
from attrs import define

if TYPE_CHECKING:
    from request_scheduler.clock import Clock
    from request_scheduler.control import Control


@define(eq=False)
class Timekeeper:
    """Ticks when something is due; it naps `until` then, and is woken when something earlier comes up."""

    control: Control
    until: float = math.inf
    _nap: CancelScope | None = None

    async def keep(self, clock: Clock) -> None:
        """Tick until cancelled."""
        admission = self.control.admission
        while True:
            with CancelScope() as self._nap:
                self.until = admission.alarm
                if self.until == math.inf:
                    await anyio.sleep_forever()
                await clock.sleep_until(self.until)
            if clock.now() >= admission.alarm:
                self.control.tick(clock.now())

    def set_alarm(self) -> None:
        """See to it that the nap is not too long."""
        alarm = self.control.admission.alarm
        if self._nap is not None and alarm < self.until:
            self.until = alarm
            self._nap.cancel()
