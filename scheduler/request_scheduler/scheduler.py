"""Submit, admit, run, settle: the one module with tasks.

Decisions are made in dispatch.py at single moments; here callers wait, resident workers run what was granted, and one
task keeps time. A call costs two wake-ups and no new task. All of it lives in one event loop, so no lock is needed.
"""

from __future__ import annotations

import math
from collections import deque
from contextlib import AsyncExitStack
from contextvars import copy_context
from random import Random
from typing import TYPE_CHECKING, Self, TypeVar, cast, get_args

import anyio
from anyio import CancelScope
from attrs import evolve

from request_scheduler import events
from request_scheduler.admission import Admission, WhenFull
from request_scheduler.cache import Cache, Kept, Use, use_of, worth_renewing
from request_scheduler.cache_tiers import Tiers
from request_scheduler.call import Answer, Call, Freshness
from request_scheduler.checks import check_call, check_settings
from request_scheduler.circuit import Breaker
from request_scheduler.clock import Clock, SystemClock
from request_scheduler.dispatch import Dispatch
from request_scheduler.errors import NotCached, RunInterrupted, SchedulerClosed, SchedulerError
from request_scheduler.flight import Flight, Member, State
from request_scheduler.home import Home
from request_scheduler.journal import Journal, logger
from request_scheduler.outages import Outages
from request_scheduler.outcome import Outcome
from request_scheduler.queue import Queue
from request_scheduler.status import Status
from request_scheduler.stores import Denied
from request_scheduler.stores.memory import MemoryStore
from request_scheduler.wakeup import Wakeup, cancelled_from_outside, wakeup_factory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping
    from types import TracebackType

    from request_scheduler.cache_rows import Mark
    from request_scheduler.cache_shared import SharedCache
    from request_scheduler.limits import Budget
    from request_scheduler.queue import Place
    from request_scheduler.stores import Store, Verdict

T = TypeVar("T")

_BREAKER = Breaker()
_IDLE_WORKERS = 128  # kept for the next burst; each is one parked task


