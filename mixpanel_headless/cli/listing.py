"""Groups of commands made from the client's own calls: listed from their source, and made one at a time."""

from __future__ import annotations

import click

from mixpanel_headless.cli.failures import exit_codes
from mixpanel_headless.cli.naming import TOGETHER, calls_of, derived_groups, operations
from mixpanel_headless.cli.told import first_sentence


class OperationGroup(click.Group):
    """A group whose commands are the calls of its families; only the one that is called is imported and made."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the calls."""
        return sorted(calls_of(self.name or ""))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None when there is none."""
        if cmd_name not in calls_of(self.name or ""):
            return None
        from mixpanel_headless.cli.operations import operation_command

        return operation_command(operations()[self.name or ""][cmd_name], cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; an unknown one is answered with the nearest."""
        from mixpanel_headless.query.suggestions import nearest

        if args and args[0] not in calls_of(self.name or "") and not args[0].startswith("-"):
            near = nearest(args[0], self.list_commands(ctx))
            meant = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, each with its first sentence."""
        with formatter.section("Commands"):
            rows = sorted(calls_of(self.name or "").items())
            formatter.write_dl([(name, first_sentence(doc)) for name, doc in rows])


def group(name: str) -> click.Group:
    """The group of that name."""
    return OperationGroup(name, help=derived_groups()[name].help, epilog=epilog_of_group(name))


def epilog_of_group(name: str) -> str:
    """What holds for all commands of a group."""
    help_of_one = f"mp {name} COMMAND --help shows its options, their allowed values and the fields of what is JSON."
    conditions = """Conditions are expressions such as --where 'country == "DE" and amount >= 10 and defined(plan)'."""
    return "\n\n".join(filter(None, [help_of_one, conditions if name in TOGETHER else "", exit_codes()]))
