"""The options that all commands share: how the result is written, of which project, how urgent, how old, how sure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, get_args

import click

from mixpanel_headless.cli.output import FORMATS, STREAM_WRITERS
from mixpanel_headless.options import PriorityName, SourceName
from request_scheduler.call import FreshnessMode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mixpanel_headless.governance.facts import Facts

Option = partial[click.Option]
"""An option of which each command gets its own copy."""
FORMAT = Option(
    click.Option,
    ["--format", "format_name"],
    type=click.Choice(FORMATS),
    help="How to write the result; a table on a terminal, JSON elsewhere. Errors are JSON with json and jsonl.",
)
STREAM_FORMAT = Option(
    click.Option,
    ["--format", "format_name"],
    type=click.Choice(tuple(STREAM_WRITERS)),
    help="How to write the rows, which are written as they come; jsonl unless said. Errors are JSON with json and jsonl.",
)
COMMON: tuple[Option, ...] = (
    Option(click.Option, ["--json", "as_json"], is_flag=True, help="Write the result and errors as JSON."),
    Option(
        click.Option,
        ["--jq", "jq_filter"],
        metavar="FILTER",
        help="A jq filter for the JSON, one line for each of its results.",
    ),
    Option(click.Option, ["--project"], type=int, help="The project; MP_PROJECT_ID else."),
    Option(click.Option, ["--workspace"], type=int, help="The data view; MP_WORKSPACE_ID else."),
)
WAITING: tuple[Option, ...] = (
    Option(
        click.Option,
        ["--deadline"],
        type=float,
        metavar="SECONDS",
        help="How long the call may take, waiting for the budget included; no bound otherwise.",
    ),
    Option(
        click.Option, ["--priority"], type=click.Choice(get_args(PriorityName)), help="Who goes first while calls wait."
    ),
    Option(click.Option, ["--tenant"], metavar="NAME", help="Whose share of the budget the call spends."),
)
"""For calls that send something."""
EARLIER: tuple[Option, ...] = (
    Option(click.Option, ["--max-age"], type=float, metavar="SECONDS", help="How old an earlier answer may be."),
    Option(
        click.Option, ["--freshness"], type=click.Choice(get_args(FreshnessMode)), help="Which earlier answers will do."
    ),
)
"""For calls whose answers may be known already."""
SOURCE: tuple[Option, ...] = (
    Option(
        click.Option,
        ["--source"],
        type=click.Choice(get_args(SourceName)),
        help="Who answers: the service, or the copy that mp mirror sync made.",
    ),
)
"""For questions that a mirror may answer."""
MIRRORED = frozenset({"insights", "funnels", "retention", "flows"})
"""Families of such questions; segmentations and links may ask one as well."""
PLANNED: tuple[Option, ...] = (
    Option(click.Option, ["--dry-run"], is_flag=True, help="Write the plan and send nothing that changes something."),
)
"""For what a plan can hold."""
CONFIRMED: tuple[Option, ...] = (
    Option(
        click.Option, ["--yes"], is_flag=True, help="Confirm what cannot be taken back, or what a policy asks about."
    ),
)
ALL: tuple[Option, ...] = (
    Option(
        click.Option, ["--all", "all_of_them"], is_flag=True, help="Delete all that the other options do not narrow."
    ),
)
"""For what deletes more the less it is told of."""


def options_for(facts: Facts, *, may_mean_all: bool, streamed: bool) -> Iterator[Option]:
    """The options that have an effect on a call."""
    yield STREAM_FORMAT if streamed else FORMAT
    yield from COMMON
    if not facts.local:
        yield from WAITING
    if not facts.local and not facts.changes:
        yield from EARLIER
    if facts.family in MIRRORED or facts.name.startswith(("segmentation", "query_report_link")):
        yield from SOURCE
    if facts.changes:
        yield from PLANNED
    if facts.changes or facts.destructive:
        yield from CONFIRMED
    if may_mean_all:
        yield from ALL


def option_names(parameters: Iterable[click.Parameter]) -> set[str]:
    """All ways in which these options are written."""
    return {name for one in parameters if isinstance(one, click.Option) for name in one.opts}
