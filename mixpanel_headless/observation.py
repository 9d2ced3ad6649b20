"""What the scheduler does, as log records: logger `mixpanel_headless`, quiet below WARNING unless configured."""

from __future__ import annotations

import functools
import logging
from typing import Any

from request_scheduler import events

PATIENCE = 5.0
"""Seconds in the queue from which a wait is worth a record."""


def log_event(event: events.Event) -> None:
    """Record refusals as warnings, calls turned away and long waits as information; nothing else."""
    match event:
        case events.Refusal():
            logger().warning("refused by the service", call=event.label, tenant=event.tenant, kind=event.kind)
        case events.TurnedAway():
            logger().info("not sent", call=event.label, tenant=event.tenant, reason=event.reason)
        case events.Admitted() if event.waited >= PATIENCE:
            logger().info("sent after waiting", call=event.label, tenant=event.tenant, waited=round(event.waited, 1))


@functools.cache
def logger() -> Any:
    """A structlog logger on top of the standard library's, so that the program's own logging decides what is shown."""
    import structlog

    return structlog.wrap_logger(
        logging.getLogger("mixpanel_headless"),
        processors=[structlog.stdlib.filter_by_level, structlog.processors.KeyValueRenderer(key_order=["event"])],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
