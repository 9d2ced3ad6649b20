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


def call_governed(
    view: Workspace, call: Callable[[], Any], method: Named, wishes: Mapping[str, Any], *, quiet: bool = False
) -> Any:
    """What a call that changes something gives, once whoever typed it wants that; or the plan of it.

    What is gone for good is told of on stderr, unless `quiet`.

    Raises PolicyDenied for what cannot be taken back, and for what a policy wants to be confirmed, where nobody sits at a
    terminal and `--yes` was not said; then nothing was changed.
    """
    from mixpanel_headless.governance.governor import attended

    if wishes.get("dry_run"):
        return plan_of(view, call)
    governor, sure = view.runtime.governor, bool(wishes.get("yes"))
    governor.assured, final = sure, method.facts.destructive
    if final and (sure or attended()):
        plan = plan_of(view, call)
        if not sure:
            ask_first(method, plan)
        answer = call() if sure else apply(plan)
        if plan.changes and not quiet:
            click.echo(done(method, plan), err=True)
        return answer
    governor.careful = final
    try:
        return call()
    except PolicyDenied as denied:
        if denied.code == "CONFIRMATION_NEEDED":
            denied.hint = "Look at it with --dry-run, and confirm it with --yes."
        raise


def confirm_local(method: Named, *, sure: bool) -> None:
    """Ask, or want the word `--yes`, before something is gone from this machine; PolicyDenied without either."""
    from mixpanel_headless.governance.governor import attended

    what = method.name.replace("_", " ")
    if sure:
        return
    if not attended():
        raise PolicyDenied(
            f"{what} removes what is kept on this machine, and needs to be confirmed.",
            code="CONFIRMATION_NEEDED",
            hint="Confirm it with --yes.",
            sent=False,
        )
    click.confirm(f"{what}: what it holds is removed from this machine. Go on?", abort=True, err=True)


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
    what = " ".join(filter(None, [method.name.replace("_", " "), things_of(plan)]))
    click.confirm(f"{what}: this cannot be taken back. Go on?", abort=True, err=True)


def done(method: Named, plan: ChangePlan[Any]) -> str:
    """What has been done, in the words of the call: deleted cohort 2005 (Payers)."""
    verb, *noun = method.name.removeprefix("bulk_").split("_")
    return " ".join(filter(None, [f"{verb}{'d' if verb.endswith('e') else 'ed'}", *noun, things_of(plan)]))


def things_of(plan: ChangePlan[Any]) -> str:
    """All that a plan is about, with nothing in it that acts on a terminal."""
    from mixpanel_headless.results.views import printable

    return printable("; ".join(filter(None, map(thing_of, plan.changes))))


def thing_of(change: PlannedChange) -> str:
    """What is changed: its id and what it is called, or how many there are, if that was read."""
    if change.read.several and "*" in change.target:
        return f"{change.target} ({change.count})"
    found = (change.before or {}) if change.read.several else {change.target: change.before}
    return ", ".join(" ".join(filter(None, [name, called(name, one)])) for name, one in found.items())


def called(name: str, thing: dict[str, Any] | None) -> str:
    """What a thing is called, in brackets, where its name does not say it."""
    from mixpanel_headless.governance.targets import entity_of

    names = entity_of(thing).names if thing else ()
    return f"({names[0]})" if names and not name.endswith(names[0]) else ""
