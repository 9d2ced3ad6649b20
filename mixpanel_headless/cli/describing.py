"""What the values of a command's arguments may be made of, in the words of its help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from mixpanel_headless.cli.annotations import alternatives
from mixpanel_headless.cli.values import constructors, fields_of, is_object, is_params, is_value, items_of
from mixpanel_headless.models.params import choices_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_headless.cli.values import Field


def describe(kinds: Sequence[Any]) -> dict[str, str]:
    """Every class that a value of these kinds may be made of, with its fields and constructors."""
    found: dict[str, str] = {}
    waiting = [kind for kind in items_of(kinds) if is_value(kind) or is_params(kind)]
    while waiting:
        cls = waiting.pop(0)
        if cls.__name__ in found:
            continue
        fields = fields_of(cls)
        found[cls.__name__] = ", ".join(map(field_text, fields, fields.values()))
        if constructors(cls):
            found[cls.__name__] += "; or by name: " + ", ".join(constructors(cls))
        waiting += [one for field in fields.values() for one in inner_classes(field.kind)]
    return found


def inner_classes(kind: Any) -> list[type]:
    """The classes of our own inside a kind."""
    found = []
    for one in items_of(tuple(alternatives(kind))):
        inside = get_args(one)[1] if is_object(one) and len(get_args(one)) == 2 else one
        found += [part for part in alternatives(inside) if is_value(part) or is_params(part)]
    return found


def field_text(name: str, field: Field) -> str:
    """A field as help shows it, with what is allowed."""
    allowed = [str(choice) for one in alternatives(field.kind) for choice in choices_of(one).values()]
    return f"{name}{'' if field.required else '?'}" + (f" ({' | '.join(dict.fromkeys(allowed))})" if allowed else "")
