"""What a list of calls would cost, as a value that prints itself."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import attrs

from .provenance import plural, span
from .table import Table

if TYPE_CHECKING:
    from rich.console import RenderableType

Fate: TypeAlias = Literal["cached", "mirror", "joined", "send", "refused"]


class PlannedCall(NamedTuple):
    """One call as it would go: `requests` is what it costs, `starts_in` the seconds until it could be sent.

    `cached` is answered from an earlier answer, `mirror` from the events on this machine, `joined` shares the request of an
    equal call, `refused` may not send (offline, or asked of the mirror alone). `starts_in` is None while that hangs on a query in flight.
    """

    call: str
    fate: Fate
    requests: int
    starts_in: float | None

    def to_dict(self) -> dict[str, Any]:
        """The call as JSON-ready data."""
        return self._asdict()


@attrs.frozen(eq=False)
class Plan:
    """Calls in their order with their fates; `left` of `limit` queries in `window` seconds are free before them."""

    calls: list[PlannedCall]
    left: int
    limit: int
    window: float

    @cached_property
    def fates(self) -> dict[Fate, int]:
        """How many calls end each way."""
        return dict(Counter(call.fate for call in self.calls))

    @property
    def requests(self) -> int:
        """What all of them together cost."""
        return sum(call.requests for call in self.calls)

    @property
    def starts_in(self) -> float | None:
        """Seconds until the last could be sent; None while that hangs on a query in flight."""
        starts = [call.starts_in for call in self.calls]
        return None if None in starts else max((start for start in starts if start is not None), default=0.0)

    @cached_property
    def table(self) -> Table:
        """One row a call."""
        return Table(PlannedCall._fields, self.calls)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready data."""
        return {
            "requests": self.requests,
            "starts_in": self.starts_in,
            "left": self.left,
            "limit": self.limit,
            "window": self.window,
            "fates": dict(self.fates),
            "calls": [call.to_dict() for call in self.calls],
        }

    def __str__(self) -> str:
        last = self.starts_in
        when = "when running queries end" if last is None else "now" if last <= 0 else f"in {span(last)}"
        fates = ", ".join(f"{count} {fate}" for fate, count in self.fates.items()) or "none"
        return f"{plural(len(self.calls), 'call')} ({fates}): {plural(self.requests, 'request')}, {self.left} left, the last starts {when}"

    def __rich__(self) -> RenderableType:
        from .terminal import terminal_table

        return terminal_table(self.table, title="Plan", note=str(self))

    def _repr_html_(self) -> str:
        from .views import html_table

        return html_table(self.table, title="Plan", note=str(self))
