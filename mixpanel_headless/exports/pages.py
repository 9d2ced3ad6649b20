"""Profiles page by page into files; a list that was not finished is gone on with while the service knows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
from anyio import to_thread

from mixpanel_headless.errors import QueryError
from mixpanel_headless.results.profiles import read_profile

from .contents import Contents, Part
from .days import summarise
from .places import unfinished
from .writing import profile_line, write_profiles

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from mixpanel_headless.results.exports import Exported
    from mixpanel_headless.results.progress import Progress

    from .places import Place
    from .writing import Format

PAGES = 25
"""Pages in a file."""


@attrs.define
class PageFiles:
    """The files of one list of profiles; `ask` gives the page for a body."""

    place: Place
    question: dict[str, Any]
    form: Format
    body: dict[str, Any]
    ask: Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
    bar: Progress
    requests: int = 0
    contents: Contents = attrs.field(init=False)

    async def make(self) -> Exported:
        """All profiles as files, and nothing left of an earlier list."""
        scratch = await to_thread.run_sync(self.place.scratch)
        self.contents = await to_thread.run_sync(Contents, self.place, self.question)
        if not (self.contents.session and await self._go_on(scratch)):
            earlier = {part.file for part in self.contents.parts.values()}
            page = await self._page(self.body)
            await to_thread.run_sync(self.contents.begin, page.get("session_id") or "")
            await self._write_from(page, 0, scratch)
            for name in earlier - {part.file for part in self.contents.parts.values()}:
                await to_thread.run_sync(self.place.remove, name)
        await to_thread.run_sync(self.contents.end)
        return summarise(self.place.name, self.form, list(self.contents.parts.values()), self.requests)

    async def _go_on(self, scratch: Path) -> bool:
        """Whether the list that is half there could be finished."""
        number = len(self.contents.parts) * PAGES
        try:
            page = await self._page({**self.body, "page": number, "session_id": self.contents.session})
        except QueryError:
            return False
        self._advance(sum(part.rows for part in self.contents.parts.values()), page)
        await self._write_from(page, number, scratch)
        return True

    async def _write_from(self, page: Mapping[str, Any], number: int, scratch: Path) -> None:
        """All files from one that begins with this page."""
        following: Mapping[str, Any] | None = page
        while following is not None and (following["results"] or not self.contents.parts):
            at = datetime.now(UTC)
            with unfinished(scratch) as lines, unfinished(scratch) as file:
                following, number = await self._collect(following, number, lines)
                counts = await to_thread.run_sync(write_profiles, lines, file, self.form)
                group = f"{len(self.contents.parts):05d}"
                part = Part(f"profiles-{group}.{self.form}", counts.rows, 0, 0, file.stat().st_size, at)
                await to_thread.run_sync(self.place.take, file, part.file)
                await to_thread.run_sync(self.contents.keep, group, part)

    async def _collect(self, page: Mapping[str, Any], number: int, lines: Path) -> tuple[Mapping[str, Any] | None, int]:
        """Write the pages of one file; the page that the next one begins with, None after the last, and its number."""
        with lines.open("wb") as target:
            for _ in range(PAGES):
                profiles = [profile for profile in page["results"] if isinstance(profile, dict)]
                target.writelines(profile_line(read_profile(profile), self.form) for profile in profiles)
                self._advance(len(profiles), page)
                if not profiles or not page.get("session_id"):
                    return None, number
                number += 1
                page = await self._page({**self.body, "page": number, "session_id": page["session_id"]})
        return (page, number) if page["results"] else (None, number)

    async def _page(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.requests += 1
        return await self.ask(body)

    def _advance(self, count: int, page: Mapping[str, Any]) -> None:
        self.bar.total = page.get("total") or self.bar.done + count
        if self.bar.advance(count, 0):
            self.bar.show(0.0)
