"""Between kept answers and the rows of the cache file: the work of its threads.

The values here and in the file are named tuples, which a program can define ten times as fast as attrs classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from request_scheduler.cache import Kept
from request_scheduler.cache.codec import DamagedAnswerError, pack, unpack
from request_scheduler.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from request_scheduler.cache.codec import Codec
    from request_scheduler.cache.shelf import Shelf

SMALL = 32 * 1024  # packed bytes up to which an answer is unpacked by the thread that reads it
_TOGETHER = 8 * 1024 * 1024  # packed bytes in one transaction
_CLOCK_SLACK = 1.0  # seconds by which clocks of one machine may disagree


class Mark(NamedTuple):
    """How many drops were announced so far, and which generation of answers counts: those of others are void."""

    drops: int
    generation: int


class Row(NamedTuple):
    """One packed answer; times are wall-clock, `seconds` is how long its run took, `size` what it weighs in memory."""

    packed: bytes
    computed: float
    expires: float
    seconds: float = 0.0
    size: int = 0
    tags: frozenset[str] = frozenset()


class Page(NamedTuple):
    """What one look at the file found, all of one moment: rows, the mark, and the tags dropped since the mark before."""

    rows: dict[bytes, Row]
    mark: Mark
    dropped: frozenset[str]


class Put(NamedTuple):
    """An answer to be written, unless one of its tags is dropped after `since`."""

    digest: bytes
    kept: Kept
    since: Mark


class Moment(NamedTuple):
    """One moment, on the scheduler's clock and on the wall's."""

    now: float
    wall: float

    def kept(self, row: Row, value: object) -> Kept:
        """A row on the scheduler's clock. One from the future has no age to be trusted, so it counts as expired."""
        left = min(row.expires - self.wall, row.expires - row.computed)
        if row.computed > self.wall + _CLOCK_SLACK:
            left = 0.0
        at = self.now - max(0.0, self.wall - row.computed)
        return Kept(value, at, row.computed, self.now + left, row.size or len(row.packed), row.tags, row.seconds)

    def row(self, kept: Kept, packed: bytes) -> Row:
        """An answer as the file keeps it."""
        return Row(packed, kept.wall, self.wall + kept.expires - self.now, kept.seconds, kept.size, kept.tags)


class Look(NamedTuple):
    """What one look at the file found: values of small rows, and large ones that are still packed."""

    small: dict[bytes, tuple[Row, object]]
    large: dict[bytes, Row]
    mark: Mark
    dropped: frozenset[str]


def look(shelf: Shelf, digests: Iterable[bytes], seen: Mark | None, codec: Codec) -> Look:
    """Read the rows under some digests; one that is damaged is removed."""
    page = shelf.read(digests, seen)
    found = Look({}, {}, page.mark, page.dropped)
    for digest, row in page.rows.items():
        if len(row.packed) > SMALL:
            found.large[digest] = row
            continue
        try:
            found.small[digest] = row, unpack(row.packed, codec)
        except DamagedAnswerError:
            shelf.remove(digest)
    return found


def pack_some(puts: Sequence[Put], codec: Codec, moment: Moment) -> tuple[list[tuple[bytes, Row, Mark]], Sequence[Put]]:
    """The first answers as rows, as many as one transaction should write, and those that are left."""
    rows: list[tuple[bytes, Row, Mark]] = []
    size = 0
    for number, put in enumerate(puts):
        if size >= _TOGETHER:
            return rows, puts[number:]
        try:
            packed = pack(put.kept.value, codec)
        except Exception as error:  # noqa: BLE001 - what a codec raises is its own affair
            logger.debug("an answer stays in memory, as it cannot be encoded (%s)", type(error).__name__)
            continue
        size += len(packed)
        rows.append((put.digest, moment.row(put.kept, packed), put.since))
    return rows, ()
