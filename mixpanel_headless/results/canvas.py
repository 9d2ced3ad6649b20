"""Curves as terminal cells: eight braille dots a cell, and the colour of the curve that drew last."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .curves import Point

# Bits of the dots of a braille cell, by line and column (Unicode standard, block U+2800).
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@attrs.define
class Canvas:
    """A grid of `columns` x `lines` cells; points are fractions, (0, 0) at the bottom left, (1, 1) at the top right."""

    columns: int
    lines: int
    _cells: dict[tuple[int, int], tuple[int, int]] = attrs.field(factory=dict, init=False)

    def line(self, points: Sequence[Point], owner: int) -> None:
        """Draws straight lines through the points, for the curve of that number; one point alone is a dot."""
        for (x0, y0), (x1, y1) in zip(points, points[1:] or points, strict=False):
            steps = max(1, math.ceil(abs(x1 - x0) * self.columns * 2), math.ceil(abs(y1 - y0) * self.lines * 4))
            for step in range(steps + 1):
                share = step / steps
                self._dot(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share, owner)

    def rows(self) -> Iterator[list[tuple[int, int | None]]]:
        """The cells from the top line down, each a pair: the braille bits, and whose they are."""
        for line in range(self.lines):
            yield [self._cells.get((line, column), (0, None)) for column in range(self.columns)]

    def _dot(self, x: float, y: float, owner: int) -> None:
        across = round(x * (self.columns * 2 - 1))
        down = round((1 - y) * (self.lines * 4 - 1))
        place = (down // 4, across // 2)
        bits, _ = self._cells.get(place, (0, owner))
        self._cells[place] = (bits | _DOTS[down % 4][across % 2], owner)
