"""The way of one call: plan, submit to the scheduler, send, settle, read. There is no second way to the service."""

from __future__ import annotations

import functools
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import msgspec

import request_scheduler as rs

from . import errors
from .accounts.credentials import fingerprint
from .planning.budgets import budgets, spends
from .planning.freshness import time_to_live
from .replies import RefusalNote, Reply, counts, decode, error_of, read_refusal, refuse_error_body
from .request import Message
from .results.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .accounts.settings import Settings
    from .operation import Operation
    from .options import Options, Pin, Task
    from .request import Json, Request
    from .transport import Transport

R = TypeVar("R")
ATTEMPTS = 4
"""A call may be refused three times (429) and asks a fourth time, as the reference does."""
LARGE_BODY = 1_000_000
"""Bytes from which decoding moves to a worker thread, so that it does not hold up the event loop."""


class Dispatcher:
    """Takes requests to answers for one set of credentials."""

    def __init__(self, settings: Settings, scheduler: rs.Scheduler, transport: Transport) -> None:
        self.settings, self.scheduler, self.transport = settings, scheduler, transport
        self.headers = make_headers(settings)
        self.owner = fingerprint(settings.credentials)
        self.projects = {settings.project}

    async def ask(
        self, request: Request[R], operation: Operation[Any, R], options: Options, pin: Pin, task: Task | None
    ) -> R:
        """The typed answer to one request; raises what `errors` lists."""
        settings = self.settings_of(pin.project)
        message = self.address(request, pin)
        now = self.scheduler.now()
        call = rs.Call(
            run=Attempt(self, request, message),
            key=self.key(request, message),
            spends=spends(request, settings),
            priority=options.priority,
            tenant=options.tenant or (task.name if task else "default"),
            deadline=None if options.deadline is None else now + options.deadline,
            freshness=rs.Freshness(options.freshness, options.max_age),
            attempts=ATTEMPTS,
            allowance=task,
            tags=frozenset({operation.family, f"{operation.family}.{operation.name}"}),
            label=operation.name,
        )
        try:
            answer = await self.scheduler.submit(call)
        except rs.SchedulerError as error:
            raise translate(error) from None
        return request.read(answer.value, describe(answer, request, message))

    def settings_of(self, project: str) -> Settings:
        """The settings for a project, whose budgets are known to the scheduler from here on."""
        settings = self.settings
        if project != settings.project:
            settings = attrs.evolve(settings, project=project)
            if project not in self.projects:
                self.projects.add(project)
                for budget in budgets(settings):
                    self.scheduler.define(budget)
        return settings

    def address(self, request: Request[Any], pin: Pin) -> Message:
        """The request with base URL, credentials and the parameters that every call carries."""
        params = dict(request.params)
        if request.base == "query":
            params["query_origin"] = "mixpanel-headless"
            if request.names_project:
                params["project_id"] = pin.project
            workspace = request.workspace or pin.workspace
            if workspace is not None:
                params["workspace_id"] = str(workspace)
        headers = self.headers
        body = None
        if request.body is not None:
            headers = {**headers, "Content-Type": "application/json"}
            body = msgspec.json.encode(request.body)
        return Message(
            request.verb, self.settings.base_url(request.base) + request.path, params, headers, body,
            timeout={"query": 503.0, "app": 135.0, "export": 600.0}[request.base],
        )  # fmt: skip

    def key(self, request: Request[Any], message: Message) -> tuple[object, ...]:
        """Equal for calls that must get the same answer: host, project, view, credentials and the question."""
        question = message.body if request.canonical is None else request.canonical
        return (message.verb, message.url, tuple(sorted(message.params.items())), question, self.owner)


