"""Applying a plan: first whether all is still as it was, then each change by the one way that all calls take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import InvalidArgumentError, PlanOutdated

from .before import read_before, token_of, tree_of
from .foresight import settle_ids
from .governor import PLAN, WITHIN, act_of, refusal_of
from .policy import Verdict
from .targets import entity_of

if TYPE_CHECKING:
    from .plan import ChangePlan, PlannedChange


async def apply_plan(plan: ChangePlan[Any], confirm: str | None) -> list[Any]:
    """The answers to all changes of a plan."""
    check_applicable(plan, confirm)
    token = PLAN.set(None)
    try:
        await check_unchanged(plan)
        plan.begun = True
        known: dict[str, str | int] = {}
        for change in plan.changes:
            plan.applied.append(await apply_change(change, known))
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
        thing = (change.asked.operation.facts.before, change.target)
        if not change.read.known or thing in seen:
            continue
        seen.add(thing)
        now = await read_before(change.asked, act_of(change.asked).target)
        if now.digest != change.read.digest:
            raise PlanOutdated(
                f"{change.operation}({change.target}): it has changed since the plan was made.",
                sent=False,
                details={"operation": change.operation, "target": change.target},
            )


async def apply_change(change: PlannedChange, known: dict[str, str | int]) -> Any:
    """The answer to one change; the id of what it made takes the place of the one that stood for it."""
    request, surface = settle_ids(change.asked.request, known), change.asked.surface.awaited
    asked = change.asked._replace(request=request, surface=surface)
    if change.confirm:
        before = await read_before(asked, act_of(asked).target)
        asked = asked._replace(options=attrs.evolve(asked.options, confirm=frozenset({token_of(asked, before)})))
    within = WITHIN.set(change.within)
    try:
        answer = await (await asked.surface.dispatcher()).ask(asked)
    finally:
        WITHIN.reset(within)
    tree = tree_of(answer)
    if change.number is not None and tree is not None and (made := entity_of(tree).id) is not None:
        known[str(change.number)] = made
    return answer
