"""How a result is written, for commands that are no calls of the client."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from mixpanel_headless.cli.failures import AS_JSON
from mixpanel_headless.cli.output import FORMATS, PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable


def format_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that takes `--format`, or `--json` for short, as `format_name`; its errors are JSON where its result is."""

    @click.option("--format", "format_name", type=click.Choice(FORMATS), help="How to write it; a table on a terminal.")
    @click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
    @functools.wraps(command)
    def run(*arguments: Any, format_name: str | None, as_json: bool, **options: Any) -> Any:
        chosen = "json" if as_json else format_name
        click.get_current_context().meta[AS_JSON] = chosen in PROGRAMS
        return command(*arguments, format_name=chosen, **options)

    return run
