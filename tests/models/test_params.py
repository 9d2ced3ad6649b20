"""Fields that callers give: every flaw is told where they are written, and only what was given is sent."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import attrs
import pytest

import mixpanel_headless as mp
from mixpanel_headless.models.params import UNSET, Changes, Maybe, OpenParams, Params, at_most


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


@attrs.frozen(kw_only=True)
class Card(Params):
    kind: Literal["text", "report"] = attrs.field(metadata={"wire": "type"})
    text: Maybe[str] = attrs.field(default=UNSET, metadata=at_most(5))


@attrs.frozen(kw_only=True)
class Board(Params):
    title: str
    cards: Maybe[list[Card]] = UNSET
    owner_id: Maybe[int] = attrs.field(default=UNSET, metadata={"wire": "ownerId"})
    mood: Maybe[Mood] = UNSET
    layout: Maybe[dict[str, Any]] = UNSET
    size: Maybe[list[Any] | dict[str, Any]] = UNSET


@attrs.frozen(kw_only=True)
class BoardChanges(Changes):
    title: Maybe[str] = UNSET
    mood: Maybe[Mood] = UNSET


@attrs.frozen(kw_only=True)
class Open(OpenParams):
    name: str


def flaws_of(make: Any) -> dict[str, str]:
    with pytest.raises(mp.ParamValidationError) as caught:
        make()
    return {flaw["path"]: flaw["message"] for flaw in caught.value.details["fields"]}


def test_only_what_was_given_is_sent_and_under_the_services_names() -> None:
    board = Board(title="T", owner_id=7, mood=Mood.GOOD, cards=[Card(kind="text"), Card(kind="report", text="abc")])
    assert board.to_wire() == {
        "title": "T",
        "ownerId": 7,
        "mood": "good",
        "cards": [{"type": "text"}, {"type": "report", "text": "abc"}],
    }
    assert Board(title="T", layout={"a": None}).to_wire() == {"title": "T", "layout": {"a": None}}


def test_a_field_may_be_given_under_the_services_name_and_an_inner_object_as_a_mapping() -> None:
    given: Any = {"title": "T", "ownerId": 7, "mood": "good", "cards": [{"type": "text"}]}
    assert Board(**given) == Board(title="T", owner_id=7, mood=Mood.GOOD, cards=[Card(kind="text")])


def test_none_leaves_a_field_of_something_new_out_and_clears_one_of_a_change() -> None:
    assert Board(title="T", mood=None).to_wire() == {"title": "T"}
    assert BoardChanges(title=None).to_wire() == {"title": None}
    assert BoardChanges().to_wire() == {}


def test_numbers_and_truths_may_be_text_as_the_service_has_it() -> None:
    assert Board(title="T", owner_id="7").owner_id == 7  # type: ignore[arg-type] # what callers do


def test_tuples_are_lists() -> None:
    assert Board(title="T", cards=({"kind": "text"},)).to_wire()["cards"] == [{"type": "text"}]  # type: ignore[arg-type] # what callers do


def test_every_flaw_is_told_at_once() -> None:
    assert flaws_of(lambda: Board(title=5, cards=[{"kind": "image"}, 3], owner_id="x", zzz=1, mood="godd")) == {  # type: ignore[call-arg,arg-type,list-item] # the flaws
        "title": "expected text, got 5",
        "cards[0]": "Card: kind: 'image' is none of text, report",
        "cards[1]": "expected Card, got 3",
        "owner_id": "expected a whole number, got text",
        "zzz": "no such field; there are title, cards, owner_id, mood, layout, size",
        "mood": "'godd' is none of good, bad; did you mean 'good'?",
    }


def test_an_unknown_field_is_refused_with_the_nearest_name() -> None:
    assert flaws_of(lambda: Board(title="T", card=[])) == {"card": "no such field; did you mean 'cards'?"}  # type: ignore[call-arg] # the flaw


def test_a_field_of_several_kinds_takes_each_of_them_and_no_other() -> None:
    assert Board(title="T", size=[1]).size == [1]
    assert flaws_of(lambda: Board(title="T", size="big")) == {"size": "expected a list or an object, got text"}  # type: ignore[arg-type] # the flaw


def test_a_missing_field_is_named() -> None:
    assert flaws_of(Board) == {"title": "required, and not given"}
    assert flaws_of(lambda: Board(title=None)) == {"title": "required, and null"}  # type: ignore[arg-type] # the flaw


def test_a_text_that_is_too_long_is_refused() -> None:
    assert flaws_of(lambda: Card(kind="text", text="abcdef")) == {"text": "6 long; at most 5 go in"}


def test_fields_are_given_by_name() -> None:
    with pytest.raises(mp.ParamTypeError, match=r"by name: Board\(title=...\)"):
        Board("T")  # type: ignore[call-arg] # the flaw


def test_an_open_class_sends_what_it_does_not_know_as_it_is() -> None:
    assert Open(name="n", other=[1], empty=None).to_wire() == {"name": "n", "other": [1]}  # type: ignore[call-arg] # open
    assert Open(name="n", extra={"a": 1}).to_dict() == {"name": "n", "a": 1}
