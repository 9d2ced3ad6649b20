"""The gate that every call of a workspace passes: what no policy denies may go, and what changes something is written down."""

from __future__ import annotations

import functools
import sys
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from anyio import CancelScope

from mixpanel_headless.errors import PolicyDenied, UnexplainedOperation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    from mixpanel_headless.dispatch import Asked
    from mixpanel_headless.options import Options, Pin, Task

    from . import audit, before, policy, targets
    from .audit import Entry, Recorder
    from .facts import Facts
    from .plan import ChangePlan
    from .policy import Act, Policy, Verdict
    from .targets import Target
else:  # most programs only read, and begin sooner without
    from mixpanel_headless._lazy import LazyModule

    audit, before, policy, targets = (
        LazyModule(f"mixpanel_headless.governance.{name}") for name in ("audit", "before", "policy", "targets")
    )

PLAN: ContextVar[ChangePlan[Any] | None] = ContextVar("mixpanel_headless_plan", default=None)
"""The dry run that the caller is inside of."""
LOOKING: ContextVar[bool] = ContextVar("mixpanel_headless_looking", default=False)
"""Whether it is the policies themselves that read something."""
WITHIN: ContextVar[str] = ContextVar("mixpanel_headless_within", default="")
"""The call in several steps that is under way."""

R = TypeVar("R")


@attrs.define(eq=False, slots=False)
class Governor:
    """What holds for all calls of a workspace and its views."""

    make_recorder: Callable[[], Recorder]
    policies: tuple[Policy, ...] = ()
    reads_before: bool = False
    """Whether each change is preceded by a request that reads the thing as it is, for the audit to tell."""
    changes: int = 0
    """How much has been changed outside of tasks."""
    careful: bool = False
    """Whether every change is to be confirmed where nobody sits at a terminal, not only the deletion of many things."""
    assured: bool = False
    """Whether whoever makes the calls has confirmed them all: none needs a token."""

    @functools.cached_property
    def recorder(self) -> Recorder:
        """What writes changes down."""
        return self.make_recorder()

    def admit(self, asked: Asked[Any]) -> None:
        """Raises PolicyDenied for a call that changes nothing and that some policy denies."""
        facts = asked.operation.facts
        if facts.verb == "read" and not asked.request.repeatable:
            raise UnexplainedOperation(
                f"{facts.full_name} is said to read only, and its request may change something.",
                hint='Say what it does where it is defined, such as @operation(verb="run").',
                sent=False,
            )
        if LOOKING.get():
            return
        if self.policies or any(one.policy is not None for one in tasks_around(asked.task)):
            self.refuse(asked)

    def refuse(self, asked: Asked[Any]) -> None:
        """Raises PolicyDenied for a call that is denied whatever its things are called."""
        act = act_of(asked)
        verdict = self.decide(act, asked.task)
        if verdict.effect == "deny" and not (asked.operation.facts.changes and self.asks_for_names(act, asked.task)):
            raise refusal_of(verdict, act)

    @asynccontextmanager
    async def steps(self, facts: Facts, options: Options, pin: Pin, task: Task | None) -> AsyncGenerator[None]:
        """What is changed inside belongs to one call; raises PolicyDenied before the first step if that is denied."""
        act = policy.Act(facts, pin.project, pin.workspace, None)
        verdict = self.decide(act, task)
        if verdict.effect == "deny":
            await self.recorder.deny(act, verdict, audit.Caller(options, task, WITHIN.get()))
            raise refusal_of(verdict, act)
        token = WITHIN.set(facts.full_name)
        try:
            yield
        finally:
            WITHIN.reset(token)

    async def carry_out(self, asked: Asked[R], send: Callable[[], Awaitable[R]]) -> R:
        """The answer to a call that changes something, once the policies let it go."""
        act, found, plan = act_of(asked), before.Before(), PLAN.get()
        caller = audit.Caller(asked.options, asked.task, WITHIN.get())
        if plan is not None or asked.options.confirm or self.reads_before:
            found = await before.read_before(asked, act.target)
            act = attrs.evolve(act, target=found.name(act.target))
        if self.asks_for_names(act, asked.task):
            act = attrs.evolve(act, target=await look(asked, act))
        verdict = self.decide(act, asked.task, 0 if plan is None else len(plan.changes))
        confirmed = self.assured or before.token_of(asked, found) in asked.options.confirm
        if verdict.effect == "deny" or (verdict.effect == "confirm" and not confirmed and plan is None):
            await self.recorder.deny(act, verdict, caller, before.digest_of_request(asked))
            raise refusal_of(verdict, act, given=bool(asked.options.confirm))
        if plan is not None:
            foreseen: R = plan.take(asked, act, verdict, found, caller.within)
            return foreseen
        self.count(asked.task, 1)
        entry: Entry | None = None
        try:
            entry = await self.recorder.intend(act, verdict, caller, before.digest_of_request(asked), found)
            return await self.follow(entry, send)
        except BaseException as error:
            if entry is None or getattr(error, "sent", None) is False:
                self.count(asked.task, -1)
            raise

    async def follow(self, entry: Entry, send: Callable[[], Awaitable[R]]) -> R:
        """What was sent, and then the row that says what became of it, however it ended."""
        try:
            answer = await send()
        except BaseException as error:
            with CancelScope(shield=True):
                await entry.conclude(audit.outcome_of(error), error=error)
            raise
        after = before.tree_of(answer)
        made = None if after is None or entry.fields["verb"] != "create" else targets.entity_of(after).id
        with CancelScope(shield=True):
            await entry.conclude("done", "" if after is None else before.digest_of(after), made=made)
        return answer

    def count(self, task: Task | None, change: int) -> None:
        """One change more, or one less, in a task and those around it."""
        self.changes += change if task is None else 0
        for one in tasks_around(task):
            one.changes += change

    def asks_for_names(self, act: Act, task: Task | None) -> bool:
        """Whether what the policies say hangs on what a thing is called."""
        return policy.asks_for_names((one for one, _ in self.in_force(task)), act)

    def decide(self, act: Act, task: Task | None, planned: int = 0) -> Verdict:
        """What all policies say that hold here; changes that are planned count as made."""
        standing = list(self.in_force(task))
        spent = [count + planned for _, count in standing]
        return policy.decide([one for one, _ in standing], act, spent, attended=attended(), careful=self.careful)

    def in_force(self, task: Task | None) -> Iterator[tuple[Policy, int]]:
        """The policies that hold, each with the changes that count for its cap; a workspace's counts for each whole task."""
        around = list(tasks_around(task))
        spent = around[-1].changes if around else self.changes
        for one in self.policies:
            yield one, spent
        for inner in around:
            if inner.policy is not None:
                yield inner.policy, inner.changes


