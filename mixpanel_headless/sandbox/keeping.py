"""The file in which a sandbox keeps what clients make: one sandbox at a time, and always a whole state in it."""

from __future__ import annotations

import functools
import logging
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mixpanel_headless.errors import ConfigError
from mixpanel_headless.exports.places import Folder
from mixpanel_headless.governance.journal import opened
from mixpanel_headless.sandbox import kept
from request_scheduler.file_lock import LockTimeoutError, locked

if TYPE_CHECKING:
    from mixpanel_headless.sandbox.saved import Saved

log = logging.getLogger(__name__)


class Keeper:
    """Reads a file when it is opened, and writes it before a call that has changed something is answered.

    What is there is never half written: a new file takes the place of the old one.
    """

    def __init__(self, path: str | os.PathLike[str], project: int) -> None:
        self.path = Path(os.path.realpath(Path(path).expanduser()))
        self._project = project
        self._held = ExitStack()
        self._saved: Saved | None = None
        self._written = b""
        self._lagging = False

    def open(self) -> Saved | None:
        """What the file holds, None when there is none yet; from now on it is this sandbox's alone.

        Raises ConfigError for a file of something else or of another sandbox, and leaves it as it is.
        """
        try:
            Folder(self.path.parent).scratch()
            lock = self._held.enter_context(
                opened(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT)
            )
            self._held.enter_context(locked(lock, 0))
            if self.path.exists() and not self.path.is_file():
                raise self._refusal("is no plain file", "Give another one.")
            found = kept.decode(self.path.read_bytes())
        except LockTimeoutError:
            raise self._refusal("is kept by another sandbox", "Stop that one, or give another file.") from None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refusal(f"cannot be used: {error.strerror or error}", "Give another file.") from error
        except kept.Unreadable as problem:
            hint = "Give a file that a sandbox has written, or a name that is not taken."
            raise self._refusal(f"holds no sandbox that can be read: {problem}", hint) from problem
        saved, project = found
        if project != self._project:
            hint = f"Give project {project}, or another file."
            raise self._refusal(f"is of project {project}, and this sandbox is project {self._project}", hint)
        return saved

    def start(self, saved: Saved) -> None:
        """Keep this from now on; raises ConfigError when the file cannot be written."""
        self._write(saved)
        self._saved = saved
        saved.touched = functools.partial(self._keep, saved)

    def close(self) -> None:
        """Let the file go; raises ConfigError when there is something that cannot be written to it."""
        try:
            if self._saved is not None:
                self._write(self._saved)
        finally:
            self._held.close()

    def _keep(self, saved: Saved) -> None:
        """Write what is kept; a file that cannot be written now is tried again after the next call."""
        try:
            self._write(saved)
        except ConfigError as problem:
            if not self._lagging:
                log.warning("%s It is tried again after every call.", problem.message)
            self._lagging = True

    def _write(self, saved: Saved) -> None:
        line = kept.encode(saved, self._project)
        if line == self._written:
            return
        try:
            Folder(self.path.parent).write(self.path.name, kept.for_people(line))
        except OSError as error:
            hint = "Make room for it, or give another file."
            raise self._refusal(f"cannot be written: {error.strerror or error}", hint) from error
        self._written, self._lagging = line, False

    def _refusal(self, what: str, hint: str) -> ConfigError:
        return ConfigError(f"The file {self.path} {what}.", code="KEPT_FILE", hint=hint)
