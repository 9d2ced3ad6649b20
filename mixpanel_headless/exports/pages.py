"""Profiles page by page into files; a list that was not finished is gone on with while the service knows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
from anyio import to_thread

from mixpanel_headless.errors import QueryError
from mixpanel_headless.paging import Walk

from .contents import Contents, Part
from .days import summarise
from .places import new_part
from .writing import profile_line, write_profiles

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_headless.paging import ReadPage
    from mixpanel_headless.results.exports import Exported
    from mixpanel_headless.results.profiles import ProfilePage
    from mixpanel_headless.results.progress import Progress

    from .places import Place
    from .writing import Format

PAGES = 25
"""Pages in a file."""


@attrs.define
class PageFiles:
    """The files of one list of profiles, whose pages `read` gives."""

    place: Place
    question: dict[str, Any]
    form: Format
    read: ReadPage
    bar: Progress
    requests: int = 0
    contents: Contents = attrs.field(init=False)

    async def make(self) -> Exported:
        """All profiles as files, and nothing left of an earlier list."""
        scratch = await to_thread.run_sync(self.place.scratch)
        self.contents = await to_thread.run_sync(Contents, self.place, self.question)
        if not (self.contents.session and await self._go_on(scratch)):
            earlier = {part.file for part in self.contents.parts.values()}
            walk = Walk(self._page)
            page = await walk.next()
            await to_thread.run_sync(self.contents.begin, walk.session or "")
            await self._write_from(page, walk, scratch)
            for name in earlier - {part.file for part in self.contents.parts.values()}:
                await to_thread.run_sync(self.place.remove, name)
        await to_thread.run_sync(self.contents.end)
        return summarise(self.place.name, self.form, list(self.contents.parts.values()), self.requests)

    async def _go_on(self, scratch: Path) -> bool:
        """Whether the list that is half there could be finished."""
        walk = Walk(self._page, len(self.contents.parts) * PAGES, self.contents.session)
        try:
            page = await walk.next()
        except QueryError:
            return False
        self._advance(sum(part.rows for part in self.contents.parts.values()), page)
        await self._write_from(page, walk, scratch)
        return True

    async def _write_from(self, page: ProfilePage | None, walk: Walk, scratch: Path) -> None:
        """All files from one that begins with this page."""
        while page and (page.profiles or not self.contents.parts):
            at = datetime.now(UTC)
            with new_part(scratch) as lines, new_part(scratch) as file:
                page = await self._collect(page, walk, lines)
                counts = await to_thread.run_sync(write_profiles, lines, file, self.form)
                group = f"{len(self.contents.parts):05d}"
                part = Part(f"profiles-{group}.{self.form}", counts.rows, 0, 0, file.stat().st_size, at)
                await to_thread.run_sync(self.place.take, file, part.file)
                await to_thread.run_sync(self.contents.keep, group, part)

    async def _collect(self, page: ProfilePage, walk: Walk, lines: Path) -> ProfilePage | None:
        """Write the pages of one file; the page that the next one begins with, None after the last."""
        following: ProfilePage | None = page
        with lines.open("wb") as target:
            for _ in range(PAGES):
                if following is None:
                    break
                target.writelines(profile_line(profile, self.form) for profile in following.profiles)
                self._advance(len(following.profiles), following)
                following = await walk.next()
        return following

    async def _page(self, number: int, session: str | None) -> ProfilePage:
        self.requests += 1
        return await self.read(number, session)

    def _advance(self, count: int, page: ProfilePage | None) -> None:
        self.bar.total = (page and page.total) or self.bar.done + count
        if self.bar.advance(count, 0):
            self.bar.show(0.0)
