"""What was changed, when and how: of everything that the sandbox keeps, as it saw the changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.query.fields import read_digits
from mixpanel_headless.sandbox.replies import Rejected
from mixpanel_headless.sandbox.routes import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_headless.sandbox.app import Request
    from mixpanel_headless.sandbox.replies import Json

USER = 1
"""Whoever asks; there is nobody else."""
PAGE = 20
UNTOLD = frozenset({"modified", "lastModified"})
"""Fields that change with every change."""


@attrs.define
class Journal:
    """Every change, the oldest first, by the kind of thing and its id or name."""

    changes: dict[tuple[str, str], list[Json]] = attrs.field(factory=dict)

    def note(
        self, kind: str, key: object, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, now: str
    ) -> None:
        """Write down that a thing was made (nothing before), changed or deleted (nothing after)."""
        action = "create" if before is None else "delete" if after is None else "update"
        old, new = before or {}, after or {}
        names = [name for name in {**old, **new} if old.get(name) != new.get(name) and name not in UNTOLD]
        row = {"timestamp": now, "action": action, "user": {"id": USER}}
        row["diff"] = {name: [old.get(name), new.get(name)] for name in names}
        self.changes.setdefault((kind, str(key)), []).append(row)

    def of(self, kind: str, key: object) -> list[Json]:
        """The changes of one thing."""
        return self.changes.get((kind, str(key)), [])


def changes_of(request: Request, kind: str) -> list[Json]:
    return request.source.saved.journal.of(kind, request.parts["id"])


def report_history(request: Request) -> Json:
    """One page of a saved report's changes."""
    request.source.saved.report(request.parts["id"])
    return page_by_cursor(request, changes_of(request, "bookmarks"), "cursor")


def alert_history(request: Request) -> Json:
    """The times that an alert was looked at: none, as the sandbox looks at none."""
    request.source.saved.entities.thing("alerts/custom", request.parts["id"])
    return page_by_cursor(request, [], "next_cursor")


def flag_history(request: Request) -> Json:
    """One page of a flag's changes, each as a list that begins with its number and its name, and how many there are."""
    request.source.saved.entities.thing("feature-flags", request.parts["id"])
    rows = changes_of(request, "feature-flags")
    events = [[number, f"flag-{row['action']}d", row] for number, row in enumerate(rows, 1)]
    size, start = number_in(request, "page_size", PAGE), number_in(request, "page", 1) - 1
    return {"events": events[max(0, start) * size :][:size], "count": len(events)}


def event_history(request: Request) -> list[Json]:
    """The changes of what is said of an event."""
    return changes_of(request, "event")


def property_history(request: Request) -> list[Json]:
    """The changes of what is said of a property, of events or of users."""
    return changes_of(request, request.arrival.query.get("entity_type", "event").capitalize())


def page_by_cursor(request: Request, rows: list[Json], name: str) -> Json:
    """Some rows, with the cursors of the pages around them."""
    size, start = max(1, number_in(request, "page_size", PAGE)), number_in(request, name, 0)
    if before := request.arrival.query.get("previous_cursor"):
        start = max(0, number_of(before, "previous_cursor") - size)
    after = str(start + size) if start + size < len(rows) else None
    pagination = {"next_cursor": after, "previous_cursor": str(start) if start else None, "page_size": size}
    return {"results": rows[start : start + size], "pagination": pagination}


def number_in(request: Request, name: str, default: int) -> int:
    """A parameter that is a whole number; nothing in it is as good as none."""
    text = request.arrival.query.get(name)
    return number_of(text, name) if text else default


def number_of(text: str, name: str) -> int:
    """The whole number that a parameter says; Rejected for what is none."""
    found = read_digits(text)
    if found is None:
        raise Rejected(400, f"{name} must be a whole number from 0 ({text[:40]!r} was given)")
    return found


ROUTES: tuple[tuple[str, str, Callable[[Request], Any]], ...] = (
    ("GET", rf"{SCOPE}/bookmarks/(?P<id>[^/]+)/history", report_history),
    ("GET", rf"{SCOPE}/alerts/custom/(?P<id>[^/]+)/history", alert_history),
    ("GET", rf"{SCOPE}/feature-flags/(?P<id>[^/]+)/history", flag_history),
    ("GET", rf"{SCOPE}/data-definitions/events/(?P<id>[^/]+)/history", event_history),
    ("GET", rf"{SCOPE}/data-definitions/properties/(?P<id>[^/]+)/history", property_history),
)
