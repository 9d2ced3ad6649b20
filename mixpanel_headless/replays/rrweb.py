"""The numbers by which a recording tells what an event is, as rrweb has them (its package `types`)."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """What an event is: its `type`."""

    SNAPSHOT = 2
    INCREMENT = 3
    META = 4
    CUSTOM = 5
    PLUGIN = 6


class Source(IntEnum):
    """What an increment comes from: the `source` of its data."""

    MUTATION = 0
    MOUSE = 2
    SCROLL = 3
    INPUT = 5
    DRAG = 6
    SELECTION = 14


class Press(IntEnum):
    """What a mouse or a finger did: the `type` of its data."""

    CLICK = 2
    RIGHT_CLICK = 3
    DOUBLE_CLICK = 4
    FOCUS = 5
    TOUCH = 7
    LIFT = 9
    CANCEL = 10
