"""Answers on disk, shared by the processes of a machine and kept for the next one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from request_scheduler.cache.codec import JSON, Codec
from request_scheduler.cache.file import CacheFile
from request_scheduler.cache.shared import SharedCache

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from request_scheduler.cache.rows import Mark
    from request_scheduler.clock import Clock


class DiskCache(SharedCache):
    """Answers in one file of at most `size` bytes and `entries`; a full disk or a lost file costs their keeping."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        codec: Codec = JSON,
        size: int = 512 * 1024 * 1024,
        entries: int = 100_000,
        clock: Clock | None = None,
        on_drop: Callable[[frozenset[str] | None], object] = lambda _: None,
    ) -> None:
        super().__init__(str(path), codec=codec, clock=clock, on_drop=on_drop)
        self.path, self._size, self._entries = Path(path), size, entries
        self._file: CacheFile | None = None

    @property
    def mark(self) -> Mark | None:
        """What was dropped so far, by anybody; None before the file is open."""
        return None if self._file is None or self._file.marks is None else self._file.marks.read()

    @property
    def name(self) -> str | None:
        """What names the file alike in all processes; None before it is open."""
        return None if self._file is None or self._file.marks is None else self._file.marks.name

    @property
    def writes(self) -> int | None:
        """How often other processes have written; None before the file is open."""
        return None if self._file is None or self._file.marks is None else self._file.marks.foreign_writes

    def _open_shelf(self) -> CacheFile:
        self._file = CacheFile(self.path, self._size, self._entries)
        return self._file

    def _believes(self) -> bool:
        # Others' drops show in the mark at once; a file that never could be opened leaves this process alone.
        return self._lost if self._seen is None else self.mark == self._seen
