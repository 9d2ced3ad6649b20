"""Where packed answers lie: what a file and a server have to offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from request_scheduler.cache.rows import Mark, Page, Row


class Shelf(Protocol):
    """A place for packed answers, bounded in bytes and entries. All of it blocks, and may raise whatever it likes."""

    def read(self, digests: Iterable[bytes], seen: Mark | None) -> Page:
        """The rows under some digests that still count, and what was dropped since `seen`."""

    def write(self, rows: Iterable[tuple[bytes, Row, Mark]], used: Collection[bytes], now: float) -> object:
        """Keep rows, each unless one of its tags was dropped after its mark; the digests in `used` count as used now."""

    def drop(self, tags: Collection[str] | None) -> Mark:
        """Forget the answers that bear one of the tags, or all, for every process, and give the mark that this left."""

    def remove(self, digest: bytes) -> None:
        """Forget one answer, for instance because it cannot be read."""

    def totals(self) -> tuple[int, int]:
        """Entries and bytes kept."""

    def close(self) -> None:
        """Let go; the next use opens it again."""
