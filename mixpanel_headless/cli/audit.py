"""`mp audit`: what this machine's programs have changed, and whether the log of it is as it was written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixpanel_headless.cli.failures import AS_JSON
from mixpanel_headless.cli.formats import format_options
from mixpanel_headless.cli.output import encode, write_result

if TYPE_CHECKING:
    from mixpanel_headless.cli.output import Format
    from mixpanel_headless.governance.journal import Journal

FLAWED = 1
"""The exit code of `verify` for a log that is not as it was written."""


@click.group("audit")
def audit() -> None:
    """What programs that keep their state here have changed; needs no credentials and costs no request."""


@audit.command("log")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many of the newest rows.")
@click.option("--operation", metavar="PATTERN", help="Only rows of these operations, such as 'dashboards.*'.")
@click.option(
    "--outcome", metavar="OUTCOME", help="Only changes that ended so: done, failed, 'not sent', unknown or denied."
)
@click.option("--project", type=int, help="Only changes of this project; of all otherwise.")
@format_options
def log(
    limit: int,
    operation: str | None,
    outcome: str | None,
    project: int | None,
    format_name: Format | None,
) -> None:
    """The newest rows, the oldest of them first."""
    from mixpanel_headless.governance.trail import read_log

    rows = read_log(journal(), limit, operation, outcome, None if project is None else str(project))
    write_result(rows, format_name)


@audit.command("show", short_help="The rows of one change.")
@click.argument("seq", type=int)
@format_options
def show(seq: int, format_name: Format | None) -> None:
    """The rows of the change that row SEQ is of: what was meant, and what became of it."""
    from mixpanel_headless.governance.trail import show_call

    write_result(show_call(journal(), seq), format_name)


@audit.command("verify", short_help="Whether the log is as it was written.")
@click.option("--json", is_flag=True, help="The findings as JSON.")
def verify(json: bool) -> None:
    """Whether every row is there, in its place and as it was written; exit code 1 if not."""
    from mixpanel_headless.governance.trail import verify_log

    click.get_current_context().meta[AS_JSON] = json
    found = verify_log(journal())
    click.echo(encode(found.to_dict()) if json else str(found))
    if not found.ok:
        raise click.exceptions.Exit(FLAWED)


def journal() -> Journal:
    """The log in the folder that MP_STATE_DIR names, or in the platform's."""
    from mixpanel_headless.accounts.state import state_home
    from mixpanel_headless.governance.trail import journal_at

    given = os.environ.get("MP_STATE_DIR")
    return journal_at(state_home(Path(given) if given else None))
