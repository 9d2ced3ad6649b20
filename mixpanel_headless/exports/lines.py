"""A text that arrives in pieces, as lines."""

from __future__ import annotations

import io

from mixpanel_headless.errors import InvalidResponseError

BLOCK = 1 << 17
"""Bytes of lines that are worked on together: few enough to stay in the processor's cache."""
LONGEST_LINE = 64_000_000
"""Bytes of a line that is waited for; the service takes no event of more than a million."""


def lines_of(text: bytes) -> list[bytes]:
    """The lines of a text, with their ends."""
    return io.BytesIO(text).readlines()


class Splitter:
    """Cuts pieces of a text where lines end, whatever the places at which it was cut before."""

    def __init__(self, least: int = 0) -> None:
        self.least = least
        """Bytes that are waited for before lines are handed over; the rest comes at the end."""
        self._waiting: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> bytes:
        """Lines that are whole now, with their ends; InvalidResponseError if one is too long to be an event."""
        self._size += len(piece)
        end = piece.rfind(b"\n") + 1 if self._size >= self.least else 0
        if end:
            text = b"".join((*self._waiting, memoryview(piece)[:end]))
            self._waiting = [piece[end:]]
            self._size = len(piece) - end
            return text
        self._waiting.append(piece)
        if self._size > LONGEST_LINE:
            told = f"The answer has a line of more than {LONGEST_LINE:,} bytes, which can be no event."
            raise InvalidResponseError(told, sent=True)
        return b""

    def end(self) -> bytes:
        """What has not been handed over: lines that waited, and what follows the last line break, if anything does."""
        return b"".join(self._waiting)
