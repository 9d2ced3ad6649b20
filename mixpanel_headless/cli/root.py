"""The outermost command, and the run of it that a terminal starts."""

from __future__ import annotations

import os
import sys

import click

from mixpanel_headless.cli.groups import Entry, RootGroup
from mixpanel_headless.cli.naming import derived_groups
from mixpanel_headless.cli.stdout import open_stdout_for_everything, refuse_lost_output

HERE = "mixpanel_headless.cli"
COMMANDS = derived_groups() | {
    "audit": Entry(f"{HERE}.audit", "audit", "What programs have changed, and whether the log of it is whole."),
    "budget": Entry(f"{HERE}.budget", "budget", "What the project's query limits have left."),
    "demo": Entry(f"{HERE}.demo.command", "demo", "Watch agents share one budget over a local Mixpanel."),
    "sandbox": Entry(f"{HERE}.sandbox", "sandbox", "Start a local Mixpanel: real HTTP, real limits, your events."),
    "simulate": Entry(f"{HERE}.simulate", "simulate", "What a budget gives to many agents: a day in seconds."),
}


def show_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print the version and end, when asked to."""
    if not wanted or context.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("mixpanel-headless")
    except PackageNotFoundError:
        found = "(not installed)"
    click.echo(f"mixpanel-headless {found}")
    context.exit()


@click.group(
    cls=RootGroup,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Credentials come from MP_USERNAME, MP_SECRET and MP_PROJECT_ID; `mp demo` and `mp sandbox` need none."
    " `mp query --help` tells what the exit codes mean.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version, help="Show the version."
)
def cli(verbose: bool) -> None:
    """Mixpanel from the terminal: every call shares one fair queue and one budget."""


def run() -> None:
    """Run the command line; it ends in SystemExit, whatever becomes of it."""
    forget_empty_size()
    open_stdout_for_everything()
    stdout = sys.stdout
    try:
        cli(prog_name="mp")
    except (Exception, SystemExit) as end:
        refuse_lost_output(end, stdout)
        raise


def forget_empty_size() -> None:
    """Let a terminal that is said to be 0 wide or high be measured instead: nothing could be drawn on it."""
    for name in ("COLUMNS", "LINES"):
        if not os.environ.get(name, "").strip("0"):
            os.environ.pop(name, None)
