"""Whether a call that failed or was refused goes again, and after how long. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from request_scheduler.feedback import retry_delay
from request_scheduler.outcome import Failed, NotSent, Refused

if TYPE_CHECKING:
    from request_scheduler.call import Call

_PATIENCE = 6.0  # windows for which a call may meet nothing but refusals
_NO_WINDOW = 600.0  # seconds that stand for a window where a budget has none


@frozen
class Tries:
    """How an unanswered call has fared: `spared` attempts met a refusal that named a limit.

    Since `refused_since` it has met nothing else. `delay` is how long it waits before it queues again.
    """

    spared: int = 0
    refused_since: float = math.inf
    delay: float = 0.0


NONE = Tries()


def next_try(
    tries: Tries,
    call: Call[object],
    error: BaseException,
    *,
    sent: int,
    window: float | None,
    now: float,
    jitter: float,
) -> Tries | None:
    """How a call goes on after its attempt number `sent` ended so, None when it does not.

    A refusal that names a limit speaks of the budget, which pauses, and leaves the call its attempts. A call that meets
    nothing else for several times `window` (the longest of its budgets') is told so, for every wait has an end.
    """
    if isinstance(error, Refused) and error.kind != "unknown" and call.spends:
        since = min(tries.refused_since, now)
        too_long = now - since > _PATIENCE * (_NO_WINDOW if window is None else window)
        return None if too_long else Tries(tries.spared + 1, since)
    attempts = sent - tries.spared
    if attempts >= call.attempts or not _asks_for_more(error):
        return None
    delay = 0.0
    if not isinstance(error, Refused):
        delay = retry_delay(attempts, error.after if isinstance(error, Failed) else None, jitter)
    elif not call.spends:  # no budget's pause would hold it back
        delay = retry_delay(attempts, error.retry_after, jitter)
    return evolve(tries, refused_since=math.inf, delay=delay)


def _asks_for_more(error: BaseException) -> bool:
    return isinstance(error, Refused) or (isinstance(error, NotSent | Failed) and error.retry)
