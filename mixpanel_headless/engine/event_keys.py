"""How an event is known while the earliest one is looked for: by its time, or by its time and its number."""

from __future__ import annotations

import attrs

SEQUENCE = 1 << 40  # more than any event's number


@attrs.frozen
class EventKey:
    """What orders events; exact keys tell events of one millisecond apart, and cost more."""

    exact: bool

    @property
    def sql(self) -> str:
        """The key of the event `e`."""
        return f"(CAST(e.t AS HUGEINT) * {SEQUENCE} + e.seq)" if self.exact else "e.t"

    def moment(self, key: str) -> str:
        """SQL: the time in a key, in UTC milliseconds."""
        return f"CAST({key} // {SEQUENCE} AS BIGINT)" if self.exact else key

    def seq(self, key: str) -> str:
        """SQL: the event's number in a key; nothing when keys are times."""
        return f"CAST({key} % {SEQUENCE} AS BIGINT)" if self.exact else "CAST(NULL AS BIGINT)"
