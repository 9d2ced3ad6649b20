"""What the service allows a project, and how long its answers live: settings that are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import attrs

from mixpanel_headless.errors import ConfigError, shown
from mixpanel_headless.query.fields import is_whole
from request_scheduler.checks import is_real

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

N = TypeVar("N", int, float)
MOST = 1e15
"""Beyond every limit and lifetime that makes sense, and well inside what a float holds exactly."""


@attrs.frozen
class Limits:
    """What the service allows one project: so many requests in any window of seconds, and so many at once.

    JQL has those of queries. Exports of events have a second window of one second (`export_rate`), schemas have only a
    window, and the other calls of the App API are counted only while they run.
    """

    query: int = 60
    query_window: float = 3600.0
    query_concurrency: int = 5
    export: int = 60
    export_window: float = 3600.0
    export_rate: int = 3
    export_concurrency: int = 100
    schemas: int = 5
    schemas_window: float = 60.0
    app_concurrency: int = 10


@attrs.frozen
class Lifetimes:
    """For how many seconds answers are served again: of closed days, of days still open, of discovery."""

    closed: float = 7 * 86400.0
    open: float = 300.0
    discovery: float = 86400.0


def find_limits(env: Mapping[str, str]) -> Limits:
    """The project's limits, for projects whose limits were raised: MP_LIMIT_QUERY and so on, one for each field."""
    usual = attrs.asdict(Limits())
    return Limits(
        **{
            name: read_number(env, f"MP_LIMIT_{name.upper()}", number, float if is_window(name) else int)
            for name, number in usual.items()
        }
    )


def is_window(name: str) -> bool:
    """Whether a limit is a length of time, in seconds."""
    return name.endswith("_window")


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
        whole = not is_window(field.name)
        if not (is_whole if whole else is_real)(value) or not 0 < value < MOST:
            raise ConfigError(
                f"The limit {field.name} is {shown(value)}.",
                hint=f"Set MP_LIMIT_{field.name.upper()} to a {'whole ' if whole else ''}number above 0 and below {MOST:,.0f}.",
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
