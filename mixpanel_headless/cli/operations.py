"""Commands made from the client's own calls: name, arguments, choices and help are read from the one definition."""

from __future__ import annotations

import inspect
import re
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from mixpanel_headless.cli.failures import AS_JSON, exit_codes
from mixpanel_headless.cli.naming import TOGETHER, derived_groups, operations
from mixpanel_headless.cli.output import Shape, write_result, write_stream
from mixpanel_headless.cli.parameters import NOT_GIVEN, Slot, slots_of
from mixpanel_headless.cli.patience import explain_waiting, tell_first
from mixpanel_headless.cli.wishes import CALL_WISHES, COMMON, FOR_CHANGES, WISHES, option_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mixpanel_headless.cli.output import Format
    from mixpanel_headless.operation import Named


class OperationGroup(click.Group):
    """A group whose commands are the calls of its families; only the one that is called is made."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the calls."""
        return sorted(operations()[self.name or ""])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None when there is none."""
        method = operations()[self.name or ""].get(cmd_name)
        return None if method is None else operation_command(method, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; an unknown one is answered with the nearest."""
        from mixpanel_headless.query.suggestions import nearest

        if args and args[0] not in operations()[self.name or ""] and not args[0].startswith("-"):
            near = nearest(args[0], self.list_commands(ctx))
            meant = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, each with its first sentence."""
        with formatter.section("Commands"):
            rows = sorted(operations()[self.name or ""].items())
            formatter.write_dl([(name, first_line(method)) for name, method in rows])


def group(name: str) -> click.Group:
    """The group of that name."""
    return OperationGroup(name, help=derived_groups()[name].help, epilog=epilog_of_group(name))


def epilog_of_group(name: str) -> str:
    """What holds for all commands of a group."""
    help_of_one = f"mp {name} COMMAND --help shows its options, their allowed values and the fields of what is JSON."
    conditions = """Conditions are expressions such as --where 'country == "DE" and amount >= 10 and defined(plan)'."""
    return "\n\n".join(filter(None, [help_of_one, conditions if name in TOGETHER else "", exit_codes()]))


def operation_command(method: Named, name: str) -> click.Command:
    """A command that makes one call of the client and writes its result."""
    define = definition_of(method)
    slots = slots_of(define)
    parameters = [parameter for slot in slots for parameter in slot.parameters]
    taken = option_names(parameters)
    common = [*COMMON, *WISHES, *(FOR_CHANGES if method.facts.changes else ())]
    shared = [option for option in (make() for make in common) if not taken & option_names([option])]

    def run(**arguments: Any) -> None:
        wishes = {option.name: arguments[option.name] for option in shared if option.name}
        shape = shape_of(wishes, streamed=is_stream(method))
        click.get_current_context().meta[AS_JSON] = shape.for_programs
        given = read_arguments(slots, arguments)
        if "progress" in {slot.name for slot in slots}:
            given.setdefault("progress", sys.stderr.isatty())
        carry_out(method, given, shape, wishes)

    return click.Command(
        name, callback=run, params=[*parameters, *shared], help=help_of(define), epilog=epilog_of(slots), short_help=""
    )


def read_arguments(slots: Sequence[Slot], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the call; those that the caller did not give leave the call's own defaults standing."""
    read = {slot.name: slot.read(arguments) for slot in slots}
    return {name: value for name, value in read.items() if value is not NOT_GIVEN}


def shape_of(wishes: Mapping[str, Any], *, streamed: bool) -> Shape:
    """How the caller wants to have the result."""
    chosen: Format | None = "json" if wishes.get("as_json") else wishes.get("format_name")
    return Shape.choose(chosen, wishes.get("jq_filter"), streamed=streamed)


def carry_out(method: Named, given: Mapping[str, Any], shape: Shape, wishes: Mapping[str, Any]) -> None:
    """Make the call with what the caller wishes for it, and write what comes."""
    from mixpanel_headless.cli.changes import call_governed
    from mixpanel_headless.workspace import Workspace

    with Workspace(project=wishes.get("project"), workspace=wishes.get("workspace")) as workspace:
        view = workspace.with_options(**{name: wishes.get(name) for name in CALL_WISHES})

        def call() -> Any:
            return getattr(view, method.name)(**given)

        with explain_waiting(workspace) as no_longer:
            if given.get("progress") or method.facts.destructive:  # whoever is asked is not told of waiting
                no_longer()
            result = call_governed(view, call, method, wishes) if method.facts.changes else call()
            if is_stream(method):
                with closing(result):  # while the workspace is there
                    write_stream(tell_first(result, no_longer), shape)
                return
        write_result(result, shape)


def definition_of(method: Any) -> Callable[..., Any]:
    """The function that a call is defined by."""
    define: Callable[..., Any] = method.iterate_blocking if is_stream(method) else method.origin
    original: Callable[..., Any] = inspect.unwrap(define)
    return original


def is_stream(method: Named) -> bool:
    return hasattr(method, "iterate_blocking")


def first_line(method: Named) -> str:
    """What a call gives, in one line."""
    return help_of(definition_of(method)).partition("\n")[0]


ELSEWHERE = re.compile(r"(?<!such as )(?:those of|\bas in|; as) `(build_\w+)`")
"""How a docstring says that another one tells of the arguments."""


def help_of(define: Callable[..., Any]) -> str:
    """The docstring without the marks for code, and what others say of the same arguments."""
    from mixpanel_headless.workspace import Workspace

    said = inspect.getdoc(define) or ""
    others = (getattr(Workspace, name, None) for name in ELSEWHERE.findall(said))
    told = [inspect.getdoc(other).partition("\n\n")[2] for other in others if other is not None]  # type: ignore[union-attr] # all have one
    return re.sub(r"`+", "", "\n\n".join(filter(None, [said, *told])))


def epilog_of(slots: Sequence[Slot]) -> str:
    """The classes whose fields stand in JSON, and the exit codes."""
    from mixpanel_headless.cli.values import describe

    told = describe([kind for slot in slots for kind in slot.kinds])
    lines = [f"{name}: {text}." for name, text in told.items()]
    head = [
        (
            "JSON takes these fields (? may be left out), or one constructor with its arguments;"
            " @FILE reads a file, @- the input, where a plain text cannot stand."
        )
    ]
    return "\n\n".join([*(head if lines else []), *lines, exit_codes()])
