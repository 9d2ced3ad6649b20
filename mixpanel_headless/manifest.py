"""The answers of a batch in a file, one line of JSON each, so that a batch that was cut goes on where it was."""

from __future__ import annotations

import heapq
import os
import re
import time
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Self

import msgspec

import request_scheduler as rs

from .accounts.state import state_folder
from .errors import ConfigError, InvalidArgumentError, shown
from .logs import logger
from .paths import read_path

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from .accounts.settings import Settings

FOLDER = "batches"
NAME = re.compile(r"[\w.-]{1,100}")
BEGINNING = b'{"digest":"'
RECENT = 1024


class Entry(msgspec.Struct):
    """One line: the digest of a question, when it was answered (wall clock), and the JSON of the answer."""

    digest: str
    at: float
    answer: Any


class Skimmed(msgspec.Struct):
    """A line of which only the digest is wanted; that the rest is whole is checked all the same."""

    digest: str


class Places:
    """Where the line of each question begins: 16 bytes a line, where a dict takes some 200.

    Questions go by half of their digest, so whoever reads a line must see whether it is the right one.
    """

    def __init__(self) -> None:
        self._sorted, self._places = array("Q"), array("Q")
        self._recent: dict[int, int] = {}

    def get(self, digest: str) -> int | None:
        """Where the line begins, None when there is none."""
        number = int(digest[:16], 16)
        near = bisect_left(self._sorted, number)
        if near < len(self._sorted) and self._sorted[near] == number:
            return self._places[near]
        return self._recent.get(number)

    def put(self, digest: str, place: int) -> None:
        """Note where the line of a question begins that has none yet."""
        self._recent[int(digest[:16], 16)] = place
        if len(self._recent) > max(RECENT, len(self._sorted) // 8):
            both = heapq.merge(zip(self._sorted, self._places, strict=True), sorted(self._recent.items()))
            ordered, places = array("Q"), array("Q")
            for number, beginning in both:
                ordered.append(number)
                places.append(beginning)
            self._sorted, self._places = ordered, places
            self._recent.clear()


class Manifest:
    """An open manifest; answers stay in the file until they are asked for.

    A line goes out in one write, so that kill -9 can cut the last line at most, which is then read as not there. The
    file is for its owner alone (0600): it holds answers, never credentials.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._reader = path.open("rb")
        except (OSError, ValueError) as error:  # a ValueError is a path that no file can have
            raise ConfigError(f"The batch cannot be kept: {error}.", hint="Give another path as resume.") from None
        self._places = Places()
        self._cut = self._failing = False
        try:
            self._read(path)
        except BaseException:
            self.close()
            raise

    def _read(self, path: Path) -> None:
        place, line = 0, b"\n"
        for line in self._reader:
            if place == 0 and not BEGINNING.startswith(line[: len(BEGINNING)].rstrip(b"\n")):
                raise ConfigError(f"{path} is not the file of a batch.", hint="Give another path as resume.")
            digest = digest_in(line)
            if digest is not None and self._places.get(digest) is None:
                self._places.put(digest, place)
            place += len(line)
        self._cut = not line.endswith(b"\n")

    def find(self, digest: str) -> rs.Answer[Any] | None:
        """The answer to a question that this run of the batch or an earlier one paid for."""
        place = self._places.get(digest)
        if place is None:
            return None
        self._reader.seek(place)
        entry = msgspec.json.decode(self._reader.readline(), type=Entry)
        if entry.digest != digest:
            return None
        return rs.Answer(entry.answer, "cache", entry.at, age=max(0.0, time.time() - entry.at))

    def keep(self, digest: str, answer: rs.Answer[Any]) -> None:
        """Write one answer down, once; a disk that is full costs no answer, only the memory of it."""
        if self._places.get(digest) is not None:
            return
        line = msgspec.json.encode(Entry(digest, answer.computed_at, answer.value)) + b"\n"
        ahead = b"\n" if self._cut else b""
        written, why = 0, "no space"
        try:
            written = os.write(self._file, ahead + line)
        except OSError as error:
            why = str(error)
        if written == len(ahead) + len(line):
            self._places.put(digest, os.lseek(self._file, 0, os.SEEK_CUR) - len(line))
            self._cut = self._failing = False
            return
        self._cut = self._cut or written > 0
        if not self._failing:
            logger().warning("answers of the batch cannot be kept", why=why)
        self._failing = True

    def close(self) -> None:
        """Let go of the file; what was kept is in it."""
        os.close(self._file)
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def digest_in(line: bytes) -> str | None:
    """The digest of a whole line, None for one that a crash cut."""
    try:
        digest = msgspec.json.decode(line, type=Skimmed).digest
        int(digest[:16], 16)
    except (msgspec.MsgspecError, ValueError):
        return None
    return digest


def manifest_path(resume: str | os.PathLike[str], settings: Settings) -> Path:
    """A plain name stands for a file in the state folder; anything else is a path."""
    if isinstance(resume, str) and NAME.fullmatch(resume):
        return state_folder(settings) / FOLDER / f"{resume}.jsonl"
    if (path := read_path(resume)) is not None:
        return path
    raise InvalidArgumentError(f"resume is {shown(resume)}.", hint="Give a name for the batch, or a path.")
