"""Standard output that takes nothing any more: its disk is full, or its reader has gone away."""

from __future__ import annotations

import errno
import os
import sys

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def refuse_lost_output(error: BaseException) -> None:
    """Raise SystemExit with one line of why if a run ended in `error` because stdout takes nothing."""
    lost = find_loss(error)
    if lost is None:
        return
    silence_stdout()
    if isinstance(lost, BrokenPipeError):
        raise SystemExit(1) from None
    raise SystemExit(f"Error: The output cannot be written: {lost.strerror}.") from None


def find_loss(error: BaseException) -> OSError | None:
    """What keeps the output from being written, be it the end of the run already or still to come from the buffer."""
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
