"""What a program may do: rules that allow, deny or ask for confirmation, and what they decide of one call.

A rule speaks of a call when everything that it names fits: family, verb, operation, project, workspace, id, name, and
whether the call is destructive, bulk or reaches people. A policy permits a call that none of its `deny` rules and, if it
has `allow` rules, at least one of them speaks of. Several policies must all permit it, so that each can only narrow the others.
Whatever is not known, such as the name of a thing that is deleted by its id, counts against the call; reading a thing by
its id is not a matter of its name.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal
from unicodedata import normalize

import attrs

from .targets import Entity, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .facts import Facts

Effect = Literal["allow", "deny", "confirm"]
FLAGS = ("destructive", "bulk", "reaches_people")


@attrs.frozen
class Act:
    """One call as a policy sees it; `target` is None for several steps as a whole, of which each has its own."""

    facts: Facts
    project: str
    workspace: int | None = None
    target: Target | None = attrs.field(factory=Target)

    @property
    def bulk(self) -> bool:
        """Whether it touches several things, or nobody knows how many."""
        return self.facts.bulk and (self.target is None or self.target.count not in {0, 1})


@attrs.frozen(kw_only=True)
class Rule:
    """Of which calls something is said; what is empty or None fits all. Names and ids are patterns with `*`."""

    effect: Effect
    families: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    workspaces: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    destructive: bool | None = None
    bulk: bool | None = None
    reaches_people: bool | None = None
    reason: str = ""
    origin: str = attrs.field(default="", eq=False)
    """The policy that it stands in, and the line if that is a file."""

    def __str__(self) -> str:
        said = [f"{field}={list(value)}" for field in LISTS if (value := getattr(self, field))]
        said += [f"{flag}={str(value).lower()}" for flag in FLAGS if (value := getattr(self, flag)) is not None]
        return f"{self.effect} {' '.join(said) or 'everything'}"


LISTS = ("families", "verbs", "operations", "projects", "workspaces", "ids", "names")


@attrs.frozen(kw_only=True)
class Policy:
    """Rules and caps under one name: that of a preset or a file."""

    name: str
    rules: tuple[Rule, ...] = ()
    mutations: int | None = None
    """How many changes a task may make; a program outside of tasks is one."""
    entities: int | None = None
    """How many things one bulk call may touch."""
    cap_origin: str = attrs.field(default="", eq=False)

    def having(self, effect: Effect) -> tuple[Rule, ...]:
        """Its rules of one kind."""
        return tuple(rule for rule in self.rules if rule.effect == effect)


@attrs.frozen
class Verdict:
    """What becomes of a call: it may go, may not, or needs a token from a plan; and the rule that says so."""

    effect: Effect
    rule: str = ""
    origin: str = ""
    reason: str = ""


ALLOWED = Verdict("allow")
UNATTENDED = Rule(
    effect="confirm",
    verbs=("delete",),
    bulk=True,
    reason="Nobody watches this program, and it would delete many things for good.",
    origin="the default of programs without a terminal",
)
"""What holds without a policy that allows the call by a rule."""
UNANSWERED = Verdict(
    "confirm", "what cannot be taken back is confirmed first", "the default of commands without a terminal"
)
"""What holds so of the changes that a command makes, if it destroys something and nobody can be asked."""


def decide(
    policies: Sequence[Policy], act: Act, spent: Sequence[int] = (), *, attended: bool = True, careful: bool = False
) -> Verdict:
    """What the policies together say of a call; `spent` is how many changes count for each of them already.

    `careful` lets every change be confirmed that nobody sees and no rule allows, not only the deletion of many things.
    """
    verdicts = [judge(policy, act, count) for policy, count in zip(policies, spent or [0] * len(policies), strict=True)]
    for effect in ("deny", "confirm"):
        found = next((verdict for verdict in verdicts if verdict.effect == effect), None)
        if found is not None:
            return found
    if attended or any(verdict.rule for verdict in verdicts):
        return ALLOWED
    if careful and act.facts.changes:
        return UNANSWERED
    return verdict_of(UNATTENDED) if fits(UNATTENDED, act) else ALLOWED


def judge(policy: Policy, act: Act, spent: int = 0) -> Verdict:
    """What one policy says of a call; an `allow` names the rule only if one speaks of it."""
    for rule in policy.having("deny"):
        if fits(rule, act) is not False:
            return verdict_of(rule)
    allowing = policy.having("allow")
    allowed = next((rule for rule in allowing if fits(rule, act)), None)
    if allowing and allowed is None:
        kinds = " or ".join(dict.fromkeys(verb for rule in allowing for verb in rule.verbs)) or "other calls"
        return Verdict(
            "deny", f"{policy.name} allows {kinds} by its rules, and none of them speaks of this", policy.name
        )
    if (capped := over_cap(policy, act, spent)) is not None:
        return capped
    for rule in policy.having("confirm"):
        if fits(rule, act) is not False:
            return verdict_of(rule)
    return ALLOWED if allowed is None else verdict_of(allowed)


def over_cap(policy: Policy, act: Act, spent: int) -> Verdict | None:
    """The verdict on a call that goes beyond a cap, None for one that does not."""
    if not act.facts.changes:
        return None
    origin = policy.cap_origin or policy.name
    if policy.mutations is not None and spent >= policy.mutations:
        return Verdict("deny", f"at most {policy.mutations} mutations a task", origin)
    if policy.entities is not None and act.bulk and act.target is not None:
        count = act.target.count
        if count is None or count > policy.entities:
            many = "nobody knows how many" if count is None else str(count)
            return Verdict("deny", f"at most {policy.entities} entities a bulk call, and this touches {many}", origin)
    return None


def verdict_of(rule: Rule) -> Verdict:
    return Verdict(rule.effect, str(rule), rule.origin, rule.reason)


def fits(rule: Rule, act: Act) -> bool | None:
    """Whether a rule speaks of a call; None if it depends on what is not known."""
    facts = act.facts
    if rule.families and not among(facts.family, rule.families):
        return False
    if rule.verbs and not among(facts.verb, rule.verbs):
        return False
    if rule.operations and not (among(facts.name, rule.operations) or among(facts.full_name, rule.operations)):
        return False
    if rule.projects and not among(act.project, rule.projects):
        return False
    flags = {"destructive": facts.destructive, "bulk": act.bulk, "reaches_people": facts.reaches_people}
    if any(getattr(rule, flag) not in {None, value} for flag, value in flags.items()):
        return False
    return both(fits_workspace(rule, act), fits_target(rule, act))


def fits_workspace(rule: Rule, act: Act) -> bool | None:
    """A call about the whole project may concern any of its workspaces."""
    if not rule.workspaces:
        return True
    return None if act.workspace is None else among(str(act.workspace), rule.workspaces)


def fits_target(rule: Rule, act: Act) -> bool | None:
    """An `allow` must fit all things of a call, the others one of them; of steps as a whole nothing is said yet."""
    if not rule.ids and not rule.names:
        return True
    if act.target is None:
        return rule.effect == "allow"
    found = [fits_entity(rule, entity) for entity in act.target.entities]
    if act.target.count is None:
        found.append(None)
    if not found:
        return False
    if rule.effect == "allow":
        return None if None in found and False not in found else all(found)
    if True in found:
        return True
    return None if None in found and act.facts.changes else False


def fits_entity(rule: Rule, entity: Entity) -> bool | None:
    """Whether a rule's ids and names are those of one thing."""
    listed: bool | None = True
    if rule.ids:
        ids = [] if entity.id is None else [entity.id]
        if rule.effect != "allow":
            ids = [spelled for one in (*ids, *entity.parts) for spelled in (one, without_zeros(one))]
        listed = any(among(one, rule.ids) for one in ids)
    called: bool | None = True
    if rule.names:
        hits = [among(name, rule.names) for name in entity.names]
        if rule.effect == "allow":
            called = (all(hits) if entity.named else None) if all(hits) and hits else (False if hits else None)
        else:
            called = True if any(hits) else (False if entity.named else None)
    return both(listed, called)


def among(text: str, patterns: Iterable[str]) -> bool:
    """Whether a text is one of those meant, however its letters are composed."""
    composed = normalize("NFC", text)
    return any(fnmatchcase(composed, normalize("NFC", pattern)) for pattern in patterns)


def without_zeros(id_: str) -> str:
    """The number that an id of digits is, as a service may read it."""
    return id_.lstrip("0") or "0" if id_.isascii() and id_.isdigit() else id_


def both(one: bool | None, other: bool | None) -> bool | None:
    """`and` of what may be unknown."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def asks_for_names(policies: Iterable[Policy], act: Act) -> bool:
    """Whether what the policies say of a call hangs on what its things are called, which it does not tell."""
    if act.target is None or all(entity.named for entity in act.target.entities):
        return False
    return any(rule.names and fits(rule, act) is None for policy in policies for rule in policy.rules)
