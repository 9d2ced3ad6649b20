"""A bar for a batch, on a terminal only."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, Self

from .provenance import span

if TYPE_CHECKING:
    from types import TracebackType


class Progress:
    """Counts what is done, and says when the budget lets the rest be done; silent where nobody watches."""

    def __init__(self, total: int, *, shown: bool) -> None:
        self.total, self.done = total, 0
        self._bar: Any = None
        self._task: Any = None
        if shown and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
            from rich.progress import Progress as Bar

            columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}")
            self._bar = Bar(*columns, console=Console(stderr=True))
            self._task = self._bar.add_task("", total=total)

    @property
    def shown(self) -> bool:
        """Whether anybody watches."""
        return self._bar is not None

    def advance(self, count: int, rest: float = 0.0) -> None:
        """Move on by some calls; the last of the others starts in `rest` seconds."""
        self.done += count
        if self._bar is not None:
            text = f"at most {span(rest)} left" if 0 < rest < math.inf else ""
            self._bar.update(self._task, completed=self.done, description=text)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
