"""Answers as bytes for the disk: encoded and compressed piece by piece.

Encoders and decoders written in C keep the interpreter to themselves until they are done, so even in a worker thread one
answer of 50 MB would hold up the event loop. A large tree is therefore cut into pieces of a fraction of a megabyte: the
event loop gets its turn between two of them, and the encoded whole never stands in memory uncompressed. The garbage
collector is kept off a large tree while it grows, since it would walk over all of it again and again, in one go.
"""

from __future__ import annotations

import json
import struct
import zlib
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple, cast

from request_scheduler.uncollected import uncollected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PIECE = 128 * 1024  # bytes of one piece, roughly: a millisecond or two of encoding
_LARGE = PIECE  # packed bytes from which a tree is large enough for garbage collection to matter
_LEVEL = 1  # the fastest: JSON shrinks about tenfold, and higher levels gain little for three times the time
_HEAD = struct.Struct(">cI")
_SCALAR_WEIGHT = 8
_GROUP, _KEY, _DICT, _LIST, _END, _WHOLE = b"G", b"K", b"D", b"L", b"E", b"W"


class Codec(NamedTuple):
    """How values become bytes and come back: equal in type and content for JSON trees, which is all that is promised.

    `encode` raises for what it cannot take; such answers stay in memory.
    """

    encode: Callable[[object], bytes]
    decode: Callable[[bytes], object]


class DamagedAnswerError(ValueError):
    """Bytes that are not what `pack` made."""


def _encode_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


JSON = Codec(_encode_json, json.loads)


def pack(value: object, codec: Codec = JSON) -> bytes:
    """A value as bytes; meant for a worker thread."""
    return b"".join(_frame(mark, content) for mark, content in _cut(value, codec.encode))


def unpack(packed: bytes, codec: Codec = JSON) -> object:
    """The value that was packed; raises DamagedAnswerError. Meant for a worker thread."""
    frames = _frames(memoryview(packed))
    try:
        with uncollected() if len(packed) > _LARGE else nullcontext():
            return _build(next(frames), frames, codec.decode)
    except Exception as error:  # what a codec raises is its own affair
        raise DamagedAnswerError("a kept answer cannot be read") from error


def weigh(value: object, enough: int) -> int:
    """About how many bytes a tree takes when encoded; counting stops at `enough`."""
    total, stack = 0, [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            total += len(item)
        elif isinstance(item, dict):
            if len(item) * _SCALAR_WEIGHT >= enough:
                return enough
            total += _SCALAR_WEIGHT + sum([len(key) for key in item if isinstance(key, str)])
            stack.extend(item.values())
        elif isinstance(item, list):
            if len(item) * _SCALAR_WEIGHT >= enough:
                return enough
            total += _SCALAR_WEIGHT
            stack.extend(item)
        else:
            total += _SCALAR_WEIGHT
        if total >= enough:
            return enough
    return total


def _cut(value: object, encode: Callable[[object], bytes]) -> Iterator[tuple[bytes, bytes]]:
    """A tree as a sequence of marks and encoded pieces; children that are light travel in groups."""
    if not isinstance(value, dict | list) or weigh(value, PIECE) < PIECE:
        yield _WHOLE, encode(value)
        return
    is_dict = isinstance(value, dict)
    yield _DICT if is_dict else _LIST, b""
    light: list[tuple[object, object]] = []
    weight = 0
    children: Iterable[tuple[object, object]] = (
        value.items() if isinstance(value, dict) else ((0, item) for item in value)
    )
    for key, child in children:
        heaviness = weigh(child, PIECE) + (len(key) if isinstance(key, str) else 0)
        if weight + heaviness >= PIECE and light:
            yield _GROUP, encode(dict(light) if is_dict else [item for _, item in light])
            light, weight = [], 0
        if heaviness >= PIECE:
            if is_dict:
                yield _KEY, encode({key: None})  # as a key, so that a codec treats it like the keys in groups
            yield from _cut(child, encode)
        else:
            light.append((key, child))
            weight += heaviness + _SCALAR_WEIGHT
    if light:
        yield _GROUP, encode(dict(light) if is_dict else [item for _, item in light])
    yield _END, b""


def _frame(mark: bytes, content: bytes) -> bytes:
    squeezed = zlib.compress(content, _LEVEL) if content else b""
    return _HEAD.pack(mark, len(squeezed)) + squeezed


def _frames(packed: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while at < len(packed):
        mark, size = _HEAD.unpack_from(packed, at)
        at += _HEAD.size
        yield mark, packed[at : at + size]
        at += size


def _build(
    head: tuple[bytes, memoryview], frames: Iterator[tuple[bytes, memoryview]], decode: Callable[[bytes], object]
) -> object:
    mark, content = head
    if mark == _WHOLE:
        return decode(zlib.decompress(content))
    if mark not in (_DICT, _LIST):
        raise ValueError(mark)
    items: dict[object, object] = {}
    row: list[object] = []
    for mark, content in frames:
        if mark == _END:
            return items if head[0] == _DICT else row
        if mark == _GROUP:
            group = decode(zlib.decompress(content))
            if head[0] == _DICT:
                items.update(cast("dict[object, object]", group))
            else:
                row.extend(cast("list[object]", group))
        elif mark == _KEY:
            (key,) = cast("dict[object, object]", decode(zlib.decompress(content)))
            items[key] = _build(next(frames), frames, decode)
        else:
            row.append(_build((mark, content), frames, decode))
    raise ValueError("cut short")
