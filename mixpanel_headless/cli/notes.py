"""What befalls calls while a command runs, in the words of the command line instead of a program's log."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from mixpanel_headless.logs import REFUSED, WAITING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGERS = ("mixpanel_headless", "request_scheduler")
WORDS = {
    REFUSED: "The service refused a request because of its limits: somebody else spends them too."
    " It is sent again when there is room.",
    WAITING: "",  # whoever typed the command is told of all its waits
}
"""What is said of an event in other words than its own."""


class Notes(logging.Handler):
    """Writes each kind of warning to stderr, once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a record."""
        from mixpanel_headless.results.views import printable

        told = {"event": record.getMessage(), **getattr(record, "told", {})}
        event = str(told.pop("event"))
        facts = ", ".join(f"{name}: {value}" for name, value in told.items())
        if event not in self.said:
            self.said.add(event)
            if said := WORDS.get(event, f"Warning: {event}{f' ({facts})' if facts else ''}."):
                click.echo(printable(said), err=True)


@contextmanager
def notes_on_stderr() -> Iterator[None]:
    """Inside, warnings of the package are lines for whoever typed the command."""
    loggers, notes = [logging.getLogger(name) for name in LOGGERS], Notes()
    for logger in loggers:
        logger.addHandler(notes)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(notes)
