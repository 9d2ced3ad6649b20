"""The page of a recording: a map of its nodes, kept up to date, which knows what people would call each of them."""

from __future__ import annotations

from urllib.parse import urlsplit

import attrs

from .values import Json, fields, items, node_id

MOST_NODES = 50_000
LEVELS = 3
"""How far above a node something is looked for that describes it."""
KEPT = ("aria-label", "title", "alt", "placeholder", "href", "id", "type")
SPOKEN = frozenset(["button", "a", "input", "textarea", "select", "form", "video", "audio", "svg", "img", "canvas"])
"""Elements whose own text says what they are."""
FIELDS = frozenset(["input", "textarea", "select"])


@attrs.define(eq=False)
class Node:
    """An element, or a text of its parent."""

    tag: str
    parent: int | None
    attributes: dict[str, str] = attrs.field(factory=dict)
    data: dict[str, str] = attrs.field(factory=dict)
    text: str = ""


class Page:
    """The nodes of a page by id."""

    def __init__(self) -> None:
        self._nodes: dict[int, Node] = {}

    def start_over(self, data: Json) -> None:
        """Take a full snapshot; what was known of the page before is not known any more."""
        self._nodes.clear()
        self._add(fields(data).get("node"), None)

    def change(self, data: Json) -> None:
        """Take a mutation: what was added, removed, said otherwise, and called otherwise."""
        changes = fields(data)
        for add in items(changes.get("adds")):
            self._add(fields(add).get("node"), node_id(fields(add).get("parentId")))
        for removal in items(changes.get("removes")):
            self._nodes.pop(node_id(fields(removal).get("id")) or -1, None)
        for change in items(changes.get("texts")):
            self._say(fields(change))
        for change in items(changes.get("attributes")):
            if (node := self._node(fields(change).get("id"))) is not None:
                self._name(node, fields(fields(change).get("attributes")))

    def data_of(self, identity: Json) -> dict[str, str]:
        """The data attributes of a node."""
        node = self._node(identity)
        return {} if node is None else dict(node.data)

    def text_of(self, identity: Json) -> str | None:
        """What a text node says, None for what is none."""
        node = self._node(identity)
        return node.text if node is not None and not node.tag else None

    def type_of(self, identity: Json) -> str | None:
        """The type of a field that is filled in, None for what is none that is known."""
        node = self._node(identity)
        if node is None or node.tag not in FIELDS:
            return None
        return node.attributes.get("type", "text").lower() if node.tag == "input" else node.tag

    def describe(self, identity: Json) -> str:
        """What people would call a node: by itself, by something around it, or an element."""
        node = self._node(identity)
        if node is None or not node.tag:
            return "element"
        if label := label_of(node):
            return f"{node.tag} {label}"
        above = node
        for _ in range(LEVELS):
            parent = self._node(above.parent)
            if parent is None:
                break
            if label := label_of(parent):
                return f"{node.tag} in {parent.tag} {label}"
            above = parent
        return "element"

    def _node(self, identity: Json) -> Node | None:
        number = node_id(identity)
        return None if number is None else self._nodes.get(number)

    def _add(self, tree: Json, parent: int | None) -> None:
        waiting: list[tuple[Json, int | None]] = [(tree, parent)]
        while waiting and len(self._nodes) < MOST_NODES:
            found, above = waiting.pop()
            parts, identity = fields(found), node_id(fields(found).get("id"))
            if identity is not None:
                self._nodes[identity] = self._read(parts, above)
            waiting += [(child, identity) for child in reversed(items(parts.get("childNodes")))]

    def _read(self, parts: dict[str, Json], parent: int | None) -> Node:
        if isinstance(text := parts.get("textContent"), str):
            return Node("", parent, text=text)
        tag = parts.get("tagName")
        node = Node(tag.lower() if isinstance(tag, str) else "", parent)
        self._name(node, fields(parts.get("attributes")))
        if node.tag in SPOKEN:
            said = [fields(child).get("textContent") for child in items(parts.get("childNodes"))]
            node.text = " ".join(text.strip() for text in said if isinstance(text, str) and text.strip())
        return node

    def _name(self, node: Node, attributes: dict[str, Json]) -> None:
        for name, value in attributes.items():
            text = value.strip() if isinstance(value, str) else ""
            if name in KEPT:
                put(node.attributes, name, "" if text.lower() == "none" else text)
            elif name.startswith("data-"):
                put(node.data, name, text)

    def _say(self, change: dict[str, Json]) -> None:
        node, value = self._node(change.get("id")), change.get("value")
        if node is None or node.tag or not isinstance(value, str):
            return
        node.text = value
        parent = self._node(node.parent)
        if parent is not None and parent.tag in SPOKEN:
            parent.text = value.strip()


def put(where: dict[str, str], name: str, text: str) -> None:
    """Keep a text that says something, and forget one that does not."""
    if text:
        where[name] = text
    else:
        where.pop(name, None)


def label_of(node: Node) -> str:
    """What an element says of itself, "" for nothing."""
    named = node.attributes
    parts = []
    for said, form in (
        (named.get("aria-label"), '"{}"'),
        (named.get("title"), '"{}"'),
        (named.get("alt"), 'alt="{}"'),
        (node.text, '"{}"'),
        (named.get("placeholder"), 'placeholder="{}"'),
    ):
        if said:
            parts.append(form.format(said))
            break
    if node.tag == "a" and (path := path_of(named.get("href", ""))):
        parts.append(f"to {path}")
    if not parts and named.get("id"):
        parts.append(f"#{named['id']}")
    if node.tag == "input" and named.get("type"):
        parts.append(f"type={named['type']}")
    return " ".join(parts)


def path_of(href: str) -> str:
    """Where a link leads on its site, "" for its first page and for what is no link."""
    try:
        split = urlsplit(href)
    except ValueError:
        return ""
    return split.path if split.scheme in {"http", "https"} and split.path not in {"", "/"} else ""
