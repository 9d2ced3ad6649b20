"""A few hundred questions that the events can answer, each in several equal spellings, and some that are wrong."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.cli.demo.conditions import NOWHERE, Condition, conditions_of
from mixpanel_headless.errors import BookmarkValidationError, InvalidArgumentError
from mixpanel_headless.query.groups import GroupBy
from mixpanel_headless.query.metrics import Metric

if TYPE_CHECKING:
    from mixpanel_headless.cli.demo.survey import EventFacts, Facts

CATALOGUE_SIZE = 320
SHARES = {0: 0.15, 1: 0.45, 2: 0.4}
"""How much of the catalogue is plain, has one embellishment, has two."""
UNKNOWN_RANKS = (11, 37)
"""Where the questions about events that do not exist stand in the order of popularity."""

Arguments = Mapping[str, Any]


@attrs.frozen
class Question:
    """One question: what it asks in words, and equal ways to spell it as keywords of `Workspace.query`.

    `refusal` is the error that a wrong one earns before anything is sent. One about something that does not exist is
    `unknown`: the service answers it without series. `picture` says how well its answer can be drawn.
    """

    id: int
    text: str
    spellings: tuple[Arguments, ...]
    refusal: type[InvalidArgumentError] | None = None
    unknown: bool = False
    picture: int = 0


@attrs.frozen
class Catalogue:
    """Questions in the order of their popularity, and wrong ones."""

    questions: tuple[Question, ...]
    wrong: tuple[Question, ...]


@attrs.frozen
class Subject:
    """What is measured: an event's maths, in words and as keywords."""

    text: str
    event: str
    measure: Arguments = attrs.field(factory=dict)

    def metric(self) -> Metric:
        """The same as a value of its own."""
        measure = {("property" if name == "math_property" else name): value for name, value in self.measure.items()}
        return Metric(self.event, **measure)


@attrs.frozen
class Shape:
    """How the answer is laid out over time, in words and as keywords."""

    text: str
    layout: Arguments
    drawable: bool = False


@attrs.frozen
class Period:
    """Days, both included."""

    first: dt.date
    last: dt.date

    def __str__(self) -> str:
        return f"{self.first.day} {self.first:%b}" + (
            "" if self.first == self.last else f" – {self.last.day} {self.last:%b}"
        )


