"""Many calls as data: named without being made, then asked a bounded number at a time."""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

import attrs

from .dispatch import Asked
from .errors import InvalidArgumentError, shortened, shown
from .operation import Operation
from .query.fields import is_whole
from .translation import in_our_terms

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

    import request_scheduler as rs

    from .dispatch import Dispatcher, Prepared
    from .manifest import Manifest
    from .operation import Surface
    from .options import Task
    from .request import Request

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

AT_ONCE = 256
"""Calls of one batch that stand in the queue together: enough for its fair share and for equal calls to meet."""


@attrs.frozen(eq=False, repr=False, weakref_slot=False)
class Planned(Generic[R_co]):
    """A call as data: what `later` gives, and what `gather`, `as_completed`, `estimate` and `plan` take.

    A batch holds many, so one takes a third of what its keyword arguments would take as a dict.
    """

    surface: Any
    operation: Any  # an Operation; declared as one it would read as a method
    _values: tuple[Any, ...] = ()
    _names: tuple[str, ...] = ()  # of the last values

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments given by position."""
        return self._values[: len(self._values) - len(self._names)]

    @property
    def kwargs(self) -> dict[str, Any]:
        """The arguments given by name."""
        return dict(zip(self._names, self._values[len(self._values) - len(self._names) :], strict=True))

    def request(self) -> Request[R_co]:
        """The request that the call would send; raises what a wrong argument raises, and for a call of several."""
        if not isinstance(self.operation, Operation):
            hint = "Ask it inside ws.task(name, max_requests=...), which holds it to a number of requests."
            raise InvalidArgumentError(f"{self.operation.name} finds out what to send as it goes.", hint=hint)
        request: Request[R_co] = self.operation.request(self.surface, *self.args, **self.kwargs)
        return request

    async def answer(self, asks: Callable[[Asked[Any]], Coroutine[Any, Any, Any]]) -> R_co:
        """What the call gives when `asks` takes each of its requests to its answer."""
        answer: R_co = await self.operation.call(self.surface.awaited.view(asks=asks), *self.args, **self.kwargs)
        return answer

    def asked(self, task: Task | None) -> Asked[R_co]:
        """The call as it would be made inside a task; raises what a wrong argument raises."""
        return Asked(self.surface, self.request(), self.operation, self.surface.options, self.surface.pin, task)

    def __str__(self) -> str:
        arguments = [shown(value) for value in self.args] + [
            f"{name}={shown(value)}" for name, value in self.kwargs.items()
        ]
        return shortened(f"{self.operation.name}({', '.join(arguments)})")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


@overload
def later(call: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs) -> Planned[R]: ...
@overload
def later(call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Planned[R]: ...
def later(call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Planned[Any]:
    """The call `call(*args, **kwargs)` as data, made by nobody yet: `mp.later(ws.query, "Sign Up", last=7)`.

    It carries the wishes of the view whose method it names, such as `ws.with_options(priority="batch").query`.
    """
    operation = getattr(getattr(call, "__func__", None), "operation", None)
    if operation is None:
        hint = 'Name a call of a workspace whose answer comes at once: mp.later(ws.query, "Sign Up").'
        raise InvalidArgumentError(f"{getattr(call, '__name__', call)!s} cannot be planned.", hint=hint)
    surface = call.__self__  # type: ignore[attr-defined] # a bound method
    return Planned(surface, operation, (*args, *kwargs.values()), shared(tuple(kwargs)))


@functools.lru_cache(maxsize=256)
def shared(names: tuple[str, ...]) -> tuple[str, ...]:
    """One tuple for all that are equal to it."""
    return names


@attrs.frozen(eq=False, weakref_slot=False)
class Done(Generic[R_co]):
    """One call of a batch that has ended: `index` is its place in the batch, `error` what it raised, if it did."""

    index: int
    call: Planned[R_co]
    error: Exception | None = None
    _value: Any = attrs.field(default=None, repr=False)

    @property
    def value(self) -> R_co:
        """The answer; raises the call's error if it has none."""
        if self.error is not None:
            try:
                raise self.error
            finally:
                del self  # or the error would hold itself, by way of this frame
        answer: R_co = self._value
        return answer


