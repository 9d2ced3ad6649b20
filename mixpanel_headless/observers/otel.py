"""Spans for OpenTelemetry (extra `otel`): one a call, below the caller's own, with a child for each wait and each send."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from mixpanel_headless.errors import MissingExtraError
from mixpanel_headless.exchange import Exchange
from mixpanel_headless.observers import CallRecord, outcome_of

try:
    from opentelemetry import trace
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode
except ModuleNotFoundError as missing:
    if missing.name is None or missing.name.partition(".")[0] != "opentelemetry":
        raise  # it is there, something that it needs is not
    raise MissingExtraError("Tracing calls", "otel") from missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.trace import Tracer, TracerProvider

    import request_scheduler as rs


class Tracing:
    """Begins a span with every call."""

    def __init__(self, provider: TracerProvider | None, *, questions: bool) -> None:
        self.tracer = trace.get_tracer("mixpanel_headless", tracer_provider=provider)
        self.questions = questions

    def follow(self, call: rs.Call[Any]) -> TracedCall:
        """A span below the one that is active where the call is made."""
        attributes: dict[str, str] = {
            "mixpanel.operation": call.label,
            "mixpanel.tenant": call.tenant,
            "mixpanel.priority": call.priority.name.lower(),
        }
        if self.questions and isinstance(call.run, Exchange):
            attributes["mixpanel.question"] = describe_question(call.run)
        began = time.time_ns()
        span = self.tracer.start_span(f"mixpanel {call.label}", attributes=attributes, start_time=began)
        return TracedCall(self.tracer, span, call.circuit or "", began)

    def hear(self, event: rs.events.Event) -> None:
        """Spans tell of calls, not of events."""

    def attach(self, look: Callable[[], rs.Status | None]) -> Callable[[], None]:
        """Spans tell of calls, not of schedulers."""
        return lambda: None


class TracedCall:
    """The span of one call, and those of its waits and sends."""

    def __init__(self, tracer: Tracer, span: Span, host: str, began: int) -> None:
        self.tracer, self.span, self.host = tracer, span, host
        self.context = trace.set_span_in_context(span)
        self.queued: int | None = began
        self.attempts = 0

    @contextmanager
    def send(self) -> Iterator[None]:
        """A span for the time in the queue that is over now, and one for the attempt, active while it runs."""
        self.attempts += 1
        now = time.time_ns()
        if self.queued is not None:
            self.tracer.start_span("queue", context=self.context, start_time=self.queued).end(now)
        attributes: dict[str, str | int] = {"server.address": self.host, "mixpanel.attempt": self.attempts}
        span = self.tracer.start_span("send", self.context, SpanKind.CLIENT, attributes, start_time=now)
        error: BaseException | None = None
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            span.set_attribute("mixpanel.outcome", outcome_of(error))
            mark(span, None if error is None else type(getattr(error, "error", error)).__name__)
            ended = time.time_ns()
            span.end(ended)
            self.queued = ended if self.span.is_recording() else None

    def end(self, record: CallRecord) -> None:
        """End the call's span with what became of it."""
        self.span.set_attributes(
            {
                "mixpanel.outcome": record.outcome,
                "mixpanel.origin": record.origin,
                "mixpanel.cost": record.cost,
                "mixpanel.waited": record.waited,
                "mixpanel.attempts": record.attempts,
            }
        )
        mark(self.span, record.error)
        self.span.end()
        self.queued = None  # a renewal that comes later was not waited for


def mark(span: Span, error: str | None) -> None:
    """Call a span failed by the class of an error; its text may quote a question."""
    if error is not None:
        span.set_attribute("error.type", error)
        span.set_status(Status(StatusCode.ERROR))


def describe_question(exchange: Exchange) -> str:
    """What a request asks, as JSON; credentials are in headers, which are no part of it."""
    request = exchange.request
    return msgspec.json.encode(
        {"path": request.path, "parameters": {**request.params, **(request.body or {})}}
    ).decode()


def tell_audit(row: Mapping[str, Any]) -> None:
    """A row of the audit log as an event of the span that is active, or of one of its own."""
    told = {f"mixpanel.audit.{name}": value for name, value in row.items() if isinstance(value, (str, int))}
    span = trace.get_current_span()
    if span.is_recording():
        span.add_event("mixpanel audit", told)
        return
    with trace.get_tracer("mixpanel_headless").start_as_current_span("mixpanel audit", attributes=told):
        pass
