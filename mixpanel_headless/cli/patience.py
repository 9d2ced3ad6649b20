"""A word to whoever waits: why a command says nothing yet, and when it will."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from mixpanel_headless.errors import MixpanelHeadlessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixpanel_headless import Workspace
    from mixpanel_headless.results.budget import BudgetReport

SILENCE = 2.0
"""Seconds without an answer before a command that waits for the budget explains itself."""
LOOKS = 5
"""How many times as long a request that was sent may take before that is worth a word."""
END = "Ctrl-C ends the wait; --deadline SECONDS bounds it."


@contextmanager
def explain_waiting(workspace: Workspace, silence: float = SILENCE) -> Iterator[Callable[[], None]]:
    """Say once on stderr which budget the block waits for, and until when, as soon as it does after `silence` seconds.

    When only the service is waited for, that is said once, later; a wait with another reason that comes after it is still
    told of.

    Inside is a function that says that there is nothing to explain any more.
    """
    ended = threading.Event()

    def explain() -> None:
        try:
            for look in itertools.count(1):
                if ended.wait(silence):
                    return
                if reason := reason_of(workspace.budget()):
                    click.echo(f"{reason} {END}", err=True)
                    return
                if look == LOOKS:
                    click.echo(f"Asked, and no answer yet. {END}", err=True)
        except MixpanelHeadlessError:
            return  # the command has ended meanwhile

    threading.Thread(target=explain, name="explain waiting", daemon=True).start()
    try:
        yield ended.set
    finally:
        ended.set()


def reason_of(budget: BudgetReport) -> str:
    """Why calls wait, for a budget or because the service fails; empty when it is only slow."""
    pool, counters = budget.held_up, budget.counters
    if pool is not None and (pool.holds_up or budget.failing):
        return f"Waiting for the {pool}{failing(budget)}."
    if budget.failing or counters["retried"] > counters["refused"]:
        return f"The service fails, and is asked again{failing(budget)}."
    return ""


def failing(budget: BudgetReport) -> str:
    """The hosts that nothing is sent to now, as the end of a sentence."""
    return f"; failing: {', '.join(budget.failing)}" if budget.failing else ""
