"""What the service allows a project, and how long its answers live: settings that are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import attrs

from mixpanel_headless.errors import ConfigError, shown
from request_scheduler.checks import is_real, is_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

N = TypeVar("N", int, float)
MOST = 1e15
"""Beyond every limit and lifetime that makes sense, and well inside what a float holds exactly."""


@attrs.frozen
class Limits:
    """What the service allows one project: `query` requests in any `query_window` seconds, `query_concurrency` at once."""

    query: int = 60
    query_window: float = 3600.0
    query_concurrency: int = 5


@attrs.frozen
class Lifetimes:
    """For how many seconds answers are served again: of closed days, of days still open, of discovery."""

    closed: float = 7 * 86400.0
    open: float = 300.0
    discovery: float = 86400.0


def find_limits(env: Mapping[str, str]) -> Limits:
    """The project's limits, for projects whose limits were raised."""
    usual = Limits()
    return Limits(
        query=read_number(env, "MP_LIMIT_QUERY", usual.query, int),
        query_window=read_number(env, "MP_LIMIT_QUERY_WINDOW", usual.query_window, float),
        query_concurrency=read_number(env, "MP_LIMIT_QUERY_CONCURRENCY", usual.query_concurrency, int),
    )


def find_lifetimes(env: Mapping[str, str]) -> Lifetimes:
    """How long answers live, from MP_LIFETIME_CLOSED, MP_LIFETIME_OPEN and MP_LIFETIME_DISCOVERY (seconds)."""
    usual = Lifetimes()
    return Lifetimes(
        closed=read_number(env, "MP_LIFETIME_CLOSED", usual.closed, float),
        open=read_number(env, "MP_LIFETIME_OPEN", usual.open, float),
        discovery=read_number(env, "MP_LIFETIME_DISCOVERY", usual.discovery, float),
    )


def check_limits(limits: Limits) -> Limits:
    if not isinstance(limits, Limits):
        raise ConfigError(f"limits is a {type(limits).__name__}.", hint="Give Limits(query=..., query_window=...).")
    for field in attrs.fields(Limits):
        value = getattr(limits, field.name)
        whole = field.name != "query_window"
        if not (is_whole if whole else is_real)(value) or not 0 < value < MOST:
            raise ConfigError(
                f"The limit {field.name} is {shown(value)}.",
                hint=f"Set MP_LIMIT_{field.name.upper()} to a {'whole ' if whole else ''}number above 0.",
            )
    return limits


def check_lifetimes(lifetimes: Lifetimes) -> Lifetimes:
    if not isinstance(lifetimes, Lifetimes):
        raise ConfigError(f"lifetimes is a {type(lifetimes).__name__}.", hint="Give Lifetimes(closed=..., open=...).")
    for field in attrs.fields(Lifetimes):
        value = getattr(lifetimes, field.name)
        if not is_real(value) or not 0 <= value < MOST:
            raise ConfigError(
                f"The lifetime {field.name} is {shown(value)}.",
                hint=f"Set MP_LIFETIME_{field.name.upper()} to a number of seconds, at least 0.",
            )
    return lifetimes


def read_number(env: Mapping[str, str], name: str, default: N, kind: Callable[[str], N]) -> N:
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{name} is {shown(text)}.", hint=f"Set it to {what}, or unset it.") from None
