"""Rows that hold on to each other: each carries its number, the hash of the row before it and its own, over its very bytes.

So a row that was changed, dropped, moved or put in shows where it stands. A chain proves nothing against somebody who writes
all of it anew; a mirror elsewhere does.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

START = "0" * 64
"""What the first row holds on to."""
ROW = re.compile(rb'(\{"seq":(\d+),"prev":"([0-9a-f]{64})".*),"hash":"([0-9a-f]{64})"\}', re.DOTALL)
Flaw = Literal["edited", "dropped", "reordered", "repeated", "foreign", "torn"]


class Link(NamedTuple):
    """The end of a chain: the number and the hash of its last row."""

    seq: int = 0
    hash: str = START


class Place(NamedTuple):
    """Where a row stands."""

    file: str
    line: int


class Finding(NamedTuple):
    """One thing that is wrong with a chain: of which row, and where that stands or should."""

    flaw: Flaw
    seq: int
    file: str
    line: int
    message: str

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON-ready data."""
        return self._asdict()


def forge(end: Link, fields: Mapping[str, Any], clean: bytes | None = None) -> tuple[bytes, Link]:
    """The line that goes on behind the end of a chain, and the new end."""
    seq = end.seq + 1
    rest = msgspec.json.encode(fields) if clean is None else clean
    body = b'{"seq":%d,"prev":"%s",%s' % (seq, end.hash.encode(), rest[1:-1])
    hash_ = hash_of(body)
    return b'%s,"hash":"%s"}\n' % (body, hash_.encode()), Link(seq, hash_)


def hash_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def end_of(line: bytes) -> Link | None:
    """The end of a chain whose last line this is; None for what is no row."""
    match = ROW.fullmatch(line.rstrip(b"\n"))
    return None if match is None else Link(int(match[2]), match[4].decode())


class Read(NamedTuple):
    """A row as it was found; `own` and `told` are the hash of its bytes and the one that it tells."""

    place: Place
    prev: str = ""
    own: str = ""
    told: str = ""


def inspect_chain(lines: Iterable[tuple[Place, bytes]], head: Link | None = None) -> list[Finding]:
    """All that is wrong with a chain, in its order; `head` is where it is known to have come to."""
    found: list[Finding] = []
    rows: dict[int, Read] = {}
    highest, last = 0, Place("", 0)
    for last, line in lines:
        match = ROW.fullmatch(line.rstrip(b"\n"))
        if match is None:
            read, seq = Read(last), highest + 1
            torn = not line.endswith(b"\n")
            say = "It ends in the middle." if torn else "It is no row of this log."
            found.append(Finding("torn" if torn else "edited", seq, *last, say))
        else:
            read, seq = Read(last, match[3].decode(), hash_of(match[1]), match[4].decode()), int(match[2])
            if read.own != read.told:
                seq = highest + 1  # its number may be what was edited
                found.append(Finding("edited", seq, *last, "Its hash is not that of its bytes."))
        if seq in rows:
            say = f"A row with this number stands in {rows[seq].place.file}, line {rows[seq].place.line}."
            found.append(Finding("repeated", seq, *last, say))
        elif seq < highest:
            found.append(Finding("reordered", seq, *last, f"It stands behind row {highest}."))
        rows.setdefault(seq, read)
        highest = max(highest, seq)
    found += [*breaks(rows), *gaps(rows, highest, head, last)]
    return sorted(found, key=lambda one: one.seq)


def breaks(rows: Mapping[int, Read]) -> Iterator[Finding]:
    """Sound rows that do not go on from the row before them, whatever may have been edited in that."""
    for seq, row in rows.items():
        before = rows.get(seq - 1, Read(row.place, own=START, told=START) if seq == 1 else None)
        sound = row.own and row.own == row.told
        if sound and before is not None and before.own and row.prev not in {before.own, before.told}:
            yield Finding("foreign", seq, *row.place, "It does not go on from the row before it.")


def gaps(rows: Mapping[int, Read], highest: int, head: Link | None, last: Place) -> Iterator[Finding]:
    """Rows that are not there, those between others and those at the end."""
    until = max(highest, head.seq if head is not None else 0)
    for seq in range(1, until + 1):
        if seq not in rows:
            near = rows[seq - 1].place if seq - 1 in rows else last
            yield Finding("dropped", seq, *near, "It is not there; it stood behind this.")
    end = rows.get(highest, Read(last))
    if head is not None and head.seq == highest and end.own and head.hash not in {end.own, end.told}:
        yield Finding("foreign", highest, *end.place, "It is not the row that was written last.")
