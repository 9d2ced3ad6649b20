"""Which events a behavior means: by name, any event, or the alternatives of a custom event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import filters, labels
from .errors import BadQuery, Unsupported
from .reading import listing, mapping, text
from .tables import SYSTEM_EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .project import Project
    from .scopes import EventScope, Statement


ANY_EVENT = "$all_events"
CUSTOM = "$custom_event:"
SESSION_EVENTS = ("$session_start", "$session_end")


def event_match(statement: Statement, names: Sequence[str]) -> str:
    """SQL: the event `e` is one of the named, plain events."""
    for name in names:
        if name.startswith(CUSTOM):
            raise Unsupported("a custom event inside a behavior")
        if name in SESSION_EVENTS:
            raise Unsupported(f"the virtual event {name}")
    if ANY_EVENT in names:
        return f"(NOT list_contains({statement.bind(list(SYSTEM_EVENTS))}, e.event))"
    return f"list_contains({statement.bind(list(names))}, e.event)"


def alternatives(behavior: Mapping[str, Any], statement: Statement) -> list[dict[str, Any]]:
    """The behavior as plain events, each with its `name` and its `tests`: (filters, determiner) pairs."""
    behavior = mapping(behavior, "A behavior")
    kind = text(behavior, "type", "event")
    if kind == "simple":
        parts = listing(behavior.get("behaviors"), "behaviors")
        if not parts:
            raise BadQuery("A simple behavior needs behaviors.")
        if any(text(mapping(part, "A behavior"), "type") == "simple" for part in parts):
            raise BadQuery("A simple behavior cannot hold another one.")
        return [found for part in parts for found in alternatives(part, statement)]
    name = behavior.get("name")
    if not isinstance(name, str):
        raise BadQuery("A behavior needs the name of an event.")
    if kind == "custom-event" or name.startswith(CUSTOM):
        return _custom(behavior, statement.project)
    if kind != "event":
        raise Unsupported(f"behavior type {kind!r}")
    if name in SESSION_EVENTS:
        raise Unsupported(f"the virtual event {name}")
    return [{"name": name, "tests": [(behavior.get("filters"), behavior.get("filtersDeterminer"))]}]


def shares_events(behaviors: Sequence[Mapping[str, Any]], statement: Statement) -> bool:
    """Whether one event may be meant by two of the behaviors."""
    seen: set[str] = set()
    for behavior in behaviors:
        names = {part["name"] for part in alternatives(behavior, statement)}
        if ANY_EVENT in names or seen & names:
            return True
        seen |= names
    return False


def display_name(behavior: Mapping[str, Any], project: Project) -> str:
    """What a series of the behavior is called: a custom event by its own name."""
    name = text(behavior, "name")
    if not name.startswith(CUSTOM):
        return name
    return str(_definition(behavior, project).get("name") or name)


def step_label(step: Mapping[str, Any], project: Project) -> str:
    """What a step of a funnel, or a side of a retention, is called."""
    return text(step, "renamed") or labels.STEPS.get(text(step, "name"), display_name(step, project))


def _definition(behavior: Mapping[str, Any], project: Project) -> Mapping[str, Any]:
    number = behavior.get("id") or text(behavior, "name").removeprefix(CUSTOM)
    try:
        return project.custom_events[int(number)]
    except (KeyError, ValueError, TypeError) as problem:
        raise BadQuery(f"Custom event {number} does not exist.") from problem


def _custom(behavior: Mapping[str, Any], project: Project) -> list[dict[str, Any]]:
    own = (behavior.get("filters"), behavior.get("filtersDeterminer"))
    return [
        {"name": str(part["event"]), "tests": [(part.get("filters"), "all"), own]}
        for part in _definition(behavior, project)["alternatives"]
    ]


def behavior_condition(behavior: Mapping[str, Any], scope: EventScope) -> str:
    """SQL: the event `e` is one that the behavior means; an event that fits twice is still one row."""
    choices = []
    for part in alternatives(behavior, scope.statement):
        tests = [event_match(scope.statement, [part["name"]])]
        tests += [filters.all_of(filters.conditions(own, scope), rule) for own, rule in part["tests"]]
        choices.append(filters.all_of(tests))
    return filters.all_of(choices, "any")
