"""What a local mirror holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from datetime import datetime


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

    def __str__(self) -> str:
        if not self.days:
            return f"No mirror of project {self.project}"
        of = "Dropped mirror" if self.dropped else "Mirror"
        what = f"{self.rows:,} events, {len(self.days)} days from {self.days[0]} to {self.days[-1]}"
        return f"{of} of project {self.project}: {what}, {self.size / 1e6:,.1f} MB in {self.folder}"
