"""Who holds something in a shared store: the name says the machine and the process, and is never used twice."""

from __future__ import annotations

import os
import socket
from random import Random, SystemRandom


def name_holder(random: Random | None = None) -> str:
    """A new name for what this process is about to hold: host, process id, and a part that makes it unlike any other."""
    host, process = this_process()
    return f"{host}/{process}/{(random or SystemRandom()).randbytes(8).hex()}"


def process_of(holder: str) -> tuple[str, int]:
    """Host and process id of a holder's name."""
    host, process, _ = holder.rsplit("/", 2)
    return host, int(process)


def this_process() -> tuple[str, int]:
    """Host and id of this process."""
    return socket.gethostname(), os.getpid()
