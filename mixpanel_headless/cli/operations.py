"""Commands made from the client's own calls: name, arguments, choices and help are read from the one definition."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click

from mixpanel_headless.cli.failures import AS_JSON
from mixpanel_headless.cli.output import FORMATS, Format, write_result
from mixpanel_headless.cli.patience import explain_waiting

ALIASES = {"Day": str | date}
"""Names whose own definitions are texts that only type checkers can follow."""
SCALARS: dict[Any, click.ParamType[Any]] = {str: click.STRING, int: click.INT, float: click.FLOAT, date: click.STRING}


def operation_group(name: str, text: str, operations: Mapping[str, str]) -> click.Group:
    """A group with one command for each operation; `operations` maps command names to those of the client."""
    commands = {label: operation_command(operation, label) for label, operation in operations.items()}
    return click.Group(name, commands=commands, help=text)


def operation_command(operation: str, name: str) -> click.Command:
    """A command that makes one call of the client and writes its result."""
    from mixpanel_headless.workspace import Workspace

    define = getattr(Workspace, operation).origin
    parameters = list(parameters_of(define))

    def run(format_name: Format | None, json: bool, deadline: float | None, **arguments: Any) -> None:
        wanted: Format | None = "json" if json else format_name
        click.get_current_context().meta[AS_JSON] = wanted in {"json", "jsonl"}
        with Workspace() as workspace, explain_waiting(workspace):
            result = getattr(workspace.with_options(deadline=deadline), operation)(**given(arguments))
        write_result(result, wanted)

    return click.Command(name, callback=run, params=[*parameters, *common_options()], help=help_of(define))


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that the caller gave: None and () leave the call's own defaults standing."""
    return {name: value for name, value in arguments.items() if value is not None and value != ()}


def common_options() -> list[click.Option]:
    """How the result is written and how long the call may wait; the same for all commands."""
    choice = click.Choice(FORMATS)
    text = "How to write the result; a table on a terminal, JSON elsewhere."
    return [
        click.Option(["--format", "format_name"], type=choice, help=text),
        click.Option(["--json"], is_flag=True, help="The same as --format json."),
        click.Option(
            ["--deadline"], type=float, help="Seconds that the call may wait for the budget; the default is no bound."
        ),
    ]


def help_of(define: Callable[..., Any]) -> str:
    """The docstring without the marks for code."""
    return re.sub(r"`+", "", inspect.getdoc(define) or "")


def parameters_of(define: Callable[..., Any]) -> Iterator[click.Parameter]:
    """One argument or option for each parameter of a definition, its `self` left out."""
    for parameter in list(inspect.signature(define).parameters.values())[1:]:
        yield parameter_of(parameter, resolve(parameter.annotation, define))


def resolve(annotation: Any, define: Callable[..., Any]) -> Any:
    """An annotation as a type; it is evaluated alone, because its neighbours may exist for type checkers only."""
    holder = SimpleNamespace(__annotations__={"it": annotation})
    return get_type_hints(holder, define.__globals__, ALIASES)["it"]


def parameter_of(parameter: inspect.Parameter, kind: Any) -> click.Parameter:
    """What one parameter looks like on the command line."""
    value_type, multiple = command_type(kind)
    flag = f"--{parameter.name.replace('_', '-')}"
    required = parameter.default is parameter.empty
    if required and parameter.kind is not parameter.KEYWORD_ONLY:
        return click.Argument([parameter.name], type=value_type, nargs=-1 if multiple else 1)
    if value_type is click.BOOL:
        return click.Option([f"{flag}/--no-{flag[2:]}", parameter.name], default=None)
    return click.Option(
        [flag, parameter.name], type=value_type, multiple=multiple, required=required, help=default_text(parameter)
    )


def default_text(parameter: inspect.Parameter) -> str | None:
    """What the call takes when the option is not given."""
    if parameter.default in (None, parameter.empty, ()):
        return None
    return f"[default: {parameter.default}]"


def command_type(kind: Any) -> tuple[click.ParamType[Any], bool]:
    """The click type for an annotation, and whether the option may be repeated."""
    origin = get_origin(kind)
    if origin is Literal:
        return click.Choice([str(choice) for choice in get_args(kind)]), False
    if origin in (Union, UnionType):
        choices = [choice for choice in get_args(kind) if choice is not NoneType]
        found = [command_type(choice) for choice in choices]
        if len({(type(one), repeated) for one, repeated in found}) == 1:  # `str | date` is text
            return found[0]
        raise TypeError(f"no command-line form for {kind!r}")
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return command_type(get_args(kind)[0])[0], True
    if kind is bool:
        return click.BOOL, False
    if kind in SCALARS:
        return SCALARS[kind], False
    raise TypeError(f"no command-line form for {kind!r}")
