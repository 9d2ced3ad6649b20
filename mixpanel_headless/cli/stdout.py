"""Standard output that does not take everything: it is closed, its disk is full, its reader has gone away."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from typing import TextIO

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
GONE = 128 + 13
"""How a shell names the end by SIGPIPE, which is how other tools end when their reader has enough."""


def open_stdout_for_everything() -> None:
    """Let stdout and stderr take every text, whatever their encoding; SystemExit if there is no stdout at all."""
    if sys.stdout is None:
        raise SystemExit("Error: Standard output is closed; redirect it to a file, or to /dev/null.")
    codecs.register_error("json-escape", escape_for_json)
    for file in (sys.stdout, sys.stderr):
        if isinstance(file, io.TextIOWrapper):
            file.reconfigure(errors="json-escape")


def escape_for_json(error: UnicodeError) -> tuple[str, int]:
    """What an encoding cannot say, as escapes of UTF-16, which JSON takes as well."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.end


def refuse_lost_output(error: BaseException, stdout: TextIO) -> None:
    """Raise SystemExit with one line of why if a run ended in `error` because `stdout`, as it was then, takes nothing."""
    lost = find_loss(error)
    if lost is None and sys.stdout is stdout:
        return
    silence_stdout()
    if lost is None or isinstance(lost, BrokenPipeError):  # click puts another stdout in the place of a broken one
        raise SystemExit(GONE) from None
    raise SystemExit(f"Error: The output cannot be written: {lost.strerror}.") from None


def find_loss(error: BaseException) -> OSError | None:
    """What keeps the output from being written, be it the end of the run already or still to come from the buffer."""
    if isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError):
        return error.__context__  # rich ends the program in its place
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, OSError) and error.filename is None and (error.errno in FULL or error.errno == errno.EPIPE):
        return error
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as loss:
        return loss
    return None


def silence_stdout() -> None:
    """Let everything that is written from now on, and what is still in the buffer, go nowhere.

    Otherwise the interpreter tries again at its end and adds a complaint of its own.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
