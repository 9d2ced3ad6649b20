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
"""Seconds without an answer before a command explains itself."""


@contextmanager
def explain_waiting(workspace: Workspace, silence: float = SILENCE) -> Iterator[Callable[[], None]]:
    """Say once on stderr what the budget has left if the block takes longer than `silence` seconds.

    Inside is a function that says that there is nothing to explain any more.
    """

    def explain() -> None:
        try:
            budget = workspace.budget()
        except MixpanelHeadlessError:
            return  # the command has ended meanwhile
        click.echo(f"Waiting: {budget}. Ctrl-C ends the wait; --deadline SECONDS bounds it.", err=True)

    timer = threading.Timer(silence, explain)
    timer.daemon = True
    timer.start()
    try:
        yield timer.cancel
    finally:
        timer.cancel()


def tell_first(rows: Iterable[T], tell: Callable[[], None]) -> Iterator[T]:
    """The same rows; `tell` is called when the first arrives."""
    arriving = iter(rows)
    for row in arriving:
        tell()
        yield row
        break
    yield from arriving
