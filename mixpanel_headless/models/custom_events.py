"""Custom events that the project keeps: one name for several events."""

import attrs

from .entity import Entity
from .params import Params, at_least

__all__ = ("CreateCustomEventParams", "CustomEvent", "CustomEventAlternative")


@attrs.frozen(kw_only=True)
class CustomEventAlternative(Entity):
    """One of the events that count as the custom event."""

    event: str


@attrs.frozen(kw_only=True)
class CustomEvent(Entity):
    """One name for several events."""

    id: int
    name: str
    alternatives: list[CustomEventAlternative] = attrs.field(factory=list)


def distinct_names(names: list[str]) -> str | None:
    """What is wrong with the events of a custom event."""
    if not names or not all(name.strip() for name in names):
        return "give at least one event, and none that is blank"
    return "an event stands there twice" if len(set(names)) < len(names) else None


@attrs.frozen(kw_only=True)
class CreateCustomEventParams(Params):
    """A new custom event.

    - `alternatives`: the names of its events.
    """

    name: str = attrs.field(metadata=at_least(1))
    alternatives: list[str] = attrs.field(metadata={"rule": distinct_names})
