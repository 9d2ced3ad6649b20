"""Custom events: one name for several events, as they are made, spoken of and asked with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.sandbox.replies import Rejected
from mixpanel_headless.sandbox.routes import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.sandbox.app import Request
    from mixpanel_headless.sandbox.replies import Json

FIRST_ID = 801
KEY = "customEventId"


@attrs.define
class CustomEvents:
    """The custom events by id, and what is said of each."""

    events: dict[int, Json] = attrs.field(factory=dict)
    said: dict[int, Json] = attrs.field(factory=dict)
    last_id: int = FIRST_ID

    def new_id(self) -> int:
        """An id that no other one has had."""
        self.last_id += 1
        return self.last_id

    def definition(self, number: int) -> Json:
        """What the Lexicon says of one."""
        return {"id": number, "name": self.events[number]["name"], **self.said.get(number, {}), KEY: number}


def told(request: Request) -> CustomEvents:
    return request.source.saved.custom_events


def create(request: Request) -> Json:
    """A new custom event, which questions may use at once."""
    import msgspec

    fields = request.arrival.parameters
    try:
        rows = msgspec.json.decode(str(fields.get("alternatives", "")), type=list[dict[str, Any]])
    except msgspec.MsgspecError:
        raise Rejected(400, "alternatives must be a JSON list of objects") from None
    if not fields.get("name"):
        raise Rejected(400, "name: required field")
    if not rows or not all(isinstance(row.get("event"), str) and row["event"] for row in rows):
        raise Rejected(400, "alternatives must name at least one event each")
    number = told(request).new_id()
    made = {"id": number, "name": fields["name"], "alternatives": rows}
    told(request).events[number] = made
    request.source.engine.keep_custom_event(number, made)
    request.source.saved.journal.note("custom_events", number, None, made, request.now)
    return {"custom_event": made}


def definitions(request: Request) -> list[Json]:
    """What the Lexicon says of all custom events."""
    return [told(request).definition(number) for number in told(request).events]


def change(request: Request) -> Json:
    """What the Lexicon says of one from now on."""
    number = number_in(request)
    before = told(request).definition(number)
    fields = {name: value for name, value in request.body.items() if name not in {KEY, "name", "id"}}
    told(request).said.setdefault(number, {}).update(fields)
    after = told(request).definition(number)
    request.source.saved.journal.note("custom_events", number, before, after, request.now)
    return after


def delete(request: Request) -> Json:
    """Delete one; questions that use it fail from now on."""
    number = number_in(request)
    request.source.saved.journal.note("custom_events", number, told(request).events.pop(number), None, request.now)
    told(request).said.pop(number, None)
    request.source.engine.keep_custom_event(number, None)
    return {}


def number_in(request: Request) -> int:
    """The id of the custom event that a body names; Rejected says that there is none."""
    number = request.body.get(KEY)
    if not isinstance(number, int) or number not in told(request).events:
        raise Rejected(404, f"Custom event {str(number)[:40]} does not exist")
    return number


ROUTES: tuple[tuple[str, str, Callable[[Request], Any]], ...] = (("POST", rf"{SCOPE}/custom_events", create),)
