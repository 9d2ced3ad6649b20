"""Changes as commands: planned only, asked about at a terminal, or confirmed by a word where nobody can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mixpanel_headless.errors import PolicyDenied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_headless import Workspace
    from mixpanel_headless.governance.plan import ChangePlan, PlannedChange
    from mixpanel_headless.operation import Named


def call_governed(view: Workspace, call: Callable[[], Any], method: Named, wishes: Mapping[str, Any]) -> Any:
    """What a call that changes something gives, once whoever typed it wants that; or the plan of it.

    Raises PolicyDenied for what cannot be taken back, and for what a policy wants to be confirmed, where nobody sits at a
    terminal and `--yes` was not said; then nothing was changed.
    """
    from mixpanel_headless.governance.governor import attended

    if wishes.get("dry_run"):
        return plan_of(view, call)
    final = method.facts.destructive and not wishes.get("yes")
    if final and attended():
        plan = plan_of(view, call)
        ask_first(method, plan)
        return apply(plan)
    view.runtime.governor.careful = final
    try:
        return call()
    except PolicyDenied as denied:
        if denied.code != "CONFIRMATION_NEEDED":
            raise
        if not wishes.get("yes"):
            denied.hint = "Look at it with --dry-run, and confirm it with --yes."
            raise
    return apply(plan_of(view, call))


def plan_of(view: Workspace, call: Callable[[], Any]) -> ChangePlan[Any]:
    """What a call would change; costs a request for each thing that can be read."""
    with view.dry_run() as plan:
        call()
    return plan


def apply(plan: ChangePlan[Any]) -> Any:
    """What the last change of a confirmed plan gives."""
    answers = plan.apply(confirm=plan.token)
    return answers[-1] if answers else None


def ask_first(method: Named, plan: ChangePlan[Any]) -> None:
    """Ask whoever sits at a terminal before something is gone for good; click.Abort for a no."""
    from mixpanel_headless.results.views import printable

    things = printable("; ".join(filter(None, map(thing_of, plan.changes))))
    what = " ".join(filter(None, [method.name.replace("_", " "), things]))
    click.confirm(f"{what}: this cannot be taken back. Go on?", abort=True, err=True)


def thing_of(change: PlannedChange) -> str:
    """The id of what is changed, and what it is called if it was read."""
    from mixpanel_headless.governance.targets import entity_of

    names = entity_of(change.before).names if change.before else ()
    called = f'"{names[0]}"' if names and names[0] != change.target else ""
    return " ".join(filter(None, [change.target, called]))
