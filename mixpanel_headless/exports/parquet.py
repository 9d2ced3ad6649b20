"""Parquet files, written page by page: https://parquet.apache.org/docs/file-format/, as much of it as exports need.

A file of text and times needs little of the format: pages are plain and packed by zstd, which every reader knows. DuckDB
and pyarrow write the same from columns of their own, and to make those of Python's texts costs more than to write the pages.
"""

from __future__ import annotations

import struct
import sys
from typing import IO, TYPE_CHECKING, Any, Literal

import attrs

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from .plain import plain_bytes, varint

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Sequence

    from .plain import Texts

MAGIC = b"PAR1"
LEVEL = 1
BOOLEAN, INT32, INT64, TEXT, LIST, STRUCT = 1, 5, 6, 8, 9, 12
"""Types of Thrift's compact protocol, in which headers and the footer are written."""
PLAIN, RLE, ZSTD = 0, 3, 6


@attrs.frozen
class Kind:
    """What a column holds: its physical type, and how the specification tells what that stands for, the old way and the new."""

    physical: int
    converted: int
    logical: bytes


@attrs.frozen
class Column:
    """A column of a file; one that is optional may have no value in a row."""

    name: str
    kind: Literal["text", "json", "moment"]
    optional: bool = False


@attrs.frozen
class Page:
    """Some values of a column, as they stand in the file after a header of their own."""

    values: int
    size: int
    packed: bytes
    least: bytes = b""
    most: bytes = b""
    """The extremes, for readers that pass over what they do not want; told of a column whose group is a single page."""


class Packer:
    """Makes pages of values."""

    def __init__(self) -> None:
        self._zstd = zstd.ZstdCompressor(level=LEVEL)

    def texts(self, texts: Texts) -> Page:
        """Texts, which are taken out of their column."""
        values = texts.values
        return self._page(values, texts.take())

    def encoded(self, values: Sequence[bytes]) -> Page:
        """Texts in UTF-8 that are all there."""
        return self._page(len(values), plain_bytes(values))

    def moments(self, values: array[int]) -> Page:
        """Microseconds since 1970, all there."""
        body = values if sys.byteorder == "little" else swapped(values)
        page = self._page(len(values), body.tobytes())
        return attrs.evolve(page, least=struct.pack("<q", min(values)), most=struct.pack("<q", max(values)))

    def _page(self, values: int, body: bytes) -> Page:
        return Page(values, len(body), self._zstd.compress(body, zstd.ZstdCompressor.FLUSH_FRAME))


class ParquetWriter:
    """A file that grows by groups of rows, and is one once it is finished; until then `columns` may tell of other kinds of text."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        self._file, self.columns = file, columns
        self._groups: list[bytes] = []
        self._place = self.rows = 0
        self._write(MAGIC)

    def add(self, chunks: Sequence[Sequence[Page]]) -> None:
        """A group of rows: the pages of each column."""
        start, rows = self._place, sum(page.values for page in chunks[0])
        written = [self._add_chunk(column, pages) for column, pages in zip(self.columns, chunks, strict=True)]
        size = sum(size for _, size in written)
        columns = thrift_list(STRUCT, [chunk for chunk, _ in written])
        self._groups.append(
            thrift(
                (1, LIST, columns),
                (2, INT64, size),
                (3, INT64, rows),
                (5, INT64, start),
                (6, INT64, self._place - start),
            )
        )
        self.rows += rows

    def _add_chunk(self, column: Column, pages: Sequence[Page]) -> tuple[bytes, int]:
        """Write the pages of a column; what the footer tells of them, and their size unpacked."""
        start, size = self._place, 0
        for page in pages:
            told = thrift((1, INT32, page.values), (2, INT32, PLAIN), (3, INT32, RLE), (4, INT32, RLE))
            header = thrift((1, INT32, 0), (2, INT32, page.size), (3, INT32, len(page.packed)), (5, STRUCT, told))
            size += len(header) + page.size
            self._write(header)
            self._write(page.packed)
        told_extremes = len(pages) == 1 and pages[0].most
        data = thrift(
            (1, INT32, KINDS[column.kind].physical),
            (2, LIST, thrift_list(INT32, [zigzag(PLAIN), zigzag(RLE)])),
            (3, LIST, thrift_list(TEXT, [counted(column.name.encode())])),
            (4, INT32, ZSTD),
            (5, INT64, sum(page.values for page in pages)),
            (6, INT64, size),
            (7, INT64, self._place - start),
            (9, INT64, start),
            *([(12, STRUCT, thrift((5, TEXT, pages[0].most), (6, TEXT, pages[0].least)))] if told_extremes else []),
        )
        return thrift((2, INT64, start), (3, STRUCT, data)), size

    def finish(self) -> None:
        """Write what makes it a file."""
        root = thrift((4, TEXT, b"rows"), (5, INT32, len(self.columns)))
        footer = thrift(
            (1, INT32, 2),
            (2, LIST, thrift_list(STRUCT, [root, *map(schema_of, self.columns)])),
            (3, INT64, self.rows),
            (4, LIST, thrift_list(STRUCT, self._groups)),
            (6, TEXT, b"mixpanel-headless"),
            (7, LIST, thrift_list(STRUCT, [USUAL_ORDER] * len(self.columns))),
        )
        self._write(footer + struct.pack("<I", len(footer)) + MAGIC)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._place += len(data)


def swapped(values: array[int]) -> array[int]:
    """The same numbers with their bytes the other way round."""
    other = values[:]
    other.byteswap()
    return other


def zigzag(number: int) -> bytes:
    """A number that is not negative, as Thrift writes one that might be."""
    return varint(number << 1)


def counted(text: bytes) -> bytes:
    """A text after its length."""
    return varint(len(text)) + text


def thrift(*fields: tuple[int, int, Any]) -> bytes:
    """A struct of Thrift's compact protocol: (number, type, value), structs and lists as bytes."""
    return b"".join(_thrift_fields(fields)) + b"\0"


def _thrift_fields(fields: Sequence[tuple[int, int, Any]]) -> Iterator[bytes]:
    before = 0
    for number, kind, value in fields:
        yield bytes([(number - before) << 4 | kind])
        if kind in {INT32, INT64}:
            yield zigzag(value)
        elif kind != BOOLEAN:  # a field that is true has no value of its own
            yield counted(value) if kind == TEXT else value
        before = number


def thrift_list(kind: int, items: Sequence[bytes]) -> bytes:
    """A list of Thrift's compact protocol."""
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + varint(len(items))
    return head + b"".join(items)


KINDS = {
    "text": Kind(6, 0, thrift((1, STRUCT, thrift()))),
    "json": Kind(6, 19, thrift((12, STRUCT, thrift()))),
    "moment": Kind(2, 10, thrift((8, STRUCT, thrift((1, BOOLEAN, True), (2, STRUCT, thrift((2, STRUCT, thrift()))))))),
}
"""The last is microseconds of UTC."""
USUAL_ORDER = thrift((1, STRUCT, thrift()))
"""By what extremes are the least and the most: without a word of it readers believe in none."""


def schema_of(column: Column) -> bytes:
    """What the footer says of a column."""
    kind = KINDS[column.kind]
    return thrift(
        (1, INT32, kind.physical),
        (3, INT32, int(column.optional)),
        (4, TEXT, column.name.encode()),
        (6, INT32, kind.converted),
        (10, STRUCT, kind.logical),
    )
