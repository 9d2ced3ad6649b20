"""A key as 32 bytes that every process computes alike, and from which the key cannot be read back."""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

_FORMAT = b"request_scheduler key 1"


def digest_of(key: Hashable) -> bytes | None:
    """The digest of a key, or None for one that another process could not write down in the same way.

    Keys are made of None, bool, int, float, str, bytes, tuple and frozenset. Types count: 1, 1.0, True and "1" are four
    different keys, although Python takes three of them for equal.
    """
    try:
        return blake2b(b"".join(_spell(key)), digest_size=32, person=b"answer key", key=_FORMAT).digest()
    except TypeError:
        return None


def _spell(part: object) -> Iterator[bytes]:
    """Type, length and content of a part, so that no two different keys are spelled alike."""
    kind = type(part)
    if kind is tuple:
        assert isinstance(part, tuple)
        yield b"t%d:" % len(part)
        for inner in part:
            yield from _spell(inner)
    elif kind is frozenset:
        assert isinstance(part, frozenset)
        members = sorted(b"".join(_spell(inner)) for inner in part)
        yield b"f%d:" % len(members)
        yield from members
    else:
        mark, content = _spell_scalar(part)
        yield b"%b%d:" % (mark, len(content))
        yield content


def _spell_scalar(part: object) -> tuple[bytes, bytes]:
    # A subclass may compare and print as it likes, so only the exact types have a spelling.
    kind = type(part)
    if part is None:
        return b"n", b""
    if kind is bool:
        return b"b", b"1" if part else b"0"
    if isinstance(part, int) and kind is int:
        return b"i", b"%x" % part
    if isinstance(part, float) and kind is float:
        return b"d", struct.pack(">d", part)
    if isinstance(part, str) and kind is str:
        return b"s", part.encode("utf-8", "surrogatepass")
    if isinstance(part, bytes) and kind is bytes:
        return b"y", part
    raise TypeError(f"keys of type {kind.__name__} stay in this process")
