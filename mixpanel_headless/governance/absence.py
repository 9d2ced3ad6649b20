"""What to say of things that are not there: which, and the call that lists those that are."""

from __future__ import annotations

from inspect import getattr_static
from typing import TYPE_CHECKING, Any

from mixpanel_headless.errors import QueryError

from .nouns import singular
from .targets import target_of

if TYPE_CHECKING:
    from mixpanel_headless.dispatch import Asked


def absence(asked: Asked[Any]) -> QueryError:
    """The error for a change that is only planned, of a thing that is not there."""
    error = QueryError("It is not there.", status_code=404, sent=False)
    tell_absence(error, asked)
    return error


def tell_absence(error: QueryError, asked: Asked[Any]) -> None:
    """Adds to a 404 of the App API which thing the call was about, and which call lists such things."""
    request, facts = asked.request, asked.operation.facts
    target = target_of(request, facts)
    about = ", ".join(request.ids) if facts.named_by == 1 and request.ids else str(target)
    if error.status_code != 404 or request.base != "app" or "entity" in error.details or not about:
        return
    if facts.verb == "create" and not request.ids:  # its name is nobody's yet
        return
    kind = singular(facts.family).replace("_", " ")
    error.details |= {"entity": kind, "id": about}
    error.message = f"{kind} {about}: {error.message}"
    error.args = (error.message,)
    if not error.hint and (lists := lister(asked)):
        error.hint = f"Look at what {lists} gives."


def lister(asked: Asked[Any]) -> str:
    """The call that lists things of the same family, "" if there is none; that of the same noun first."""
    facts, surface = asked.operation.facts, type(asked.surface)
    names = [name for name in dir(surface) if name.startswith("list_")]
    found = [name for name in names if getattr(getattr_static(surface, name), "family", "") == facts.family]
    noun = singular(facts.name.partition("_")[2])
    return min(found, key=lambda name: (noun not in name, len(name)), default="")
