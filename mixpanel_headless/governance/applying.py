"""Applying a plan: first whether all is still as it was, then each change by the one way that all calls take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import InvalidArgumentError, PlanOutdated
from mixpanel_headless.options import current_task

from .before import read_before, token_of, tree_of
from .foresight import settle_ids
from .governor import PLAN, WITHIN, act_of, refusal_of, tasks_around
from .policy import Verdict
from .targets import entity_of

if TYPE_CHECKING:
    from .plan import ChangePlan, PlannedChange


@attrs.define
class Applying:
    """How far the applying of a plan has come."""

    confirmed: bool
    known: dict[str, str | int] = attrs.field(factory=dict)
    """The ids of what it has made, by those that stood for them."""
    touched: set[tuple[Any, ...]] = attrs.field(factory=set)
    """What it has changed itself."""


async def apply_plan(plan: ChangePlan[Any], confirm: str | None) -> list[Any]:
    """The answers to all changes of a plan."""
    check_applicable(plan, confirm)
    token = PLAN.set(None)
    try:
        await check_unchanged(plan)
        plan.begun = True
        applying = Applying(confirm is not None)
        for change in plan.changes:
            plan.applied.append(await apply_change(change, applying))
    finally:
        PLAN.reset(token)
    return list(plan.applied)


def check_applicable(plan: ChangePlan[Any], confirm: str | None) -> None:
    """Raises for a plan that was applied already, for a token of another plan, and for one that is needed."""
    if plan.begun:
        raise InvalidArgumentError("This plan was applied already.", hint="Make another.", sent=False)
    if confirm is not None and confirm != plan.token:
        raise InvalidArgumentError(
            "confirm is not the token of this plan.", hint="Look at the plan, and give its token.", sent=False
        )
    unconfirmed = next((change for change in plan.changes if change.confirm), None)
    if unconfirmed is not None and confirm is None:
        raise refusal_of(Verdict("confirm", unconfirmed.confirm, "this plan"), act_of(unconfirmed.asked))


async def check_unchanged(plan: ChangePlan[Any]) -> None:
    """Raises PlanOutdated if a thing is no longer what it was; one that an earlier change is about is not asked for twice."""
    seen = set()
    for change in plan.changes:
        if not change.read.known or (thing := thing_of(change)) in seen:
            continue
        seen.add(thing)
        if (await read_before(change.asked, act_of(change.asked).target)).digest != change.read.digest:
            raise outdated(change)


def thing_of(change: PlannedChange) -> tuple[Any, ...]:
    """What tells the thing that a change is about from all others."""
    asked = change.asked
    return asked.operation.facts.before, asked.pin, asked.request.workspace, change.target


def outdated(change: PlannedChange) -> PlanOutdated:
    """The error for a change of what is not as it was."""
    return PlanOutdated(
        f"{change.operation}({change.target}): it has changed since the plan was made.",
        sent=False,
        details={"operation": change.operation, "target": change.target},
    )


async def apply_change(change: PlannedChange, applying: Applying) -> Any:
    """The answer to one change; the id of what it made takes the place of the one that stood for it.

    It belongs to the task that it is applied in, and is held to the policies of the one that it was planned in as well.
    """
    request, surface = settle_ids(change.asked.request, applying.known), change.asked.surface.awaited
    task = current_task() or change.asked.task
    asked = change.asked._replace(request=request, surface=surface, task=task)
    dispatcher = await surface.dispatcher()
    if not any(change.asked.task is one for one in (None, *tasks_around(task))):
        dispatcher.governor.refuse(asked._replace(task=change.asked.task))
    if change.confirm or (applying.confirmed and task is not change.asked.task):
        before, thing = await read_before(asked, act_of(asked).target), thing_of(change)
        if request is change.asked.request and thing not in applying.touched and before.digest != change.read.digest:
            raise outdated(change)
        asked = asked._replace(options=attrs.evolve(asked.options, confirm=frozenset({token_of(asked, before)})))
    within = WITHIN.set(change.within)
    try:
        answer = await dispatcher.ask(asked)
    finally:
        WITHIN.reset(within)
        applying.touched.add(thing_of(change))
    tree = tree_of(answer)
    if change.number is not None and tree is not None and (made := entity_of(tree).id) is not None:
        applying.known[str(change.number)] = made
    return answer
