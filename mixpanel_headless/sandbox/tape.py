"""A session as rrweb records it: pages with their elements, and what somebody does on them, event after event."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixpanel_headless.sandbox.replies import Json

SNAPSHOT, INCREMENT, META, CUSTOM, PLUGIN = 2, 3, 4, 5, 6
MUTATION, MOVE, MOUSE, SCROLL, INPUT = 0, 1, 2, 3, 5
UP, DOWN, CLICK, FOCUS, TOUCH, LIFT = 0, 1, 2, 5, 7, 9
DESKTOP, PHONE = (1280, 800), (390, 844)
MASK = "*"
"""What stands in a recording for every letter that was typed."""


def element(tag: str, *inside: Json | str, **attributes: str) -> Json:
    """An element without its number; a text stands for itself, and `_` in the name of an attribute for `-`."""
    named = {name.strip("_").replace("_", "-"): value for name, value in attributes.items()}
    children = [{"type": 3, "textContent": one} if isinstance(one, str) else one for one in inside]
    return {"type": 2, "tagName": tag, "attributes": named, "childNodes": children}


class Tape:
    """What is recorded from a moment on (milliseconds since 1970); the same for the same seed."""

    def __init__(self, start: int, seed: str) -> None:
        self.events: list[Any] = []
        self.at = start
        self._rng = random.Random(seed)  # noqa: S311 - not a secret
        self._last = 0
        self._named: dict[str, int] = {}
        self._mouse = (640, 400)

    def wait(self, seconds: float) -> None:
        """Let about so much time go by."""
        self.at += int(1000 * seconds * (0.7 + 0.6 * self._rng.random()))

    def wait_until(self, moment: int) -> None:
        """Let the time go by to a moment in milliseconds, unless it is over."""
        self.at = max(self.at, moment)

    def record(self, kind: int, data: Json) -> None:
        """One event."""
        self.events.append({"type": kind, "data": data, "timestamp": self.at})
        self.at += 1

    def visit(self, url: str, *body: Json) -> None:
        """Open a page: what was on the screen before is gone."""
        self._named.clear()
        self.record(META, {"href": url, "width": DESKTOP[0], "height": DESKTOP[1]})
        page = element("html", element("head", element("title", "Shop")), element("body", *body, id="page"))
        document = {"type": 0, "childNodes": [{"type": 1, "name": "html", "publicId": "", "systemId": ""}, page]}
        self.record(SNAPSHOT, {"node": self._numbered(document), "initialOffset": {"left": 0, "top": 0}})

    def show(self, where: str, what: Json) -> None:
        """Add an element to the one with this HTML id."""
        add = {"parentId": self._named[where], "nextId": None, "node": self._numbered(what)}
        self.record(INCREMENT, {"source": MUTATION, "adds": [add], "removes": [], "texts": [], "attributes": []})

    def click(self, name: str) -> None:
        """Move the mouse to an element and press it."""
        self._move(name)
        for kind in (DOWN, UP, CLICK):
            self._touch(name, kind)
            self.wait(0.05)

    def type(self, name: str, letters: int) -> None:
        """Put the focus into a field and fill it; what is typed is masked."""
        self._touch(name, FOCUS)
        for count in range(1, letters + 1):
            self.wait(0.2)
            text = {"text": MASK * count, "isChecked": False}
            self.record(INCREMENT, {"source": INPUT, "id": self._named[name], **text})

    def tick(self, name: str) -> None:
        """Tick a box."""
        self.click(name)
        self.record(INCREMENT, {"source": INPUT, "id": self._named[name], "text": "on", "isChecked": True})

    def select(self, name: str, value: str) -> None:
        """Choose one of several values."""
        self._touch(name, FOCUS)
        self.wait(0.8)
        self.record(INCREMENT, {"source": INPUT, "id": self._named[name], "text": value, "isChecked": False})

    def scroll(self, *tops: int) -> None:
        """Scroll the page to one place after the other."""
        for top in tops:
            self.record(INCREMENT, {"source": SCROLL, "id": 1, "x": 0, "y": top})
            self.wait(0.1)

    def custom(self, tag: str, **payload: Any) -> None:
        """An event of the page's own."""
        self.record(CUSTOM, {"tag": tag, "payload": payload})

    def fail(self, message: str) -> None:
        """An error on the console."""
        told = {"level": "error", "trace": [], "payload": [f'"{message}"']}
        self.record(PLUGIN, {"plugin": "rrweb/console@1", "payload": told})

    def screen(self, *elements: tuple[str, str, list[int]]) -> None:
        """A picture of an app's screen: of each element its role, text and bounds."""
        if not self.events:
            self.record(META, {"width": PHONE[0], "height": PHONE[1]})
        shown = [{"role": role, "text": text, "bounds": bounds} for role, text, bounds in elements]
        self.custom("mp_wireframe", elements=shown, viewport=list(PHONE))

    def tap(self, x: int, y: int) -> None:
        """A finger on the screen of an app."""
        for kind in (TOUCH, LIFT):
            self.record(INCREMENT, {"source": MOUSE, "type": kind, "id": 1, "x": x, "y": y})
            self.wait(0.1)

    def damage(self) -> None:
        """Leave what is left of events that were damaged on their way: nothing in them, no time, no data, half of one."""
        nothing = {"parentId": 1, "nextId": None, "node": {"type": 2, "id": None, "tagName": None, "childNodes": None}}
        self.record(INCREMENT, {"source": MUTATION, "adds": [nothing, None], "removes": None, "texts": [None]})
        self.events.append({"type": INCREMENT, "data": {"source": MOUSE, "type": CLICK}, "timestamp": "soon"})
        self.events.append({"type": INCREMENT, "timestamp": self.at})
        self.events.append('{"type":3,"data":{"sour')

    def _move(self, name: str) -> None:
        x, y = (int(self._rng.random() * size) for size in DESKTOP)
        path = [(self._mouse[0] + (x - self._mouse[0]) * n // 4, self._mouse[1] + (y - self._mouse[1]) * n // 4)
                for n in range(1, 5)]  # fmt: skip
        self.at += 200
        target = self._named[name]
        places = [
            {"x": left, "y": top, "id": target, "timeOffset": 50 * (n - 4)} for n, (left, top) in enumerate(path, 1)
        ]
        self.record(INCREMENT, {"source": MOVE, "positions": places})
        self._mouse = (x, y)

    def _touch(self, name: str, kind: int) -> None:
        x, y = self._mouse
        self.record(INCREMENT, {"source": MOUSE, "type": kind, "id": self._named[name], "x": x, "y": y})

    def _numbered(self, node: Json) -> Json:
        """A tree whose nodes have numbers that no other node of the recording has."""
        self._last += 1
        number = self._last
        if name := node.get("attributes", {}).get("id"):
            self._named[name] = number
        if "childNodes" not in node:
            return {**node, "id": number}
        return {**node, "id": number, "childNodes": [self._numbered(child) for child in node["childNodes"]]}
