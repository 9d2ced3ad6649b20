"""Values that every call makes anew: fixed once made, which type checkers hold everybody to.

A frozen attrs class sets its fields by way of `object.__setattr__`, and costs four times as much to make: with a dozen
values a call, more than admission itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attrs import frozen as value
else:
    from attrs import define as value

__all__ = ["value"]