@attrs.frozen(eq=False, repr=False)
class Gathered(Sequence[Done[Any]]):
    """All calls of a batch in their order, each with its answer or its error."""

    _calls: Sequence[Planned[Any]]
    _answers: list[Any] = attrs.field(default=attrs.Factory(lambda self: [None] * len(self._calls), takes_self=True))
    _errors: dict[int, Exception] = attrs.field(factory=dict)

    def take(self, done: Done[Any]) -> None:
        """Keep how a call ended."""
        if done.error is None:
            self._answers[done.index] = done.value
        else:
            self._errors[done.index] = done.error

    @property
    def failures(self) -> int:
        """How many calls ended with an error."""
        return len(self._errors)

    @property
    def values(self) -> list[Any]:
        """The answers in order; raises the first error if a call failed."""
        if self._errors:
            raise self._errors[min(self._errors)]
        return list(self._answers)

    @property
    def failed(self) -> list[Done[Any]]:
        """The calls that ended with an error."""
        return [self[index] for index in sorted(self._errors)]

    @overload
    def __getitem__(self, index: int) -> Done[Any]: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Done[Any], ...]: ...
    def __getitem__(self, index: int | slice) -> Done[Any] | tuple[Done[Any], ...]:
        if isinstance(index, slice):
            return tuple(map(self._done, range(*index.indices(len(self)))))
        return self._done(range(len(self))[index])

    def _done(self, index: int) -> Done[Any]:
        return Done(index, self._calls[index], self._errors.get(index), self._answers[index])

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        return f"<Gathered {len(self)} calls, {self.failures} failed>"


@attrs.define(eq=False)
class Batch:
    """One run through planned calls: answers that a manifest holds cost nothing, the others pass the scheduler."""

    surface: Surface[Any]
    dispatcher: Dispatcher
    calls: Iterable[Planned[Any]]
    at_once: int = AT_ONCE
    manifest: Manifest | None = None

    started: float = 0.0
    taken: int = 0
    latest: Asked[Any] | None = None

    async def time_left(self, total: int) -> float:
        """Seconds until the last of `total` calls can start, if none of those to come is known already."""
        if self.latest is None:
            return 0.0
        asked = self.timed(self.latest)
        call = self.dispatcher.call_of(asked, await self.dispatcher.make_ready(asked))
        with in_our_terms():  # when all are taken, the last of them stands in the queue itself: -1 are behind it
            return self.dispatcher.scheduler.eta(attrs.evolve(call, key=None), behind=total - self.taken - 1)

    def timed(self, asked: Asked[Any]) -> Asked[Any]:
        """A request of the batch as it is made now: who waits for it has waited since the batch began."""
        if asked.options.deadline is None:
            return asked
        return asked._replace(options=attrs.evolve(asked.options, begun=self.started))

    async def pages(self) -> AsyncGenerator[list[Done[Any]]]:
        """What has ended since the last look, until every call has."""
        self.started = self.dispatcher.now()
        ended: asyncio.Queue[Done[Any] | Exception | None] = asyncio.Queue(self.at_once)
        numbered, taking = enumerate(self.calls), asyncio.Lock()
        count = min(self.at_once, len(self.calls)) if isinstance(self.calls, Sized) else self.at_once
        workers = [asyncio.create_task(self._work(numbered, taking, ended)) for _ in range(count)]
        try:
            while count:
                arrived = [await ended.get()]
                while not ended.empty():
                    arrived.append(ended.get_nowait())
                count -= arrived.count(None)
                if broken := [done for done in arrived if isinstance(done, Exception)]:
                    arrived.clear()
                    raise broken.pop(0)
                yield [done for done in arrived if isinstance(done, Done)]
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(
        self,
        numbered: Iterator[tuple[int, Planned[Any]]],
        taking: asyncio.Lock,
        ended: asyncio.Queue[Done[Any] | Exception | None],
    ) -> None:
        try:
            while (one := await self._take(numbered, taking)) is not None:
                index, call = one
                check_planned(call, self.surface)
                self.taken += 1
                await ended.put(await self._finish(index, call))
        except Exception as error:  # noqa: BLE001 - what makes the calls is the caller's, and so is its error
            await ended.put(error)
        else:
            await ended.put(None)

    async def _take(
        self, numbered: Iterator[tuple[int, Planned[Any]]], taking: asyncio.Lock
    ) -> tuple[int, Planned[Any]] | None:
        if isinstance(self.calls, Sized):
            return next(numbered, None)
        async with taking:
            return await self.surface.run_beside(next, numbered, None)

    async def _finish(self, index: int, call: Planned[Any]) -> Done[Any]:
        try:
            return Done(index, call, value=await call.answer(functools.partial(self._answer, call)))
        except Exception as error:  # noqa: BLE001 - it stands beside its call
            return Done(index, call, error)

    async def _answer(self, call: Planned[Any], made: Asked[Any]) -> Any:
        self.latest = made
        asked = self.timed(made)
        manifest = self.manifest if keeps(call, asked) else None
        if manifest is None:
            return await self.dispatcher.ask(asked)
        return await self.dispatcher.ask(asked, functools.partial(self._recall, manifest))

    async def _recall(self, manifest: Manifest, asked: Asked[Any], prepared: Prepared) -> rs.Answer[Any]:
        """The answer that the manifest has, or a new one, which it has from here on."""
        digest = digest_of(prepared.key)
        answer = manifest.find(digest)
        if answer is None:
            answer = await self.dispatcher.answer(asked, prepared)
            manifest.keep(digest, answer)
        return answer


