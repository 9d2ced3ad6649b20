"""Other places that the rows of the audit log go to: the program's own log, the system's, or OpenTelemetry."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from mixpanel_headless.logs import logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from logging import Logger

    from .audit import Mirror


def choose_mirrors(names: Iterable[str]) -> tuple[Mirror, ...]:
    """What hears of each row; one that fails is told of in the log, and stops no change."""
    return tuple(functools.partial(tell, name, mirror_of(name)) for name in names)


def tell(name: str, mirror: Mirror, row: Mapping[str, Any]) -> None:
    try:
        mirror(row)
    except Exception as error:  # noqa: BLE001 - whatever ails the other side
        logger().warning("a row of the audit log did not reach its mirror", mirror=name, why=type(error).__name__)


def mirror_of(name: str) -> Mirror:
    if name == "otel":
        from mixpanel_headless.observers.otel import tell_audit

        return tell_audit
    return tell_syslog if name == "syslog" else tell_structlog


def tell_structlog(row: Mapping[str, Any]) -> None:
    """A record of the logger `mixpanel_headless`, level INFO."""
    logger().info("audit", **row)


def tell_syslog(row: Mapping[str, Any], log: Logger | None = None) -> None:
    """A line of JSON to the system's log, or to another."""
    (log or system_log()).info("mixpanel-headless audit %s", msgspec.json.encode(row).decode())


@functools.cache
def system_log() -> Logger:
    from pathlib import Path

    local = next((path for path in ("/dev/log", "/var/run/syslog") if Path(path).exists()), ("localhost", 514))
    return log_at(local)


def log_at(address: str | tuple[str, int]) -> Logger:
    """A logger that sends what it is told to one address, and that no configuration of the program's reaches."""
    import logging
    from logging.handlers import SysLogHandler

    made = logging.Logger("mixpanel_headless.audit")  # noqa: LOG001 - see above
    made.addHandler(SysLogHandler(address, SysLogHandler.LOG_AUTH))
    return made
