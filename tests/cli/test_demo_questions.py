"""The questions of the demo: what they ask, how they are spelled, how they are drawn."""

from __future__ import annotations

import functools
import operator
from collections import Counter
from typing import TYPE_CHECKING

import attrs
import pytest

from mixpanel_headless.cli.demo.draws import count_distinct, deal, draw_asks
from mixpanel_headless.cli.demo.questions import Period, drafts_of, make_catalogue
from mixpanel_headless.cli.demo.show import choose_hour
from mixpanel_headless.errors import BookmarkValidationError
from mixpanel_headless.query.canonical import canonical_params
from mixpanel_headless.query.insights import build_insights_params

if TYPE_CHECKING:
    from mixpanel_headless.cli.demo.questions import Arguments, Catalogue, Question
    from mixpanel_headless.cli.demo.survey import Facts

SEED = 20130101


def canonical(arguments: Arguments) -> bytes:
    return canonical_params(build_insights_params(**arguments))


def ask_for(catalogue: Catalogue, part: str) -> Question:
    return next(question for question in catalogue.questions if part in question.text)


def test_there_are_a_few_hundred_questions(catalogue: Catalogue) -> None:
    assert 200 <= len(catalogue.questions) <= 400


def test_all_spellings_of_a_question_are_equal(catalogue: Catalogue) -> None:
    assert all(len(set(map(canonical, question.spellings))) == 1 for question in catalogue.questions)


def test_no_two_questions_are_equal(catalogue: Catalogue) -> None:
    forms = [canonical(question.spellings[0]) for question in catalogue.questions]
    assert len(set(forms)) == len(forms)


def test_spellings_differ_in_more_than_their_order(catalogue: Catalogue) -> None:
    first, second, third = ask_for(catalogue, " where ").spellings
    assert first["where"] != second["where"] or first["where"] != third["where"]
    assert isinstance(first["from_date"], str)
    assert not isinstance(second["from_date"], str)
    assert type(first["events"]) is not type(third["events"])


def test_every_wrong_question_is_refused_with_the_error_that_it_names(catalogue: Catalogue) -> None:
    assert len(catalogue.wrong) >= 5
    for question in catalogue.wrong:
        assert question.refusal is not None
        with pytest.raises(question.refusal):
            build_insights_params(**question.spellings[0])


def test_wrong_questions_carry_ids_of_their_own(catalogue: Catalogue) -> None:
    ids = [question.id for question in (*catalogue.questions, *catalogue.wrong)]
    assert len(set(ids)) == len(ids)


def test_two_popular_questions_are_about_events_that_do_not_exist(catalogue: Catalogue, facts: Facts) -> None:
    unknown = [question.spellings[0]["events"] for question in catalogue.questions[:40] if question.unknown]
    assert len(unknown) == 2
    assert not set(unknown) & {event.name for event in facts.events}


@pytest.mark.parametrize(
    "part", ["unique users", "average amount", " by plan", "weekly", "in all", "rolling", " or ", " and "]
)
def test_the_catalogue_asks_for(part: str, catalogue: Catalogue) -> None:
    assert ask_for(catalogue, part)


def test_plain_questions_are_the_most_popular(catalogue: Catalogue) -> None:
    assert not any(" where " in question.text or " by " in question.text for question in catalogue.questions[:5])


def test_the_catalogue_is_a_function_of_facts_and_seed(facts: Facts) -> None:
    assert make_catalogue(facts, SEED) == make_catalogue(facts, SEED)
    assert make_catalogue(facts, SEED) != make_catalogue(facts, SEED + 1)


def test_a_single_day_without_properties_can_be_asked_about(facts: Facts) -> None:
    bare = attrs.evolve(facts, events=(attrs.evolve(facts.events[0], texts=(), numbers=()),), first=facts.last)
    catalogue = make_catalogue(bare, SEED)
    assert {question.text.rpartition(", ")[2] for question in catalogue.questions if not question.unknown} == {"31 Jan"}


def test_no_draft_has_more_than_two_embellishments(facts: Facts) -> None:
    assert {draft.embellishments for draft in drafts_of(facts.events[0], facts)} == {0, 1, 2}


def test_a_period_reads_as_people_write_it(facts: Facts) -> None:
    assert str(Period(facts.first, facts.last)) == "1 Jan – 31 Jan"


def test_a_draw_is_a_function_of_catalogue_number_and_seed(catalogue: Catalogue) -> None:
    assert draw_asks(catalogue, 300, SEED) == draw_asks(catalogue, 300, SEED)
    assert draw_asks(catalogue, 300, SEED) != draw_asks(catalogue, 300, SEED + 1)


def test_a_few_questions_are_asked_very_often(catalogue: Catalogue) -> None:
    often = Counter(ask.question.id for ask in draw_asks(catalogue, 2000, SEED)).most_common(10)
    assert sum(count for _, count in often) > 2000 * 0.3
    assert {number for number, _ in often} & {question.id for question in catalogue.questions[:3]}


def test_a_small_part_of_the_draw_is_wrong(catalogue: Catalogue) -> None:
    wrong = sum(ask.question.refusal is not None for ask in draw_asks(catalogue, 2000, SEED))
    assert 0.02 < wrong / 2000 < 0.07


def test_every_spelling_is_drawn(catalogue: Catalogue) -> None:
    assert {ask.spelling for ask in draw_asks(catalogue, 200, SEED)} == {0, 1, 2}


def test_every_ask_is_dealt_to_one_agent(catalogue: Catalogue) -> None:
    asks = draw_asks(catalogue, 101, SEED)
    shares = deal(asks, 8)
    assert sorted(map(id, functools.reduce(operator.iadd, shares, []))) == sorted(map(id, asks))
    assert {len(share) for share in shares} == {12, 13}


def test_wrong_questions_do_not_count_as_different_ones(catalogue: Catalogue) -> None:
    asks = [ask for ask in draw_asks(catalogue, 500, SEED) if ask.question.refusal is BookmarkValidationError]
    assert count_distinct(asks) == 0


def test_equal_questions_count_once(catalogue: Catalogue) -> None:
    asks = draw_asks(catalogue, 50, SEED)
    assert count_distinct([*asks, *asks]) == count_distinct(asks)


@pytest.mark.parametrize(
    ("distinct", "hour"), [(0, 12), (60, 12), (61, 12), (130, 12), (200, 8), (322, 4.8), (9000, 1)]
)
def test_the_hour_shrinks_until_all_waiting_takes_half_a_minute(distinct: int, hour: float) -> None:
    assert choose_hour(distinct) == hour