def keeps(call: Planned[Any], asked: Asked[Any]) -> bool:
    """Whether the answer to a request may stand in for it when its batch is resumed.

    A call of several requests gets those again that are never kept: the session of a page of profiles is over by then.
    """
    if not asked.request.repeatable or asked.operation.facts.changes:
        return False
    return asked.operation is call.operation or asked.request.lifetime != "none"


def check_calls(calls: object) -> None:
    """Raise InvalidArgumentError for what does not give one call after the other."""
    if not isinstance(calls, Iterable):
        hint = 'Give a list or a generator of calls: [mp.later(ws.query, "A")].'
        raise InvalidArgumentError(f"calls is a {type(calls).__name__}.", hint=hint)


def check_planned(call: object, surface: Surface[Any]) -> None:
    """Raise InvalidArgumentError for what `later` did not make, such as a coroutine, or made of another workspace.

    Credentials, policies and the audit log are the workspace's; nothing may be made with those of another one.
    """
    if not isinstance(call, Planned):
        if asyncio.iscoroutine(call):
            call.close()
        raise InvalidArgumentError(
            f"A batch holds a {type(call).__name__}.", hint='Name calls without making them: mp.later(ws.query, "A").'
        )
    if getattr(call.surface, "runtime", None) is not getattr(surface, "runtime", None):
        hint = "Make each batch of calls of one workspace; ws.use(project=...) is a view of the same."
        raise InvalidArgumentError(f"{call} is a call of another workspace.", hint=hint)


def check_at_once(at_once: int) -> int:
    """How many calls of a batch may stand in the queue together."""
    if not is_whole(at_once) or not 1 <= at_once <= 10_000:
        raise InvalidArgumentError(f"at_once is {shown(at_once)}.", hint="Give a whole number from 1 to 10000.")
    return at_once


def digest_of(key: tuple[object, ...]) -> str:
    """Names a question in a manifest: equal only for equal questions with equal credentials, and reveals neither."""
    return hashlib.blake2b(repr(key).encode(), digest_size=16).hexdigest()
