"""What the scheduler refuses, as one of this package's errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import request_scheduler as rs

from . import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

CIRCUIT_HINT = "Wait retry_after seconds, or let calls wait with retry_server_errors."
SENT_HINT = "Give a later deadline; a change may have been made all the same, so look before you ask again."
LOST_HINT = "See to the store that MP_STORE names, or set MP_STORE_ON_LOSS to cautious."
OCCUPIED_HINT = "Rename or delete that key, or name another database of the server in MP_STORE."
UNREADABLE_HINT = "Update this program, or set MP_STATE_DIR to another folder for it."
OFFLINE_HINT = 'Ask once without freshness="offline", so that there is an answer to keep.'


def as_sentence(text: str) -> str:
    """What the scheduler says, with the capital and the full stop of the other errors."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


@contextmanager
def in_our_terms() -> Iterator[None]:
    """What the scheduler refuses inside is raised as one of this package's errors."""
    try:
        yield
    except rs.SchedulerError as error:
        raise translate(error) from None


def translate(error: rs.SchedulerError) -> errors.MixpanelHeadlessError:
    """A scheduler's refusal as one of this package's errors."""
    text = as_sentence(str(error))
    match error:
        case rs.DeadlineUnreachable():
            return errors.DeadlineUnreachable(text, retry_after=error.eta, sent=False)
        case rs.DeadlinePassed():
            hint = SENT_HINT if error.sent else None
            return errors.DeadlineUnreachable(text, code="DEADLINE_PASSED", sent=error.sent, hint=hint)
        case rs.QueueFull():
            return errors.QueueFull(text, sent=False)
        case rs.CeilingReached():
            return errors.TaskCeilingReached(text, sent=False)
        case rs.CircuitOpen():
            return errors.TransportError(
                text, code="CIRCUIT_OPEN", sent=False, retry_after=error.half_opens_in, hint=CIRCUIT_HINT
            )
        case rs.NotCached():
            return errors.BudgetExhausted(text, code="NOT_CACHED", sent=False, retryable=False, hint=OFFLINE_HINT)
        case rs.SchedulerClosed():
            return errors.ClosedError(text)
        case rs.RunInterrupted():
            return errors.TransportError(text, code="INTERRUPTED", sent=True)
        case rs.StoreOccupied():
            return errors.TransportError(text, code="STORE_LOST", sent=False, retryable=False, hint=OCCUPIED_HINT)
        case rs.StoreUnreadable():
            return errors.TransportError(text, code="STORE_LOST", sent=False, retryable=False, hint=UNREADABLE_HINT)
        case rs.StoreLost():
            return errors.TransportError(text, code="STORE_LOST", sent=False, retryable=True, hint=LOST_HINT)
        case rs.TooWide():
            return errors.BudgetExhausted(text, sent=False, retryable=False, hint="Raise the limit or the reserve.")
        case _:
            return errors.MixpanelHeadlessError(text, code="SCHEDULER", sent=False)
