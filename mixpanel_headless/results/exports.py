"""What an export has put where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from .provenance import plural

if TYPE_CHECKING:
    from datetime import datetime


@attrs.frozen(kw_only=True)
class ExportedFile:
    """One file: its name in the folder, and what is in it."""

    name: str
    rows: int
    copies: int  # of events that are in the file, left out
    bad: int  # lines that could not be read, left out
    size: int  # in bytes
    at: datetime  # when it was asked for


@attrs.frozen(kw_only=True)
class Exported:
    """All files of one export, those of earlier runs included; `requests` is what this run sent."""

    to: str
    format: str
    files: tuple[ExportedFile, ...]
    requests: int

    @property
    def rows(self) -> int:
        """The rows of all files."""
        return sum(file.rows for file in self.files)

    @property
    def copies(self) -> int:
        """Copies of events that were left out."""
        return sum(file.copies for file in self.files)

    @property
    def bad(self) -> int:
        """Lines that could not be read and were left out."""
        return sum(file.bad for file in self.files)

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """The export as JSON-ready data."""
        files = [{**attrs.asdict(file), "at": file.at.isoformat()} for file in self.files]
        counts = {"rows": self.rows, "copies": self.copies, "bad": self.bad, "size": self.size}
        return {"to": self.to, "format": self.format, **counts, "requests": self.requests, "files": files}

    def __str__(self) -> str:
        left = [
            f"{count:,} {what} left out" for count, what in ((self.copies, "copies"), (self.bad, "bad lines")) if count
        ]
        return ", ".join(
            [
                f"{plural(self.rows, 'row')} in {plural(len(self.files), 'file')} of {self.to}",
                *left,
                plural(self.requests, "request"),
            ]
        )
