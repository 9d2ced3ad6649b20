"""`mp budget`: what the project's limits have left, read from the store that all programs of this machine share."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import click

from mixpanel_headless.cli.formats import format_options
from mixpanel_headless.cli.output import PROGRAMS, encode, write_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.accounts.settings import Settings
    from mixpanel_headless.cli.output import Format
    from mixpanel_headless.results.budget import BudgetReport

EVERY = 1.0
"""Seconds between two looks of --watch."""


@click.command("budget")
@click.option("--watch", is_flag=True, help="Look again every second until Ctrl-C.")
@click.option("--project", type=int, help="The project; MP_PROJECT_ID else.")
@format_options
def budget(watch: bool, project: int | None, format_name: Format | None) -> None:
    """What the project's query limits have left, for all programs of this machine; costs no request.

    With --watch a look is one line, of text or JSON.
    """
    from mixpanel_headless.accounts.settings import resolve_settings

    settings = resolve_settings(project=project)
    if watch:
        keep_watching(lambda: read_budget(settings), as_json=format_name in PROGRAMS)
    else:
        write_result(read_budget(settings), format_name)


def read_budget(settings: Settings) -> BudgetReport:
    """The report on the settings' project, without opening a connection."""
    return asyncio.run(look(settings))


async def look(settings: Settings) -> BudgetReport:
    """Define the project's budgets as every client does, take in what others spent, and report."""
    import request_scheduler as rs
    from mixpanel_headless.accounts.state import budget_store
    from mixpanel_headless.planning.budgets import budgets, name_pools
    from mixpanel_headless.results.budget import report_budget
    from mixpanel_headless.translation import in_our_terms

    with in_our_terms():
        async with rs.Scheduler(budgets(settings), store=budget_store(settings)) as scheduler:
            await scheduler.refresh()
            return report_budget(scheduler.status(), name_pools(settings).by_name())


def keep_watching(
    read: Callable[[], BudgetReport], *, as_json: bool, pause: Callable[[float], object] = time.sleep
) -> None:
    """Write one line for each look until interrupted."""
    while True:
        report = read()
        click.echo(encode(report.to_dict()) if as_json else str(report))
        pause(EVERY)