class Attempt:
    """One run of a call, once the scheduler has admitted it: sends a single request."""

    __slots__ = ("dispatcher", "message", "request")

    def __init__(self, dispatcher: Dispatcher, request: Request[Any], message: Message) -> None:
        self.dispatcher, self.request, self.message = dispatcher, request, message

    async def __call__(self) -> rs.Outcome[Json]:
        try:
            reply = await self.dispatcher.transport.send(self.message)
        except errors.TransportError as error:
            if error.sent is False:
                raise rs.NotSent(error) from error
            raise rs.Failed(error, settlement=rs.Settlement.UNKNOWN) from error
        failure = error_of(reply)
        if isinstance(failure, errors.RateLimitError):
            raise refusal(failure, read_refusal(reply))
        if failure is not None:
            raise rs.Failed(failure, settlement=rs.Settlement.SPENT if counts(failure) else rs.Settlement.REFUNDED)
        try:
            tree = await read_tree(reply)
            refuse_error_body(tree)
            self.request.accept(tree)
        except errors.MixpanelHeadlessError as error:
            raise rs.Failed(error, settlement=rs.Settlement.SPENT) from error
        ttl = time_to_live(self.request, datetime.now(UTC).date(), self.dispatcher.settings.lifetimes)
        return rs.Outcome(tree, ttl=ttl, size=len(reply.body))


async def read_tree(reply: Reply) -> Json:
    """The answer's JSON; a large one is decoded beside the event loop."""
    if len(reply.body) < LARGE_BODY:
        return decode(reply)
    from anyio import to_thread

    return await to_thread.run_sync(decode, reply)


def refusal(error: errors.RateLimitError, note: RefusalNote) -> rs.Refused:
    """A 429 in the scheduler's terms."""
    quota = tuple(rs.Window(units, window) if window else rs.Concurrent(units) for _, units, window in note.quota)
    return rs.Refused(error, kind=note.kind, retry_after=note.retry_after, quota=quota or None)


def describe(answer: rs.Answer[Any], request: Request[Any], message: Message) -> Provenance:
    """Where an answer came from, in the client's terms."""
    parameters: Mapping[str, Any] = {**message.params, **(request.body or {})}
    return Provenance(
        origin=answer.origin,
        computed_at=datetime.fromtimestamp(answer.computed_at, UTC),
        age=answer.age,
        cost=answer.cost,
        waited=answer.waited,
        request={"method": message.verb, "path": request.path, "parameters": parameters},
    )


def make_headers(settings: Settings) -> dict[str, str]:
    """The headers that every request carries."""
    headers = {"Authorization": settings.credentials.authorization(), "User-Agent": user_agent()}
    if settings.custom_header:
        name, value = settings.custom_header
        headers[name] = value
    return headers


def translate(error: rs.SchedulerError) -> errors.MixpanelHeadlessError:
    """A scheduler's refusal as one of this package's errors."""
    text = str(error)
    match error:
        case rs.DeadlineUnreachable():
            return errors.DeadlineUnreachable(text, retry_after=error.eta, sent=False)
        case rs.DeadlinePassed():
            return errors.DeadlineUnreachable(text, code="DEADLINE_PASSED", sent=False)
        case rs.QueueFull():
            return errors.QueueFull(text, sent=False)
        case rs.CeilingReached():
            return errors.TaskCeilingReached(text, sent=False)
        case rs.NotCached():
            return errors.BudgetExhausted(text, code="NOT_CACHED", sent=False, retryable=False, hint=OFFLINE_HINT)
        case rs.SchedulerClosed():
            return errors.ClosedError(text)
        case _:
            return errors.BudgetExhausted(text, retry_after=getattr(error, "eta", None))


OFFLINE_HINT = 'Ask once without freshness="offline", so that there is an answer to keep.'


@functools.cache
def user_agent() -> str:
    """How this client names itself to the service."""
    try:
        own = version("mixpanel-headless")
    except PackageNotFoundError:
        own = "0"
    return f"mixpanel-headless/{own} (entry=lib; python/{sys.version_info.major}.{sys.version_info.minor})"