@attrs.frozen
class Draft:
    """A question before it is spelled."""

    subject: Subject
    period: Period
    shape: Shape
    condition: Condition = NOWHERE
    group: str | None = None
    embellishments: int = 0

    @property
    def text(self) -> str:
        """The question in words."""
        by = f" by {self.group}" if self.group else ""
        return f"{self.subject.text}{by}{self.condition.text}, {self.shape.text}, {self.period}"

    def spellings(self) -> tuple[Arguments, ...]:
        """Equal ways to ask it."""
        return (self.terse(), self.explicit(), self.by_values())

    def terse(self) -> Arguments:
        """As short as it can be."""
        spelled = {
            "events": self.subject.event,
            **self.dates(dt.date.isoformat),
            **self.subject.measure,
            **self.shape.layout,
        }
        if self.condition.spellings:
            spelled["where"] = self.condition.spellings[0]
        return {**spelled, "group_by": self.group} if self.group else spelled

    def explicit(self) -> Arguments:
        """With lists, days as dates, and defaults said."""
        spelled: dict[str, Any] = {
            "math": "total",
            "unit": "day",
            "mode": "timeseries",
            "cumulative": False,
            **self.terse(),
        }
        spelled |= {"events": [self.subject.event], **self.dates(lambda day: day)}
        if self.condition.spellings:
            spelled["where"] = self.condition.spellings[-1]
        return {**spelled, "group_by": [self.group] if self.group else []}

    def by_values(self) -> Arguments:
        """With a Metric and a GroupBy instead of names."""
        spelled = {"events": self.subject.metric(), **self.dates(dt.date.isoformat), **self.shape.layout}
        if self.condition.spellings:
            spelled["where"] = self.condition.spellings[len(self.condition.spellings) // 2]
        return {**spelled, "group_by": GroupBy(self.group)} if self.group else spelled

    def dates(self, spell: Callable[[dt.date], object]) -> Arguments:
        """Both ends of the period."""
        return {"from_date": spell(self.period.first), "to_date": spell(self.period.last)}


def make_catalogue(facts: Facts, seed: int) -> Catalogue:
    """The same questions for the same facts and seed, plain ones more popular than embellished ones."""
    chance = random.Random(seed)  # noqa: S311 - a draw that can be repeated, no secret
    drafts = [draft for event in facts.events for draft in drafts_of(event, facts)]
    chosen: list[Draft] = []
    for level, share in SHARES.items():
        candidates = [draft for draft in drafts if draft.embellishments == level]
        chosen += chance.sample(candidates, min(len(candidates), round(CATALOGUE_SIZE * share)))
    questions = [
        Question(number, draft.text, draft.spellings(), picture=picture_of(draft, facts))
        for number, draft in enumerate(chosen)
    ]
    for rank, unknown in zip(UNKNOWN_RANKS, unknown_questions(facts, len(questions)), strict=True):
        questions.insert(rank, unknown)
    return Catalogue(tuple(questions), tuple(wrong_questions(facts)))


def drafts_of(event: EventFacts, facts: Facts) -> Iterator[Draft]:
    """Everything that may be asked about one event with at most two embellishments."""
    whole, *parts = periods_of(facts)
    daily, *others = shapes()
    groups = [None, *(text.name for text in event.texts)]
    for subject, period, shape, condition, group in product(
        subjects_of(event), [whole, *parts], [daily, *others], [NOWHERE, *conditions_of(event)], groups
    ):
        plain = (period == whole, shape == daily, condition == NOWHERE, group is None)
        embellishments = plain.count(False)
        if embellishments <= 2:
            yield Draft(subject, period, shape, condition, group, embellishments)


def subjects_of(event: EventFacts) -> Iterator[Subject]:
    """The maths that fit an event."""
    yield Subject(f"{event.name}: total", event.name)
    yield Subject(f"{event.name}: unique users", event.name, {"math": "unique"})
    yield Subject(f"{event.name}: weekly active users", event.name, {"math": "wau"})
    yield Subject(f"{event.name}: sessions", event.name, {"math": "sessions"})
    for number in event.numbers:
        for math, word in (("average", "average"), ("median", "median"), ("max", "highest"), ("total", "sum of")):
            yield Subject(
                f"{event.name}: {word} {number.name}", event.name, {"math": math, "math_property": number.name}
            )
        each = {"math": "average", "math_property": number.name, "per_user": "total"}
        yield Subject(f"{event.name}: average of the users' sums of {number.name}", event.name, each)


def periods_of(facts: Facts) -> list[Period]:
    """All days, then the last weeks one by one, then the last fortnight."""
    week = dt.timedelta(days=7)
    ends = [facts.last - week * number for number in range(4)]
    weeks = [Period(end - week + dt.timedelta(days=1), end) for end in ends if end - week >= facts.first]
    fortnight = [Period(facts.last - 2 * week + dt.timedelta(days=1), facts.last)] if len(weeks) > 1 else []
    return [Period(facts.first, facts.last), *weeks, *fortnight]


def shapes() -> list[Shape]:
    """Ways to lay an answer out, the usual one first."""
    return [
        Shape("daily", {}, drawable=True),
        Shape("weekly", {"unit": "week"}),
        Shape("in all", {"mode": "total"}),
        Shape("rolling week", {"rolling": 7}, drawable=True),
        Shape("cumulative", {"cumulative": True}),
    ]


def picture_of(draft: Draft, facts: Facts) -> int:
    """How well an answer can be drawn: best are a few curves over all days."""
    whole = (draft.period.first, draft.period.last) == (facts.first, facts.last)
    if not (whole and draft.shape.drawable):
        return 0
    segments = {text.name: len(text.values) for event in facts.events for text in event.texts}
    return 2 if draft.group and segments[draft.group] <= 5 else 1


def unknown_questions(facts: Facts, first_id: int) -> list[Question]:
    """Questions about events that nobody ever sent."""
    days = {"from_date": facts.first.isoformat(), "to_date": facts.last.isoformat()}
    names = [f"{facts.events[0].name} (test)", "Nobody Sent This"]
    return [
        Question(first_id + number, f"{name}: total, daily", ({"events": name, **days},), unknown=True)
        for number, name in enumerate(names)
    ]


def wrong_questions(facts: Facts) -> Sequence[Question]:
    """Questions that must be refused before anything is sent."""
    event = facts.events[0].name
    first, last = facts.first.isoformat(), (facts.last + dt.timedelta(days=1)).isoformat()
    mistakes: list[tuple[str, Arguments]] = [
        ("unknown maths", {"events": event, "math": "totall"}),
        ("reversed days", {"events": event, "from_date": last, "to_date": first}),
        ("no event name", {"events": ""}),
        ("average of nothing", {"events": event, "math": "average"}),
        ("unknown unit", {"events": event, "unit": "fortnight"}),
        ("a day that is none", {"events": event, "from_date": "2013-02-30"}),
        ("the last zero days", {"events": event, "last": 0}),
    ]
    return [
        Question(-1 - number, f"{event}: {text}", (arguments,), refusal=BookmarkValidationError)
        for number, (text, arguments) in enumerate(mistakes)
    ]
