"""One definition of a call, two modes: awaitable on `AsyncWorkspace`, blocking on `Workspace`.

`operation` turns a function that builds a `Request` into a call; `composite` is an `async def` that uses several
operations; `stream` is an async generator, blocking as an iterator. The same `def` gives both modes their signature,
docstring and types.
"""

from __future__ import annotations

import functools
import inspect
from contextlib import aclosing, nullcontext
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, Unpack, cast, overload

from .arguments import STRANGERS, Arguments, Flaw
from .errors import MixpanelHeadlessError
from .governance.facts import Facts, Said, facts_of
from .query.dates import today
from .query.patterns import Recurring, plain_key
from .signatures import check_fields, declare_result

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Iterator
    from contextlib import AbstractAsyncContextManager

    from .accounts.settings import Settings
    from .dispatch import Asked, Dispatcher
    from .exports.writing import EventFile
    from .options import Options, Pin
    from .request import Request

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Async:
    """Calls are awaited."""


class Blocking:
    """Calls block the thread that makes them."""


Mode = TypeVar("Mode")
KNOWN_REQUESTS = 1024
"""How many requests an operation remembers; a request holds a question, never credentials or an answer."""


class Surface(Generic[Mode]):
    """What a family of operations stands on: a way to send a request, in one of the two modes."""

    blocking: bool = False
    for_blocking: bool = False
    """Whether it makes the calls of a blocking twin."""
    settings: Settings
    options: Options
    pin: Pin
    asks: Callable[[Asked[Any]], Coroutine[Any, Any, Any]] | None = None
    """Who takes its requests to their answers; None is the dispatcher."""

    def view(self, **changes: Any) -> Self:
        """A light copy of the same surface with some of its attributes changed, such as `pin` or `options`."""
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__, **changes)
        return view

    async def send(self, request: Request[R], operation: Operation[Any, R]) -> R:
        """The answer to one request, by way of the scheduler."""
        raise TypeError(f"{type(self).__name__} is blocking: its async twin sends")

    def read_lines(self, request: Request[Any], operation: Stream[Any, Any]) -> AsyncGenerator[list[bytes]]:
        """The lines of a streamed answer, some at a time and each once, by way of the scheduler."""
        raise TypeError(f"{type(self).__name__} is blocking: its async twin reads")

    async def read_into(self, file: EventFile, request: Request[Any], operation: Named) -> int:
        """Give a file a streamed answer, whole, by way of the scheduler; the requests that it took."""
        raise TypeError(f"{type(self).__name__} is blocking: its async twin reads")

    def steps(self, method: Named) -> AbstractAsyncContextManager[None]:
        """The steps of one call; raises PolicyDenied before the first if a policy denies the whole."""
        raise TypeError(f"{type(self).__name__} is blocking: its async twin takes the steps")

    @property
    def twin(self) -> Surface[Async]:
        """The surface that makes the calls of a blocking one."""
        raise TypeError(f"{type(self).__name__} is async already")

    @property
    def awaited(self) -> Surface[Async]:
        """The surface that makes the calls: this one, or the twin of a blocking one."""
        return self.twin if self.blocking else cast("Surface[Async]", self)

    async def begin(self) -> Self:
        """The surface that makes the requests of one call: its deadline counts from now for all of them."""
        return self

    async def dispatcher(self) -> Dispatcher:
        """The way to the service, and the scheduler that this workspace and its views share."""
        raise TypeError(f"{type(self).__name__} is blocking: its async twin has the dispatcher")

    async def run_beside(self, function: Callable[..., R], *args: Any) -> R:
        """What a function of the caller's gives; where callers block it runs in a thread, as it may make calls too."""
        if not self.for_blocking:
            return function(*args)
        from anyio import to_thread

        return await to_thread.run_sync(function, *args)

    def wait_for(self, call: Callable[..., Coroutine[Any, Any, R]], /, *args: Any, **kwargs: Any) -> R:
        """What `call(async twin, *args, **kwargs)` gives, awaited on the workspace's own event-loop thread."""
        raise TypeError(f"{type(self).__name__} is async: await the call instead")

    def read_pages(self, pages: Callable[..., AsyncIterator[R]], /, *args: Any, **kwargs: Any) -> Iterator[R]:
        """What an async generator of the twin yields, blocking, one thread crossing each."""
        raise TypeError(f"{type(self).__name__} is async: use `async for`")


