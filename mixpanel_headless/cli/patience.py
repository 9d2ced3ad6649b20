"""A word to whoever waits: why a command says nothing yet, and when it will."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from mixpanel_headless.errors import MixpanelHeadlessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mixpanel_headless import Workspace

T = TypeVar("T")
SILENCE = 2.0
"""Seconds without an answer before a command that waits for the budget explains itself."""
LOOKS = 5
"""How many times as long a request that was sent may take before that is worth a word."""
END = "Ctrl-C ends the wait; --deadline SECONDS bounds it."


@contextmanager
def explain_waiting(workspace: Workspace, silence: float = SILENCE) -> Iterator[Callable[[], None]]:
    """Say once on stderr what the budget has left when the block has waited for it for `silence` seconds, or for the service longer.

    Inside is a function that says that there is nothing to explain any more.
    """
    ended = threading.Event()

    def explain() -> None:
        try:
            for _ in range(LOOKS):
                if ended.wait(silence):
                    return
                budget = workspace.budget()
                if budget.queue:
                    click.echo(f"Waiting: {budget}. {END}", err=True)
                    return
            click.echo(f"Asked, and no answer yet. {END}", err=True)
        except MixpanelHeadlessError:
            return  # the command has ended meanwhile

    threading.Thread(target=explain, name="explain waiting", daemon=True).start()
    try:
        yield ended.set
    finally:
        ended.set()


def tell_first(rows: Iterable[T], tell: Callable[[], None]) -> Iterator[T]:
    """The same rows; `tell` is called when the first arrives."""
    arriving = iter(rows)
    for row in arriving:
        tell()
        yield row
        break
    yield from arriving
