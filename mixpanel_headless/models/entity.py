"""What every entity of the App API has in common."""

import re
from typing import Any, TypeAlias

import attrs

from mixpanel_headless.convert import to_plain
from mixpanel_headless.results.provenance import Provenance

Id: TypeAlias = str | int
"""What the service calls something; it has numbers for some and text for others, and changes its mind."""


__all__ = ()


@attrs.frozen(kw_only=True)
class Entity:
    """Something that the service keeps; fields that it adds are in `extra`, and in `to_dict()` again.

    A field whose name on the wire differs says so in its metadata: `attrs.field(metadata={"wire": "customEventId"})`.
    `provenance` tells where it came from, unless it came in a list, which tells it for all.
    """

    extra: dict[str, Any] = attrs.field(factory=dict, repr=False)
    provenance: Provenance | None = attrs.field(default=None, eq=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The entity as JSON-ready data, under the names of its attributes; moments in ISO 8601."""
        return self._named(wire=False)

    def to_wire(self) -> dict[str, Any]:
        """The same under the names that the service gives to its fields; what is inside keeps those of attributes."""
        return self._named(wire=True)

    def _named(self, *, wire: bool) -> dict[str, Any]:
        fields = [field for field in attrs.fields(type(self)) if field.name not in OWN_FIELDS]
        own = {wire_name(field) if wire else field.name: to_plain(getattr(self, field.name)) for field in fields}
        return {**own, **to_plain(self.extra)}


def camel_case(_: type, fields: "list[attrs.Attribute[Any]]") -> "list[attrs.Attribute[Any]]":
    """For classes whose fields are `eventName` on the wire where they are `event_name` here."""
    return [
        field
        if "_" not in field.name or "wire" in field.metadata
        else field.evolve(
            metadata={**field.metadata, "wire": re.sub(r"_(\w)", lambda word: word[1].upper(), field.name)}
        )
        for field in fields
    ]


def wire_name(field: "attrs.Attribute[Any]") -> str:
    """What the service calls a field."""
    name: str = field.metadata.get("wire", field.name)
    return name


@attrs.frozen(kw_only=True)
class Page(Entity):
    """One page of a list that callers walk themselves; subclasses say what its `results` and `pagination` are."""


OWN_FIELDS = frozenset({"extra", "provenance"})
"""What an entity has besides the service's fields."""