class Scheduler:
    """One queue and one set of budgets for every call of a program; it lives in the event loop that opens it.

    `weights` are tenants' shares, 1 unless given; `minimum` is the part (0.25 for a quarter) that a tenant gets while it
    waits, whatever the others' priorities and weights, and lends while it does not; `ageing` is the seconds of waiting
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
        if when_full not in get_args(WhenFull):
            raise ValueError(f"when_full is {when_full!r}; it must be one of {', '.join(get_args(WhenFull))}")
        shares = {f"weight of {tenant!r}": weight for tenant, weight in (weights or {}).items()}
        check_settings(
            {"ageing": ageing, **shares},
            {"queue_size": queue_size - 1 if isinstance(queue_size, int) else queue_size}
            | {"cache_entries": cache_entries, "cache_bytes": cache_bytes}
            | {f"reserve of {name!r}": slots for name, slots in (reserve or {}).items()},
        )
        self._clock = clock
        self._cache = Tiers(Cache(cache_entries, cache_bytes), shared_cache)
        if shared_cache is not None:
            shared_cache.on_drop = self._forget
        self._journal = Journal()
        self._reserve = dict(reserve or {})
        self._admission = Admission(
            store=MemoryStore() if store is None else store,
            queue=Queue(weights=dict(weights or {}), ageing=ageing, minimum=minimum, sheds=when_full == "drop lowest"),
            journal=self._journal,
            queue_size=queue_size,
            when_full=when_full,
            launch=self._launch,
            ask=lambda place, verdict: self._tasks.start_soon(self._ask, place, verdict),
            defer=lambda pending: self._tasks.start_soon(self._finish, pending),
        )
        self._outages = Outages(breaker, self._journal)
        self._random = random or Random()  # noqa: S311 - jitter, not secrets
        self._dispatch = Dispatch(self._admission, self._journal, self._random, self._outages)
        self._ready: deque[Flight] = deque()
        self._idle: list[Wakeup] = []
        self._nap: CancelScope | None = None
        self._nap_until = math.inf
        self._open = False
        for budget in budgets:
            self._dispatch.define(budget, self._reserve.get(budget.name, 0), 0.0)

    async def __aenter__(self) -> Self:
        if self._open:
            raise SchedulerClosed("the scheduler is open already")
        self._clock = self._clock or SystemClock()
        self._now = self._clock.now
        self._new_wakeup = wakeup_factory()
        self._home = Home()
        self._context = copy_context()
        self._ready.clear()
        self._idle.clear()
        self._stack = AsyncExitStack()
        store = self._admission.store
        if store.shared:
            await store.open()
            self._stack.push_async_callback(self._close_store)
        if self._cache.shared is not None:
            self._cache.shared.clock = self._clock
            await self._stack.enter_async_context(self._cache.shared)
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._open = True
        self._tasks.start_soon(self._keep_time, name="scheduler clock")
        if store.shared:
            self._tasks.start_soon(store.watch, self._hear, name="scheduler store")
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
        self._journal.counts.submitted += 1
        if self._journal.listeners:
            self._journal.tell(events.Submitted(now, call.label, call.tenant))
        kept = None if call.key is None else self._cache.get(call.key)
        if self._cache.shared is not None and call.key is not None and self._misses(call, kept, now):
            kept = await self._find(call)
            now = self._now()
        kept = self._choose(call, kept, now)
        if kept is not None:
            # The cache and the flights hold answers of every type; equal keys promise equal types.
            return cast("Answer[T]", kept.answer(now))
        member = self._board(call, now)
        try:
            await member.wakeup
        except BaseException:
            self._dispatch.leave(member, self._now())
            self._set_alarm()
            raise
        return cast("Answer[T]", member.answer())

    def define(self, budget: Budget, *, reserve: int | None = None) -> None:
        """Add a budget, or change its limits and keep what it has counted; `reserve` is for interactive calls."""
        if reserve is not None:
            self._reserve[budget.name] = reserve
        self._dispatch.define(budget, self._reserve.get(budget.name, 0), self._now() if self._open else 0.0)
        self._set_alarm()

    def now(self) -> float:
        """The moment on the scheduler's clock, on which deadlines are."""
        self._check_home()
        return self._now()

    def joins(self, call: Call[object]) -> bool:
        """Whether a call would share the run of an equal one in this process if it were submitted now."""
        self._check_home()
        return self._joinable(call) is not None

    def eta(self, call: Call[object], *, behind: int = 0) -> float:
        """Seconds until a call could start if it were submitted now; nothing is reserved and nothing is sent.

        `behind` is how many calls that spend the same would be submitted right before it.
        """
        self._check_home()
        now = self._now()
        if call.key is not None:
            if use_of(self._cache.get(call.key), call.freshness, now) is not Use.NOTHING:
                return 0.0
            flight = self._joinable(call)
            if flight is not None and flight.state is not State.WAITING:
                return 0.0
        return self._dispatch.eta(call, now, behind)

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
            counters=evolve(self._journal.counts),
            circuits=self._outages.status(now),
        )

    async def refresh(self) -> None:
        """Bring `status` and `eta` up to date with what other processes have done to a shared store."""
        self._check_home()
        if self._admission.store.shared:
            await self._admission.store.refresh()

    def listen(self, callback: Callable[[events.Event], object]) -> Callable[[], None]:
        """Call back with every event from now on, in the scheduler's event loop; the returned function ends that."""
        return self._journal.listen(callback)

    def cached(self, key: Hashable, freshness: Freshness = Freshness.CACHED) -> Answer[object] | None:
        """The answer that a call with this key would get from memory, if there is one."""
        self._check_home()
        return _usable(self._cache.get(key), freshness, self._now())

    async def find(self, key: Hashable, freshness: Freshness = Freshness.CACHED) -> Answer[object] | None:
        """The answer that a call with this key would get without a request, from either tier, if there is one."""
        self._check_home()
        return _usable(await self._cache.find(key), freshness, self._now())

    def invalidate(self, tags: Iterable[str]) -> int:
        """Forget the answers that bear one of the tags, those under way included, and say how many memory held.

        In a shared cache they are dropped for all processes; nothing is read from there until that is done.
        """
        doomed = frozenset({tags} if isinstance(tags, str) else tags)
        self._outdate(doomed)
        return self._cache.drop(doomed)

    def clear_cache(self) -> None:
        """Forget every answer, those under way included, in all processes."""
        self._outdate(None)
        self._cache.clear()

    async def flush(self) -> None:
        """Wait until every answer kept so far is where other processes find it."""
        self._check_home()
        if self._cache.shared is not None:
            await self._cache.shared.flush()

    # -- the way of a call

    def _misses(self, call: Call[object], kept: Kept | None, now: float) -> bool:
        """Whether neither memory nor a flight can answer a call, so that the shared cache is worth a look."""
        assert self._cache.shared is not None
        if not self._cache.shared.current():
            return True
        return use_of(kept, call.freshness, now) is Use.NOTHING and self._joinable(call) is None

    async def _find(self, call: Call[object]) -> Kept | None:
        kept = None
        if call.freshness.mode == "fresh":
            await self._cache.catch_up()
        else:
            kept = await self._cache.find(call.key)
        self._check_home()  # it may have been closed meanwhile
        return kept

    def _choose(self, call: Call[object], kept: Kept | None, now: float) -> Kept | None:
        """The earlier answer if the call accepts it; an offline call has no other way."""
        use = use_of(kept, call.freshness, now)
        if kept is None or use is Use.NOTHING:
            if call.freshness.mode == "offline":
                raise NotCached(f"no answer for {call.label or 'this call'} is in the cache")
            return None
        self._journal.counts.cache_hits += 1
        if self._journal.listeners:
            self._journal.tell(events.CacheHit(now, call.label, call.tenant))
        if (use is Use.SERVE_AND_RENEW or self._due_early(call, kept, now)) and call.key not in self._dispatch.flights:
            self._dispatch.renew(call, now)
        return kept

    def _due_early(self, call: Call[object], kept: Kept, now: float) -> bool:
        return call.freshness.mode != "offline" and worth_renewing(kept, now, self._random.random)

    def _forget(self, tags: frozenset[str] | None) -> None:
        """Take in that another process dropped some tags, or everything."""
        self._outdate(tags)
        if tags is None:
            self._cache.memory.clear()
        else:
            self._cache.memory.drop(tags)

    def _outdate(self, tags: frozenset[str] | None) -> None:
        for flight in self._dispatch.flights.values():
            if flight.state is State.RUNNING and (tags is None or not flight.call.tags.isdisjoint(tags)):
                flight.outdated = True

    def _board(self, call: Call[object], now: float) -> Member:
        flight = self._joinable(call)
        if flight is None:
            member = self._dispatch.open(call, self._new_wakeup(), now)
        else:
            self._journal.counts.joined += 1
            if self._journal.listeners:
                self._journal.tell(events.Joined(now, call.label, call.tenant))
            member = self._dispatch.join(flight, call, self._new_wakeup(), now)
        if self._admission.alarm < self._nap_until:
            self._set_alarm()
        return member

    def _joinable(self, call: Call[object]) -> Flight | None:
        flight = None if call.key is None else self._dispatch.flights.get(call.key)
        if flight is None or not flight.can_be_joined(unsent_only=call.freshness.mode == "fresh"):
            return None
        return flight

    # -- workers

    def _launch(self, flight: Flight) -> None:
        self._ready.append(flight)
        if self._idle:
            self._idle.pop().set()
        else:
            # A worker outlives the caller that happened to need it, so it must not inherit that caller's context.
            self._context.run(lambda: self._tasks.start_soon(self._work, name="scheduler worker"))

    async def _work(self) -> None:
        """Run granted flights one after another. The cancel scope is made anew only after a flight was cancelled."""
        while True:
            with CancelScope() as scope:
                while not scope.cancel_called:
                    if self._ready:
                        await self._fly(self._ready.popleft(), scope)
                        continue
                    if len(self._idle) >= _IDLE_WORKERS:
                        return
                    wakeup = self._new_wakeup()
                    self._idle.append(wakeup)
                    await wakeup

    async def _fly(self, flight: Flight, scope: CancelScope) -> None:
        if flight.state is not State.GRANTED:
            return  # its last member left between grant and start
        if flight.call.circuit is not None and not self._dispatch.begin(flight, self._now()):
            self._set_alarm()
            return
        flight.state = State.RUNNING
        flight.scope = scope
        flight.started_at = self._now()
        flight.attempt += 1
        self._journal.counts.sent += 1
        since = self._cache.mark()
        error: BaseException | None = None
        try:
            result = await flight.call.run()
            self._receive(flight, result, self._now(), since)
        except Exception as raised:  # noqa: BLE001 - every member gets it
            error = raised
            flight.trace = raised.__traceback__
        except BaseException as raised:  # noqa: BLE001 - settled, then raised again unless it came from inside
            self._interrupted(flight, raised)
            return
        self._dispatch.land(flight, error, self._now())
        if self._admission.alarm < self._nap_until:
            self._set_alarm()

    def _receive(self, flight: Flight, result: object, now: float, since: Mark | None) -> None:
        """Take the value of a run, and keep it if it may be served again."""
        assert self._clock is not None
        flight.ended_wall = self._clock.wall()
        if not isinstance(result, Outcome):
            flight.value = result
            return
        flight.value = result.value
        key = flight.call.key
        if key is not None and result.ttl > 0 and not flight.outdated and self._dispatch.flights.get(key) is flight:
            seconds, tags = now - flight.started_at, flight.call.tags
            kept = Kept(result.value, now, flight.ended_wall, now + result.ttl, max(0, result.size), tags, seconds)
            self._cache.put(key, kept, since)

    def _interrupted(self, flight: Flight, error: BaseException) -> None:
        """Settle a run that was cancelled: because its callers left, because everything ends, or from inside."""
        outside = cancelled_from_outside() or not isinstance(error, anyio.get_cancelled_exc_class())
        reason: SchedulerError = RunInterrupted("what the call ran was cancelled from inside")
        if outside:
            reason = SchedulerClosed("the scheduler was stopped while this call ran")
        self._dispatch.land(flight, reason, self._now())
        self._set_alarm()
        if outside:
            raise error

    # -- a shared store

    async def _ask(self, place: Place[Flight], verdict: Awaitable[Verdict]) -> None:
        """Wait for a verdict. Shielded, because the store may have reserved by the time that anybody loses interest."""
        with CancelScope(shield=True):
            try:
                decided = await verdict
            except Exception as error:  # noqa: BLE001 - whoever asked gets it
                self._dispatch.fail(place.item, error, self._now())
                decided = Denied(self._now())
        self._admission.decide(place, decided, self._now())
        self._set_alarm()

    def _hear(self, _: Collection[str]) -> None:
        """Ask again, because another process may have made room."""
        self._admission.settled(self._now())
        self._set_alarm()

    async def _close_store(self) -> None:
        with CancelScope(shield=True):
            await self._admission.store.close()

    async def _finish(self, pending: Awaitable[None]) -> None:
        """Wait for a settlement; one that fails leaves its units held, which is the safe side."""
        with CancelScope(shield=True):
            try:
                await pending
            except Exception:  # noqa: BLE001 - the store is not ours to trust
                logger.exception("the store could not settle an attempt")
        self._admission.settled(self._now())
        self._set_alarm()

    # -- time and end

    async def _keep_time(self) -> None:
        """Tick when something is due; a nap is cut short when something earlier comes up."""
        assert self._clock is not None
        try:
            while True:
                with CancelScope() as self._nap:
                    self._nap_until = self._admission.alarm
                    if self._nap_until == math.inf:
                        await anyio.sleep_forever()
                    await self._clock.sleep_until(self._nap_until)
                if self._now() >= self._admission.alarm:
                    self._dispatch.tick(self._now())
        finally:
            self._shut()

    def _set_alarm(self) -> None:
        if self._nap is not None and self._admission.alarm < self._nap_until:
            self._nap_until = self._admission.alarm
            self._nap.cancel()

    def _shut(self) -> None:
        if self._open:
            self._open = False
            self._dispatch.close(self._now())

    def _check_home(self) -> None:
        if not self._open:
            raise SchedulerClosed("the scheduler is not open")
        self._home.check()


def _usable(kept: Kept | None, freshness: Freshness, now: float) -> Answer[object] | None:
    return None if kept is None or use_of(kept, freshness, now) is Use.NOTHING else kept.answer(now)
