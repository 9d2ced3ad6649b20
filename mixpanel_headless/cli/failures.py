"""Errors as a terminal shows them: what happened, what to do, and an exit code; or as JSON for programs."""

from __future__ import annotations

import json
import re
import traceback
from typing import IO, TYPE_CHECKING, Any

import click

from mixpanel_headless import errors
from mixpanel_headless.cli import INTERRUPTED
from mixpanel_headless.cli.stdout import GONE
from mixpanel_headless.errors import MixpanelHeadlessError

if TYPE_CHECKING:
    from collections.abc import Mapping

SPELLED = "mixpanel_headless.spelled"
"""The key of `Context.meta` by which a command says how the arguments of its call are called on the command line."""
AS_JSON = "mixpanel_headless.errors_as_json"
"""The key of `Context.meta` by which a command says that its caller reads JSON."""

HINTS = {
    "NOT_CACHED": "Ask once without --freshness offline, so that there is an answer to keep.",
    "NOT_MIRRORED": "Export those days with `mp mirror sync`, or ask with --source auto.",
}
"""What to do about errors of these codes, in the words of the command line."""


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
    error.hint = HINTS.get(error.code, error.hint)
    text = (in_json if context.meta.get(AS_JSON) else in_words)(error, context.meta.get(SPELLED) or {})
    return Failure(text, error.exit_code)


def in_words(error: MixpanelHeadlessError, names: Mapping[str, str]) -> str:
    """What happened, and a line of what to do about it; nothing that a server said acts on the terminal."""
    from mixpanel_headless.results.views import printable

    message, hint = told(error, names)
    lines = [f"Error: {message}", f"Hint: {hint}" if hint else ""]
    return "\n".join(printable(line) for text in lines if text for line in text.splitlines())


def told(error: MixpanelHeadlessError, names: Mapping[str, str]) -> tuple[str, str]:
    """What happened, and what to do about it; of wrong arguments by the `names` that they have on the command line."""
    message, hint = error.message, as_typed(error.hint or "", names)
    if isinstance(error, errors.BookmarkValidationError):
        message = "\n".join(as_typed(str(one).removeprefix("[ERROR] "), names) for one in error.errors)
    elif isinstance(error, errors.ParamValidationError) and (fields := error.details.get("fields")):
        message = "\n".join(map(ended, (as_typed(f"{one['path']}: {one['message']}", names) for one in fields)))
    elif isinstance(error, errors.InvalidArgumentError):
        message = as_typed(message, names)
    return message, with_commands(hint)


def typed_names() -> Mapping[str, str]:
    """How the arguments of the call that is under way are called on the command line; none outside of a command."""
    context = click.get_current_context(silent=True)
    names: Mapping[str, str] = {} if context is None else context.meta.get(SPELLED, {})
    return names


def ended(text: str) -> str:
    """A text with a sign at its end."""
    return text if text.endswith(("?", ".")) else f"{text}."


def as_typed(text: str, names: Mapping[str, str]) -> str:
    """A text in which arguments are called as on the command line: the one that it begins with, and all of several words."""

    def first(found: re.Match[str]) -> str:
        name, inside, rest = found.groups()
        return f"{names[name]}{f': {inside}' if inside else ''}{rest}" if name in names else found.group()

    def given(found: re.Match[str]) -> str:
        name, value = found.groups()
        if not names.get(name, "").startswith("--"):
            return found.group()
        return f"--no-{names[name][2:]}" if value == "None" else f"{names[name]} {value}"

    text = re.sub(r"^(\w+)(?:\.([\w.]+))?(:| is |, character )", first, text)
    text = re.sub(r"\b([a-z_]+)=(\w+)", given, text)
    return re.sub(
        r"(?<![\w.'\"-])[a-z]+(?:_[a-z]+)+(?![\w'\"])", lambda found: names.get(found.group(), found.group()), text
    )


def in_json(error: MixpanelHeadlessError, names: Mapping[str, str]) -> str:
    """The error as one line of JSON."""
    message, hint = told(error, names)
    fields = error.to_dict() | {"message": message, "hint": hint}
    if isinstance(error, errors.InvalidArgumentError):
        fields["details"] = detail_as_typed(fields["details"], names)
    return as_line(fields)


def as_line(fields: Mapping[str, Any]) -> str:
    """One line of JSON; bytes of the command line that are no UTF-8 stand in it as they are told in Python."""
    import msgspec

    try:
        return msgspec.json.encode(fields, enc_hook=str).decode()
    except UnicodeEncodeError:
        return json.dumps(fields, default=str)


def detail_as_typed(detail: Any, names: Mapping[str, str]) -> Any:
    """A part of an error's details in which the arguments that paths begin with, and texts tell of, are called as typed."""
    if isinstance(detail, list | tuple):
        return [detail_as_typed(one, names) for one in detail]
    if not isinstance(detail, dict):
        return detail
    renamed = {name: detail_as_typed(one, names) for name, one in detail.items()}
    if isinstance(path := detail.get("path"), str):
        renamed["path"] = re.sub(r"^\w+", lambda found: names.get(found.group(), found.group()), path)
    if isinstance(message := detail.get("message"), str):
        renamed["message"] = as_typed(message, names)
    return renamed


def with_commands(hint: str) -> str:
    """A hint whose calls are named as commands."""
    if "_" not in hint:
        return hint
    from mixpanel_headless.cli.naming import commands

    names = commands()
    return re.sub(r"\b(?:ws\.)?([a-z]+(?:_[a-z0-9]+)+)\b(?:\(\))?", lambda found: names.get(found[1], found[0]), hint)


def usage_in_json(error: click.UsageError) -> Failure:
    """What cannot be read of a command line, as one line of JSON."""
    plain = MixpanelHeadlessError(error.format_message(), code="USAGE_ERROR", sent=False).to_dict()
    context = error.ctx
    plain |= {"error": "UsageError", "hint": "" if context is None else f"See {context.command_path} --help."}
    return Failure(as_line(plain), error.exit_code)


def exit_codes() -> str:
    """What the exit codes of commands mean, read from the classes of errors."""
    found: dict[int, list[type[MixpanelHeadlessError]]] = {}
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, MixpanelHeadlessError) and "exit_code" in vars(kind):
            found.setdefault(kind.exit_code, []).append(kind)
    told = [f"{code} {', or '.join(dict.fromkeys(map(meaning, kinds)))}" for code, kinds in sorted(found.items())]
    return (
        f"Exit codes: 0 done; {'; '.join(told)}; {INTERRUPTED} interrupted; {GONE} the reader of the output has gone."
    )


def meaning(kind: type[MixpanelHeadlessError]) -> str:
    """What a class of errors stands for, in few words."""
    if kind is MixpanelHeadlessError:
        return "any other error"
    said = re.split("[;,.]| when ", kind.__doc__ or "")[0]
    return f"{said[:1].lower()}{said[1:]}"
