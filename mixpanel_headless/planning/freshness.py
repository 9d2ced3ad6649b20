"""How long an answer may be served again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixpanel_headless.accounts.limits import Lifetimes
    from mixpanel_headless.request import Request

SETTLING = timedelta(days=1)
"""A day counts as closed one day after it ended in UTC: project time zones differ, and events arrive late."""


def time_to_live(request: Request[Any], today: date, lifetimes: Lifetimes) -> float:
    """Seconds for which an answer that arrives now stays good; 0 is never cached."""
    if request.lifetime == "none":
        return 0.0
    if request.lifetime == "discovery":
        return lifetimes.discovery
    return lifetimes.closed if is_closed(request.closes_on, today) else lifetimes.open


def is_closed(last_day: str | None, today: date) -> bool:
    """Whether nothing is expected to change any more up to that day."""
    if last_day is None:
        return False
    try:
        return date.fromisoformat(last_day[:10]) + SETTLING < today
    except ValueError:
        return False
