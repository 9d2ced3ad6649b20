"""Which questions the agents ask: few very often, many once, some of them wrong."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_headless.cli.demo.questions import Arguments, Catalogue, Question

WRONG_SHARE = 0.04
EXPONENT = 1.0
"""The question of rank r is asked in proportion to 1 / r**EXPONENT, as Zipf found for words."""


@attrs.frozen
class Ask:
    """One call to be made: a question in one of its spellings."""

    question: Question
    spelling: int = 0

    @property
    def arguments(self) -> Arguments:
        """The keywords of the call."""
        return self.question.spellings[self.spelling]


def draw_asks(catalogue: Catalogue, number: int, seed: int) -> list[Ask]:
    """The calls of a whole demo; the same for the same catalogue, number and seed."""
    chance = random.Random(seed)  # noqa: S311 - a draw that can be repeated, no secret
    weights = [1 / rank**EXPONENT for rank in range(1, len(catalogue.questions) + 1)]
    asks = []
    for _ in range(number):
        wrong = chance.random() < WRONG_SHARE
        question = chance.choice(catalogue.wrong) if wrong else chance.choices(catalogue.questions, weights)[0]
        asks.append(Ask(question, chance.randrange(len(question.spellings))))
    return asks


def deal(asks: Sequence[Ask], agents: int) -> list[list[Ask]]:
    """Every agent's share, in the order in which it asks."""
    return [list(asks[number::agents]) for number in range(agents)]


def count_distinct(asks: Sequence[Ask]) -> int:
    """How many different questions there are among those that the service must answer."""
    return len({ask.question.id for ask in asks if ask.question.refusal is None})
