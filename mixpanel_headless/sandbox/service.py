"""The service without its sockets: lets a request in or not, answers it, settles its account, writes the log."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from mixpanel_headless.sandbox import replies
from mixpanel_headless.sandbox.arrivals import Arrival, Counters, Logged
from mixpanel_headless.sandbox.faults import Cut, Delay, Fault, FaultPlan, ForeignUse, Hold, Injection, Instead, Slow
from mixpanel_headless.sandbox.limits import Limits, Quota, Refusal, Ticket
from mixpanel_headless.sandbox.questions import ask
from mixpanel_headless.sandbox.replies import Rejected, Reply
from mixpanel_headless.sandbox.routes import pools_spent

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from mixpanel_headless.sandbox.credentials import Credentials
    from mixpanel_headless.sandbox.questions import Source

log = logging.getLogger(__name__)


@attrs.frozen
class Rules:
    """How one service behaves: its project, its account, its limits, and whether its refusals explain themselves."""

    project: int
    credentials: Credentials
    quotas: tuple[Quota, ...]
    headers: bool = True
    latency: float = 0.0
    clock: Callable[[], float] = time.monotonic


class Service:
    """One project of the service; safe to watch and to disturb from other threads while it answers."""

    def __init__(self, rules: Rules, source: Source, workers: Executor, on_request: Callable[[Logged], None]) -> None:
        self.rules = rules
        self.requests: list[Logged] = []
        self._source = source
        self._workers = workers
        self._on_request = on_request
        self._limits = Limits(rules.quotas)
        self._faults = FaultPlan()
        self._holds: list[Hold] = []
        self._totals: Counter[str] = Counter()
        self._foreign_running = 0
        self._changed = threading.Condition()

    async def answer(self, arrival: Arrival) -> Reply:
        """The reply to one request; its account is settled and the log written before the caller can see it."""
        arrived = self.rules.clock()
        reply: Reply | None = None
        self._totals["arrived"] += 1
        verdict = self._admit(arrival, arrived)
        try:
            if isinstance(verdict, Reply):
                reply = verdict
            else:
                reply = await self._perform(arrival, arrived)
            return reply
        finally:
            ticket = verdict if isinstance(verdict, Ticket) else Ticket((), arrived)
            self._settle(arrival, ticket, reply.settles_as if reply else None)

    def inject(self, injection: Injection) -> None:
        """Put a fault in force; foreign use happens at once."""
        with self._changed:
            if isinstance(injection.fault, ForeignUse):
                self._use_as_somebody_else(injection.fault)
            else:
                self._faults.add(injection)
            if isinstance(injection.fault, Hold):
                self._holds.append(injection.fault)
            self._changed.notify_all()

    def heal(self) -> None:
        """Take all faults back, let held answers go, and give foreign permits back; spent slots stay spent."""
        with self._changed:
            self._faults.clear()
            while self._holds:
                self._holds.pop().release()
            self._limits.meters["query"].running -= self._foreign_running
            self._foreign_running = 0
            self._changed.notify_all()

    def counters(self) -> Counters:
        """The state of the account now."""
        with self._changed:
            return self._count()

    def wait_until(self, seen: Callable[[Counters], bool], timeout: float) -> bool:
        """Block until the counters look as `seen` wants them; False when `timeout` real seconds go by first."""
        with self._changed:
            return self._changed.wait_for(lambda: seen(self._count()), timeout)

    def _count(self) -> Counters:
        meter, totals = self._limits.meters["query"], self._totals
        return Counters(
            arrived=totals["arrived"],
            counted=totals["counted"],
            refused=totals["refused"],
            failed=totals["failed"],
            foreign=totals["foreign"],
            running=meter.running,
            used=meter.used(self.rules.clock()),
        )

    def _use_as_somebody_else(self, use: ForeignUse) -> None:
        meter, now = self._limits.meters["query"], self.rules.clock()
        spent = min(use.requests, meter.room(now) or 0)
        for _ in range(spent):
            meter.count(now)
        taken = max(0, min(use.running, (meter.quota.at_once or 0) - meter.running))
        meter.running += taken
        self._totals["foreign"] += spent
        self._foreign_running += taken

    def _admit(self, arrival: Arrival, now: float) -> Ticket | Reply:
        family, path = arrival.route.family, arrival.path
        if family != "signed" and not self.rules.credentials.accept(arrival.authorization):
            return replies.error(401, "Unable to authenticate request", path, family)
        if family in {"query", "export"} and not arrival.malformed:
            project = arrival.parameters.get("project_id")
            if project is None:
                return replies.error(400, "project_id is a required parameter", path, family)
            if str(project) != str(self.rules.project):
                return replies.error(403, f"No access to project {str(project)[:40]}", path, family)
        with self._changed:
            verdict = self._limits.arrive(pools_spent(arrival.route, arrival.parameters), now)
            self._changed.notify_all()
        if isinstance(verdict, Refusal):
            return replies.refusal(verdict, self.rules.project, path, headers=self.rules.headers)
        return verdict

    async def _perform(self, arrival: Arrival, now: float) -> Reply:
        with self._changed:
            faults = self._faults.take(arrival.path, now)
        await wait_for_delays(faults, self.rules.latency)
        instead = next((fault for fault in faults if isinstance(fault, Instead)), None)
        reply = instead.reply() if instead else await self._compute(arrival)
        cut = next((fault for fault in faults if isinstance(fault, Cut)), None)
        seconds = sum(fault.seconds for fault in faults if isinstance(fault, Slow))
        reply = attrs.evolve(reply, seconds=seconds) if seconds else reply
        return attrs.evolve(reply, cut=cut.where, share=cut.share) if cut else reply

    async def _compute(self, arrival: Arrival) -> Reply:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._workers, compute, self._source, arrival)
        except Rejected as rejected:
            return replies.error(rejected.status, rejected.text, arrival.path, arrival.route.family)
        except Exception:
            log.exception("%s %s failed", arrival.method, arrival.path)
            return replies.error(500, "An unknown error occurred.", arrival.path, arrival.route.family)

    def _settle(self, arrival: Arrival, ticket: Ticket, status: int | None) -> None:
        took = self.rules.clock() - ticket.arrived
        with self._changed:
            counted = self._limits.leave(ticket, status)
            logged = Logged(arrival.method, arrival.path, status, counted, ticket.arrived, took)
            self.requests.append(logged)
            self._totals.update(tally(logged))
            self._changed.notify_all()
        try:
            self._on_request(logged)
        except Exception:
            log.exception("The listener of %s %s failed", arrival.method, arrival.path)


def tally(logged: Logged) -> list[str]:
    """The totals that a request adds to."""
    failed = logged.status is None or logged.status >= 500
    facts = {"counted": logged.counted, "refused": logged.status == 429, "failed": failed}
    return [name for name, holds in facts.items() if holds]


def compute(source: Source, arrival: Arrival) -> Reply:
    """Ask the engine and write its answer down; runs on a worker thread."""
    answer = ask(source, arrival)
    return answer if isinstance(answer, Reply) else replies.answer(answer)


async def wait_for_delays(faults: list[Fault], latency: float) -> None:
    """Wait as long as the box's latency and the faults want it."""
    delay = latency + sum(fault.seconds for fault in faults if isinstance(fault, Delay))
    if delay:
        await asyncio.sleep(delay)
    for fault in faults:
        if isinstance(fault, Hold):
            await asyncio.shield(asyncio.wrap_future(fault.gate))
