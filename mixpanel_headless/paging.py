"""Pages of profiles: one after the other while there are more, or several at once when it is known how many."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import anyio
import attrs

from .errors import InvalidResponseError, MixpanelHeadlessError, TransportError
from .results.profiles import ProfilePage

ReadPage = Callable[[int, str | None], Awaitable[ProfilePage]]
"""Page number, session → page."""


@attrs.define
class Walk:
    """The pages of one list of profiles, one after the other; each is asked for in the session that the last one named."""

    read: ReadPage
    number: int = 0
    session: str | None = None
    ended: bool = False
    seen: set[int] = attrs.field(factory=set)

    async def next(self) -> ProfilePage | None:
        """The next page; None after the last, which is empty or names no session.

        Raises InvalidResponseError for a page that was there already: such a list may have no end.
        """
        if self.ended:
            return None
        page = await self.read(self.number, self.session)
        check_new(page, self.number, self.seen)
        self.number, self.session = self.number + 1, page.session_id
        self.ended = not (page.profiles and page.session_id)
        return page


def check_new(page: ProfilePage, number: int, seen: set[int]) -> None:
    """Raises InvalidResponseError if a page repeats one that was seen; from here on it is seen too."""
    if page.profiles and page.mark in seen:
        raise InvalidResponseError(f"Page {number} of the profiles repeats an earlier one.", sent=True)
    seen.add(page.mark)


async def read_pages(read: ReadPage, limit: int | None) -> list[ProfilePage]:
    """Pages until there are `limit` profiles or no more."""
    walk, pages, held = Walk(read), list[ProfilePage](), 0
    while (limit is None or held < limit) and (page := await walk.next()):
        pages.append(page)
        held += len(page.profiles)
    return pages


async def read_pages_at_once(read: ReadPage, limit: int | None, workers: int) -> tuple[list[ProfilePage], list[int]]:
    """The first page, then the others with so many workers; in their order, and the numbers of those that failed.

    A page fails when its answer is cut, cannot be read or repeats another one; what the service or the scheduler
    refuses is raised.
    """
    first = await read(0, None)
    pages, failed, refusals, seen = {0: first}, list[int](), list[MixpanelHeadlessError](), {first.mark}

    async def work(numbers: Iterator[int]) -> None:
        for number in numbers:
            try:
                page = await read(number, first.session_id)
                check_new(page, number, seen)
            except (InvalidResponseError, TransportError):
                failed.append(number)
            except MixpanelHeadlessError as error:
                refusals.append(error)
                group.cancel_scope.cancel()
            else:
                pages[number] = page

    numbers = iter(range(1, count_pages(first, limit)))
    async with anyio.create_task_group() as group:
        for _ in range(workers):
            group.start_soon(work, numbers)
    if refusals:
        raise refusals.pop(0)
    return [pages[number] for number in sorted(pages)], sorted(failed)


def count_pages(first: ProfilePage, limit: int | None) -> int:
    """How many pages hold the profiles that are wanted; 1 when the first one says nothing of others."""
    size = first.page_size or len(first.profiles)
    if not first.session_id or not size:
        return 1
    wanted = first.total if limit is None else min(limit, first.total)
    return max(1, -(-wanted // size))
