"""What befalls calls is logged once, and a call without a story leaves no record."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

import mixpanel_headless as mp
import request_scheduler as rs
from mixpanel_headless.logs import PATIENCE, log_wait
from mixpanel_headless.sandbox.faults import shedding

if TYPE_CHECKING:
    from mixpanel_headless.sandbox import Sandbox

LOGGER = "mixpanel_headless"


@pytest.fixture(autouse=True)
def every_record(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=LOGGER)


def records(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records if record.name == LOGGER]


def test_a_refusal_by_the_service_is_a_warning_that_names_call_and_tenant(
    box: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    box.inject(shedding())
    with box.workspace() as ws:
        ws.with_options(tenant="nightly").query("Purchase", from_date="2026-01-05", to_date="2026-01-07")
    ((level, text),) = records(caplog)
    assert level == "WARNING"
    assert "refused by the service" in text
    assert "call='query'" in text
    assert "tenant='nightly'" in text
    assert box.secret not in text


def test_a_call_that_is_turned_away_is_told_with_the_reason(box: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    with box.workspace() as ws, ws.task("report", max_requests=0), pytest.raises(mp.TaskCeilingReached):
        ws.events()
    ((level, text),) = records(caplog)
    assert level == "INFO"
    assert "not sent" in text
    assert "reason='CeilingReached'" in text
    assert "tenant='report'" in text


def test_an_answer_that_is_not_known_offline_is_no_record(box: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    with box.workspace() as ws, pytest.raises(mp.BudgetExhausted):
        ws.with_options(freshness="offline").events()
    assert records(caplog) == []


def test_a_prompt_answer_is_no_record(box: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    with box.workspace() as ws:
        ws.events()
        ws.events()
    assert records(caplog) == []


def test_a_long_wait_is_told_by_the_call_that_was_sent_and_by_no_other(caplog: pytest.LogCaptureFixture) -> None:
    log_wait("query", "a", rs.Answer([], "network", 0.0, waited=PATIENCE - 0.1))
    log_wait("query", "b", rs.Answer([], "flight", 0.0, waited=PATIENCE))
    log_wait("query", "c", rs.Answer([], "network", 0.0, waited=PATIENCE))
    ((level, text),) = records(caplog)
    assert level == "INFO"
    assert "sent after waiting" in text
    assert "tenant='c'" in text
