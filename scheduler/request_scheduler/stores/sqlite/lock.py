"""The lock beside the budget file: whoever holds it is alone with the file, and reads there what was counted in it.

SQLite alone lets processes starve each other, and before 3.51.3 it could damage a file whose write-ahead log was written
and emptied at once, so every write, checkpoint and close happens under this lock. It also keeps the number of the last
transaction: a file that has a smaller one has lost what was written since, and one without any is new where there was
another. What else is written into it matters to nobody.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from request_scheduler.database_file import identity_of
from request_scheduler.file_lock import LockTimeoutError, locked
from request_scheduler.stores import StoreLost

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 10.0
_TRIES = 100  # a lock that is removed again and again while it is opened cannot be relied on
_BEGUN = b"a budget file was begun beside this lock; its transactions: %020d\n"
_NUMBER = slice(-21, -1)
MOUNTS = Path("/proc/self/mounts")
"""Where Linux tells what is mounted; other systems have no such file, and every folder is taken for local there."""
_NETWORK = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "fuse.sshfs",
        "fuse.s3fs",
        "fuse.glusterfs",
        "fuse.ceph",
    ]
)


class LedgerLock:
    """One process's hold on the lock, opened when it is first needed."""

    def __init__(self, path: Path) -> None:
        self._beside, self._path = path, path.with_name(path.name + "-lock")
        self._file: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it was held since it was closed."""
        return self._file is not None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock that everybody else finds now: one that was removed or moved away excludes nobody."""
        for _ in range(_TRIES):
            if self._file is None:
                self._file = _open_lock(self._beside)
            with locked(self._file, _PATIENCE):
                status = os.fstat(self._file)
                if identity_of(self._path) == (status.st_dev, status.st_ino):
                    yield
                    return
            self.close()
        raise LockTimeoutError(f"the lock {self._path} is removed again and again")

    def begun(self) -> bool:
        """Whether there was a file beside this lock before."""
        assert self._file is not None
        return os.fstat(self._file).st_size > 0

    def number(self) -> int:
        """The last transaction's; 0 if that is not known."""
        assert self._file is not None
        os.lseek(self._file, 0, os.SEEK_SET)
        line = os.read(self._file, len(_BEGUN % 0))
        number = line[_NUMBER]
        return int(number) if number.isdigit() and line == _BEGUN % int(number) else 0

    def note(self, number: int) -> None:
        """Write down that a transaction is in the file, if the disk lets it: a smaller number than it has does no harm."""
        assert self._file is not None
        with suppress(OSError):
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, _BEGUN % number)

    def close(self) -> None:
        """Let go of it; the next use opens it again."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def check_usable(path: Path) -> None:
    """Raise OSError or StoreLost where a store could not keep its file."""
    os.close(_open_lock(path))


def check_local(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raise StoreLost for a folder on a network file system, whose locks cannot be relied on."""
    kind = _file_system(folder, mounts)
    if kind in _NETWORK:
        raise StoreLost(f"{folder} is on a network file system ({kind}): use a local folder")


def _open_lock(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_local(path.parent)
    return os.open(path.with_name(path.name + "-lock"), os.O_RDWR | os.O_CREAT, 0o600)


def _file_system(folder: Path, mounts: Path) -> str:
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    resolved = folder.resolve()
    best, kind = -1, ""
    for _, point, name, *_ in (line.split(" ") for line in lines):
        place = Path(point.replace("\\040", " "))
        if resolved.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), name
    return kind
