"""What a caller wishes for its calls: priority, age, patience, the project spoken of, and ceilings for a task."""

from __future__ import annotations

import math
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import attrs

import request_scheduler as rs
from request_scheduler.call import DEFAULT_TENANT, FreshnessMode
from request_scheduler.checks import is_real

from .accounts.limits import MOST
from .accounts.settings import check_project
from .errors import ConfigError, InvalidArgumentError, shown
from .query.fields import is_whole
from .suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .accounts.limits import Limits
    from .governance.policy import Policy

PriorityName: TypeAlias = Literal["interactive", "normal", "batch", "background"]
SourceName: TypeAlias = Literal["network", "mirror", "auto"]


@attrs.define(eq=False)
class Task(rs.Allowance):
    """The ceiling of one task; a task inside another spends from both, and keeps to the policies of both."""

    policy: Policy | None = attrs.field(default=None, kw_only=True)
    changes: int = attrs.field(default=0, init=False)
    """How much has been changed in it."""


CURRENT: ContextVar[Task | None] = ContextVar("mixpanel_headless_task", default=None)


@attrs.frozen
class Options:
    """A caller's wishes for its calls; `deadline` and `max_age` are seconds."""

    priority: rs.Priority = rs.Priority.NORMAL
    tenant: str | None = None
    deadline: float | None = None
    begun: float | None = None
    """The moment on the scheduler's clock from which the deadline counts; None for that of each request."""
    max_age: float | None = None
    freshness: FreshnessMode = "cached"
    retry_server_errors: int = 0
    source: SourceName = "network"
    confirm: frozenset[str] = frozenset()
    accepted: rs.Freshness = attrs.field(
        init=False, default=attrs.Factory(lambda wish: rs.Freshness(wish.freshness, wish.max_age), takes_self=True)
    )
    """Which earlier answers will do, in the scheduler's terms."""

    def tenant_of(self, task: Task | None) -> str:
        """Whose share of the budget a call spends: the tenant that is named, or the task."""
        return self.tenant or (task.name if task else DEFAULT_TENANT)


@attrs.frozen
class Pin:
    """The project and workspace (data view) that a call speaks of."""

    project: str
    workspace: int | None = None


def choose_options(
    options: Options,
    *,
    priority: str | rs.Priority | None = None,
    tenant: str | None = None,
    deadline: float | None = None,
    max_age: float | None = None,
    freshness: str | None = None,
    retry_server_errors: int | None = None,
    confirm: str | None = None,
    source: str | None = None,
) -> Options:
    """The wishes with those changed that are given; raises InvalidArgumentError for one that cannot be met."""
    changes: dict[str, Any] = {}
    if priority is not None:
        changes["priority"] = choose_priority(priority)
    if freshness is not None:
        changes["freshness"] = check_choice("freshness", freshness, FreshnessMode)
    for name, seconds in (("deadline", deadline), ("max_age", max_age)):
        if seconds is not None:
            if not is_amount(seconds):
                raise InvalidArgumentError(f"{name} is {shown(seconds)}.", hint=f"Give {name} in seconds, at least 0.")
            changes[name] = float(seconds)
    if retry_server_errors is not None:
        changes["retry_server_errors"] = check_retries(retry_server_errors)
    if source is not None:
        changes["source"] = check_choice("source", source, SourceName)
    if confirm is not None:
        changes["confirm"] = frozenset({check_label("confirm", confirm)})
    if tenant is not None:
        changes["tenant"] = check_label("tenant", tenant)
    return attrs.evolve(options, **changes)


def is_amount(value: object) -> bool:
    """Whether a value is a number of at least 0 that fits among seconds and counts; infinity does."""
    return is_real(value) and (0 <= value < MOST or value == math.inf)


def check_label(field: str, value: object) -> str:
    """A name that stands in status, logs and tables."""
    if not isinstance(value, str) or not value.strip() or len(value) > 200 or not value.isprintable():
        raise InvalidArgumentError(f"{field} is {shown(value)}.", hint=f"Give {field} as one line of text.")
    return value


def check_reserve(reserve: int, limits: Limits) -> int:
    """How many queries of a window are for interactive calls; the others must have some left."""
    if not is_whole(reserve) or not 0 <= reserve < limits.query:
        raise ConfigError(f"reserve is {shown(reserve)}.", hint=f"Give a whole number from 0 to {limits.query - 1}.")
    return reserve


def check_retries(retries: int) -> int:
    """How often a call may be sent again after a server error."""
    if not is_amount(retries) or not is_whole(retries):
        raise InvalidArgumentError(
            f"retry_server_errors is {shown(retries)}.", hint="Give a whole number of at least 0."
        )
    return retries


def choose_priority(priority: str | rs.Priority) -> rs.Priority:
    if isinstance(priority, rs.Priority):
        return priority
    return rs.Priority[check_choice("priority", priority, PriorityName).upper()]


def check_choice(field: str, given: object, known: object) -> str:
    """One of the words of a `Literal`; InvalidArgumentError with the nearest for anything else."""
    words = get_args(known)
    if not isinstance(given, str) or given not in words:
        complaint = f"{field} is {shown(given)}{did_you_mean(given, words) or '.'}"
        raise InvalidArgumentError(complaint, hint=f"Use one of: {', '.join(words)}.")
    return given


def repin(pin: Pin, first: str, project: str | int | None, workspace: int | None) -> Pin:
    """A new project drops the data view; neither given means back to the first project without a view."""
    if workspace is not None and (not is_whole(workspace) or workspace <= 0):
        raise InvalidArgumentError(f"workspace is {shown(workspace)}.", hint="Give the data view's number.")
    if project is not None:
        return Pin(check_project(project), workspace)
    return Pin(first) if workspace is None else Pin(pin.project, workspace)


def current_task() -> Task | None:
    """The innermost task that the caller is inside of."""
    return CURRENT.get()


@contextmanager
def task_scope(
    name: str, max_requests: int | None, max_wait: float | None, policy: Policy | None = None
) -> Iterator[Task]:
    """Calls made inside belong to a new task, which can only narrow the one around it."""
    check_label("name", name)
    if max_requests is not None and not (is_amount(max_requests) and is_whole(max_requests)):
        raise InvalidArgumentError(
            f"max_requests is {shown(max_requests)}.",
            hint="Give max_requests as a whole number of at least 0, or None.",
        )
    if max_wait is not None and not is_amount(max_wait):
        raise InvalidArgumentError(
            f"max_wait is {shown(max_wait)}.", hint="Give max_wait in seconds, at least 0, or None."
        )
    task = Task(name, max_requests, max_wait, parent=CURRENT.get(), policy=policy)
    token = CURRENT.set(task)
    try:
        yield task
    finally:
        CURRENT.reset(token)