class Named:
    """A call as its family's class names it."""

    family: str = ""
    name: str = ""
    tags: frozenset[str] = frozenset()

    def __init__(self, said: Said) -> None:
        self.said = said

    def __set_name__(self, owner: type, name: str) -> None:
        self.family, self.name = owner.__module__.rpartition(".")[2], name
        self.tags = frozenset({self.family, f"{self.family}.{name}"})

    def __call__(self, surface: Surface[Any], /, *args: Any, **kwargs: Any) -> Any:
        """The call by way of its class, `Workspace.events(ws)`, as of any method."""
        return getattr(surface, self.name)(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.family}.{self.name}>"

    @functools.cached_property
    def facts(self) -> Facts:
        """What it is to policy, dry run and audit."""
        return facts_of(self.family, self.name, self.said)


class Method(Named, Generic[P, R_co]):
    """A method that is awaited or blocks according to its owner."""

    def __init__(self, call: Callable[..., Coroutine[Any, Any, R_co]], origin: Callable[..., Any], said: Said) -> None:
        super().__init__(said)

        @functools.wraps(origin)
        def call_blocking(surface: Surface[Blocking], *args: P.args, **kwargs: P.kwargs) -> R_co:
            return surface.wait_for(call, *args, **kwargs)

        self.call, self.call_blocking, self.origin = call, call_blocking, origin
        self.arguments = Arguments(origin)
        call.operation = call_blocking.operation = self  # type: ignore[attr-defined] # for planned calls
        functools.update_wrapper(self, origin, updated=())  # for help() and signatures of `Workspace.query`

    @overload
    def __get__(self, surface: None, owner: type) -> Self: ...
    @overload
    def __get__(self, surface: Surface[Async], owner: type) -> Callable[P, Coroutine[Any, Any, R_co]]: ...
    @overload
    def __get__(self, surface: Surface[Blocking], owner: type) -> Callable[P, R_co]: ...
    def __get__(self, surface: Any, owner: type) -> Any:
        if surface is None:
            return self
        return MethodType(self.call_blocking if surface.blocking else self.call, surface)


class Operation(Method[P, R_co]):
    """One request to the service; `build` makes the request without sending it."""

    def __init__(self, build: Callable[Concatenate[Any, P], Request[R_co]], said: Said) -> None:
        declare_result(build, r"Request\[(.*)\]")

        @functools.wraps(build)
        async def call(surface: Surface[Async], *args: P.args, **kwargs: P.kwargs) -> R_co:
            return await surface.send(self.request(surface, *args, **kwargs), self)

        super().__init__(call, build, said)
        self.build = check_fields(build)
        self._known: Recurring[Request[R_co]] = Recurring(KNOWN_REQUESTS)

    def request(self, surface: Surface[Any], *args: P.args, **kwargs: P.kwargs) -> Request[R_co]:
        """The request of a call; one with plain arguments is kept, for its project, view and day, when it comes again."""
        key = plain_key(args, kwargs)
        if key is None:
            return self._build(surface, *args, **kwargs)
        key = (surface.pin.project, surface.pin.workspace, today(), key)
        request = self._known.find(key)
        if request is None:
            request = self._build(surface, *args, **kwargs)
            self._known.note(key, request)
        return request

    def _build(self, surface: Surface[Any], *args: P.args, **kwargs: P.kwargs) -> Request[R_co]:
        """A new request; the definition's own rules come first, as they know more of its arguments than annotations say."""
        try:
            request = self.build(surface, *args, **kwargs)
        except STRANGERS as error:
            if (meaning := self.arguments.meaning(error, args, kwargs)) is None:
                raise
            try:
                raise meaning from None
            finally:
                del meaning  # or the error would hold itself, by way of this frame
        if (flaw := self.arguments.flaw(args, kwargs)) is not None:
            raise flaw.error()
        return request


class Composite(Method[P, R_co]):
    """Several requests as one call; what each sends is governed by itself, and all of it as a whole before the first.

    One with an argument of the wrong kind sends nothing, and says so unless a rule of its own says it before.
    """

    def __init__(self, call: Callable[..., Coroutine[Any, Any, R_co]], said: Said) -> None:
        @functools.wraps(call)
        async def enter(surface: Surface[Async], *args: Any, **kwargs: Any) -> R_co:
            flaw = self.arguments.flaw(args, kwargs)
            surface = surface if flaw is None else surface.view(asks=functools.partial(refuse, flaw))
            try:
                async with surface.steps(self) if self.facts.changes else nullcontext():
                    return await call(await surface.begin(), *args, **kwargs)
            except MixpanelHeadlessError:
                raise
            except STRANGERS:
                if flaw is not None:
                    raise flaw.error() from None
                if (wrong := self.arguments.misnamed(args, kwargs)) is None:
                    raise
                try:
                    raise wrong from None
                finally:
                    del wrong  # as above

        super().__init__(enter, call, said)


async def refuse(flaw: Flaw, asked: Asked[Any]) -> Any:
    """Take a request of a call with a wrong argument to no answer."""
    raise flaw.error()


