"""What somebody did in a recording, from its rrweb events. Pure; no event, however damaged, makes it fail."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .dom import Page
from .rrweb import Kind, Press, Source
from .screens import Gestures, is_wireframe
from .values import Json, UserAction, fields, items, moment_of, node_id

if TYPE_CHECKING:
    from collections.abc import Sequence

Capture: TypeAlias = Literal["dom", "screenshot"]
PAUSE = 1000
"""Milliseconds within which the same kind of action counts once."""
INTERACTIONS: dict[int, str] = {
    Press.CLICK: "Clicked",
    Press.RIGHT_CLICK: "Right-clicked",
    Press.DOUBLE_CLICK: "Double-clicked",
    Press.FOCUS: "Focused",
    Press.TOUCH: "Tapped",
}
TICKED = frozenset({"checkbox", "radio"})


def in_order(events: Sequence[Json]) -> list[dict[str, Json]]:
    """The events that are objects, by time; those whose time cannot be told come first."""
    return sorted((event for event in events if isinstance(event, dict)), key=moment_of)


def capture_of(events: Sequence[Json]) -> Capture:
    """How a recording was made: from the page's elements, or from pictures of an app's screens."""
    if any(is_wireframe(event) for event in events):
        return "screenshot"
    metas = [fields(event) for event in events if fields(event).get("type") == Kind.META]
    return "screenshot" if metas and not any(fields(meta.get("data")).get("href") for meta in metas) else "dom"


def analyze(events: Sequence[Json]) -> list[UserAction]:
    """What somebody did, in order."""
    ordered = in_order(events)
    reader = Reader(capture_of(ordered))
    for event in ordered:
        reader.take(event)
    return reader.finish()


class Reader:
    """Goes through the events of one recording."""

    def __init__(self, capture: Capture) -> None:
        self._page = Page()
        self._url: str | None = None
        self._gestures = Gestures() if capture == "screenshot" else None
        self._actions: list[UserAction] = []
        self._scrolled = self._selected = -math.inf
        self._typed: dict[int, int] = {}

    def take(self, event: dict[str, Json]) -> None:
        """Take the next event in."""
        at, kind, data = moment_of(event), event.get("type"), fields(event.get("data"))
        if self._gestures is not None:
            self._add_all(self._gestures.take(at, event))
        if kind == Kind.META:
            self._visit(at, data)
        elif kind == Kind.SNAPSHOT:
            self._page.start_over(data)
        elif kind == Kind.PLUGIN:
            self._hear(at, data)
        elif kind == Kind.INCREMENT:
            self._follow(at, data)

    def finish(self) -> list[UserAction]:
        """All actions by time."""
        if self._gestures is not None:
            self._add_all(self._gestures.finish())
        return sorted(self._actions, key=lambda action: action.timestamp)

    def _follow(self, at: int, data: dict[str, Json]) -> None:
        source = data.get("source")
        if source == Source.MUTATION:
            self._page.change(data)
        elif source == Source.MOUSE and self._gestures is None:
            self._point(at, data)
        elif source == Source.SCROLL:
            self._scroll(at)
        elif source == Source.INPUT:
            self._type(at, data)
        elif source == Source.SELECTION:
            self._select(at, data)

    def _add(self, at: int, action: str, description: str, **more: Any) -> None:
        if at:
            self._actions.append(
                UserAction(timestamp=at, action=action, description=description, url=self._url, **more)
            )

    def _add_all(self, actions: list[UserAction]) -> None:
        for action in actions:
            if action.action == "scroll":
                self._scroll(action.timestamp)
            elif action.timestamp:
                self._actions.append(action)

    def _visit(self, at: int, data: dict[str, Json]) -> None:
        href = data.get("href")
        if isinstance(href, str) and href:
            self._url = href
            told = f"Navigated to {href}"
            self._add(at, "navigate", told, target_desc=told, metadata={"url": href})

    def _point(self, at: int, data: dict[str, Json]) -> None:
        kind, target = data.get("type"), node_id(data.get("id"))
        word = INTERACTIONS.get(kind) if isinstance(kind, int) else None
        if word is None or target is None:
            return
        label = self._page.describe(target)
        metadata = {"interaction": word.lower(), **self._page.data_of(target)}
        action = "touch_start" if kind == Press.TOUCH else "click"
        self._add(at, action, f"{word} {label}", target_node_id=target, target_desc=label, metadata=metadata)

    def _scroll(self, at: int) -> None:
        if at and at - self._scrolled > PAUSE:
            self._add(at, "scroll", "Scrolled", target_desc="(viewport)")
        if at:
            self._scrolled = at

    def _type(self, at: int, data: dict[str, Json]) -> None:
        target, text, ticked = node_id(data.get("id")), data.get("text"), data.get("isChecked")
        if target is None or not at or at - self._typed.get(target, -PAUSE - 1) <= PAUSE:
            return
        self._typed[target] = at
        label, kind = self._page.describe(target), self._page.type_of(target)
        text = text if isinstance(text, str) else ""
        if isinstance(ticked, bool) and (ticked or kind is None or kind in TICKED):
            told = f"Set {label} to {'checked' if ticked else 'unchecked'}"
        else:
            told = f"Entered '{text}' in {label}" if text else f"Modified {label}"
        metadata = {"text_length": len(text), "is_checked": ticked, **self._page.data_of(target)}
        self._add(at, "input", told, target_node_id=target, target_desc=label, metadata=metadata)

    def _select(self, at: int, data: dict[str, Json]) -> None:
        ranges = items(data.get("ranges"))
        if not ranges or not at:
            return
        if at - self._selected > PAUSE:
            parts = [part for part in map(self._text_in, ranges) if part]
            told = f"Selected '{' ... '.join(parts)}'" if parts else "Selected text"
            self._add(at, "select", told, target_desc="(selection)", metadata={"range_count": len(ranges)})
        self._selected = at

    def _text_in(self, part: Json) -> str:
        """What is selected by a range that lies inside one text, "" for any other."""
        ends = fields(part)
        text = self._page.text_of(ends.get("start"))
        first, last = node_id(ends.get("startOffset")), node_id(ends.get("endOffset"))
        if text is None or ends.get("start") != ends.get("end") or first is None or last is None:
            return ""
        return text[max(first, 0) : max(last, 0)]

    def _hear(self, at: int, data: dict[str, Json]) -> None:
        payload, plugin = fields(data.get("payload")), data.get("plugin")
        if not isinstance(plugin, str) or not plugin.startswith("rrweb/console@") or payload.get("level") != "error":
            return
        parts = [part.removeprefix('"').removesuffix('"') for part in map(str, items(payload.get("payload")))]
        message = " ".join(parts)
        self._add(at, "console_error", f"Console error: {message}", target_desc=message, metadata={"message": message})
