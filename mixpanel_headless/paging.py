"""Pages of profiles: one after the other while there are more, or several at once when it is known how many."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

import anyio

from .errors import InvalidResponseError, MixpanelHeadlessError, TransportError

if TYPE_CHECKING:
    from .results.profiles import ProfilePage

ReadPage = Callable[[int, str | None, int | None], Awaitable["ProfilePage"]]
"""Page number, session, limit → page."""


async def read_pages(read: ReadPage, limit: int | None) -> list[ProfilePage]:
    """Pages until there are `limit` profiles, or a page is empty or names no session; all of the first one's session."""
    page = await read(0, None, limit)
    pages, held, session = [page], len(page.profiles), page.session_id
    while page.profiles and page.session_id and (limit is None or held < limit):
        before, page = page, await read(len(pages), session, limit)
        if page.profiles and page.profiles == before.profiles:
            raise InvalidResponseError(f"Page {len(pages)} of the profiles repeats the one before it.", sent=True)
        pages.append(page)
        held += len(page.profiles)
    return pages


async def read_pages_at_once(read: ReadPage, limit: int | None, workers: int) -> tuple[list[ProfilePage], list[int]]:
    """The first page, then the others with so many workers; in their order, and the numbers of those that failed.

    A page fails when its answer is cut or cannot be read; what the service or the scheduler refuses is raised.
    """
    first = await read(0, None, None)
    pages, failed, refusals = {0: first}, list[int](), list[MixpanelHeadlessError]()

    async def work(numbers: Iterator[int]) -> None:
        for number in numbers:
            try:
                pages[number] = await read(number, first.session_id, None)
            except (InvalidResponseError, TransportError):
                failed.append(number)
            except MixpanelHeadlessError as error:
                refusals.append(error)
                group.cancel_scope.cancel()

    numbers = iter(range(1, count_pages(first, limit)))
    async with anyio.create_task_group() as group:
        for _ in range(workers):
            group.start_soon(work, numbers)
    if refusals:
        raise refusals[0]
    return [pages[number] for number in sorted(pages)], sorted(failed)


def count_pages(first: ProfilePage, limit: int | None) -> int:
    """How many pages hold the profiles that are wanted; 1 when the first one says nothing of others."""
    size = first.page_size or len(first.profiles)
    if not first.session_id or not size:
        return 1
    wanted = first.total if limit is None else min(limit, first.total)
    return max(1, -(-wanted // size))