def act_of(asked: Asked[Any]) -> Act:
    """A call as policies see it."""
    request = asked.request
    facts = asked.operation.facts.of(request)
    view = request.workspace or asked.pin.workspace
    return policy.Act(facts, asked.pin.project, view, targets.target_of(request, facts))


async def look(asked: Asked[Any], act: Act) -> Target | None:
    """What a call is about, with the names that it has now: policies may see them, whatever the caller may read."""
    token = LOOKING.set(True)
    try:
        return (await before.read_before(asked, act.target)).name(act.target)
    finally:
        LOOKING.reset(token)


def tasks_around(task: Task | None) -> Iterator[Task]:
    """A task and all that it is inside of, the outermost last."""
    found: Any = task
    while found is not None:
        yield found
        found = found.parent


def attended() -> bool:
    """Whether somebody sits at a terminal and sees what the program does."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def refusal_of(verdict: Verdict, act: Act, *, given: bool = False) -> PolicyDenied:
    """The error for a call that a policy denies, or lets go only with a token from a plan."""
    if verdict.effect == "deny":
        return refusal(f"{tell(act)} is denied", verdict, act, "POLICY_DENIED", "Ask for less, or change the policy.")
    what = (
        "is not what was confirmed, or has changed since; it needs to be confirmed"
        if given
        else "needs to be confirmed"
    )
    return refusal(f"{tell(act)} {what}", verdict, act, "CONFIRMATION_NEEDED", CONFIRM_HINT)


CONFIRM_HINT = (
    "Make the call inside `with ws.dry_run() as plan:`, look at the plan, and give plan.token to plan.apply(confirm=...);"
    " or use a policy that allows it."
)


def refusal(what: str, verdict: Verdict, act: Act, code: str, hint: str) -> PolicyDenied:
    reason = f" {verdict.reason}" if verdict.reason else ""
    return PolicyDenied(
        f"{what} by {verdict.origin}: {verdict.rule}.{reason}",
        code=code,
        hint=hint,
        sent=False,
        details={
            "rule": verdict.rule,
            "origin": verdict.origin,
            "operation": act.facts.full_name,
            "verb": act.facts.verb,
            "target": str(act.target or ""),
        },
    )


def tell(act: Act) -> str:
    """A call in few words."""
    target = str(act.target or "")
    return f"{act.facts.full_name}({target})" if target else act.facts.full_name
