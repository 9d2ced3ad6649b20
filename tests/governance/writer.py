"""A program that writes rows to the audit log of a folder, or dies between the two rows of a change."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mixpanel_headless.governance.journal import open_journal


def main(folder: str, rows: str, segment_bytes: str) -> None:
    """So many rows, each with the process and its number."""
    journal = open_journal(Path(folder), segment_bytes=int(segment_bytes))
    for number in range(int(rows)):
        journal.append(
            {"kind": "outcome", "process": os.getpid(), "number": number, "filling": "x" * (number * 37 % 400)}
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
