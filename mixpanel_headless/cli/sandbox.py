"""`mp sandbox`: a local Mixpanel in the terminal, for as long as nobody presses Ctrl-C."""

from __future__ import annotations

import contextlib
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from mixpanel_headless.cli.stdout import silence_stdout
from mixpanel_headless.results.provenance import plural

if TYPE_CHECKING:
    from mixpanel_headless.sandbox import Logged, Sandbox

FILE = click.Path(exists=True, dir_okay=False, readable=True)


def read_moment(context: click.Context, parameter: click.Parameter, text: str | None) -> datetime | None:
    """A moment in ISO form; UTC unless it says otherwise."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no moment; write it like 2013-02-01 or 2013-02-01T12:00:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command()
@click.option(
    "--events", multiple=True, type=FILE, help="Events: export lines (.jsonl, .gz), CSV or Parquet. Repeatable."
)
@click.option("--profiles", multiple=True, type=FILE, help="User profiles as export lines. Repeatable.")
@click.option("--user-column", metavar="NAME", help="The column of a CSV or Parquet file that tells the user.")
@click.option("--event-column", metavar="NAME", help="The column that tells the event.")
@click.option("--time-column", metavar="NAME", help="The column that tells the time.")
@click.option(
    "--project",
    metavar="INTEGER",
    type=click.IntRange(min=1),
    default=12345,
    show_default=True,
    help="The project's id.",
)
@click.option(
    "--port",
    metavar="INTEGER",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="0 takes any that is free.",
)
@click.option(
    "--limit", metavar="INTEGER", type=click.IntRange(min=1), default=60, show_default=True, help="Queries per window."
)
@click.option(
    "--window",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    default=3600.0,
    show_default=True,
    help="How long the window is.",
)
@click.option(
    "--concurrency",
    metavar="INTEGER",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Queries at once.",
)
@click.option(
    "--latency",
    metavar="SECONDS",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Added to each answer.",
)
@click.option("--keep", type=click.Path(dir_okay=False), help="Keep in this file what clients make, and go on with it.")
@click.option(
    "--timezone", metavar="ZONE", default="UTC", show_default=True, help="The project's time zone, as Europe/Oslo."
)
@click.option(
    "--now", metavar="MOMENT", callback=read_moment, help="The project's clock for relative dates, as 2013-02-01."
)
def sandbox(**options: Any) -> None:
    """Start a local Mixpanel: real HTTP, real limits, answers computed from your events.

    Without --events it holds the events of a generated shop. Ctrl-C ends it.
    """
    from mixpanel_headless.cli.interrupts import interruptible
    from mixpanel_headless.sandbox import Sandbox

    columns = {f"{name}_column": options.pop(f"{name}_column") for name in ("user", "event", "time")}
    box = Sandbox(**options, columns=columns, on_request=lambda logged: say_if_possible(request_line(logged, box)))
    with contextlib.closing(box):
        with interruptible():
            box.open()
        with contextlib.suppress(KeyboardInterrupt):
            say(welcome(box))
            box.wait()
    say(farewell(box))


def say(text: str) -> None:
    """Write a line; a reader that has gone away is no reason to stop."""
    try:
        click.echo(text)
    except BrokenPipeError:
        silence_stdout()


def say_if_possible(text: str) -> None:
    """Write a line of the log; when that is not possible any more, say so once and go on without a log."""
    try:
        say(text)
    except OSError as error:
        silence_stdout()
        click.echo(f"The log ends here: {error.strerror}.", err=True)


def welcome(box: Sandbox) -> str:
    """What somebody needs to know to use the box."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in box.environment().items()]
    contents = f"{plural(box.contents.events, 'event')} and {plural(box.contents.profiles, 'profile')}"
    limits = f"{box.limit} queries per {box.window:g} s, {box.concurrency} at once"
    return "\n".join([
        f"Mixpanel sandbox at {box.url}, project {box.project}: {contents}; {limits}.",
        "Paste this into another terminal:",
        "",
        *exports,
        "",
        "Ctrl-C ends it.",
    ])  # fmt: skip


def request_line(logged: Logged, box: Sandbox) -> str:
    """One request as a line of the log."""
    moment = datetime.now(UTC).astimezone().strftime("%H:%M:%S")
    status = "cut" if logged.status is None else str(logged.status)
    account = f"counted, {box.counters().used} of {box.limit} used" if logged.counted else "not counted"
    return f"{moment}  {logged.method:<4} {logged.path}  {status}  {logged.took * 1000:.0f} ms  {account}"


def farewell(box: Sandbox) -> str:
    """The totals."""
    totals = box.counters()
    return f"\nStopped after {plural(totals.arrived, 'request')}: {totals.counted} counted, {totals.refused} refused."
