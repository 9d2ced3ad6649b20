"""AsyncWorkspace and Workspace: opening, closing, options, task ceilings; the calls are in `families`."""

from __future__ import annotations

import functools
from contextlib import aclosing
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, cast

import attrs

from .accounts.settings import Settings, resolve_settings
from .dispatch import Asked
from .families import Catalog
from .governance.governor import Governor
from .operation import Async, Blocking, Mode, Named, Operation, Stream
from .options import (
    Options,
    Pin,
    PriorityName,
    SourceName,
    Task,
    check_reserve,
    check_retries,
    choose_options,
    current_task,
    repin,
    task_scope,
)
from .request import Scope
from .runtime import Lease, LoopThread, Runtime

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from types import AsyncGeneratorType, TracebackType

    import request_scheduler as rs
    from request_scheduler.admission import WhenFull
    from request_scheduler.call import FreshnessMode
    from request_scheduler.stores import OnLoss

    from .accounts.limits import Lifetimes, Limits
    from .dispatch import Dispatcher
    from .exports.writing import EventFile
    from .governance.audit import Recorder
    from .governance.documents import PolicyLike
    from .governance.plan import DryRun
    from .governance.policy import Policy
    from .observers import Observer
    from .request import Request

R = TypeVar("R")


class Configured(Catalog[Mode], Generic[Mode]):
    """What both workspaces share: settings, the wishes for calls, and the project that they speak of."""

    def __init__(
        self,
        *,
        project: str | int | None = None,
        workspace: int | None = None,
        region: str | None = None,
        username: str | None = None,
        secret: str | None = None,
        oauth_token: str | None = None,
        api_base_url: str | None = None,
        app_base_url: str | None = None,
        limits: Limits | None = None,
        lifetimes: Lifetimes | None = None,
        state_dir: str | os.PathLike[str] | None = None,
        store: Literal["sqlite", "memory"] | str | None = None,  # noqa: PYI051 - the names help, an address is a str
        store_on_loss: OnLoss | None = None,
        cache: Literal["disk", "redis", "memory", "off"] | str | None = None,  # noqa: PYI051 - as above
        queue_size: int = 100_000,
        when_full: WhenFull = "wait",
        weights: Mapping[str, float] | None = None,
        minimum: Mapping[str, float] | None = None,
        reserve: int = 0,
        retry_server_errors: int = 0,
        cache_bytes: int = 64_000_000,
        telemetry: str | Sequence[str | Observer] | None = None,
        policy: PolicyLike | None = None,
    ) -> None:
        self.settings: Settings = resolve_settings(
            project=project, workspace=workspace, region=region, username=username, secret=secret,
            oauth_token=oauth_token, api_base_url=api_base_url, app_base_url=app_base_url,
            limits=limits, lifetimes=lifetimes, state_dir=state_dir, store=store, store_on_loss=store_on_loss, cache=cache,
        )  # fmt: skip
        scheduling = {
            "queue_size": queue_size,
            "when_full": when_full,
            "weights": weights,
            "minimum": minimum,
            "cache_bytes": cache_bytes,
            "cache_entries": 0 if self.settings.cache == "off" else 4096,
        }
        policies = self.read_policies(self.settings.policy or None, policy)
        recorder = functools.partial(make_recorder, self.settings)
        governor = Governor(recorder, policies, self.settings.audit_before)
        self.runtime = Runtime(self.settings, scheduling, governor, check_reserve(reserve, self.settings.limits))
        wanted = self.settings.telemetry if telemetry is None else telemetry
        if not isinstance(wanted, str) or wanted:
            from .observers import choose_observers

            self.runtime.observers = choose_observers(wanted)
        self.lease = Lease(self.runtime)
        self.options = Options(retry_server_errors=check_retries(retry_server_errors))
        self.pin = Pin(self.settings.project, self.settings.workspace)
        self.resolved = {}
        self.prepare()

    def read_policies(self, *sources: PolicyLike | None) -> tuple[Policy, ...]:
        """The policies that were given; ConfigError for one that cannot be used."""
        given = [source for source in sources if source is not None]
        if not given:
            return ()
        from .governance.documents import read_policy

        owner: Any = type(self)
        return tuple(read_policy(source, operation_names(owner)) for source in given)

    def prepare(self) -> None:
        """What one mode needs beyond this; views share it."""

    def use(self, *, project: str | int | None = None, workspace: int | None = None) -> Self:
        """The same object, from now on speaking of this project or data view; without arguments, of its first project."""
        self.pin = repin(self.pin, self.settings.project, project, workspace)
        return self

    def with_options(
        self,
        *,
        priority: PriorityName | rs.Priority | None = None,
        tenant: str | None = None,
        deadline: float | None = None,
        max_age: float | None = None,
        freshness: FreshnessMode | None = None,
        retry_server_errors: int | None = None,
        confirm: str | None = None,
        source: SourceName | None = None,
    ) -> Self:
        """A light view of the same workspace whose calls carry these wishes.

        `deadline` is how many seconds the caller will wait for an answer (for each page of a stream), `max_age` how
        many seconds old an answer may be. `tenant` names whose share of the budget the calls spend; inside a task it is
        the task's name. `retry_server_errors` is how often a call that only reads is sent again, and paid again, after
        a 5xx or a broken connection. `confirm` is the token of a plan, for calls that a policy lets go only with one.
        `source` says who answers insights, funnels, retention, flows and segmentation: the `network`, the `mirror` that
        `mirror()` made, for nothing, or the mirror only where it has all that the answer hangs on (`auto`).
        """
        wishes = choose_options(
            self.options, priority=priority, tenant=tenant, deadline=deadline, max_age=max_age, freshness=freshness,
            retry_server_errors=retry_server_errors, confirm=confirm, source=source,
        )  # fmt: skip
        return self.view(options=wishes)

    def task(
        self,
        name: str,
        *,
        max_requests: int | None = None,
        max_wait: float | None = None,
        policy: PolicyLike | None = None,
    ) -> AbstractContextManager[Task]:
        """A hard ceiling for every call inside the `with` block, also in tasks and threads that carry its context.

        `max_requests` counts requests sent, retries included; joined and cached answers cost nothing. `max_wait` is in
        seconds for each call, until its request is sent (a deadline bounds the answer as well). Beyond either, calls raise
        TaskCeilingReached with nothing sent.
        `policy` holds inside, besides those that hold already: it can only narrow what is allowed.
        """
        return task_scope(name, max_requests, max_wait, next(iter(self.read_policies(policy)), None))

    def dry_run(self) -> DryRun[Mode]:
        """A `with` block in which calls that would change something send nothing, and become entries of a plan instead.

        Calls that only read are sent. Each entry costs a request that reads the thing as it is, where something reads it.
        `plan.apply()` sends what is planned.
        """
        from .governance.plan import DryRun

        return DryRun(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} project={self.pin.project} host={self.settings.host()}>"


