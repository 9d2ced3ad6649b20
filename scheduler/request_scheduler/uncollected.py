"""The garbage collector kept off a large tree while it grows: it would walk over all of it again and again, in one go."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_one_at_a_time = Lock()  # so that collections come between two large trees, however many are asked for


@contextmanager
def uncollected() -> Iterator[None]:
    """What is made inside is taken for long-lived at once, without a look at it.

    A tree of JSON has no cycles, so looking for them is in vain. To freeze and to unfreeze puts all young objects among
    the old, whatever their number; those that a program has frozen itself would be unfrozen with them, so it is left
    alone then, as is one that collects by hand.
    """
    with _one_at_a_time:
        if not gc.isenabled():
            yield
            return
        gc.collect(1)  # what is garbage now must not be taken for long-lived
        gc.disable()
        try:
            yield
        finally:
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
