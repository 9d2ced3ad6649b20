"""The way of one call: plan, submit to the scheduler, send, settle, read. There is no second way to the service."""

from __future__ import annotations

import functools
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from urllib.parse import urlsplit

import attrs

import request_scheduler as rs
from request_scheduler.value import value

from . import errors
from .accounts.credentials import fingerprint
from .attempt import Attempt
from .observation import log_fate, log_wait
from .planning.budgets import budgets, name_pools, spends
from .replies import next_cursor, read_rows
from .request import Message, check_params, query_params, write_body
from .results.provenance import Provenance, SentRequest
from .translation import in_our_terms, translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .accounts.settings import Settings
    from .governance.governor import Governor
    from .operation import Named, Surface
    from .options import Options, Pin, Task
    from .planning.budgets import Pools
    from .planning.mirror import Mirror
    from .request import Base, Json, Request
    from .transport import Transport

R = TypeVar("R")
ATTEMPTS = 4
"""A call may be refused three times (429) and asks a fourth time, as the reference does."""
MOST_PAGES = 10_000
"""Beyond as many pages a list has no end."""
TIMEOUTS: dict[Base, float] = {"query": 503.0, "app": 135.0, "export": 600.0, "web": 135.0, "signed": 300.0}


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
    owner: str
    """Whose credentials the message holds."""
    message: Message
    key: tuple[object, ...]
    """Equal for calls that must get the same answer: host, project, view, credentials and the question."""
    spends: tuple[rs.Spend, ...]
    shown: SentRequest
    """The request as provenance tells it."""


