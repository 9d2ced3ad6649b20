"""Events day by day into files: what is there already is not asked for again, what is done stays done."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import attrs
from anyio import to_thread

from mixpanel_headless.logs import logger
from mixpanel_headless.results.exports import Exported, ExportedFile

from .contents import Contents, Part
from .places import new_part
from .rows import refuse_no_export
from .writing import event_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from mixpanel_headless.results.progress import Progress

    from .places import Place
    from .writing import EventFile, Format

AT_ONCE = 4
"""Days that are under way together; copies are looked for in one at a time, for that is what takes memory."""


@attrs.define
class DayFiles:
    """The days of one export; `read` gives a file the lines of a day and tells how many requests that took."""

    place: Place
    question: dict[str, Any]
    form: Format
    read: Callable[[date, EventFile], Awaitable[int]]
    bar: Progress
    requests: int = 0
    contents: Contents = attrs.field(init=False)
    _finishing: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    async def make(self, days: list[date]) -> Exported:
        """All days as files; raises the first error after the days that were done before it, which stay."""
        scratch = await to_thread.run_sync(self.place.scratch)
        self.contents = await to_thread.run_sync(Contents, self.place, self.question)
        missing = [day for day in days if not await to_thread.run_sync(self.contents.holds, day)]
        self.advance(len(days) - len(missing))
        waiting = iter(missing)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, len(missing))):
                    group.create_task(self._work(waiting, scratch))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return self._summary(days)

    async def _work(self, waiting: Iterator[date], scratch: Path) -> None:
        for day in waiting:
            await self._make_one(day, scratch)
            self.advance(1)

    async def _make_one(self, day: date, scratch: Path) -> None:
        name, at = f"events-{day}.{self.form}", datetime.now(UTC)
        with new_part(scratch) as path:
            with event_file(path, self.form) as file:
                requests = await self.read(day, file)
                self.requests += requests  # others have added theirs meanwhile
                async with self._finishing:
                    counts = await to_thread.run_sync(file.finish)
            refuse_no_export(counts.bad, counts.rows + counts.copies + counts.bad)
            part = Part(name, counts.rows, counts.copies, counts.bad, path.stat().st_size, at)
            async with self._finishing:
                await to_thread.run_sync(self.place.take, path, name)
                await to_thread.run_sync(self.contents.keep, str(day), part)
        if counts.bad:
            logger().warning("lines are no events", lines=counts.bad, day=str(day))

    def advance(self, count: int) -> None:
        """Tell who watches."""
        if self.bar.advance(count, 0):
            self.bar.show(0.0)

    def _summary(self, days: list[date]) -> Exported:
        parts = [self.contents.parts[str(day)] for day in days]
        return summarise(self.place.name, self.form, parts, self.requests)


def summarise(to: str, form: Format, parts: list[Part], requests: int) -> Exported:
    """What callers get."""
    files = tuple(
        ExportedFile(name=part.file, rows=part.rows, copies=part.copies, bad=part.bad, size=part.size, at=part.at)
        for part in parts
    )
    return Exported(to=to, format=form, files=files, requests=requests)
