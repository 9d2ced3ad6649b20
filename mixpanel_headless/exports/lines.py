"""A text that arrives in pieces, as lines."""

from __future__ import annotations

import io

from mixpanel_headless.errors import InvalidResponseError

LONGEST_LINE = 64_000_000
"""Bytes of a line that is waited for; the service takes no event of more than a million."""


class Splitter:
    """Cuts pieces of a text into lines, whatever the places at which it was cut before."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._waiting = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that this piece completes, with their ends; InvalidResponseError if one is too long to be an event."""
        lines = io.BytesIO(piece).readlines()
        begun = lines.pop() if lines and not piece.endswith(b"\n") else b""
        if lines:
            lines[0] = b"".join((*self._rest, lines[0]))
            self._rest, self._waiting = [], 0
        self._rest.append(begun)
        self._waiting += len(begun)
        if self._waiting > LONGEST_LINE:
            text = f"The answer has a line of more than {LONGEST_LINE:,} bytes, which can be no event."
            raise InvalidResponseError(text, sent=True)
        return lines

    def end(self) -> bytes:
        """What follows the last line break, if anything does."""
        return b"".join(self._rest)
