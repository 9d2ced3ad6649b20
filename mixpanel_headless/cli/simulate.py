"""`mp simulate`: what a budget gives to many callers, from a day of the real scheduler on virtual time."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from mixpanel_headless.cli import INTERRUPTED
from mixpanel_headless.cli.interrupts import first_signal
from mixpanel_headless.cli.output import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from request_scheduler.simulate import Report, Simulation, Workload

FILE = click.Path(exists=True, dir_okay=False, readable=True)
SWITCHES = ("coalescing", "cache", "shares", "budget")
EVERY = 5.0
"""Seconds between two words on stderr where no bar can be drawn."""
EXAMPLE = """
\b
Example of a workload file:
  hours = 24
  [service]
  latency = 2.0
  outages = [{ at = 13.0, seconds = 300, kind = "unavailable" }]
  [[tenants]]
  name = "analysts"
  agents = 4
  think = 300
  priority = "interactive"
  [[tenants]]
  name = "nightly"
  weight = 2.0
  priority = "batch"
  jobs = [{ at = 2.0, calls = 60, questions = 60 }]

`python -m pydoc request_scheduler.simulate.workload` describes every field. Unknown ones are refused by name.
"""


@click.command(epilog=EXAMPLE)
@click.option(
    "--agents",
    metavar="INTEGER",
    type=click.IntRange(1, 100_000),
    help="Agents of the built-in workload.  [default: 40]",
)
@click.option("--workload", "file", type=FILE, help="Tenants, jobs, service and limits, as TOML or JSON.")
@click.option(
    "--hours", metavar="HOURS", type=click.FloatRange(0, 24 * 366, min_open=True), help="How long.  [default: 24]"
)
@click.option(
    "--machines", metavar="INTEGER", type=click.IntRange(1, 64), help="Programs that share the budget.  [default: 1]"
)
@click.option("--limit", metavar="INTEGER", type=click.IntRange(min=1), help="Queries in a window.  [default: 60]")
@click.option(
    "--window",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    help="How long the window is.  [default: 3600]",
)
@click.option("--concurrency", metavar="INTEGER", type=click.IntRange(min=1), help="Queries at once.  [default: 5]")
@click.option(
    "--reserve",
    metavar="INTEGER",
    type=click.IntRange(min=0),
    help="Queries of a window for interactive calls.  [default: 0]",
)
@click.option("--no-coalescing", is_flag=True, help="Send each call on its own; nothing is kept then.")
@click.option("--no-cache", is_flag=True, help="Keep no answers; equal calls that wait together share one.")
@click.option("--no-shares", is_flag=True, help="One queue for all: no tenants, weights or minimums.")
@click.option("--no-budget", is_flag=True, help="A naive client: sends at once, tries again when refused.")
@click.option("--seed", type=int, default=1, show_default=True, help="Decides who asks what, and when.")
@click.option("--json", "as_json", is_flag=True, help="Write the figures as JSON.")
def simulate(file: str | None, agents: int | None, seed: int, as_json: bool, **options: Any) -> None:
    """Simulate a day of agents that share one budget, in seconds; needs no account and sends nothing.

    The scheduler is the real one, on virtual time: queue, shares, cache, retries, and with --machines the file that
    programs share. Agents and service are simulated. Options go before what the workload file says.

    The built-in workload: agents that ask, wait, and think for 5 minutes; every tenth asks for a person who waits;
    at 2 o'clock a nightly job asks 60 questions of its own.
    """
    if file is not None and agents is not None:
        raise click.UsageError("--agents is for the built-in workload; --workload names its own tenants.")
    workload = choose_workload(file, agents, options)
    from request_scheduler.simulate import Simulation

    simulation = Simulation(workload, seed=seed)
    report = run_and_tell(simulation)
    write_report(report, workload, as_json=as_json)
    if not report.finished:
        raise click.exceptions.Exit(INTERRUPTED)


def choose_workload(file: str | None, agents: int | None, options: Mapping[str, Any]) -> Workload:
    """The file's workload or the built-in one, with what the options say about it."""
    from request_scheduler.simulate import WorkloadError, default_workload, read_workload

    given = {name: value for name, value in options.items() if value is not None and not name.startswith("no_")}
    given |= {name: False for name in SWITCHES if options[f"no_{name}"]}
    try:
        return default_workload(agents or 40, **given) if file is None else read_workload(file, **given)
    except WorkloadError as error:
        raise click.UsageError(f"{error}.") from None


def run_and_tell(simulation: Simulation) -> Report:
    """The simulation's report; the first signal ends it early, and stderr shows how far it is."""
    with showing_progress(simulation), first_signal(simulation.stop):
        return simulation.run()


@contextmanager
def showing_progress(simulation: Simulation) -> Iterator[None]:
    """A bar on a terminal; elsewhere a line now and then, if it takes long."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    whole = simulation.workload.hours
    if console.is_terminal:
        columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("Simulating", total=whole)
            simulation.watch = lambda now: progress.update(
                task, completed=now.hours, description=f"Hour {now.hours:.1f} of {whole:g}"
            )
            yield
        return
    told = time.monotonic()

    def tell(now: Simulation) -> None:
        nonlocal told
        if time.monotonic() - told >= EVERY:
            told = time.monotonic()
            click.echo(f"Hour {now.hours:.1f} of {whole:g}: {len(now.service.counted):,} requests", err=True)

    simulation.watch = tell
    yield


def write_report(report: Report, workload: Workload, *, as_json: bool) -> None:
    """As JSON, as tables on a terminal, or as lines."""
    if as_json:
        write_json(report, sys.stdout)
        return
    from rich.console import Console

    from mixpanel_headless.cli.simulation_report import draw_report, report_lines

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(draw_report(report, workload))
        return
    for line in report_lines(report, workload):
        click.echo(line)
