"""The answers of a batch in a file, one line of JSON each, so that a batch that was cut goes on where it was."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

import request_scheduler as rs

from .accounts.state import state_folder
from .errors import ConfigError, InvalidArgumentError
from .observation import logger

if TYPE_CHECKING:
    from types import TracebackType

    from .accounts.settings import Settings

FOLDER = "batches"
NAME = re.compile(r"[\w.-]{1,100}")


class Entry(msgspec.Struct):
    """One line: the digest of a question, when it was answered (wall clock), and the JSON of the answer."""

    digest: str
    at: float
    answer: Any


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
        except OSError as error:
            raise ConfigError(f"The batch cannot be kept: {error}.", hint="Give another path as resume.") from None
        self._places: dict[str, tuple[int, int]] = {}
        self._read()

    def _read(self) -> None:
        place, line = 0, b"\n"
        for line in self._reader:
            with suppress(msgspec.MsgspecError):  # a line that a crash cut
                self._places[msgspec.json.decode(line, type=Entry).digest] = (place, len(line))
            place += len(line)
        if not line.endswith(b"\n"):
            os.write(self._file, b"\n")

    def find(self, digest: str) -> rs.Answer[Any] | None:
        """The answer to a question that an earlier run of the batch paid for."""
        where = self._places.get(digest)
        if where is None:
            return None
        self._reader.seek(where[0])
        entry = msgspec.json.decode(self._reader.read(where[1]), type=Entry)
        return rs.Answer(entry.answer, "cache", entry.at, age=max(0.0, time.time() - entry.at))

    def keep(self, digest: str, answer: rs.Answer[Any]) -> None:
        """Write one answer down; a disk that is full costs no answer, only the memory of it."""
        line = msgspec.json.encode(Entry(digest, answer.computed_at, answer.value)) + b"\n"
        try:
            os.write(self._file, line)
        except OSError as error:
            logger().warning("an answer of the batch cannot be kept", why=str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)
        self._reader.close()


def manifest_path(resume: str | os.PathLike[str], settings: Settings) -> Path:
    """A plain name stands for a file in the state folder; anything else is a path."""
    if isinstance(resume, str) and NAME.fullmatch(resume):
        return state_folder(settings) / FOLDER / f"{resume}.jsonl"
    if isinstance(resume, str | os.PathLike) and str(resume):
        return Path(resume)
    raise InvalidArgumentError(f"resume is {resume!r}.", hint="Give a name for the batch, or a path.")