class Dispatcher:
    """Takes requests to answers for one set of credentials."""

    def __init__(
        self, settings: Settings, scheduler: rs.Scheduler, transport: Transport, governor: Governor, reserve: int = 0
    ) -> None:
        self.settings, self.scheduler, self.transport, self.reserve = settings, scheduler, transport, reserve
        self.governor = governor
        self.headers = make_headers(settings)
        self.body_headers = {**self.headers, "Content-Type": "application/json"}
        self.form_headers = {**self.headers, "Content-Type": "application/x-www-form-urlencoded"}
        self.owner = fingerprint(settings.credentials)
        self.secrets = settings.credentials.secrets()
        self.roots = {base: settings.base_url(base) for base in TIMEOUTS}
        self.hosts = {base: settings.host(base) for base in TIMEOUTS}
        self.pools: dict[str, Pools] = {}
        self.mirrors: dict[str, Mirror] = {}
        self.pools_of(settings.project)

    async def ask(self, asked: Asked[R]) -> R:
        """The typed answer to one request; raises what `errors` lists."""
        prepared = await self.make_ready(asked)
        if asked.operation.facts.changes:
            return await self.governor.carry_out(asked, functools.partial(self.change, asked, prepared))
        answer = await self.answer(asked, prepared)
        return asked.request.read(answer.value, describe(answer, prepared))

    async def change(self, asked: Asked[R], prepared: Prepared) -> R:
        """The typed answer to one request that changes something; what was known of its family is forgotten."""
        try:
            answer = await self.answer(asked, prepared)
        finally:
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
        if asked.options.source != "network" and (mirrored := await self.ask_mirror(asked)) is not None:
            return mirrored
        if asked.request.paged:
            asked = asked._replace(options=self.begin(asked.options))
        answer = await self.submit(self.call_of(asked, prepared))
        if asked.request.paged and (cursor := next_cursor(answer.value)):
            return await self.follow(asked, answer, cursor)
        return answer

    async def ask_mirror(self, asked: Asked[Any]) -> rs.Answer[Json] | None:
        """The mirror's answer; None if the network is to answer, be it that nobody but the network could."""
        from anyio import to_thread

        from .planning.mirror import NotMirrored, read_question

        question = read_question(asked.request)
        if question is None:
            return None
        surely = asked.options.source == "auto"
        if surely and (asked.request.workspace or asked.pin.workspace) is not None:
            return None  # a data view may show less than was exported
        mirror = self.mirror(asked.pin.project)
        try:
            answer = await to_thread.run_sync(functools.partial(mirror.answer, question, surely=surely))
            asked.request.accept(answer.value)
        except NotMirrored as why:
            if surely:
                return None
            raise errors.MirrorError(f"The mirror of project {asked.pin.project} {why}.", sent=False) from None
        except errors.MixpanelHeadlessError:
            if surely:
                return None
            raise
        return answer

    def mirror(self, project: str) -> Mirror:
        """What this machine keeps of a project."""
        from .planning.mirror import mirror_of

        if project not in self.mirrors:
            self.mirrors[project] = mirror_of(self.settings, project)
        return self.mirrors[project]

    def begin(self, options: Options) -> Options:
        """The wishes of a call whose deadline counts from now for all of its requests, unless it counts already."""
        if options.deadline is None or options.begun is not None:
            return options
        with in_our_terms():
            return attrs.evolve(options, begun=self.scheduler.now())

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
        label, tenant = operation.name, options.tenant or (task.name if task else "default")
        retries = max(options.retry_server_errors, request.retries) if request.repeatable else 0
        deadline = None
        if options.deadline is not None:
            with in_our_terms():
                begun = self.scheduler.now() if options.begun is None else options.begun
            deadline = begun + options.deadline
        return rs.Call(
            run=Attempt(self, request, prepared.message, label, tenant, retries),
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
            circuit=self.hosts[request.base] or urlsplit(request.path).netloc,
            outlasts=retries > 0,
        )

    def prepare(self, request: Request[Any], pin: Pin) -> Prepared:
        """The request made ready to be sent; one that is asked again is ready already, for as long as it is kept."""
        prepared = request.ready
        if prepared is None or prepared.pin is not pin or prepared.owner is not self.owner:
            message = self.address(request, pin)
            question = message.body if request.canonical is None else request.canonical
            key = (message.verb, message.url, tuple(sorted(message.params.items())), question, self.owner)
            signed = request.base == "signed"
            path = message.url.removeprefix(self.roots[request.base])
            shown = SentRequest(message.verb, path, {} if signed else message.params, message.body)
            prepared = Prepared(pin, self.owner, message, key, spends(request, self.pools_of(pin.project)), shown)
            request.ready = prepared  # type: ignore[misc] # what is made ready is no part of the value
        return prepared

    async def learn_of(self, project: str) -> Pools:
        """The budgets of a project, with what other programs have spent of them by now."""
        pools = self.pools_of(project)
        with in_our_terms():
            await self.scheduler.refresh()
        return pools

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

    def address(self, request: Request[Any], pin: Pin) -> Message:
        """The request with base URL, credentials and the parameters that every call carries."""
        params = check_params(request.params)
        if request.base == "query":
            added = origin_params(request.names_project, pin.project, request.workspace or pin.workspace)
            params = {**params, **added} if params else added
        url, timeout = self.roots[request.base] + request.full_path(pin), TIMEOUTS[request.base]
        if request.base == "signed":
            headers = {} if request.content is None else {"Content-Type": "text/csv"}
            return Message(request.verb, url, params, headers, request.content, timeout)
        if request.body is None:
            return Message(request.verb, url, params, self.headers, timeout=timeout)
        headers = self.form_headers if request.form else self.body_headers
        return Message(request.verb, url, params, headers, write_body(request.body, form=request.form), timeout)


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


@functools.lru_cache(maxsize=64)
def origin_params(names_project: bool, project: str, workspace: int | None) -> Mapping[str, str]:
    """What every query carries besides its own parameters; one mapping for all that carry the same."""
    return query_params(
        query_origin="mixpanel-headless", project_id=project if names_project else None, workspace_id=workspace
    )


def make_headers(settings: Settings) -> dict[str, str]:
    """The headers that every request carries."""
    headers = {"Authorization": settings.credentials.authorization(), "User-Agent": user_agent()}
    if settings.custom_header:
        name, value = settings.custom_header
        headers[name] = value
    return headers


@functools.cache
def user_agent() -> str:
    """How this client names itself to the service."""
    try:
        own = version("mixpanel-headless")
    except PackageNotFoundError:
        own = "0"
    return f"mixpanel-headless/{own} (entry=lib; python/{sys.version_info.major}.{sys.version_info.minor})"
