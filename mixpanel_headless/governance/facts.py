"""What an operation is to whoever governs it: its family, its verb, and whether it destroys, is bulk or reaches people.

All of it follows from the operation's name and its family by the tables here; a definition says otherwise where they
would mislead: `@operation(verb="share")`. An operation that neither the tables nor its definition explain has no facts, and
is never sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args

import attrs

from mixpanel_headless.errors import UnexplainedOperation

if TYPE_CHECKING:
    from mixpanel_headless.request import Request

Verb = Literal["read", "create", "update", "delete", "run", "share"]
"""`run` makes the service compute or do something and leaves nothing changed; `share` lets others see what is there."""
VERBS: tuple[Verb, ...] = get_args(Verb)


class Said(TypedDict, total=False):
    """What a definition may say of itself.

    `before` names the operation that reads what this one changes: from the same first arguments, or as a list that holds
    it. "" says that there is none. `named_by` is how many names of its path stand for one thing, as a type and a name
    do; with fewer it is about all things that begin so. `local` says that it is about this machine and asks nobody. `command` names its command of `mp`, where the name that follows from its own would
    mislead; "" says that there is none.
    """

    verb: Verb
    destructive: bool
    bulk: bool
    reaches_people: bool
    before: str
    named_by: int
    local: bool
    command: str


@attrs.frozen
class Facts:
    """What an operation is, whatever its arguments."""

    family: str
    name: str
    verb: Verb
    destructive: bool = False
    """Whether what it does cannot be taken back."""
    bulk: bool = False
    """Whether one call touches many things."""
    reaches_people: bool = False
    """Whether people are told, now or from now on: by alerts, webhooks or digests."""
    before: tuple[str, ...] = ()
    """Operations of which the first that exists reads what this one changes."""
    named_by: int = 1
    """How many names of its path stand for one thing together."""
    local: bool = False
    """Whether it is about this machine, and asks nobody."""

    @property
    def changes(self) -> bool:
        """Whether something is different afterwards, or somebody has been told."""
        return self.verb in CHANGING or self.reaches_people

    def of(self, request: Request[Any]) -> Facts:
        """What one request of it is, which may go further than others."""
        if request.sweeps:
            return attrs.evolve(self, verb="delete", destructive=True)
        return attrs.evolve(self, verb="update") if request.replaces else self

    @property
    def touches(self) -> frozenset[str]:
        """Tags of earlier answers that it makes void: those of its family, of lists, and of questions that name its things."""
        if not self.changes:
            return frozenset()
        asked = QUESTIONS if self.family in ASKED_ABOUT and self.verb != "create" else frozenset()
        return asked | LISTS | {self.family}

    @property
    def full_name(self) -> str:
        """The name that policies and the audit know it by."""
        return f"{self.family}.{self.name}"


CHANGING: frozenset[Verb] = frozenset({"create", "update", "delete", "share"})

WORDS: dict[Verb, str] = {
    "read": "get list iter count me projects workspaces resolve stream download fetch find export",
    "run": "query run test validate preview analyze sign",
    "create": "create duplicate upload init save",
    "update": "update set replace pin unpin favorite unfavorite add remove archive restore launch conclude decide finalize"
    " mark cancel",
    "delete": "delete clear",
    "share": "share",
}
"""First words of names, by the verb that they stand for; `bulk` before one is not counted."""
VERB_OF: dict[str, Verb] = {word: verb for verb, words in WORDS.items() for word in words.split()}
FAMILY_VERBS: dict[str, Verb] = {
    "insights": "run",
    "funnels": "run",
    "retention": "run",
    "flows": "run",
    "users": "run",
    "legacy": "run",
    "activity": "run",
    "discovery": "read",
    "exports": "read",
    "identity": "read",
    "budget": "read",
    "audit_trail": "read",
    "fanin": "read",
    "report_links": "read",
    "mirror": "read",
    "lexicon": "read",
}
"""What the operations of a family do whose names begin with none of those words."""
LISTS = frozenset({"discovery", "lexicon"})
"""Families that keep what there is."""
QUESTIONS = frozenset({"saved", *(family for family, verb in FAMILY_VERBS.items() if verb == "run")})
"""Families that keep answers to questions."""
ASKED_ABOUT = frozenset(
    {"bookmarks", "cohorts", "custom_events", "custom_properties", "lookup_tables", "metrics", "behaviors"}
)
"""Families whose things stand in questions by their ids."""
TELLING = frozenset({"alerts", "webhooks"})
"""Families whose things tell people something."""


def facts_of(family: str, name: str, said: Said) -> Facts:
    """The facts of an operation; raises UnexplainedOperation where neither the tables nor the definition say its verb."""
    words = name.strip("_").split("_")
    bulk = "bulk" in words
    words = [word for word in words if word != "bulk"]
    verb = said.get("verb") or VERB_OF.get(words[0]) or FAMILY_VERBS.get(family)
    if verb is None:
        raise UnexplainedOperation(
            f"Nothing says what {family}.{name} does.",
            hint=f"Say it where it is defined: @operation(verb=...), one of {', '.join(VERBS)}.",
            sent=False,
        )
    noun = "_".join(words[1:])
    bulk = said.get("bulk", bulk or (verb == "delete" and noun.endswith("s")))
    return Facts(
        family=family,
        name=name,
        verb=verb,
        destructive=said.get("destructive", verb == "delete"),
        bulk=bulk,
        reaches_people=said.get("reaches_people", family in TELLING and reaches(verb, words[0])),
        before=readers_of(family, noun, said, bulk=bulk)
        if verb == "delete" or (verb == "update" and ("before" in said or not bulk))
        else (),
        named_by=said.get("named_by", 1),
        local=said.get("local", False),
    )


def readers_of(family: str, noun: str, said: Said, *, bulk: bool) -> tuple[str, ...]:
    """Operations that may read the thing, or list the things, that a noun or a family stands for, the likeliest first."""
    if "before" in said:
        return (said["before"],) if said["before"] else ()
    if bulk:
        return (f"list_{noun}", f"list_{noun}_full", f"list_{noun}_v2")
    return (f"get_{noun}", f"list_{noun}s", f"get_{noun}s", f"get_{family.removesuffix('s')}")


def reaches(verb: Verb, word: str) -> bool:
    """Whether an operation of a family that tells people does so."""
    return verb in {"create", "update"} or word == "test"
