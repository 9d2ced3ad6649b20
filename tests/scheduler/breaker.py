"""Who damages files that are in use: in place, as a broken disk or a stray program does."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def parts_of(path: Path, *suffixes: str) -> list[Path]:
    """A file and those beside it, by what their names add to its own; all that are there if none is named."""
    if suffixes:
        return [Path(f"{path}{suffix}") for suffix in suffixes]
    return sorted(file for file in path.parent.glob(f"{path.name}*") if "damaged" not in file.name)


def overwrite(files: Iterable[Path], random: Random | None = None) -> None:
    """Put as many random bytes in the place of what is there."""
    random = random or Random(1)
    for file in files:
        with suppress(FileNotFoundError), file.open("r+b") as content:  # somebody may just have set it aside
            content.write(random.randbytes(os.fstat(content.fileno()).st_size))


def cut(file: Path, size: int = 0) -> None:
    """Leave no more than the first bytes of a file."""
    os.truncate(file, size)
