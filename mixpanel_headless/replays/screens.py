"""Recordings of apps: pictures of screens as the elements on them, and what fingers did to those."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import attrs

from .rrweb import Kind, Press, Source
from .values import Json, UserAction, fields, items, node_id, number

MOST_SCREENS = 1000
MOST_TEXT = 50
MOVED = 10.0
"""Pixels from which a touch is a drag."""
SLOP = 8.0
"""Pixels beside an element at which it is still hit."""
SCALES = 0.05
"""How far from 1 a scale must be to be one."""
NEW_AFTER = 2
"""How many new screens after a gesture are shown."""


def is_wireframe(event: Json) -> bool:
    """Whether an event is a picture of a screen."""
    return fields(event).get("type") == Kind.CUSTOM and fields(fields(event).get("data")).get("tag") == "mp_wireframe"


@attrs.frozen
class Element:
    """Something on a screen; `bounds` are left, top, width and height as they were told, None when they were not."""

    role: str
    text: str | None
    bounds: tuple[float, float, float, float] | None
    scaled: list[int] | None
    offscreen: bool
    background: bool

    @property
    def name(self) -> str:
        """What people would call it."""
        if self.role == "text" and self.text:
            return self.text
        return f"{self.role}:{self.text}" if self.text else self.role

    @property
    def drawn(self) -> str:
        """It as a part of a screen's description."""
        text = (self.text or "").replace("|", "/")
        text = text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"
        name = attrs.evolve(self, text=text or None).name
        return name if self.bounds is None else f"{name} [{','.join(map(shown_number, self.bounds))}]"

    def told(self) -> dict[str, Any]:
        """It as metadata of an action."""
        return {
            "role": self.role, "text": self.text, "bounds": self.scaled, "offscreen": self.offscreen,
            "background": self.background,
        }  # fmt: skip


