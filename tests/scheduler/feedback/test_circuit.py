"""When a circuit opens, what it tells, and how it closes again: the pure rules."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_scheduler import Breaker
from request_scheduler.circuit import SOUND, Circuit, after_answer, after_failure, after_silence, after_start

BREAKER = Breaker(failures=3, rest=10.0, longest=30.0)


def failed(circuit: Circuit, *moments: float) -> Circuit:
    for moment in moments:
        circuit = after_failure(circuit, BREAKER, sent_at=moment, now=moment)
    return circuit


OPEN = failed(SOUND, 1.0, 2.0, 3.0)


def test_a_circuit_opens_after_failures_in_a_row() -> None:
    assert not failed(SOUND, 1.0, 2.0).is_open
    assert OPEN.state(3.0) == "open"
    assert OPEN.patience(3.0) == 10.0
    assert not OPEN.admits(12.9)


def test_an_answer_between_failures_starts_the_count_anew() -> None:
    circuit = after_answer(failed(SOUND, 1.0, 2.0), sent_at=3.0)
    assert not failed(circuit, 4.0, 5.0).is_open


def test_failures_of_requests_that_ran_together_are_one() -> None:
    circuit = SOUND
    for _ in range(9):
        circuit = after_failure(circuit, BREAKER, sent_at=1.0, now=2.0)
    assert circuit.failures == 1


def test_a_half_open_circuit_lets_one_probe_through() -> None:
    assert OPEN.state(13.0) == "half-open"
    assert OPEN.admits(13.0)
    probing = after_start(OPEN)
    assert not probing.admits(14.0)
    assert probing.patience(14.0) == 10.0


def test_a_probe_that_is_answered_closes_it() -> None:
    assert after_answer(after_start(OPEN), sent_at=13.0) is SOUND


def test_a_probe_that_fails_doubles_the_rest_up_to_the_longest() -> None:
    circuit, rests, now = OPEN, [], 3.0
    for _ in range(4):
        rests.append(circuit.patience(now))
        now = circuit.half_opens
        circuit = failed(after_start(circuit), now)
    assert rests == [10.0, 20.0, 30.0, 30.0]


def test_a_probe_that_ends_without_news_leaves_room_for_the_next() -> None:
    assert after_silence(after_start(OPEN), sent_at=13.0).admits(13.5)


def test_an_answer_to_a_request_from_before_it_opened_is_no_news() -> None:
    assert after_answer(OPEN, sent_at=2.5) is OPEN
    assert after_silence(OPEN, sent_at=2.5) is OPEN


def test_a_sound_circuit_has_nothing_to_start() -> None:
    assert after_start(SOUND) is SOUND


@pytest.mark.parametrize("settings", [{"failures": 0}, {"rest": 0.0}, {"longest": -1.0}])
def test_a_breaker_without_measure_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Breaker(**settings)  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(["fail", "answer", "silence"]), max_size=40))
def test_a_circuit_always_admits_a_request_in_the_end(ends: list[str]) -> None:
    circuit, clock = SOUND, itertools.count(1)
    for end in ends:
        now = max(float(next(clock)), circuit.half_opens)
        assert circuit.admits(now)
        circuit = after_start(circuit)
        match end:
            case "fail":
                circuit = after_failure(circuit, BREAKER, sent_at=now, now=now)
            case "answer":
                circuit = after_answer(circuit, sent_at=now)
            case _:
                circuit = after_silence(circuit, sent_at=now)
        clock = itertools.count(int(now) + 1)
    assert circuit.half_opens < float("inf")
