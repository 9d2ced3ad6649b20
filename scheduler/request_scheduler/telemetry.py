"""What happened: counted always, told to those who listen."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from attrs import define, field

from request_scheduler.status import Counters

if TYPE_CHECKING:
    from collections.abc import Callable

    from request_scheduler.events import Event

logger = logging.getLogger("request_scheduler")


@define(eq=False)
class Telemetry:
    """Counters and listeners. Events are built only `if telemetry.listeners`."""

    counts: Counters = field(factory=Counters)
    listeners: tuple[Callable[[Event], object], ...] = ()

    def listen(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call back with every event from now on; the returned function ends that."""
        self.listeners = (*self.listeners, callback)
        return lambda: self._remove(callback)

    def tell(self, event: Event) -> None:
        """Let every listener know; one that raises is reported and removed, for it must not stop anybody's call."""
        for listener in self.listeners:
            try:
                listener(event)
            except Exception:
                logger.exception("a listener of the scheduler raised, so it is not called any more")
                self._remove(listener)

    def _remove(self, callback: Callable[[Event], object]) -> None:
        self.listeners = tuple(other for other in self.listeners if other is not callback)