@attrs.frozen
class Screen:
    """A picture of a screen."""

    at: int
    elements: tuple[Element, ...]
    scale: float
    viewport: Json

    @property
    def description(self) -> str:
        """What is on it, in one line."""
        return "Wireframe: " + (" | ".join(element.drawn for element in self.elements) or "(empty screen)")

    @property
    def heading(self) -> str:
        """The text that stands highest on it."""
        texts = [element for element in self.elements if element.role == "text" and element.text]
        placed = [one for one in texts if one.bounds is not None and not one.offscreen and one.bounds[1] >= 0]
        if placed:
            return str(min(placed, key=lambda one: (one.bounds or (0,))[1::-1]).text)
        first = next((one.text for one in texts if one.bounds is None), None)
        return first if first and all(one.bounds is None for one in texts) else "(screen)"

    def action(self) -> UserAction:
        """That it was seen."""
        metadata = {
            "elements": [element.told() for element in self.elements],
            "scale": self.scale,
            "fingerprint": hashlib.sha1(self.description.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[
                :12
            ],
            "element_count": len(self.elements),
            "viewport": self.viewport,
        }
        return UserAction(
            timestamp=self.at, action="screen", target_desc=self.heading, metadata=metadata,
            description=self.description,
        )  # fmt: skip

    def hit(self, x: float, y: float) -> tuple[Element, str] | None:
        """What is at a point, or nearest to it, and how that was told."""
        near: list[tuple[float, bool, float, int, Element]] = []
        for place, element in enumerate(self.elements):
            if element.scaled is None or element.offscreen or element.background:
                continue
            left, top, width, height = element.scaled
            beside = math.hypot(max(left - x, 0, x - left - width), max(top - y, 0, y - top - height))
            if beside <= SLOP:
                near.append((beside, element.role == "text", width * height, place, element))
        if not near:
            return None
        inside = [one for one in near if one[0] == 0]
        best = min(inside, key=lambda one: one[1:4]) if inside else min(near, key=lambda one: one[0])
        return best[4], "bounds" if inside else "bounds_slop"


def shown_number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def read_screen(at: int, payload: Json, width: float | None) -> Screen:
    """A screen from what was recorded of it; `width` is that of the device."""
    parts = fields(payload)
    viewport = parts.get("viewport")
    wide = number(items(viewport)[0]) if items(viewport) else None
    scale = width / wide if width and wide else 1.0
    scale = scale if abs(scale - 1) > SCALES else 1.0
    elements = tuple(
        read_element(fields(one), wide, scale) for one in items(parts.get("elements")) if isinstance(one, dict)
    )
    return Screen(at, elements, scale, viewport)


def read_element(parts: dict[str, Json], wide: float | None, scale: float) -> Element:
    """One element from what was recorded of it."""
    role, text = parts.get("role"), parts.get("text")
    numbers = [number(one) for one in items(parts.get("bounds"))]
    sound = len(numbers) == 4 and all(one is not None for one in numbers) and any(numbers)
    bounds = (numbers[0], numbers[1], numbers[2], numbers[3]) if sound else None
    offscreen = background = False
    if bounds is not None and wide:
        left, right = bounds[0] or 0, (bounds[0] or 0) + (bounds[2] or 0)
        offscreen, background = right <= 0 or left >= wide, left < 0 and right > wide
    return Element(
        role=role.strip() if isinstance(role, str) and role.strip() else "element",
        text=text if isinstance(text, str) and text else None,
        bounds=bounds,  # type: ignore[arg-type] # all four are numbers
        scaled=None if bounds is None else [round((one or 0) * scale) for one in bounds],
        offscreen=offscreen,
        background=background,
    )


@attrs.define
class Touch:
    """A finger that is down."""

    at: int
    target: int | None
    point: tuple[float, float] | None
    screen: Screen | None
    moved: float = 0.0


class Gestures:
    """Follows fingers over screens."""

    def __init__(self) -> None:
        self._width: float | None = None
        self._first: Screen | None = None
        self._screen: Screen | None = None
        self._shown: Screen | None = None
        self._last = ""
        self._count = self._awaited = 0
        self._touch: Touch | None = None

    def take(self, at: int, event: dict[str, Json]) -> list[UserAction]:
        """What the next event shows to have been done or seen."""
        data = fields(event.get("data"))
        if event.get("type") == Kind.META and (width := number(data.get("width"))):
            self._width = width
        if is_wireframe(event):
            return self._see(read_screen(at, data.get("payload"), self._width))
        if event.get("type") != Kind.INCREMENT:
            return []
        if data.get("source") == Source.DRAG:
            return self._drag(at, data)
        if data.get("source") != Source.MOUSE:
            return []
        match data.get("type"):
            case Press.TOUCH:
                return [*self._abandon(), *self._begin(), *self._put_down(at, data)]
            case Press.LIFT:
                return self._lift(at, data)
            case Press.CANCEL:
                self._touch = None
            case Press.CLICK:
                return [*self._begin(), *self._click(at, data)]
        return []

    def finish(self) -> list[UserAction]:
        """What was left open: a finger that was never lifted, and the last screen."""
        actions = self._abandon()
        if self._count == 0 and self._first is not None:
            actions += self._show(self._first)
        if self._screen is not None:
            actions += self._show(self._screen)
        return actions

    def _see(self, screen: Screen) -> list[UserAction]:
        self._first = self._first or screen
        new = self._screen is None or screen.description != self._screen.description
        self._screen = screen
        if self._awaited and new and screen.description != self._last:
            self._awaited -= 1
            return self._show(screen)
        return []

    def _show(self, screen: Screen) -> list[UserAction]:
        if not screen.at or screen.description == self._last or self._count >= MOST_SCREENS:
            return []
        self._last, self._count = screen.description, self._count + 1
        return [screen.action()]

    def _begin(self) -> list[UserAction]:
        self._awaited = 0
        return [] if self._screen is None else self._show(self._screen)

    def _put_down(self, at: int, data: dict[str, Json]) -> list[UserAction]:
        self._touch = Touch(at, node_id(data.get("id")), point_of(data), self._screen)
        return []

    def _drag(self, at: int, data: dict[str, Json]) -> list[UserAction]:
        touch = self._touch
        if touch is None:
            return [UserAction(timestamp=at, action="scroll")]
        for position in items(data.get("positions")):
            point = point_of(fields(position))
            if point is not None and touch.point is not None:
                touch.moved = max(touch.moved, math.dist(touch.point, point))
        return []

    def _lift(self, at: int, data: dict[str, Json]) -> list[UserAction]:
        touch, self._touch = self._touch, None
        if touch is None:
            return []
        self._awaited = NEW_AFTER
        point = point_of(data) or touch.point
        if touch.point is not None and point is not None:
            touch.moved = max(touch.moved, math.dist(touch.point, point))
        return [end_of(touch, at, point)]

    def _abandon(self) -> list[UserAction]:
        touch, self._touch = self._touch, None
        return [] if touch is None else [end_of(touch, touch.at, touch.point)]

    def _click(self, at: int, data: dict[str, Json]) -> list[UserAction]:
        self._awaited = NEW_AFTER
        touch = Touch(at, node_id(data.get("id")), point_of(data), self._screen)
        return [point_at(touch, at, touch.point, "click", "Clicked")]


def point_of(data: dict[str, Json]) -> tuple[float, float] | None:
    """Where something happened, None when that cannot be told."""
    x, y = number(data.get("x")), number(data.get("y"))
    return None if x is None or y is None else (x, y)


def end_of(touch: Touch, at: int, point: tuple[float, float] | None) -> UserAction:
    """What a finger did that was lifted: a drag, or a tap."""
    if touch.moved > MOVED:
        return UserAction(timestamp=at, action="scroll")
    return point_at(touch, at, point, "touch_start", "Tapped")


def point_at(touch: Touch, at: int, point: tuple[float, float] | None, action: str, word: str) -> UserAction:
    """A tap or a click, with what it hit."""
    metadata: dict[str, Any] = {"interaction": word.lower()}
    target, where = f"({'tap' if word == 'Tapped' else 'click'})", word
    if point is not None:
        x, y = point
        where, target = f"{word} at ({shown_number(x)}, {shown_number(y)})", f"({shown_number(x)}, {shown_number(y)})"
        metadata |= {"x": x, "y": y}
        if touch.screen is not None and (found := touch.screen.hit(x, y)):
            element, how = found
            bounds = element.scaled or []
            target = element.name if element.text else f"{element.role} [{','.join(map(str, bounds))}]"
            hit = {"role": element.role, "text": element.text, "bounds": element.scaled}
            metadata |= {"hit": hit, "attribution": how}
    return UserAction(
        timestamp=at, action=action, target_node_id=touch.target, target_desc=target, metadata=metadata,
        description=where,
    )  # fmt: skip
