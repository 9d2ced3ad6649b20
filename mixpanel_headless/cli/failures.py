"""Errors as a terminal shows them: what happened, what to do, and an exit code; or as JSON for programs."""

from __future__ import annotations

import traceback
from typing import IO, Any

import click

from mixpanel_headless.errors import MixpanelHeadlessError

AS_JSON = "mixpanel_headless.errors_as_json"
"""The key of `Context.meta` by which a command says that its caller reads JSON."""


class Failure(click.ClickException):
    """An end with a message of its own making and an exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message to stderr."""
        click.echo(self.message, file=file, err=file is None)


def failure_of(error: Exception, context: click.Context) -> Failure | None:
    """The error as the caller wants to see it; None when it is not one of this package's."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if not isinstance(error, MixpanelHeadlessError):
        return None
    if context.params.get("verbose"):
        click.echo("".join(traceback.format_exception(error)), err=True)
    text = in_json(error) if context.meta.get(AS_JSON) else in_words(error)
    return Failure(text, error.exit_code)


def in_words(error: MixpanelHeadlessError) -> str:
    """One line for what happened, one for what to do about it."""
    lines = [f"Error: {error.message}"]
    if error.hint:
        lines.append(f"Hint: {error.hint}")
    return "\n".join(lines)


def in_json(error: MixpanelHeadlessError) -> str:
    """The error as one line of JSON."""
    import msgspec

    return msgspec.json.encode(error.to_dict(), enc_hook=str).decode()