async def until(flaw: Flaw, pages: AsyncIterator[R]) -> AsyncIterator[R]:
    """What a stream with a wrong argument gives, until that comes to light."""
    async with aclosing(cast("AsyncGenerator[R]", pages)) as arriving:
        try:
            async for page in arriving:
                yield page
        except MixpanelHeadlessError:
            raise
        except STRANGERS:
            raise flaw.error() from None


class Stream(Named, Generic[P, R_co]):
    """Items that arrive page by page: an async iterator on `AsyncWorkspace`, an iterator on `Workspace`.

    The definition yields pages, so that the blocking form crosses the thread once a page and not once an item.
    """

    def __init__(self, pages: Callable[Concatenate[Any, P], AsyncIterator[Iterable[R_co]]], said: Said) -> None:
        super().__init__(said)
        self.pages, self.arguments = pages, Arguments(pages)
        declare_result(pages, r"AsyncIterator\[(?:Iterable|Sequence|list)\[(.*)\]\]", "AsyncIterator[{}]")

        @functools.wraps(pages)
        async def iterate(surface: Surface[Async], *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[R_co]:
            async with aclosing(
                cast("AsyncGenerator[Iterable[R_co]]", self.begin(surface, *args, **kwargs))
            ) as arriving:
                async for page in arriving:
                    for item in page:
                        yield item

        @functools.wraps(pages)
        def iterate_blocking(surface: Surface[Blocking], *args: P.args, **kwargs: P.kwargs) -> Iterator[R_co]:
            for page in surface.read_pages(self.begin, *args, **kwargs):
                yield from page

        declared = str(pages.__annotations__.get("return", "")).removeprefix("Async")
        iterate_blocking.__signature__ = inspect.signature(pages).replace(  # type: ignore[attr-defined] # for help()
            return_annotation=declared
        )
        self.iterate, self.iterate_blocking = iterate, iterate_blocking
        functools.update_wrapper(self, pages, updated=())

    def begin(self, surface: Surface[Async], *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Iterable[R_co]]:
        """The pages of a call; one with an argument of the wrong kind asks nothing, and says so if it would."""
        if (wrong := self.arguments.misnamed(args, kwargs)) is not None:
            try:
                raise wrong
            finally:
                del wrong  # as above
        if (flaw := self.arguments.flaw(args, kwargs)) is None:
            return self.pages(surface, *args, **kwargs)
        return until(flaw, self.pages(surface.view(asks=functools.partial(refuse, flaw)), *args, **kwargs))

    @overload
    def __get__(self, surface: None, owner: type) -> Self: ...
    @overload
    def __get__(self, surface: Surface[Async], owner: type) -> Callable[P, AsyncIterator[R_co]]: ...
    @overload
    def __get__(self, surface: Surface[Blocking], owner: type) -> Callable[P, Iterator[R_co]]: ...
    def __get__(self, surface: Any, owner: type) -> Any:
        if surface is None:
            return self
        return MethodType(self.iterate_blocking if surface.blocking else self.iterate, surface)


@overload
def operation(build: Callable[Concatenate[Any, P], Request[R]], /) -> Operation[P, R]: ...
@overload
def operation(
    **said: Unpack[Said],
) -> Callable[[Callable[Concatenate[Any, P], Request[R]]], Operation[P, R]]: ...
def operation(build: Any = None, /, **said: Unpack[Said]) -> Any:
    """One request of the service as a method of both workspaces."""
    return Operation(build, said) if build is not None else lambda build: Operation(build, said)


@overload
def composite(call: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]], /) -> Composite[P, R]: ...
@overload
def composite(
    **said: Unpack[Said],
) -> Callable[[Callable[Concatenate[Any, P], Coroutine[Any, Any, R]]], Composite[P, R]]: ...
def composite(call: Any = None, /, **said: Unpack[Said]) -> Any:
    """An `async def` over several operations as a method of both workspaces."""
    make = functools.partial(Composite[Any, Any], said=said)
    return (lambda call: make(check_fields(call))) if call is None else make(check_fields(call))


@overload
def stream(pages: Callable[Concatenate[Any, P], AsyncIterator[Iterable[R]]], /) -> Stream[P, R]: ...
@overload
def stream(
    **said: Unpack[Said],
) -> Callable[[Callable[Concatenate[Any, P], AsyncIterator[Iterable[R]]]], Stream[P, R]]: ...
def stream(pages: Any = None, /, **said: Unpack[Said]) -> Any:
    """An async generator of pages as a method of both workspaces that gives their items."""
    return Stream(pages, said) if pages is not None else lambda pages: Stream(pages, said)