class AsyncWorkspace(Configured[Async]):
    """One Mixpanel project as an object whose calls are awaited.

    Settings come from the arguments, then from the `MP_*` environment variables. All that one workspace and its views
    ask passes one scheduler, which keeps to the project's limits, together with every other program on this machine that
    keeps its budgets in the same `state_dir`, or on any machine that names the same Redis server as its `store`
    (`store="memory"` shares with nobody). While that is lost, calls `wait`, go on by a `cautious` eighth of each limit, or
    fail with `error` (`store_on_loss`). Use it with `async with`, or `close`.

    `weights` are the tenants' shares of the budget, 1 unless given; `minimum` is the part (0.25 for a quarter) that a tenant
    gets of this program's while it waits and lends while it does not; `reserve` queries of each window are for calls with
    `priority="interactive"`. A queue of `queue_size` waiting calls is full: then callers wait, are refused, or push out
    the newest call of the lowest priority. `telemetry` names `otel` or `prometheus`, or holds what `trace_calls` and
    `count_calls` give.

    `policy` says what calls may do, besides what the file or preset that MP_POLICY names says: a preset (`read_only`,
    `analyst`, `editor`, `admin`), a TOML file, or a mapping. Without one all is allowed, except that a program without a
    terminal needs a plan's token to delete many things at once. Every change is written down (`audit`).
    """

    async def send(self, request: Request[R], operation: Operation[Any, R]) -> R:
        """The answer to one request, by way of the scheduler."""
        if request.scope is Scope.PROJECT_AND_WORKSPACE and (request.workspace or self.pin.workspace) is None:
            request = attrs.evolve(request, workspace=await self.resolve_workspace_id())
        if self.asks is None:
            dispatcher = await self.runtime.open()
            return await dispatcher.ask(self._asked(request, operation))
        surface = self.view(asks=None)  # what a change leads to later is asked by the workspace itself
        answer: R = await self.asks(surface._asked(request, operation))
        return answer

    def _asked(self, request: Request[R], operation: Named) -> Asked[R]:
        """A request with who asks it, how, and where."""
        return Asked(self, request, operation, self.options, self.pin, current_task())

    async def read_lines(self, request: Request[Any], operation: Stream[Any, Any]) -> AsyncGenerator[list[bytes]]:
        """The lines of a streamed answer, some at a time and each once, by way of the scheduler."""
        from .exports.reading import LineReader

        dispatcher = await self.runtime.open()
        asked = self._asked(request, operation)
        async with aclosing(LineReader(dispatcher, asked).pages()) as pages:
            async for lines in pages:
                yield lines

    async def read_into(self, file: EventFile, request: Request[Any], operation: Named) -> int:
        """Give a file a streamed answer, whole, by way of the scheduler; the requests that it took."""
        from .exports.reading import read_into

        asked = self._asked(request, operation)
        return await read_into(file, await self.runtime.open(), asked)

    def steps(self, method: Named) -> AbstractAsyncContextManager[None]:
        """The steps of one call; raises PolicyDenied before the first if a policy denies the whole."""
        return self.runtime.governor.steps(method.facts, self.options, self.pin, current_task())

    async def scheduler(self) -> rs.Scheduler:
        """The scheduler that this workspace and its views share."""
        return (await self.dispatcher()).scheduler

    async def begin(self) -> Self:
        """The workspace as one call of several requests uses it: its deadline counts from now for all of them."""
        if self.options.deadline is None:
            return self
        return self.view(options=(await self.dispatcher()).begin(self.options))

    async def dispatcher(self) -> Dispatcher:
        """The way to the service, started by whoever asks first."""
        return await self.runtime.open()

    async def close(self) -> None:
        """Ends what still waits with ClosedError and closes the connections; harmless when repeated.

        It may be called from another event loop than the one that made the calls: all ends in that one, before this
        returns if it runs, else when it runs next.
        """
        await self.runtime.close()

    async def __aenter__(self) -> Self:
        await self.runtime.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class Workspace(Configured[Blocking]):
    """One Mixpanel project as an object whose calls block.

    Settings come from the arguments, then from the `MP_*` environment variables. Any number of threads may share one
    workspace, and it works where an event loop runs already, such as in a notebook. It closes when the program ends.
    """

    blocking = True

    def prepare(self) -> None:
        """The event-loop thread, started by the first call."""
        self.thread = LoopThread()

    @property
    def twin(self) -> AsyncWorkspace:
        """The async workspace that makes the calls, with the wishes of this view."""
        twin = object.__new__(AsyncWorkspace)
        twin.__dict__.update(self.__dict__, for_blocking=True)
        return twin

    def wait_for(self, call: Callable[..., Coroutine[Any, Any, R]], /, *args: Any, **kwargs: Any) -> R:
        """What `call(async twin, *args, **kwargs)` gives, awaited on the workspace's own event-loop thread."""
        return self.thread.call(functools.partial(call, self.twin, *args, **kwargs))

    def read_pages(self, pages: Callable[..., AsyncIterator[R]], /, *args: Any, **kwargs: Any) -> Iterator[R]:
        """What an async generator of the twin yields, one thread crossing each."""
        arriving = cast("AsyncGeneratorType[R, None]", pages(self.twin, *args, **kwargs))
        end = object()
        try:
            while (page := self.thread.call(anext_or, arriving, end)) is not end:
                yield cast("R", page)
        finally:
            self.thread.end(functools.partial(end_pages, arriving))

    def close(self) -> None:
        """Ends what still waits with ClosedError, then the connections and the thread; harmless when repeated."""
        self.thread.close(self.runtime.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def make_recorder(settings: Settings) -> Recorder:
    """What writes down the changes that a workspace makes."""
    from .accounts.journal import open_recorder

    return open_recorder(settings)


@functools.cache
def operation_names(cls: Any) -> frozenset[str]:
    """The full names of all calls that a workspace has, for policies to be held against."""
    found = (getattr_static(cls, name) for name in dir(cls))
    return frozenset(f"{one.family}.{one.name}" for one in found if isinstance(one, Named))


async def end_pages(pages: AsyncGeneratorType[Any, None]) -> None:
    """Close an async generator, unless that is under way: what nobody holds any more the event loop closes by itself."""
    if not pages.ag_running:
        await pages.aclose()


async def anext_or(items: AsyncIterator[object], end: object) -> object:
    """The next item, or `end`: StopAsyncIteration cannot cross a thread."""
    return await anext(items, end)
