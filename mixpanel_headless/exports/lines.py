"""A text that arrives in pieces, as lines."""

from __future__ import annotations


class Splitter:
    """Cuts pieces of a text into lines, whatever the places at which it was cut before."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that this piece completes, empty ones left out."""
        end = piece.rfind(b"\n")
        if end < 0:
            self._rest.append(piece)
            return []
        whole = b"".join((*self._rest, piece[:end]))
        self._rest = [piece[end + 1 :]]
        return not_empty(whole.split(b"\n"))

    def end(self) -> list[bytes]:
        """What follows the last line break, if anything does."""
        return not_empty([b"".join(self._rest)])


def not_empty(lines: list[bytes]) -> list[bytes]:
    """The lines that hold something; most texts have no empty ones, and telling so is quick."""
    return lines if all(lines) else [line for line in lines if line]
