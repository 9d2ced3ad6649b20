"""The flights that have not ended: all of them, by key, and by the names that other processes know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from request_scheduler.flight import Common

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from request_scheduler.call import Call
    from request_scheduler.flight import Flight


@define(eq=False)
class Roster:
    """Who flies. `name_of` gives the name of a key that processes may share; without it each runs its own."""

    name_of: Callable[[Hashable], str | None] | None
    aloft: set[Flight] = field(factory=set)
    by_key: dict[Hashable, Flight] = field(factory=dict)
    by_name: dict[str, Flight] = field(factory=dict)

    def enter(self, flight: Flight, looked: int | None) -> None:
        """Add a flight; `looked` is how often other processes had written when the shared cache was searched for it."""
        self.aloft.add(flight)
        key = flight.call.key
        if key is None:
            return
        self.by_key[key] = flight
        if self.name_of is None or not flight.call.spends:
            return  # what costs nothing is not worth the waiting of others
        if (name := self.name_of(key)) is not None:
            flight.common = Common(name, looked)
            self.by_name[name] = flight

    def leave(self, flight: Flight) -> None:
        """Take a flight out; a newer one of the same question stays."""
        self.aloft.discard(flight)
        if flight.common is not None and self.by_name.get(flight.common.name) is flight:
            del self.by_name[flight.common.name]
        key = flight.call.key
        if key is not None and self.by_key.get(key) is flight:
            del self.by_key[key]

    def joinable(self, call: Call[object]) -> Flight | None:
        """The flight that a call may share, if there is one."""
        flight = None if call.key is None else self.by_key.get(call.key)
        if flight is None or not flight.can_be_joined(unsent_only=call.freshness.mode == "fresh"):
            return None
        return flight
