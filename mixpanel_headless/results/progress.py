"""How far a batch has come: a bar on a terminal, lines now and then elsewhere."""

from __future__ import annotations

import math
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TextIO

from .provenance import span

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

BAR_EVERY, LINE_EVERY = 0.1, 10.0
"""Seconds between two looks of who watches a bar, and between two lines."""


class Progress:
    """Counts what is done, and says when the budget lets the rest be done; it never costs the batch its answers."""

    def __init__(
        self,
        total: int,
        *,
        shown: bool,
        file: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        noun: str = "calls",
    ) -> None:
        self.total, self.done, self.failed, self.noun = total, 0, 0, noun
        self._file = (file or sys.stderr) if shown else None
        self._clock, self._due_at, self._said = clock, -math.inf, ""
        self._ends, self._why = 0.0, ""
        self._bar: Any = make_bar(self._file, self._rest) if self._file is not None and self._file.isatty() else None
        self._task = None if self._bar is None else self._bar.add_task("", total=total)

    @property
    def shown(self) -> bool:
        """Whether anybody watches."""
        return self._file is not None

    def advance(self, count: int, failed: int) -> bool:
        """Move on by some calls, `failed` in all; True when it is time to show how long the rest takes."""
        self._why = ""
        self.done += count
        self.failed = failed
        return self._file is not None and self._clock() >= self._due_at

    def show(self, rest: float) -> None:
        """Tell who watches that the last of the others starts in `rest` seconds."""
        now = self._clock()
        self._ends, self._why = now + rest, ""
        if self._bar is not None:
            self._due_at = now + BAR_EVERY
            self._bar.update(
                self._task,
                completed=self.done,
                total=self.total,
                description=f"{self.failed:,} failed" * bool(self.failed),
            )
        elif self._file is not None:
            self._due_at = now + LINE_EVERY
            self._say(", ".join(filter(None, [self._counts(), self._rest()])))

    def tell_wait(self, why: str, rest: float) -> None:
        """Tell who watches what nothing goes on for, and that it does so in `rest` seconds; a file is told once a wait."""
        told, self._why, self._ends = self._why, why, self._clock() + rest
        if self._bar is None and why and not told:
            self._say(f"{self._counts()}, {self._rest()}")

    def _counts(self) -> str:
        counts = f"{self.done:,} of {self.total:,} {self.noun}"
        return f"{counts}, {self.failed:,} failed" if self.failed else counts

    def _rest(self) -> str:
        """Counted down by the clock, so that a bar moves while the batch waits for its budget."""
        rest = self._ends - self._clock()
        if self._why:
            return f"waiting for the {self._why}" + (f", next in {span(rest)}" if 0 < rest < math.inf else "")
        return f"at most {span(rest)} left" if 0 < rest < math.inf else ""

    def _say(self, line: str) -> None:
        if line != self._said and self._file is not None:
            self._said = line
            with suppress(OSError, ValueError):  # nobody listens any more
                print(line, file=self._file, flush=True)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.show(0.0)
        if self._bar is not None:
            self._bar.stop()


def make_bar(file: TextIO, rest: Callable[[], str]) -> Any:
    """A bar of rich; `rest` is asked anew each time that it is drawn."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Rest(ProgressColumn):
        def render(self, task: object) -> Text:
            return Text(rest())

    return Bar(BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), Rest(), console=Console(file=file))
