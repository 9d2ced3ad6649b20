"""Submit, admit, run, settle: what callers see of it, and its beginning and end.

Decisions are made in control.py at single moments; here callers wait. Tasks belong to workers.py, where resident workers
run what was granted, to timekeeper.py, and to sharing.py, which awaits a store that processes share. A call costs two
wake-ups and no new task. All of it lives in one event loop, so no lock is needed.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from random import Random
from typing import TYPE_CHECKING, Self, TypeVar, cast, get_args

import anyio
from attrs import evolve

from request_scheduler import events
from request_scheduler.admission import Admission, Crew, WhenFull
from request_scheduler.attempts import Attempts
from request_scheduler.cache import Cache, Use, use_of
from request_scheduler.cache.tiers import Tiers
from request_scheduler.call import Answer, Call, Freshness
from request_scheduler.checks import check_call, check_choice, check_settings
from request_scheduler.circuit import Breaker
from request_scheduler.clock import Clock, SystemClock
from request_scheduler.control import Control
from request_scheduler.errors import SchedulerClosed
from request_scheduler.flight import Member, State
from request_scheduler.home import Home
from request_scheduler.outages import Outages
from request_scheduler.queue import Queue
from request_scheduler.recall import Recall
from request_scheduler.roster import Roster
from request_scheduler.sharing import Sharing
from request_scheduler.status import Status
from request_scheduler.stores.memory import MemoryStore
from request_scheduler.telemetry import Telemetry
from request_scheduler.timekeeper import Timekeeper
from request_scheduler.wakeup import wakeup_factory
from request_scheduler.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping
    from types import TracebackType

    from request_scheduler.cache.shared import SharedCache
    from request_scheduler.limits import Budget
    from request_scheduler.stores import Store

T = TypeVar("T")

_BREAKER = Breaker()


class Scheduler:
    """One queue and one set of budgets for every call of a program; it lives in the event loop that opens it.

    `weights` are tenants' shares, 1 unless given; `minimum` is the part (0.25 for a quarter) that a tenant gets while it
    waits, whatever the priorities and weights of others in this process, and lends while it does not; `ageing` is the seconds of waiting
    that make up for one step of priority; `reserve` keeps slots of a budget's windows for interactive calls;
    `queue_size` bounds the waiting calls, and beyond it callers wait to enter, are refused, or push out a lower one;
    `breaker` says when a circuit opens, None for never.
    `shared_cache` keeps answers beyond this process and shares them with others; the scheduler opens and closes it.
    """

    def __init__(
        self,
        budgets: Iterable[Budget] = (),
        *,
        store: Store | None = None,
        clock: Clock | None = None,
        cache_entries: int = 4096,
        cache_bytes: int = 64 * 1024 * 1024,
        shared_cache: SharedCache | None = None,
        queue_size: int = 100_000,
        when_full: WhenFull = "wait",
        weights: Mapping[str, float] | None = None,
        minimum: Mapping[str, float] | None = None,
        ageing: float = 600.0,
        reserve: Mapping[str, int] | None = None,
        breaker: Breaker | None = _BREAKER,
        random: Random | None = None,
    ) -> None:
        check_choice("when_full", when_full, get_args(WhenFull))
        check_settings(
            {"queue_size": queue_size},
            {"queue_size": queue_size, "cache_entries": cache_entries, "cache_bytes": cache_bytes}
            | {f"reserve of {name!r}": slots for name, slots in (reserve or {}).items()},
        )
        self._clock = clock
        self._cache = Tiers(Cache(cache_entries, cache_bytes), shared_cache)
        self._telemetry = Telemetry()
        self._reserve = dict(reserve or {})
        shares = {} if weights is None else weights
        self._admission = Admission(
            store=MemoryStore() if store is None else store,
            queue=Queue(weights=shares, ageing=ageing, minimum=minimum, sheds=when_full == "drop lowest"),
            telemetry=self._telemetry,
            queue_size=queue_size,
            when_full=when_full,
        )
        self._outages = Outages(breaker, self._telemetry)
        random = random or Random()  # noqa: S311 - jitter, not secrets
        roster = Roster(self._cache.name if self._admission.store.shared else None)
        self._control = Control(self._admission, self._telemetry, self._outages, roster)
        self._recall = Recall(self._cache, self._control, self._telemetry, random)
        if shared_cache is not None:
            shared_cache.on_drop = self._recall.hear_of_drop
        self._time = Timekeeper(self._control)
        self._sharing = Sharing(self._control, self._cache, self._time)
        attempts = Attempts(self._control, self._outages, random)
        self._workers = Workers(attempts, self._cache, self._telemetry, self._time, self._sharing)
        self._admission.crew = Crew(
            find_payer=self._control.find_payer,
            shed=self._control.shed,
            launch=self._workers.launch,
            ask=self._sharing.ask,
            defer=self._sharing.defer,
        )
        self._open = False
        for budget in budgets:
            self._control.define(budget, self._reserve.get(budget.name, 0), 0.0)

    async def __aenter__(self) -> Self:
        if self._open:
            raise SchedulerClosed("the scheduler is open already")
        self._clock = self._clock or SystemClock()
        self._now = self._clock.now
        self._new_wakeup = wakeup_factory()
        self._home = Home()
        self._stack = AsyncExitStack()
        store = self._admission.store
        if store.shared:
            await store.open()
            self._stack.push_async_callback(self._sharing.close_store)
        if self._cache.shared is not None:
            self._cache.shared.clock = self._clock
            await self._stack.enter_async_context(self._cache.shared)
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._open = True
        self._workers.open(self._tasks, self._clock)
        self._tasks.start_soon(self._keep_time, self._clock, name="scheduler clock")
        self._sharing.open(self._tasks, self._now)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._shut()
        self._tasks.cancel_scope.cancel()
        return await self._stack.__aexit__(kind, error, trace)

    # -- for callers

    async def submit(self, call: Call[T]) -> Answer[T]:
        """Answer a call: from the cache, together with equal calls, or by running it when its turn comes.

        Raises what its run raised, or a SchedulerError that says why it was not run. An answer from memory comes
        without giving other tasks a turn.
        """
        self._check_home()
        check_call(call)
        now = self._now()
        self._telemetry.counts.submitted += 1
        if self._telemetry.listeners:
            self._telemetry.tell(events.Submitted(now, call.label, call.tenant))
        kept = None if call.key is None else self._cache.get(call.key)
        looked = None
        if self._cache.shared is not None and self._recall.misses(call, kept, now):
            looked = self._cache.writes
            kept = await self._recall.find(call)
            self._check_home()  # it may have been closed meanwhile
            now = self._now()
        kept = self._recall.choose(call, kept, now)
        if kept is not None:
            # The cache and the flights hold answers of every type; equal keys promise equal types.
            return cast("Answer[T]", kept.answer(now))
        member = self._board(call, now, looked)
        try:
            await member.wakeup
        except BaseException:
            self._control.leave(member, self._now())
            self._time.set_alarm()
            raise
        if (error := member.failure()) is not None:
            try:
                raise error
            finally:
                del error, member  # or the error would hold itself, by way of this frame
        return cast("Answer[T]", member.answer())

    def define(self, budget: Budget, *, reserve: int | None = None) -> None:
        """Add a budget, or change its limits and keep what it has counted; `reserve` is for interactive calls."""
        if reserve is not None:
            self._reserve[budget.name] = reserve
        self._control.define(budget, self._reserve.get(budget.name, 0), self._now() if self._open else 0.0)
        self._time.set_alarm()

    def now(self) -> float:
        """The moment on the scheduler's clock, on which deadlines are."""
        self._check_home()
        return self._now()

    def joins(self, call: Call[object]) -> bool:
        """Whether a call would share the run of an equal one in this process if it were submitted now."""
        self._check_home()
        return self._control.roster.joinable(call) is not None

    def eta(self, call: Call[object], *, behind: int = 0) -> float:
        """Seconds until a call could start if it were submitted now; nothing is reserved and nothing is sent.

        `behind` is how many calls that spend the same would be submitted right before it.
        """
        self._check_home()
        now = self._now()
        if call.key is not None:
            if use_of(self._cache.get(call.key), call.freshness, now) is not Use.NOTHING:
                return 0.0
            flight = self._control.roster.joinable(call)
            if flight is not None and flight.state is not State.WAITING:
                return 0.0
        return self._control.eta(call, now, behind)

    def status(self) -> Status:
        """Budgets, queue, cache and counters as they are now."""
        self._check_home()
        now, admission = self._now(), self._admission
        tenants, priorities = admission.queue.census()
        assert self._clock is not None
        return Status(
            at=self._clock.wall(),
            budgets={usage.name: usage for usage in admission.store.usage(now)},
            queued=admission.waiting,
            queued_by_tenant=tenants,
            queued_by_priority=priorities,
            in_flight=admission.in_flight,
            cache_entries=len(self._cache.memory),
            cache_bytes=self._cache.memory.size,
            counters=evolve(self._telemetry.counts),
            circuits=self._outages.status(now),
            queued_by_budget=admission.queue.crowds(),
        )

    async def refresh(self) -> None:
        """Bring `status` and `eta` up to date with what other processes have done to a shared store."""
        self._check_home()
        if self._admission.store.shared:
            await self._admission.store.refresh()

    def listen(self, callback: Callable[[events.Event], object]) -> Callable[[], None]:
        """Call back with every event from now on, in the scheduler's event loop; the returned function ends that."""
        return self._telemetry.listen(callback)

    async def find(self, key: Hashable, freshness: Freshness = Freshness.CACHED) -> Answer[object] | None:
        """The answer that a call with this key would get without a request, from either tier, if there is one."""
        self._check_home()
        kept, now = await self._cache.find(key), self._now()
        return None if kept is None or use_of(kept, freshness, now) is Use.NOTHING else kept.answer(now)

    def invalidate(self, tags: Iterable[str]) -> int:
        """Forget the answers that bear one of the tags, those under way included, and say how many memory held.

        In a shared cache they are dropped for all processes; nothing is read from there until that is done.
        """
        doomed = frozenset({tags} if isinstance(tags, str) else tags)
        return self._recall.drop(doomed)

    def clear_cache(self) -> None:
        """Forget every answer, those under way included, in all processes."""
        self._recall.clear()

    async def flush(self) -> None:
        """Wait until every answer kept so far is where other processes find it."""
        self._check_home()
        if self._cache.shared is not None:
            await self._cache.shared.flush()

    # -- inside

    def _board(self, call: Call[object], now: float, looked: int | None) -> Member:
        flight = self._control.roster.joinable(call)
        if flight is None:
            member = self._control.open(call, self._new_wakeup(), now, looked)
        else:
            self._telemetry.counts.joined += 1
            if self._telemetry.listeners:
                self._telemetry.tell(events.Joined(now, call.label, call.tenant))
            member = self._control.join(flight, call, self._new_wakeup(), now)
        if self._admission.alarm < self._time.until:
            self._time.set_alarm()
        return member

    async def _keep_time(self, clock: Clock) -> None:
        try:
            await self._time.keep(clock)
        finally:
            self._shut()

    def _shut(self) -> None:
        if self._open:
            self._open = False
            self._control.close(self._now())

    def _check_home(self) -> None:
        if not self._open:
            raise SchedulerClosed("the scheduler is not open")
        self._home.check()
