"""What befalls calls, as log records: logger `mixpanel_headless`, quiet below WARNING unless configured."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

import request_scheduler as rs

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from .replies import RefusalKind

PATIENCE = 5.0
"""Seconds in the queue from which a wait is worth a record."""


REFUSED = "refused by the service"
"""The event of a record that `log_refusal` writes."""


def log_refusal(call: str, tenant: str, kind: RefusalKind) -> None:
    """The service refused a request for a limit, which the scheduler was there to prevent."""
    logger().warning(REFUSED, call=call, tenant=tenant, kind=kind)


def log_fate(call: str, tenant: str, error: rs.SchedulerError) -> None:
    """The scheduler turned a call away; that a workspace was closed or knows no answer, its caller chose itself."""
    if not isinstance(error, rs.NotCached | rs.SchedulerClosed | rs.RunInterrupted):
        logger().info("not sent", call=call, tenant=tenant, reason=type(error).__name__)


def log_wait(call: str, tenant: str, answer: rs.Answer[Any]) -> None:
    """A call was sent and answered, but stood in the queue for long."""
    if answer.waited >= PATIENCE and answer.origin == "network":
        logger().info("sent after waiting", call=call, tenant=tenant, waited=round(answer.waited, 1))


WAITING = "an export waits for its budget"
"""The event of a record that `log_waiting` writes."""


def log_waiting(budget: str, seconds: float, noun: str) -> None:
    """A call of many requests waits, and shows nobody that it does."""
    logger().warning(WAITING, budget=budget, next_in=f"{seconds:,.0f} s", hint=f"progress=True counts the {noun}")


@functools.cache
def logger() -> Any:
    """A structlog logger on top of the standard library's, so that the program's own logging decides what is shown."""
    import structlog

    return structlog.wrap_logger(
        logging.getLogger("mixpanel_headless"),
        processors=[structlog.stdlib.filter_by_level, render],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def render(logger: object, level: str, told: MutableMapping[str, Any]) -> tuple[tuple[str], dict[str, Any]]:
    """A record's message, and what it tells as an attribute of the record for handlers with words of their own."""
    import structlog

    line = structlog.processors.KeyValueRenderer(key_order=["event"])(logger, level, {**told})
    return (str(line),), {"extra": {"told": told}}
