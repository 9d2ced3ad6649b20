"""Commands made from the client's own calls: name, arguments, choices and help are read from the one definition."""

from __future__ import annotations

import inspect
import itertools
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from mixpanel_headless.cli.failures import AS_JSON, SPELLED, exit_codes
from mixpanel_headless.cli.naming import CALL_WISHES, SPELLED_WISHES, commands, option_of
from mixpanel_headless.cli.output import Shape, write_result, write_stream
from mixpanel_headless.cli.parameters import NOT_GIVEN, Slot, is_argument, parameters_of, slots_of, spelled
from mixpanel_headless.cli.patience import explain_waiting
from mixpanel_headless.cli.told import Told, in_words, told_of
from mixpanel_headless.cli.wishes import option_names, options_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mixpanel_headless.cli.output import Format
    from mixpanel_headless.operation import Named


def operation_command(method: Named, name: str) -> click.Command:
    """A command that makes one call of the client and writes its result."""
    define = definition_of(method)
    slots = slots_of(define)
    parameters = [parameter for slot in slots for parameter in slot.parameters]
    taken = option_names(parameters)
    common = options_for(method.facts, may_mean_all=may_mean_all(method), streamed=is_stream(method))
    shared = [option for option in (make() for make in common) if not taken & option_names([option])]

    def run(**arguments: Any) -> None:
        wishes = {option.name: arguments[option.name] for option in shared if option.name}
        shape = shape_of(wishes)
        click.get_current_context().meta.update(
            {AS_JSON: shape.for_programs, SPELLED: spelled_in(slots) | spelled(define)}
        )
        given = read_arguments(slots, arguments)
        if may_mean_all(method):
            check_all(slots, given, sure=bool(wishes["all_of_them"]))
        if "progress" in {slot.name for slot in slots}:
            given.setdefault("progress", sys.stderr.isatty())
        carry_out(method, given, shape, wishes)

    help_page = help_of(define)
    return click.Command(name, callback=run, params=[*parameters, *shared], help=help_page, epilog=epilog_of(slots))


def spelled_in(slots: Sequence[Slot]) -> dict[str, str]:
    """How the fields of entities are called on the command line."""
    options = [one for slot in slots for one in slot.parameters if isinstance(one, click.Option)]
    return {field: one.opts[0] for one in options if (field := str(one.name).partition("__")[2])}


def may_mean_all(method: Named) -> bool:
    """Whether it deletes more the less it is told of."""
    needed = [one for one in parameters_of(definition_of(method)) if one.default is one.empty]
    return method.facts.destructive and method.facts.bulk and not needed


def check_all(slots: Sequence[Slot], given: Mapping[str, Any], *, sure: bool) -> None:
    """A usage error for what would delete all of something without having been told to, or is told both."""
    left_out = [option_of(slot.name) for slot in slots if slot.name not in given]
    if left_out and not sure:
        raise click.UsageError(f"This would delete all that there is. Give {' and '.join(left_out)}, or --all.")
    if sure and not left_out:
        raise click.UsageError("--all does not go with the name of one thing.")


def read_arguments(slots: Sequence[Slot], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the call; those that the caller did not give leave the call's own defaults standing."""
    read = {slot.name: slot.read(arguments) for slot in slots}
    return {name: value for name, value in read.items() if value is not NOT_GIVEN}


def shape_of(wishes: Mapping[str, Any]) -> Shape:
    """How the caller wants to have the result."""
    chosen: Format | None = "json" if wishes.get("as_json") else wishes.get("format_name")
    return Shape.choose(chosen, wishes.get("jq_filter"))


def carry_out(method: Named, given: Mapping[str, Any], shape: Shape, wishes: Mapping[str, Any]) -> None:
    """Make the call with what the caller wishes for it, and write what comes."""
    from mixpanel_headless.cli.changes import call_governed, confirm_local
    from mixpanel_headless.cli.emptiness import words_about
    from mixpanel_headless.cli.notes import notes_on_stderr
    from mixpanel_headless.workspace import Workspace

    with notes_on_stderr(), Workspace(project=wishes.get("project"), workspace=wishes.get("workspace")) as workspace:
        view = workspace.with_options(**{name: wishes.get(name) for name in CALL_WISHES})

        def call() -> Any:
            return getattr(view, method.name)(**given)

        with explain_waiting(workspace) as no_longer:
            if given.get("progress") or method.facts.destructive:  # whoever is asked is not told of waiting
                no_longer()
            quiet = shape.for_programs
            if method.facts.destructive and method.facts.local:
                confirm_local(method, sure=bool(wishes.get("yes")))
            result = call_governed(view, call, method, wishes, quiet=quiet) if method.facts.changes else call()
            if is_stream(method):
                with closing(result) as rows:  # while the workspace is there
                    result = list(itertools.islice(rows, 1))
                    no_longer()
                    write_stream(itertools.chain(result, rows), shape)
        if not is_stream(method):
            write_result(result, shape)
        if (method.facts.verb == "run" or method.facts.family == "exports") and not shape.for_programs:
            for line in words_about(result, given, workspace):
                click.echo(line, err=True)


def definition_of(method: Any) -> Callable[..., Any]:
    """The function that a call is defined by."""
    define: Callable[..., Any] = method.iterate_blocking if is_stream(method) else method.origin
    original: Callable[..., Any] = inspect.unwrap(define)
    return original


def is_stream(method: Named) -> bool:
    return hasattr(method, "iterate_blocking")


def help_of(define: Callable[..., Any]) -> str:
    """The docstring as a help page has it, and what others say of the same arguments."""
    told, names = told_of(define), SPELLED_WISHES | commands() | spelled(define)
    placed = [f"{names[one.name]}: {told.arguments[one.name]}" for one in parameters_of(define) if is_told(one, told)]
    return in_words("\n\n".join([told.text, *placed]), names)


def is_told(parameter: inspect.Parameter, told: Told) -> bool:
    """Whether something is said of what has no option to say it at."""
    return is_argument(parameter) and parameter.name in told.arguments


def epilog_of(slots: Sequence[Slot]) -> str:
    """The classes whose fields stand in JSON, and the exit codes."""
    from mixpanel_headless.cli.describing import describe

    told = describe([kind for slot in slots for kind in slot.kinds])
    lines = [f"{name}: {text}." for name, text in told.items()]
    head = [
        (
            "JSON takes these fields (? may be left out), or one constructor with its arguments;"
            " @FILE reads a file, @- the input, where a plain text cannot stand."
        )
    ]
    return "\n\n".join([*(head if lines else []), *lines, exit_codes()])
