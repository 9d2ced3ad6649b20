"""A Mixpanel of one's own: a project full of events behind a local address, for as long as a `with` block lasts."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self, TypeVar

import anyio
import anyio.to_thread
import attrs

from mixpanel_headless.errors import ClosedError
from mixpanel_headless.sandbox import arguments, clients
from mixpanel_headless.sandbox.arguments import number
from mixpanel_headless.sandbox.contents import Contents, Rows, open_contents
from mixpanel_headless.sandbox.credentials import Credentials, new_secret
from mixpanel_headless.sandbox.faults import Fault, Injection
from mixpanel_headless.sandbox.limits import Quota, Shape, Window, published_quotas
from mixpanel_headless.sandbox.questions import Source
from mixpanel_headless.sandbox.saved import Saved, open_saved, teach
from mixpanel_headless.sandbox.service import Rules, Service

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from mixpanel_headless import AsyncWorkspace, Workspace
    from mixpanel_headless.engine import Engine
    from mixpanel_headless.sandbox.arrivals import Counters, Logged
    from mixpanel_headless.sandbox.keeping import Keeper
    from mixpanel_headless.sandbox.server import Listener

F = TypeVar("F", bound=Fault)


def ignore(logged: Logged) -> None:
    """Leave a request unnoticed."""


@attrs.define(eq=False, slots=False, kw_only=True, repr=False)
class Sandbox:
    """A local Mixpanel project: real HTTP, real limits, answers computed from its events.

    `events` and `profiles` mix files and rows; without any, the project is the shop of `engine.generate`. `now` is the
    project's clock for relative dates. An `engine` of one's own keeps its clock and zone, and stays open afterwards.
    `clock` (seconds) drives the limits: `limit` queries in any `window` seconds, `concurrency` at once, kept by a counter
    of this `shape`. `reports` are saved reports, `{"name", "type", "params"}` with an `id` if it matters;
    more, and cohorts, boards and so on, are kept as clients make them: until it closes, or in the file `keep`, with which the
    next sandbox goes on (`reports` are put into a new one only). Every workspace id sees the whole project. Use it in a
    `with` or an `async with` block; both leave nothing running.
    """

    events: Sequence[Rows] = attrs.field(default=(), kw_only=False, validator=arguments.rows)
    profiles: Sequence[Rows] = attrs.field(default=(), kw_only=False, validator=arguments.rows)
    project: int = attrs.field(default=12345, converter=arguments.read_project)
    username: str = attrs.field(default="sandbox", validator=arguments.account_part)
    secret: str = attrs.field(factory=new_secret, validator=arguments.account_part)
    port: int = attrs.field(default=0, validator=number("a port, or 0 for a free one", least=0, most=65535, whole=True))
    limit: int = attrs.field(default=60, validator=number("a whole number above 0", least=1, whole=True))
    window: float = attrs.field(default=3600.0, validator=number("seconds, above 0", least=0, above=True))
    concurrency: int = attrs.field(default=5, validator=number("a whole number above 0", least=1, whole=True))
    shape: Shape = attrs.field(default="rolling", validator=arguments.one_of("rolling", "fixed", "two-bucket"))
    headers: bool = attrs.field(default=True, validator=arguments.one_of(True, False))
    latency: float = attrs.field(default=0.0, validator=number("seconds, at least 0", least=0))
    history_days: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(number("a number of days", least=0, most=1e6, whole=True))
    )
    reports: Sequence[Mapping[str, Any]] = attrs.field(default=(), validator=arguments.records)
    keep: str | os.PathLike[str] | None = attrs.field(default=None, validator=attrs.validators.optional(arguments.path))
    columns: Mapping[str, str | None] = attrs.field(factory=dict, validator=arguments.columns)
    timezone: str = attrs.field(default="UTC", validator=arguments.text)
    now: datetime | None = attrs.field(default=None, validator=arguments.moment)
    clock: Callable[[], float] = attrs.field(default=time.monotonic, validator=arguments.callable_one)
    on_request: Callable[[Logged], None] = attrs.field(default=ignore, validator=arguments.callable_one)
    _given_engine: Engine | None = attrs.field(default=None, alias="engine", validator=arguments.engine)
    _contents: Contents | None = attrs.field(default=None, init=False)
    _service: Service | None = attrs.field(default=None, init=False)
    _workers: ThreadPoolExecutor | None = attrs.field(default=None, init=False)
    _listener: Listener | None = attrs.field(default=None, init=False)
    _state: TemporaryDirectory[str] | None = attrs.field(default=None, init=False)
    _keeper: Keeper | None = attrs.field(default=None, init=False)

    def __repr__(self) -> str:
        return f"<Sandbox project={self.project} {self.url if self._listener else 'closed'}>"

    @property
    def url(self) -> str:
        """The base URL, for MP_API_BASE_URL."""
        if self._listener is None:
            raise ClosedError("The sandbox is not open.", hint="Use it in a `with` block.")
        return self._listener.url

    @property
    def contents(self) -> Contents:
        """The engine and how many events and profiles were loaded into it."""
        if self._contents is None:
            raise ClosedError("The sandbox is not open.", hint="Use it in a `with` block.")
        return self._contents

    @property
    def engine(self) -> Engine:
        """What the answers are computed with: ask it directly for the truth."""
        return self.contents.engine

    @property
    def service(self) -> Service:
        """The project's account and log; still readable after the box has closed."""
        if self._service is None:
            raise ClosedError("The sandbox was never opened.", hint="Use it in a `with` block.")
        return self._service

    @property
    def requests(self) -> list[Logged]:
        """Every request that has been answered or cut so far, in the order of its end."""
        return list(self.service.requests)

    @property
    def counted(self) -> int:
        """How many requests have spent a slot of a pool."""
        return self.counters().counted

    @property
    def refused(self) -> int:
        """How many 429s have been sent."""
        return self.counters().refused

    def counters(self) -> Counters:
        """What has happened so far, and how full the limits are now."""
        return self.service.counters()

    def wait_until(self, seen: Callable[[Counters], bool], timeout: float = 10.0) -> bool:
        """Block until the counters look as `seen` wants them; False when `timeout` seconds go by first."""
        return self.service.wait_until(seen, timeout)

    def inject(
        self,
        fault: F,
        *,
        path: str = "*",
        after: int = 0,
        times: int | None = 1,
        seconds: float | None = None,
    ) -> F:
        """Let requests to `path` (a glob) meet a fault: the next `times` (None: all), after letting `after` go by, for `seconds`."""
        until = None if seconds is None else self.clock() + seconds
        self.service.inject(Injection(fault, path, after, times, until))
        return fault

    def heal(self) -> None:
        """Take all faults back; slots that somebody else spent stay spent."""
        self.service.heal()

    def environment(self) -> dict[str, str]:
        """The variables that point other processes at this sandbox; they hold its secret.

        Those processes share a budget, answers and an audit log in a folder of the sandbox's own, which is gone when it closes.
        """
        return clients.variables(self, self._state_folder())

    def workspace(self, **options: Any) -> Workspace:
        """A blocking client of this sandbox, to be closed by the caller; `options` go to its constructor.

        Its budget and answers are its own; its audit log and mirror are in the folder that `environment` tells of.
        """
        from mixpanel_headless import Workspace

        return Workspace(**{**clients.options(self, self._state_folder()), **options})

    def async_workspace(self, **options: Any) -> AsyncWorkspace:
        """An async client of this sandbox, to be closed by the caller; `options` go to its constructor."""
        from mixpanel_headless import AsyncWorkspace

        return AsyncWorkspace(**{**clients.options(self, self._state_folder()), **options})

    def open(self) -> Self:
        """Load the events and start to listen; raises ConfigError when the port is taken or the file cannot be kept."""
        if self._listener is not None:
            raise ClosedError("The sandbox is open already.", hint="Make another one.")
        try:
            self._begin()
        except BaseException:
            self.close()
            raise
        return self

    def _begin(self) -> None:
        from mixpanel_headless.sandbox.server import Listener

        found = self._open_kept()
        self._contents = Contents(self._given_engine) if self._given_engine else self._load()
        self._workers = ThreadPoolExecutor(max_workers=max(2, self.concurrency), thread_name_prefix="sandbox-query")
        now = self._contents.engine.project.clock()
        saved = found or open_saved(self.reports, f"{now:%Y-%m-%dT%H:%M:%S}")
        teach(self._contents.engine, saved)
        if self._keeper is not None:
            self._keeper.start(saved)
        recordings = self._contents.recordings
        source = Source(self._contents.engine, self.history_days, saved, recordings=recordings)
        self._service = Service(self._rules(), source, self._workers, self.on_request)
        self._listener = Listener(self._service, self.port)
        self._listener.open()

    def _open_kept(self) -> Saved | None:
        if self.keep is None:
            return None
        from mixpanel_headless.sandbox.keeping import Keeper

        self._keeper = Keeper(self.keep, self.project)
        return self._keeper.open()

    def wait(self) -> None:
        """Block until the box is closed from elsewhere, or the caller is interrupted."""
        if self._listener is not None:
            self._listener.wait()

    def close(self) -> None:
        """Let no more requests in, end those that run, and free everything; harmless when repeated.

        Raises ConfigError, with everything freed, when what is kept could not be written.
        """
        if self._listener is not None:
            self._listener.close()
        if self._workers is not None:
            self._workers.shutdown(cancel_futures=True)
        if self._contents is not None and self._contents.engine is not self._given_engine:
            self._contents.engine.close()
        if self._state is not None:
            self._state.cleanup()
        keeper, self._keeper = self._keeper, None
        self._listener = self._workers = self._contents = self._state = None
        if keeper is not None:
            keeper.close()

    def _state_folder(self) -> str:
        if self._listener is None:
            raise ClosedError("The sandbox is not open.", hint="Use it in a `with` block.")
        if self._state is None:
            self._state = TemporaryDirectory(prefix="mixpanel-sandbox-", ignore_cleanup_errors=True)
        return self._state.name

    def _load(self) -> Contents:
        return open_contents(
            self.events,
            self.profiles,
            project=self.project,
            timezone=self.timezone,
            now=self.now,
            columns=self.columns,
        )

    def _rules(self) -> Rules:
        query = Quota("query", (Window(self.limit, self.window, self.shape),), self.concurrency)
        return Rules(
            project=self.project,
            credentials=Credentials(self.username, self.secret),
            quotas=published_quotas(query, self.shape),
            headers=self.headers,
            latency=self.latency,
            clock=self.clock,
        )

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.close)
