"""Values as pages of Parquet have them in plain encoding: https://parquet.apache.org/docs/file-format/data-pages/encodings/"""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEPT_LENGTHS = 1 << 13
KEPT_TEXTS = 1 << 12


class Prefixes(dict[int, bytes]):
    """The lengths that stand before texts; common ones are made once."""

    def __missing__(self, length: int) -> bytes:
        prefix = struct.pack("<I", length)
        if length < KEPT_LENGTHS:
            self[length] = prefix
        return prefix


class LatinPrefixes(dict[int, str]):
    """The same as characters of one byte each."""

    def __missing__(self, length: int) -> str:
        prefix = PREFIXES[length].decode("latin-1")
        if length < KEPT_LENGTHS:
            self[length] = prefix
        return prefix


PREFIXES, LATIN_PREFIXES = Prefixes(), LatinPrefixes()


class FewTexts(dict[str, bytes]):
    """Texts that come again and again, each after its length."""

    def __missing__(self, text: str) -> bytes:
        plain = plain_bytes([text.encode()])
        if len(self) < KEPT_TEXTS:
            self[text] = plain
        return plain

    def plain(self, texts: Sequence[str]) -> bytes:
        """Each text after its length."""
        return b"".join(map(self.__getitem__, texts))


def plain_texts(texts: Sequence[str]) -> bytes:
    """Each text after its length."""
    lengths = list(map(len, texts))
    if lengths and lengths.count(lengths[0]) == len(lengths):  # as those of ids are
        prefix = LATIN_PREFIXES[lengths[0]]
        plain = prefix + prefix.join(texts)
    else:
        parts = [""] * (2 * len(texts))
        parts[::2] = map(LATIN_PREFIXES.__getitem__, lengths)
        parts[1::2] = texts
        plain = "".join(parts)
    if plain.isascii():  # lengths below 128 are
        return plain.encode()  # one call encodes all of them
    return plain_bytes([text.encode() for text in texts])


def plain_bytes(texts: Sequence[bytes]) -> bytes:
    """Each text, which is UTF-8 already, after its length."""
    parts = [b""] * (2 * len(texts))
    parts[::2] = map(PREFIXES.__getitem__, map(len, texts))
    parts[1::2] = texts
    return b"".join(parts)


def runs_of_levels(values: Sequence[object]) -> bytes:
    """Which values are there, as runs (RLE)."""
    there = itertools.groupby(value is not None for value in values)
    return b"".join(run(sum(1 for _ in some), there=is_there) for is_there, some in there)


def run(values: int, *, there: bool = True) -> bytes:
    """So many values in a row that are there, or are not."""
    return varint(values << 1) + bytes([there])


def varint(number: int) -> bytes:
    """A number of seven bits a byte, the lowest first."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


class Texts:
    """Texts of a column, some of which may not be there, encoded as they come: objects that wait leave the cache."""

    def __init__(self, encode: Callable[[Sequence[str]], bytes] = plain_texts) -> None:
        self.values = 0
        self._encode = encode
        self._plain: list[bytes] = []
        self._runs: list[bytes] = []

    def add(self, texts: Sequence[str | None]) -> Sequence[str]:
        """Some more texts; those of them that are there."""
        there = [text for text in texts if text is not None] if None in texts else cast("Sequence[str]", texts)
        self.values += len(texts)
        self._plain.append(self._encode(there))
        self._runs.append(run(len(texts)) if len(there) == len(texts) else runs_of_levels(texts))
        return there

    def take(self) -> bytes:
        """All of them as a page has them, after the length of what tells which are there; then there are none."""
        runs, plain = b"".join(self._runs), b"".join(self._plain)
        self.values, self._runs, self._plain = 0, [], []
        return struct.pack("<I", len(runs)) + runs + plain
