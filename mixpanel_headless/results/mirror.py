"""What a local mirror holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import attrs

from .provenance import plural
from .table import Table
from .views import in_utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rich.console import RenderableType


@attrs.frozen(kw_only=True)
class MirrorReport:
    """One project's events on this machine; `open` lists days that were not over when they were exported."""

    project: str
    folder: str
    timezone: str
    days: tuple[str, ...]
    open: tuple[str, ...]
    rows: int
    size: int  # in bytes
    oldest: datetime | None  # when the day was exported that was exported longest ago
    dropped: bool = False  # whether all of it is gone now

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data."""
        oldest = self.oldest.isoformat() if self.oldest else None
        return {**attrs.asdict(self), "days": list(self.days), "open": list(self.open), "oldest": oldest}

    def __rich__(self) -> RenderableType:
        from .terminal import terminal_table

        told = {
            "project": self.project,
            "folder": self.folder,
            "timezone": self.timezone,
            "days": told_days(self.days),
            "not over when exported": told_days(self.open),
            "events": f"{self.rows:,}",
            "size": f"{self.size / 1e6:,.1f} MB",
            "oldest export": in_utc(self.oldest) if self.oldest else "–",
            **({"dropped": "all of it"} if self.dropped else {}),
        }
        return terminal_table(Table(("field", "value"), told.items()))

    def __str__(self) -> str:
        if not self.days:
            return f"No mirror of project {self.project}"
        of = "Dropped mirror" if self.dropped else "Mirror"
        what = f"{self.rows:,} events, {len(self.days)} days from {self.days[0]} to {self.days[-1]}"
        return f"{of} of project {self.project}: {what}, {self.size / 1e6:,.1f} MB in {self.folder}"


def told_days(days: Iterable[str]) -> str:
    """How many days there are, and from when to when without a gap: `3 days: 2026-01-01 to 2026-01-02, 2026-01-09`."""
    runs: list[list[date]] = []
    for day in sorted(map(date.fromisoformat, days)):
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    told = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
    return f"{plural(sum(map(len, runs)), 'day')}: {told}" if runs else "none"
