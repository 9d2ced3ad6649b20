"""The audit log on disk: lines of JSON in files of bounded size, which any number of processes write one after the other."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Any

import msgspec

from mixpanel_headless.errors import ConfigError
from request_scheduler.file_lock import locked

from .chain import Finding, Link, Place, end_of, forge, inspect_chain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

FOLDER = "audit"
SEGMENT = re.compile(r"\d{12}\.jsonl")
"""How the log's own files are called; others are none of its business."""
SEGMENT_BYTES = 8_000_000
"""Size from which a new file is begun; none is ever deleted."""
PATIENCE = 30.0
"""Seconds that a writer waits for the others."""
TAIL = 65_536


class Journal:
    """The log in one folder; `clean` takes secrets out of what is written."""

    def __init__(
        self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES, clean: Callable[[bytes], bytes] = bytes
    ) -> None:
        self.folder, self.segment_bytes, self.clean = folder, segment_bytes, clean

    def append(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Writes one row to disk and gives it; OSError if it cannot be written, and then nothing of it is."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        body = self.clean(msgspec.json.encode(fields))
        with opened(self.folder / "lock", os.O_RDWR | os.O_CREAT) as lock, locked(lock, PATIENCE):
            end, path = self._end()
            line, link = forge(end, fields, body)
            write_whole(path, line)
            self._keep_head(link)
        row: dict[str, Any] = msgspec.json.decode(line)
        return row

    def segments(self) -> list[Path]:
        """The files of the log, the oldest first; each is named by the number of its first row."""
        return sorted(path for path in self.folder.glob("*.jsonl") if SEGMENT.fullmatch(path.name) and path.is_file())

    def lines(self) -> Iterator[tuple[Place, bytes]]:
        """Every line with where it stands."""
        for path in self.segments():
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    yield Place(path.name, number), line

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row that can be read."""
        for _, line in self.lines():
            with contextlib.suppress(msgspec.DecodeError):
                row = msgspec.json.decode(line)
                if isinstance(row, dict):
                    yield row

    def inspect(self) -> list[Finding]:
        """All that is wrong with it, in order."""
        with self._shared():
            head = self._head()
            found = inspect_chain(self.lines(), head)
            if (
                head is None and len(list(self.rows())) > 1
            ):  # only the very first writer may have died before it wrote one
                say = "The file `head`, which tells the number of the last row, is not there or damaged."
                found.append(Finding("dropped", 0, "head", 0, say))
            return found

    @contextlib.contextmanager
    def _shared(self) -> Iterator[None]:
        """Nobody writes inside; a folder that is not there has no writers."""
        if not (self.folder / "lock").exists():
            yield
            return
        with opened(self.folder / "lock", os.O_RDWR) as lock, locked(lock, PATIENCE):
            yield

    def _end(self) -> tuple[Link, Path]:
        """Where the log has come to, and the file that the next row goes to."""
        head, segments = self._head(), self.segments()
        end = head or Link()
        if not segments:
            return end, self._segment(end.seq + 1)
        path = segments[-1]
        last = end_of(read_tail(path))
        if last is not None and last.seq > end.seq:  # its writer died before it could say so
            end = last
        if head is None and end.seq > 1:  # rows may have been cut: for ever, a number is left out that tells of it
            end = Link(end.seq + 1, end.hash)
        return end, self._segment(end.seq + 1) if path.stat().st_size >= self.segment_bytes else path

    def _segment(self, first: int) -> Path:
        return self.folder / f"{first:012d}.jsonl"

    def _head(self) -> Link | None:
        """Where the log came to when it was last written."""
        try:
            seq, hash_ = (self.folder / "head").read_text().split()
            return Link(int(seq), hash_)
        except (OSError, ValueError):
            return None

    def _keep_head(self, end: Link) -> None:
        path = self.folder / "head.new"
        with opened(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as file:
            os.write(file, f"{end.seq} {end.hash}\n".encode())
        path.replace(self.folder / "head")


@contextlib.contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """An open file that only its owner may read."""
    file = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        yield file
    finally:
        os.close(file)


def write_whole(path: Path, line: bytes) -> None:
    """Adds a line to a file and waits until the disk has it; what cannot be written whole is taken back."""
    with opened(path, os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
        size = os.fstat(file).st_size
        os.lseek(file, max(0, size - 1), os.SEEK_SET)
        if os.read(file, 1) not in {b"", b"\n"}:
            line = b"\n" + line  # what was torn before stays, and shows
        try:
            if os.write(file, line) != len(line):
                raise OSError("the disk is full")
            os.fsync(file)
        except OSError:
            os.ftruncate(file, size)
            raise


def read_tail(path: Path) -> bytes:
    """The last line of a file that is whole."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
        lines = file.read().splitlines(keepends=True)
    return next((line for line in reversed(lines) if line.endswith(b"\n")), b"")


def open_journal(folder: Path, **options: Any) -> Journal:
    """The log of a state folder; ConfigError if it cannot be kept there."""
    journal = Journal(folder / FOLDER, **options)
    try:
        journal.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with opened(journal.folder / "lock", os.O_RDWR | os.O_CREAT):
            return journal
    except OSError as error:
        raise ConfigError(f"The audit log cannot be kept: {error}.", hint="Set MP_STATE_DIR.") from None
