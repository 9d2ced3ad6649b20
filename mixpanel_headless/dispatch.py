"""The way of one call: plan, submit to the scheduler, send, settle, read. There is no second way to the service."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit

import attrs

import request_scheduler as rs
from request_scheduler.value import value

from . import errors
from .address import Address
from .exchange import Exchange
from .logs import log_fate, log_wait
from .planning.budgets import budgets, name_pools, spends
from .planning.mirror import Mirrors
from .replies import next_cursor, read_rows
from .results.provenance import Provenance, SentRequest
from .translation import in_our_terms, translate

if TYPE_CHECKING:
    from .accounts.settings import Settings
    from .governance.governor import Governor
    from .operation import Named, Surface
    from .options import Options, Pin, Task
    from .planning.budgets import Pools
    from .request import Json, Message, Request
    from .transport import Transport

R = TypeVar("R")
ATTEMPTS = 4
"""A call may be refused three times (429) and asks a fourth time, as the reference does."""
MOST_PAGES = 10_000
"""Beyond as many pages a list has no end."""


class Asked(NamedTuple, Generic[R]):
    """One request as its caller makes it: where, by which operation, with which wishes, of which project, in which task."""

    surface: Surface[Any]
    request: Request[R]
    operation: Named
    options: Options
    pin: Pin
    task: Task | None


@value(eq=False)
class Prepared:
    """What stays the same each time that a request is sent for one pin with one set of credentials."""

    pin: Pin
    address: Address
    message: Message
    key: tuple[object, ...]
    """Equal for calls that must get the same answer: host, project, view, credentials and the question."""
    spends: tuple[rs.Spend, ...]
    shown: SentRequest
    """The request as provenance tells it."""


Find: TypeAlias = Callable[[Asked[Any], Prepared], Awaitable[rs.Answer[Any]]]
"""Where the answer to a request comes from."""


class Dispatcher:
    """Takes requests to answers for one set of credentials."""

    def __init__(
        self, settings: Settings, scheduler: rs.Scheduler, transport: Transport, governor: Governor, reserve: int = 0
    ) -> None:
        self.settings, self.scheduler, self.transport, self.reserve = settings, scheduler, transport, reserve
        self.governor = governor
        self.address = Address.of(settings)
        self.secrets = settings.credentials.secrets()
        self.mirrors = Mirrors(settings)
        self.pools: dict[str, Pools] = {}
        self.pools_of(settings.project)

    async def ask(self, asked: Asked[R], find: Find | None = None) -> R:
        """The typed answer to one request, by way of `find` if it only reads; raises what `errors` lists."""
        prepared = await self.make_ready(asked)
        if asked.operation.facts.changes:
            return await self.governor.carry_out(asked, functools.partial(self.carry, asked, prepared))
        return await self.carry(asked, prepared, find)

    async def carry(self, asked: Asked[R], prepared: Prepared, find: Find | None = None) -> R:
        """The typed answer to a request, by way of `find` or `answer`; a change lets go of what was known of its family."""
        try:
            answer = await (find or self.answer)(asked, prepared)
        finally:
            if asked.operation.facts.changes:
                self.scheduler.invalidate(asked.operation.facts.touches)
        return asked.request.read(answer.value, describe(answer, prepared))

    async def make_ready(self, asked: Asked[Any]) -> Prepared:
        """The request made ready to be sent, if it may be, and the budgets of its project known to the scheduler."""
        if not asked.operation.facts.changes:
            self.governor.admit(asked)
        if asked.pin.project not in self.pools:
            await self.learn_of(asked.pin.project)
        return self.prepare(asked.request, asked.pin)

    async def answer(self, asked: Asked[Any], prepared: Prepared) -> rs.Answer[Json]:
        """The JSON of one answer, and where it came from, by way of the scheduler; all pages of a list that has pages."""
        try:
            return await self.find(asked, prepared)
        except errors.QueryError as error:
            if error.status_code == 404:
                from .governance.absence import tell_absence

                tell_absence(error, asked)
            raise

    async def find(self, asked: Asked[Any], prepared: Prepared) -> rs.Answer[Json]:
        """The answer of the mirror if it is to give one, else the service's."""
        if asked.options.source != "network" and (mirrored := await self.mirrors.ask(asked)) is not None:
            return mirrored
        if asked.request.paged:
            asked = asked._replace(options=self.begin(asked.options))
        answer = await self.submit(self.call_of(asked, prepared))
        if asked.request.paged and (cursor := next_cursor(answer.value)):
            return await self.follow(asked, answer, cursor)
        return answer

    def begin(self, options: Options) -> Options:
        """The wishes of a call whose deadline counts from now for all of its requests, unless it counts already."""
        if options.deadline is None or options.begun is not None:
            return options
        return attrs.evolve(options, begun=self.now())

    async def submit(self, call: rs.Call[R]) -> rs.Answer[R]:
        """The scheduler's answer to a call, its refusals as this package's errors."""
        try:
            answer = await self.scheduler.submit(call)
        except rs.SchedulerError as error:
            log_fate(call.label, call.tenant, error)
            raise translate(error) from None
        log_wait(call.label, call.tenant, answer)
        return answer

    async def follow(self, asked: Asked[Any], first: rs.Answer[Json], cursor: str) -> rs.Answer[Json]:
        """The first page of a list with the rows of all later ones; each page is a call of its own."""
        answers, seen = [first], set[str]()
        while cursor:
            if len(seen) >= MOST_PAGES:
                raise errors.InvalidResponseError(f"{asked.request.path} has no end: {MOST_PAGES:,} pages.", sent=True)
            if cursor in seen:
                raise errors.InvalidResponseError(f"{asked.request.path} gives a page of its list twice.", sent=True)
            seen.add(cursor)
            request = attrs.evolve(asked.request, params={**asked.request.params, "cursor": cursor})
            page = asked._replace(request=request)
            answers.append(await self.submit(self.call_of(page, self.prepare(request, asked.pin))))
            cursor = next_cursor(answers[-1].value)
        rows = [row for answer in answers for row in read_rows(answer.value)]
        cost, waited = sum(answer.cost for answer in answers), sum(answer.waited for answer in answers)
        return attrs.evolve(first, value={"results": rows}, cost=cost, waited=waited)

    def call_of(self, asked: Asked[Any], prepared: Prepared) -> rs.Call[Json]:
        """A request with its caller's wishes, in the scheduler's terms."""
        _, request, operation, options, _, task = asked
        label, tenant = operation.name, options.tenant_of(task)
        retries = max(options.retry_server_errors, request.retries) if request.repeatable else 0
        deadline = None
        if options.deadline is not None:
            deadline = options.deadline + (self.now() if options.begun is None else options.begun)
        return rs.Call(
            run=Exchange(self, request, prepared.message, label, tenant, retries),
            key=prepared.key if request.repeatable else None,  # equal changes are two changes
            spends=prepared.spends,
            priority=options.priority,
            tenant=tenant,
            deadline=deadline,
            freshness=options.accepted,
            attempts=max(ATTEMPTS, retries + 1),
            allowance=task,
            tags=operation.tags,
            label=label,
            circuit=self.address.hosts[request.base] or urlsplit(request.path).netloc,
            outlasts=retries > 0,
        )

    def prepare(self, request: Request[Any], pin: Pin) -> Prepared:
        """The request made ready to be sent; one that is asked again is ready already, for as long as it is kept."""
        prepared = request.ready
        if prepared is None or prepared.pin is not pin or prepared.address is not self.address:
            message = self.address.message(request, pin)
            question = message.body if request.canonical is None else request.canonical
            key = (message.verb, message.url, tuple(sorted(message.params.items())), question, self.address.owner)
            path = self.address.below(message.url, request.base)
            shown = SentRequest(message.verb, path, {} if request.base == "signed" else message.params, message.body)
            prepared = Prepared(pin, self.address, message, key, spends(request, self.pools_of(pin.project)), shown)
            request.ready = prepared  # type: ignore[misc] # what is made ready is no part of the value
        return prepared

    async def learn_of(self, project: str) -> Pools:
        """The budgets of a project, with what other programs have spent of them by now."""
        pools = self.pools_of(project)
        with in_our_terms():
            await self.scheduler.refresh()
        return pools

    def now(self) -> float:
        """The moment on the scheduler's clock, from which deadlines count."""
        with in_our_terms():
            return self.scheduler.now()

    def status(self) -> rs.Status:
        """Budgets, queue and counters as this process knows them now."""
        with in_our_terms():
            return self.scheduler.status()

    def pools_of(self, project: str) -> Pools:
        """The budgets of a project, known to the scheduler from here on."""
        pools = self.pools.get(project)
        if pools is None:
            settings = attrs.evolve(self.settings, project=project)
            pools = self.pools[project] = name_pools(settings)
            for budget in budgets(settings):
                self.scheduler.define(budget, reserve=self.reserve if budget.name == pools.query else 0)
        return pools


def describe(answer: rs.Answer[Any], prepared: Prepared) -> Provenance:
    """Where an answer came from, in the client's terms."""
    return Provenance(
        origin=answer.origin,
        computed_at=datetime.fromtimestamp(answer.computed_at, UTC),
        age=answer.age,
        cost=answer.cost,
        waited=answer.waited,
        request=prepared.shown,
    )
