"""What became of one attempt: returned by `Call.run`, or raised by it."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from request_scheduler.value import value

if TYPE_CHECKING:
    from request_scheduler.limits import Concurrent, Window

T_co = TypeVar("T_co", covariant=True)

RefusalKind = Literal["window", "concurrency", "unknown"]


class Settlement(Enum):
    """What the service made of the units that an attempt had reserved."""

    SPENT = "spent"
    REFUNDED = "refunded"
    UNKNOWN = "unknown"  # it may have been counted, so it is kept as spent


@value
class Outcome(Generic[T_co]):
    """An answered attempt: its value, how many seconds it may be served again, and its size in bytes for the cache."""

    value: T_co
    ttl: float = 0.0
    size: int = 0


def check_seconds(name: str, value: object) -> None:
    """Raise ValueError unless a value is a number of seconds or None; what a run says must not upset the scheduler."""
    if value is not None and (not isinstance(value, int | float) or math.isnan(value)):
        raise ValueError(f"{name} is {value!r}; it must be a number of seconds, or None")


class _Attempt(Exception):  # noqa: N818 - an outcome that travels as an exception, not an error of its own
    """An attempt without an answer; `error` is what the callers get when no attempt is left."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class Refused(_Attempt):
    """The service refused the request for a limit: nothing was spent, and the call will be sent again later.

    `kind` is the limit that the refusal named, if any; `retry_after` (seconds) is taken as a hint and bounded; `quota`
    holds the real limits of the first budget that the call spends, when the refusal told them.
    """

    def __init__(
        self,
        error: BaseException,
        *,
        kind: RefusalKind,
        retry_after: float | None = None,
        quota: tuple[Window | Concurrent, ...] | None = None,
    ) -> None:
        super().__init__(error)
        check_seconds("retry_after", retry_after)
        self.kind: RefusalKind = kind
        self.retry_after = retry_after
        self.quota = quota


class NotSent(_Attempt):
    """The request never left, for instance because no connection opened: nothing was spent.

    `outage` says that the other side could not be reached, which opens the call's circuit when it goes on.
    """

    def __init__(self, error: BaseException, *, retry: bool = False, outage: bool = False) -> None:
        super().__init__(error)
        self.retry = retry
        self.outage = outage


class Failed(_Attempt):
    """The request was answered with an error or cut; `settlement` says what it cost, `after` how long to wait first.

    `outage` says that the other side is to blame (a server error, a broken connection), which opens the call's circuit
    when it goes on.
    """

    def __init__(
        self,
        error: BaseException,
        *,
        settlement: Settlement = Settlement.SPENT,
        retry: bool = False,
        after: float | None = None,
        outage: bool = False,
    ) -> None:
        super().__init__(error)
        check_seconds("after", after)
        self.settlement = settlement
        self.retry = retry
        self.after = after
        self.outage = outage


def settlement_of(error: BaseException | None) -> Settlement:
    """What an attempt cost that ended with this error, or without one."""
    if error is None:
        return Settlement.SPENT
    if isinstance(error, Failed):
        return error.settlement
    return Settlement.REFUNDED if isinstance(error, NotSent) else Settlement.UNKNOWN
