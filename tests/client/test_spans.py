"""Calls as OpenTelemetry spans, read back from the SDK's own exporter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypedDict

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import mixpanel_headless as mp
from mixpanel_headless.sandbox.faults import failing, shedding

if TYPE_CHECKING:
    from mixpanel_headless.sandbox import Sandbox


class Days(TypedDict):
    from_date: str
    to_date: str


DAYS: Days = {"from_date": "2026-01-05", "to_date": "2026-01-07"}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def attributes(span: ReadableSpan) -> dict[str, object]:
    return {name.removeprefix("mixpanel."): value for name, value in (span.attributes or {}).items()}


def parent(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def identity(span: ReadableSpan) -> int:
    assert span.context is not None
    own: int = span.context.span_id
    return own


def test_a_call_is_one_span_below_the_callers_own(
    box: Sandbox, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    tracer = provider.get_tracer("the program")
    with box.workspace(telemetry=[mp.trace_calls(provider)]) as ws, tracer.start_as_current_span("report"):
        ws.with_options(tenant="nightly", priority="batch").query("Purchase", **DAYS)
    (report,), (call,) = named(exporter, "report"), named(exporter, "mixpanel query")
    assert parent(call) == identity(report)
    told = attributes(call)
    assert told.pop("waited") is not None
    assert told == {
        "operation": "query", "tenant": "nightly", "priority": "batch",
        "outcome": "answered", "origin": "network", "cost": 1, "attempts": 1,
    }  # fmt: skip
    assert call.status.status_code is StatusCode.UNSET


def test_its_children_are_the_wait_and_the_send_one_after_the_other(
    box: Sandbox, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    with box.workspace(telemetry=[mp.trace_calls(provider)]) as ws:
        ws.query("Purchase", **DAYS)
    (call,), (queue,), (send,) = (named(exporter, name) for name in ("mixpanel query", "queue", "send"))
    assert parent(queue) == parent(send) == identity(call)
    assert send.kind is SpanKind.CLIENT
    assert attributes(send) == {"server.address": box.url.partition("//")[2], "attempt": 1, "outcome": "answered"}
    assert call.start_time == queue.start_time
    assert queue.end_time == send.start_time
    assert send.end_time is not None
    assert call.end_time is not None
    assert send.end_time <= call.end_time


def test_an_answer_from_the_cache_has_no_children(
    box: Sandbox, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    with box.workspace(telemetry=[mp.trace_calls(provider)]) as ws:
        ws.events()
        exporter.clear()
        ws.events()
    (call,) = exporter.get_finished_spans()
    assert (attributes(call)["origin"], attributes(call)["cost"]) == ("cache", 0)


def test_a_refusal_is_a_send_of_its_own_and_the_call_queues_again(
    box: Sandbox, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    box.inject(shedding())
    with box.workspace(telemetry=[mp.trace_calls(provider)]) as ws:
        ws.query("Purchase", **DAYS)
    refused, answered = named(exporter, "send")
    assert [attributes(send)["outcome"] for send in (refused, answered)] == ["refused", "answered"]
    assert attributes(refused)["error.type"] == "RateLimitError"
    assert refused.status.status_code is StatusCode.ERROR
    _, again = named(exporter, "queue")
    assert (again.start_time, again.end_time) == (refused.end_time, answered.start_time)
    (call,) = named(exporter, "mixpanel query")
    assert attributes(call)["attempts"] == 2


@pytest.mark.parametrize(
    ("ceiling", "outcome", "error"), [(None, "failed", "ServerError"), (0, "turned away", "CeilingReached")]
)
def test_a_call_without_an_answer_names_the_class_of_its_error_and_nothing_more(
    box: Sandbox,
    provider: TracerProvider,
    exporter: InMemorySpanExporter,
    ceiling: int | None,
    outcome: str,
    error: str,
) -> None:
    box.inject(failing(500, "Purchase went wrong"))
    with (
        box.workspace(telemetry=[mp.trace_calls(provider)]) as ws,
        ws.task("report", max_requests=ceiling),
        pytest.raises(mp.MixpanelHeadlessError),
    ):
        ws.query("Purchase", **DAYS)
    (call,) = named(exporter, "mixpanel query")
    assert (attributes(call)["outcome"], attributes(call)["error.type"]) == (outcome, error)
    assert (call.status.status_code, call.status.description, call.events) == (StatusCode.ERROR, None, ())


@pytest.mark.parametrize("questions", [False, True])
def test_what_was_asked_is_told_only_when_wanted_and_a_secret_never(
    box: Sandbox, provider: TracerProvider, exporter: InMemorySpanExporter, questions: bool
) -> None:
    with box.workspace(telemetry=[mp.trace_calls(provider, questions=questions)]) as ws:
        ws.query("Purchase", **DAYS)
    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert ("Purchase" in told) == questions
    assert box.secret not in told
    if questions:
        (call,) = named(exporter, "mixpanel query")
        assert json.loads(str(attributes(call)["question"]))["path"] == "/insights"


def test_equal_calls_that_share_a_run_are_spans_of_their_own_with_one_send(
    box: Sandbox, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    with box.workspace(telemetry=[mp.trace_calls(provider)]) as ws:
        ws.gather([mp.later(ws.query, "Purchase", **DAYS)] * 3)
    origins = [attributes(call)["origin"] for call in named(exporter, "mixpanel query")]
    assert sorted(map(str, origins)) == ["flight", "flight", "network"]
    assert len(named(exporter, "send")) == 1


def test_it_is_switched_on_by_name_and_then_uses_the_programs_global_provider(box: Sandbox) -> None:
    with box.workspace(telemetry="otel") as ws:
        assert ws.events()
