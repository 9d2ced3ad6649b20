"""`mp demo` as a command: its options; `show` does the work, with everything heavy."""

from __future__ import annotations

import math
from typing import Any

import click

FILE = click.Path(exists=True, dir_okay=False, readable=True)


def check_seconds(_: click.Context, __: click.Parameter, seconds: float | None) -> float | None:
    """What `nan` would slip past: it lies outside no range."""
    if seconds is not None and math.isnan(seconds):
        raise click.BadParameter("nan is no number of seconds.")
    return seconds


@click.command()
@click.option(
    "--events", multiple=True, type=FILE, help="Events: export lines (.jsonl, .gz), CSV or Parquet. Repeatable."
)
@click.option(
    "--agents", metavar="INTEGER", type=click.IntRange(1, 1000), default=8, show_default=True, help="Concurrent agents."
)
@click.option(
    "--calls",
    metavar="INTEGER",
    type=click.IntRange(1, 100_000),
    default=400,
    show_default=True,
    help="Calls of all agents.",
)
@click.option(
    "--hour",
    metavar="SECONDS",
    type=click.FloatRange(min=0.5, max=3600),
    callback=check_seconds,
    help="How long an hour lasts; by default about 12.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="Decides which questions are asked.")
@click.option("--user-column", metavar="NAME", help="The column of a CSV or Parquet file that tells the user.")
@click.option("--event-column", metavar="NAME", help="The column that tells the event.")
@click.option("--time-column", metavar="NAME", help="The column that tells the time.")
@click.option("--json", "as_json", is_flag=True, help="Write the figures as JSON and nothing else.")
def demo(**options: Any) -> None:
    """Watch agents share one budget of 60 requests an hour, 5 at once, over a local Mixpanel.

    The agents ask hundreds of questions about real events, many of them equal. Every answer is checked. Without
    --events they ask about a generated shop. Needs the extra "analytics"; sends nothing to the internet.

    The exit code is 1 if any answer is wrong or missing or the service refused anything.
    """
    from rich.console import Console

    from mixpanel_headless.cli.demo.show import show_demo

    raise SystemExit(show_demo(Console(), **options))
