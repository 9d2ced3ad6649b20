"""Groups of commands made from the client's own calls: listed from their source, and made one at a time."""

from __future__ import annotations

import click  # noqa: TC002 - commands are made from it

from mixpanel_headless.cli.failures import exit_codes
from mixpanel_headless.cli.groups import SuggestingGroup
from mixpanel_headless.cli.naming import (
    SPELLED_WISHES,
    aliases_of,
    calls_of,
    derived_groups,
    operations,
    written_commands,
    written_in,
)
from mixpanel_headless.cli.told import first_sentence, in_words, names_in

EXAMPLES = {
    "query": (
        """mp query insights "Sign Up" --where 'plan == "pro" and amount >= 10'""",
        """mp query funnel "Sign Up" Login --where 'defined(plan)' --last 60""",
        """mp query segmentation Login --from-date 2026-01-01 --to-date 2026-01-31 \\""",
        """    --where 'properties["plan"] == "pro"'""",
        """mp query user --where 'properties["plan"] == "pro"'""",
    ),
    "inspect": (
        "mp inspect events",
        """mp inspect property-values plan --event "Sign Up\"""",
    ),
    "export": (
        "mp export events --from-date 2026-01-01 --to-date 2026-01-31 \\",
        """    --where 'properties["plan"] == "pro"'""",
        """mp export profiles --where 'properties["plan"] == "pro"'""",
        "mp export event-files events/ --from-date 2026-01-01 --to-date 2026-01-31",
    ),
}
"""Commands to copy. Reports take conditions by the name of a property; older ones and exports the service's own."""


class OperationGroup(SuggestingGroup):
    """A group whose commands are the calls of its families; only the one that is called is imported and made."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the calls."""
        return sorted(calls_of(self.name or ""))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names, by one of its names."""
        named = aliases_of(self.name or "").get(args[0], args[0]) if args else ""
        return super().resolve_command(ctx, [named, *args[1:]] if args else args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None when there is none."""
        if cmd_name not in calls_of(self.name or ""):
            return None
        from mixpanel_headless.cli.operations import operation_command

        return operation_command(operations()[self.name or ""][cmd_name], cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, each with its first sentence."""
        with formatter.section("Commands"):
            formatter.write_dl(rows_of(self.name or ""))


def rows_of(group: str) -> list[tuple[str, str]]:
    """The commands of a group with their first sentences, in which calls and arguments have the names that are typed."""
    calls = sorted(written_in(group).items())
    said = {name: first_sentence(call.doc) for name, call in calls}
    known = SPELLED_WISHES | written_commands({word for text in said.values() for word in names_in(text)})
    return [(name, in_words(said[name], {**known, **call.spelled})) for name, call in calls]


def group(name: str) -> click.Group:
    """The group of that name."""
    return OperationGroup(name, help=derived_groups()[name].help, epilog=epilog_of_group(name))


def epilog_of_group(name: str) -> str:
    """What holds for all commands of a group."""
    help_of_one = f"mp {name} COMMAND --help shows its options, their allowed values and the fields of what is JSON."
    examples = "\n".join(["\b", *(f"  {line}" for line in EXAMPLES[name])]) if name in EXAMPLES else ""
    return "\n\n".join(filter(None, [help_of_one, examples and f"Examples:\n\n{examples}", exit_codes()]))
