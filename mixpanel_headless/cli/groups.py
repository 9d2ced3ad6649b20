"""Command groups that import a command when it is called, and turn errors into messages in one place."""

from __future__ import annotations

import contextlib
import importlib
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mixpanel_headless.cli import INTERRUPTED
from mixpanel_headless.cli.output import PROGRAMS
from mixpanel_headless.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Entry(NamedTuple):
    """Where a command lives, or what makes one of its name, and what the list of commands says about it."""

    module: str
    attribute: str
    help: str
    made: bool = False


class SuggestingGroup(click.Group):
    """A group that answers a command that it does not have with the nearest."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}{did_you_mean(args[0], known) or '.'}")
        return super().resolve_command(ctx, args)


class LazyGroup(SuggestingGroup):
    """A group that lists its commands from a table and imports only the one that is called."""

    def __init__(self, *args: Any, table: Mapping[str, Entry], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the table."""
        return sorted(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now; None when there is none."""
        entry = self.table.get(cmd_name)
        if entry is None:
            return None
        found = getattr(importlib.import_module(entry.module), entry.attribute)
        command: click.Command = found(cmd_name) if entry.made else found
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.table[name].help) for name in self.list_commands(ctx)])


class RootGroup(LazyGroup):
    """The outermost group: an error of this package ends as a message on stderr and an exit code, not as a traceback."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of a run, for which --help and --version are answered already."""
        with interrupted_as_exit():
            return super().make_context(info_name, args, parent, obj=tuple(args), **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was called."""
        try:
            with interrupted_as_exit():
                return super().invoke(ctx)
        except click.UsageError as error:
            if not asks_for_json(ctx):
                raise
            from mixpanel_headless.cli.failures import usage_in_json

            raise usage_in_json(error) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            from mixpanel_headless.cli.failures import (
                failure_of,
            )  # costs attrs, which a command that works may not need

            failure = failure_of(error, ctx)
            if failure is None:
                raise
            raise failure from None


def asks_for_json(ctx: click.Context) -> bool:
    """Whether errors are to be JSON, also those of a command line that cannot be read."""
    words: tuple[str, ...] = ctx.obj
    asking = {("--format", name) for name in PROGRAMS}
    return not {"--json", *map("=".join, asking)}.isdisjoint(words) or not asking.isdisjoint(itertools.pairwise(words))


@contextlib.contextmanager
def interrupted_as_exit() -> Iterator[None]:
    """A Ctrl-C inside the block ends the command with a word and the code that shells know."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
