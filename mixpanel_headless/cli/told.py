"""What docstrings tell a help page: of the call, of each argument, and of what they leave to another docstring.

A docstring tells of arguments in lines of their own, such as ``- `last`: so many days before today, and today``, or says
that they are those of another call. What is for programs only, such as what is raised, is left out.
"""

from __future__ import annotations

import inspect
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ELSEWHERE = re.compile(r"(?:(?:arguments|fields) are those of|here is as in)\s+`(\w+)`")
"""How a docstring says that another one tells of the arguments."""
BUILDER = "build_"
"""How calls are named that make what a question sends: what they tell of the question holds for both."""
LINE = re.compile(r"^- ((?:`\w+`(?:, )?)+): (.+(?:\n  .+)*)\n?", re.MULTILINE)
"""What is said of some arguments."""
MARKED = re.compile(r"`+(\w+(?:\(\))?)(?:=\"?(\w+)\"?)?`+")
"""A name, perhaps with a value, or with the brackets of a call."""
QUOTED = re.compile(r'`"([\w.]+)"`')
"""A value of its own."""
INSIDE = re.compile(r'`(details|meta|extra)\["(\w+)"\]`')
"""What stands inside what a call gives, or its error; JSON has what is in `extra` among the rest."""
RAISING = re.compile(r"\braise(s?) [A-Z]\w+(?:(?:, | or | and )[A-Z]\w+)*")
ERROR = re.compile(r"\b[A-Z][a-z]\w*Error\b")
"""Classes that are for programs only."""
FOR_PROGRAMS = re.compile(r"^Raises |`build_\w+`")
"""What a sentence says that is of no use to whoever types commands."""
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")
SHARED = {
    "from_date": "The first day, such as 2026-01-31.",
    "to_date": "The last day, such as 2026-01-31.",
    "limit": "At most so many.",
    "unit": "The length of time that one number is for.",
    "type": "What is counted: events (general), users (unique), or events a user (average).",
    "on": """A property, or an expression such as 'user["plan"]'.""",
    "where": """Only where this expression holds, such as 'properties["plan"] == "pro"'.""",
    "event": "Of this event alone.",
    "workspace_id": "Of this data view instead of the pinned one.",
    "distinct_id": "Of this user alone.",
    "distinct_ids": "Of these users alone.",
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
    for name in ELSEWHERE.findall(doc):
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
    paragraphs = [" ".join(told_sentences(one)) for one in re.split(r"\n\s*\n", LINE.sub("", doc))]
    return Told("\n\n".join(filter(None, paragraphs)), arguments)


def told_sentences(paragraph: str) -> Iterator[str]:
    """The sentences that are not for programs only."""
    for sentence in SENTENCE.split(" ".join(paragraph.split())):
        if not FOR_PROGRAMS.search(sentence) and not ELSEWHERE.search(sentence):
            yield sentence


def first_sentence(doc: str, names: Mapping[str, str]) -> str:
    """What a call gives, in one sentence; calls and arguments are called as on the command line."""
    return in_words(SENTENCE.split(read_docstring(doc).text)[0], names)


def mentioned_in(doc: str) -> list[str]:
    """The names in the first sentence."""
    return [name for name, _ in MARKED.findall(SENTENCE.split(read_docstring(doc).text)[0])]


def in_words(text: str, names: Mapping[str, str]) -> str:
    """A text without marks; arguments are called as on the command line."""

    def word(found: re.Match[str]) -> str:
        name, value = found.groups()
        return " ".join(filter(None, [names.get(name, name), value]))

    text = INSIDE.sub(lambda found: ".".join(["", *(one for one in found.groups() if one != "extra")]), text)
    text = ERROR.sub("an error", RAISING.sub(r"end\1 in an error", QUOTED.sub(r"\1", text)))
    return re.sub("`+", "", MARKED.sub(word, text))
