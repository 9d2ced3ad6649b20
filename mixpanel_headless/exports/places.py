"""Where an export's files go: a folder, or anything that fsspec can name by a URL."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from mixpanel_headless.errors import ConfigError, InvalidArgumentError, MissingExtraError, shown
from mixpanel_headless.paths import read_path

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = re.compile(r"[a-z][a-z0-9+.-]+(://|::)", re.ASCII)
UNFINISHED = re.compile(r"\.part-(\d+)-")
"""Names of files that somebody is writing, with the process that does."""

WRITABLE = "Give a folder that you may write to; it is made if it is not there."


class Place(Protocol):
    """A folder by whatever means: every file appears whole or not at all."""

    @property
    def name(self) -> str:
        """How people know it; without credentials."""

    def scratch(self) -> Path:
        """A local folder for files that are being made."""

    def read(self, name: str) -> bytes | None:
        """What a file holds, None if there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Make or replace a small file."""

    def take(self, made: Path, name: str) -> None:
        """Make a file that is whole one of the place's; the local file is gone then."""

    def size(self, name: str) -> int | None:
        """The bytes of a file, None if there is none."""

    def remove(self, name: str) -> None:
        """Leave no file of that name."""


@attrs.frozen
class Folder:
    """A folder of this machine; its files are for their owner alone, as they hold people's data."""

    path: Path

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def scratch(self) -> Path:
        """The folder itself, so that a finished file is only renamed; what dead processes left in it is removed."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except (FileExistsError, NotADirectoryError):
            raise ConfigError(f"Nothing can be written to {self.path}: it is no folder.", hint=WRITABLE) from None
        except OSError as error:
            raise ConfigError(f"Nothing can be written to {self.path}: {error.strerror}.", hint=WRITABLE) from None
        for left in self.path.glob(".part-*"):
            found = UNFINISHED.match(left.name)
            if found and not is_running(int(found[1])):
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
        return self.path

    def read(self, name: str) -> bytes | None:
        """What a file holds."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Make or replace a small file."""
        with unfinished(self.path) as made:
            made.write_bytes(content)
            self.take(made, name)

    def take(self, made: Path, name: str) -> None:
        """Rename a file, after its bytes have reached the disk."""
        made.chmod(0o600)
        with made.open("rb+") as file:
            os.fsync(file.fileno())
        made.replace(self.path / name)

    def size(self, name: str) -> int | None:
        """The bytes of a file."""
        try:
            return (self.path / name).stat().st_size
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Leave no file of that name."""
        (self.path / name).unlink(missing_ok=True)


@attrs.frozen
class Remote:
    """A folder behind fsspec; files are made here and put there whole, and count once the manifest names them."""

    files: Any
    path: str

    @property
    def name(self) -> str:
        """The protocol and the path, without what the URL says of the account."""
        protocol = self.files.protocol
        return f"{protocol if isinstance(protocol, str) else protocol[0]}://{self.path}"

    def scratch(self) -> Path:
        """The machine's folder for temporary files."""
        self.files.makedirs(self.path, exist_ok=True)
        return Path(tempfile.gettempdir())

    def read(self, name: str) -> bytes | None:
        """What a file holds."""
        try:
            content: bytes = self.files.cat_file(self._at(name))
        except FileNotFoundError:
            return None
        return content

    def write(self, name: str, content: bytes) -> None:
        """Make or replace a small file."""
        self.files.pipe_file(self._at(name), content)

    def take(self, made: Path, name: str) -> None:
        """Upload a file."""
        self.files.put_file(str(made), self._at(name))
        made.unlink()

    def size(self, name: str) -> int | None:
        """The bytes of a file, asked of the place itself and not of an earlier listing."""
        self.files.invalidate_cache()
        try:
            return int(self.files.info(self._at(name))["size"])
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Leave no file of that name."""
        with suppress(FileNotFoundError):
            self.files.rm_file(self._at(name))

    def _at(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}"


def choose_place(to: object) -> Place:
    """The folder that a path or a URL names; raises InvalidArgumentError or MissingExtraError for what cannot be one."""
    if (path := read_path(to)) is None:
        raise InvalidArgumentError(
            f"to is {shown(to)}.", hint="Give the path of a folder, or a URL such as s3://bucket/folder."
        )
    if not isinstance(to, str) or not URL.match(to):
        return Folder(path)
    try:
        import fsspec
    except ImportError:
        raise MissingExtraError("An export to a URL", "remote") from None
    try:
        files, path = fsspec.core.url_to_fs(to)
    except (ImportError, ValueError) as error:
        protocol = to.partition(":")[0]
        raise ConfigError(f"fsspec cannot write to {protocol}: {error}.", hint="Install what it names.") from None
    return Remote(files, path)


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A name for a file that is being made, which is gone afterwards unless somebody has taken it."""
    path = folder / f".part-{os.getpid()}-{secrets.token_hex(6)}"
    path.touch(mode=0o600)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def new_part(folder: Path) -> Iterator[Path]:
    """The same for a part of an export; ConfigError when the disk takes no more."""
    try:
        with unfinished(folder) as path:
            yield path
    except OSError as error:
        told = f"A file of the export cannot be written: {error.strerror or error}."
        raise ConfigError(told, hint="Make room, and call it again: what is finished stays.") from error


def is_running(process: int) -> bool:
    """Whether a process of that number exists on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
