"""Who follows every call beside the log: spans (extra `otel`) and metrics (extra `prometheus`), off unless switched on.

The scheduler is the one source: it tells observers its events, and here each call is followed from submit to end. A
workspace without observers uses the plain scheduler, so that nothing of this costs anything then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeVar

import attrs

import request_scheduler as rs
from mixpanel_headless.errors import ConfigError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from opentelemetry.trace import TracerProvider
    from prometheus_client import CollectorRegistry

T = TypeVar("T")
LOOK_TIME = 2.0
"""Seconds that a look from another thread waits for the scheduler's event loop."""


@attrs.frozen
class CallRecord:
    """How one call ended: `error` is the class of what it raised, for an outcome without an answer.

    `attempts` counts how often the question was sent for it, `waited` is seconds; both as the answer tells them.
    """

    outcome: Literal["answered", "failed", "turned away", "cancelled"]
    origin: str = "none"
    cost: int = 0
    waited: float = 0.0
    attempts: int = 0
    error: str | None = None


class Following(Protocol):
    """One call as an observer follows it."""

    def send(self) -> AbstractContextManager[None]:
        """Around one attempt, which runs in a worker; a renewal of what is in the cache may come after the end."""

    def end(self, record: CallRecord) -> None:
        """The call is over."""


class Observer(Protocol):
    """Follows the calls of schedulers, within their event loops."""

    def follow(self, call: rs.Call[Any]) -> Following:
        """Follow a call that its caller, in whose context this is, submits."""

    def hear(self, event: rs.events.Event) -> None:
        """Something happened to a call."""

    def attach(self, look: Callable[[], rs.Status | None]) -> Callable[[], None]:
        """A scheduler is open, and `look` gives its status from any thread; the returned function says it is closed."""


class ObservedScheduler(rs.Scheduler):
    """A scheduler whose calls are followed."""

    def __init__(self, observers: Sequence[Observer], **scheduling: Any) -> None:
        super().__init__(**scheduling)
        self.observers = observers

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._loop = asyncio.get_running_loop()
        self._attached = ExitStack()
        for observer in self.observers:
            self._attached.callback(observer.attach(self.look))
            self._attached.callback(self.listen(observer.hear))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._attached.close()
        return await super().__aexit__(kind, error, trace)

    async def submit(self, call: rs.Call[T]) -> rs.Answer[T]:
        """Answer a call, with everybody following it."""
        run = FollowedRun(call, [observer.follow(call) for observer in self.observers])
        try:
            answer = await super().submit(attrs.evolve(call, run=run))
        except BaseException as error:
            run.end(record_failure(error, run.attempts))
            raise
        run.end(CallRecord("answered", answer.origin, answer.cost, answer.waited, answer.attempts))
        return answer

    def look(self) -> rs.Status | None:
        """The status, asked from any thread, with what other processes have done; None if the loop has no time now."""
        try:
            if asyncio.get_running_loop() is self._loop:
                return self.status()
        except RuntimeError:
            pass  # no loop runs in this thread
        except rs.SchedulerClosed:
            return None
        looking = self._look()
        try:
            future = asyncio.run_coroutine_threadsafe(looking, self._loop)
        except RuntimeError:  # the loop is closed
            looking.close()
            return None
        try:
            return future.result(LOOK_TIME)
        except (rs.SchedulerError, TimeoutError, CancelledError):
            future.cancel()
            return None

    async def _look(self) -> rs.Status:
        await self.refresh()
        return self.status()


class FollowedRun:
    """What a call runs, followed."""

    def __init__(self, call: rs.Call[Any], followings: Sequence[Following]) -> None:
        self.call, self.followings, self.attempts = call, followings, 0

    async def __call__(self) -> Any:
        self.attempts += 1
        with ExitStack() as sending:
            for following in self.followings:
                sending.enter_context(following.send())
            return await self.call.run()

    def end(self, record: CallRecord) -> None:
        """Tell that the call is over."""
        for following in self.followings:
            following.end(record)


def record_failure(error: BaseException, attempts: int) -> CallRecord:
    """The record of a call that raised; a caller that left did not get a failure."""
    name = type(error).__name__
    if isinstance(error, rs.SchedulerError):
        return CallRecord("turned away", attempts=attempts, error=name)
    outcome: Literal["failed", "cancelled"] = "failed" if isinstance(error, Exception) else "cancelled"
    return CallRecord(outcome, attempts=attempts, error=name)


def outcome_of(error: BaseException | None) -> str:
    """What became of one attempt, in one of five words."""
    match error:
        case None:
            return "answered"
        case rs.Refused():
            return "refused"
        case rs.NotSent():
            return "not sent"
        case Exception():
            return "failed"
        case _:
            return "cancelled"


def trace_calls(tracer_provider: TracerProvider | None = None, *, questions: bool = False) -> Observer:
    """OpenTelemetry spans of the calls of a workspace that gets it: `Workspace(telemetry=[mp.trace_calls(provider)])`.

    One span a call, below the caller's active one, with children for its time in the queue and its sends. Without a
    provider the program's global one is used. `questions` adds what was asked, such as events and filters; answers and
    credentials are never told. Raises MissingExtraError without the extra `otel`.
    """
    from .otel import Tracing

    return Tracing(tracer_provider, questions=questions)


def count_calls(registry: CollectorRegistry | None = None) -> Observer:
    """Prometheus metrics of a workspace that gets it, in a registry or the usual one: `telemetry=[mp.count_calls()]`.

    All that share a registry share their series. Labels are bounded: beyond 100 tenants or budgets the others are one.
    Raises MissingExtraError without the extra `prometheus`.
    """
    from .prometheus import metrics_in

    return metrics_in(registry)


SWITCHES: dict[str, Callable[[], Observer]] = {"otel": trace_calls, "prometheus": count_calls}
"""What MP_TELEMETRY may name."""


def choose_observers(telemetry: str | Sequence[str | Observer]) -> tuple[Observer, ...]:
    """The observers that are given or named; raises ConfigError for a name that is none, and for a missing extra."""
    wanted = telemetry.split(",") if isinstance(telemetry, str) else telemetry
    if not isinstance(wanted, Iterable) or isinstance(wanted, bytes | Mapping):
        raise ConfigError(f"telemetry is {shown(telemetry)}.", hint=f"Name {' or '.join(SWITCHES)}, or list observers.")
    return tuple(make_observer(one.strip() if isinstance(one, str) else one) for one in wanted if one)


def make_observer(given: str | Observer) -> Observer:
    """The observer behind a name, or the one that is given."""
    if not isinstance(given, str) and all(hasattr(given, part) for part in ("follow", "hear", "attach")):
        return given
    if not isinstance(given, str) or given not in SWITCHES:
        raise ConfigError(f"The telemetry {shown(given)} is unknown.", hint=f"Name one of: {', '.join(SWITCHES)}.")
    return SWITCHES[given]()
