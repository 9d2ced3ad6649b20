"""A word about an answer with nothing in it: that it is so, and which names there are none of, if that is known already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless.errors import MixpanelHeadlessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mixpanel_headless import Workspace
    from mixpanel_headless.results.table import Table

EVENTS = ("events", "event", "steps", "born_event", "return_event")
"""The arguments of questions that name events."""
COUNTING = ("bucket", "step")
"""Columns whose numbers say which row it is."""


def words_about(result: Any, given: Mapping[str, Any], workspace: Workspace) -> Iterator[str]:
    """What to say of the answer to a question; nothing of one that holds something. It costs no request."""
    answer = answer_in(result)
    if answer is None or holds_something(answer):
        return
    from mixpanel_headless.suggestions import ask_for, similar_names

    known, asked = known_events(workspace), dict.fromkeys(asked_events(given))
    unknown = [name for name in asked if known and name not in known]
    for name in unknown:
        yield f"There are no events named {name!r}{ask_for(similar_names(name, known)) or '.'}"
    if not unknown and not len(answer):
        yield "The answer is empty" + (
            "." if known or not asked else "; mp inspect events lists the events that there are."
        )
    elif not unknown and "where" in given and has_numbers(answer):
        yield "Every number is 0 where that holds; mp inspect properties EVENT lists the properties that there are."


def answer_in(result: Any) -> Table | None:
    """The table of an answer, one without rows for an export that has none; None where there is nothing to look at."""
    from mixpanel_headless.results.exports import Exported
    from mixpanel_headless.results.table import Table

    if isinstance(result, Exported | list):
        rows = result.rows if isinstance(result, Exported) else len(result)
        return None if rows else Table((), ())
    return getattr(result, "table", None)


def holds_something(table: Table) -> bool:
    """Whether there is a number other than 0, those left out that only say which one."""
    return any(number for number in numbers(table))


def has_numbers(table: Table) -> bool:
    """Whether there is a number at all."""
    return any(True for _ in numbers(table))


def numbers(table: Table) -> Iterator[float]:
    """The numbers of an answer, those left out that only say which one."""
    places = [place for place, name in enumerate(table.columns) if name not in COUNTING]
    return (row[place] for row in table for place in places if isinstance(row[place], int | float))


def asked_events(given: Mapping[str, Any]) -> Iterator[str]:
    """The names of events among the arguments of a question."""
    for value in (given[name] for name in EVENTS if name in given):
        for one in value if isinstance(value, list | tuple) else (value,):
            name = getattr(one, "event", one)
            if isinstance(name, str) and not name.startswith("$"):  # the service's own are in no list of names
                yield name


def known_events(workspace: Workspace) -> list[str]:
    """The project's events as some earlier call has learned them; none if nobody has asked."""
    try:
        return list(workspace.with_options(freshness="offline").events())
    except MixpanelHeadlessError:
        return []
