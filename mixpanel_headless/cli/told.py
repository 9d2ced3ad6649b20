"""What docstrings tell a help page: of the call, of each argument, and of what they leave to another docstring.

Beside plain paragraphs there are three forms: ``- `last`: so many days`` tells of an argument; ``- others: those of
`build_params`.`` takes what another call tells of all the rest; a paragraph that begins with "Raises" is for programs, and
no help page has it.
"""

from __future__ import annotations

import inspect
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LINE = re.compile(r"^- ((?:`\w+`(?:, )?)+): (.+(?:\n  .+)*)\n?", re.MULTILINE)
OTHERS = re.compile(r"^- others: those of `(\w+)`\.\n?", re.MULTILINE)
BUILDER = "build_"
"""How calls are named that make what a question sends: what they tell of the question holds for both."""
FOR_PROGRAMS = "Raises "
MARKED = re.compile(r"`+(\w+(?:\(\))?)(?:=\"?(\w+)\"?)?`+")
"""A name, perhaps with a value, or with the brackets of a call."""
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")
SHARED = {
    "from_date": "The first day, such as 2026-01-31.",
    "to_date": "The last day, such as 2026-01-31.",
    "limit": "At most so many.",
    "unit": "The length of time that one number is for.",
    "type": "What is counted: events (general), users (unique), or events a user (average).",
    "on": """A property, or an expression such as 'user["plan"]'.""",
    "where": """Only where this expression holds, such as 'properties["plan"] == "pro"'.""",
    "event": "The event that is asked about.",
    "workspace_id": "Of this data view instead of the pinned one.",
    "distinct_id": "The user who is asked about.",
    "distinct_ids": "The users who are asked about.",
}
"""What arguments mean wherever nothing else is said of them."""
FIELDS = {
    "name": "What it is called.",
    "title": "What it is called.",
    "description": "What is said of it.",
    "tags": "The tags that sort it.",
    "is_visible": "Whether lists show it.",
    "is_locked": "Whether only its maker and administrators may change it.",
    "data_group_id": "The kind of group, by its id, that it is about instead of users.",
}
"""What fields mean wherever nothing else is said of them."""


class Told(NamedTuple):
    """A docstring in parts: what it tells of the call, and of arguments by name; names and code are still marked."""

    text: str
    arguments: Mapping[str, str]


def told_of(define: Callable[..., Any]) -> Told:
    """What the docstring of a call, or of the fields that one takes, tells, and those that it leaves something to.

    The nearest wins.
    """
    doc = inspect.getdoc(define) or ""
    own = read_docstring(doc)
    texts, arguments = [own.text], {**(FIELDS if isinstance(define, type) else SHARED)}
    for name, other in others_of(doc, define):
        told = told_of(other)
        arguments |= told.arguments
        if name.startswith(BUILDER):
            texts.append(read_docstring(inspect.getdoc(other) or "").text.partition("\n\n")[2])
    return Told("\n\n".join(filter(None, texts)), {**arguments, **own.arguments})


def others_of(doc: str, define: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The calls, by name, that a docstring leaves something to; or the classes of the same file, if it is of one."""
    for name in OTHERS.findall(doc):
        if isinstance(define, type):
            yield name, getattr(sys.modules[define.__module__], name)
            continue
        from mixpanel_headless.workspace import Workspace

        yield name, getattr(Workspace, name)


def read_docstring(doc: str) -> Told:
    """A docstring in parts, each paragraph without line breaks."""
    arguments = {
        name: " ".join(text.split()) for names, text in LINE.findall(doc) for name in re.findall(r"\w+", names)
    }
    paragraphs = [" ".join(one.split()) for one in re.split(r"\n\s*\n", OTHERS.sub("", LINE.sub("", doc)))]
    return Told("\n\n".join(one for one in paragraphs if one and not one.startswith(FOR_PROGRAMS)), arguments)


def first_sentence(doc: str) -> str:
    """What a call gives, in one sentence, as it is marked."""
    return SENTENCE.split(read_docstring(doc).text)[0]


def names_in(text: str) -> list[str]:
    """The names that a text marks."""
    return [name for name, _ in MARKED.findall(text)]


def in_words(text: str, names: Mapping[str, str]) -> str:
    """A text without marks; arguments are called as on the command line."""

    def word(found: re.Match[str]) -> str:
        name, value = found.groups()
        return " ".join(filter(None, [names.get(name, name), value]))

    return MARKED.sub(word, text).replace("`", "")
