"""What the `*Params` classes have in common: the fields of an entity that a caller gives, checked where they are written.

A field that is not given is UNSET and is not sent. Every flaw is told at once, before anything is sent: an unknown field
with the nearest name, a missing one, a value of the wrong kind, one that is out of its set with what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, EnumMeta
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

import attrs
import msgspec

from mixpanel_headless.convert import structure, to_plain
from mixpanel_headless.errors import ParamTypeError, ParamValidationError, ResponseValidationError, shown
from mixpanel_headless.suggestions import did_you_mean

from .entity import wire_name

__all__ = ("UNSET", "Unset")

T = TypeVar("T")
P = TypeVar("P", bound="Params")


class Unset(Enum):
    """The kind of UNSET."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = Unset.UNSET
"""The value of a field that was not given."""
Maybe: TypeAlias = T | Unset | None
"""A field that may be left out."""


class Checked(type):
    """Checks the fields of its classes before an object is made."""

    def __call__(cls: type[P], *positional: Any, **given: Any) -> P:  # type: ignore[misc] # a metaclass's `cls`
        name = cls.__name__
        if positional:
            raise ParamTypeError(f"{name} takes its fields by name: {name}({next(iter(fields_of(cls)), '')}=...).")
        values, flaws = check_fields(cls, given)
        if flaws:
            told = "; ".join(f"{path}: {flaw}" for path, flaw in flaws)
            raise ParamValidationError(
                f"{name}: {told}{'' if told.endswith('?') else '.'}",
                path=f"{name}.{flaws[0][0]}",
                details={"fields": [{"path": path, "message": flaw} for path, flaw in flaws]},
            )
        made: P = type.__call__(cls, **values)
        return made


@attrs.frozen(kw_only=True)
class Params(metaclass=Checked):
    """Fields that a caller gives; those that are None are left out."""

    def to_dict(self) -> dict[str, Any]:
        """What was given, as JSON-ready data under the names of the attributes."""
        return {
            field.name: to_plain(value) for field, value in self._given() if field.name != "extra"
        } | self._surplus()

    def to_wire(self) -> dict[str, Any]:
        """What is sent: the fields that were given, under the names that the service has for them."""
        return {wire_name(field): to_wire(value) for field, value in self._given() if field.name != "extra"} | (
            self._surplus()
        )

    def _given(self) -> list[tuple[attrs.Attribute[Any], Any]]:
        pairs = [(field, getattr(self, field.name)) for field in attrs.fields(type(self))]
        return [(field, value) for field, value in pairs if value is not UNSET and self._sends(value)]

    def _sends(self, value: Any) -> bool:
        return value is not None

    def _surplus(self) -> dict[str, Any]:
        return {}


@attrs.frozen(kw_only=True)
class Changes(Params):
    """Fields that are to change: None clears a field on the service, one that is not given stays as it is."""

    def _sends(self, value: Any) -> bool:
        return True


@attrs.frozen(kw_only=True)
class OpenParams(Params):
    """Fields that a caller gives, with others that the service may know: they are sent as they are."""

    extra: dict[str, Any] = attrs.field(factory=dict)

    def _surplus(self) -> dict[str, Any]:
        return {name: to_wire(value) for name, value in self.extra.items() if self._sends(value)}


def to_wire(value: Any) -> Any:
    """A value of a field as JSON-ready data, whatever is inside under the service's names."""
    if isinstance(value, Params):
        return value.to_wire()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(key): to_wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_wire(item) for item in value]
    plain = to_plain(value)
    if not isinstance(plain, JSON):
        raise ParamTypeError(f"{shown(value)} cannot stand in JSON.", hint="Give text, numbers, lists or mappings.")
    return plain


JSON = (str, int, float, bool, type(None), dict, list, msgspec.Raw)
"""What stands in JSON as it is; a Raw is JSON already, as the questions of reports are."""


def read_argument(name: str, kind: Any, value: Any) -> Any:
    """An argument that takes `*Params`, or several: a mapping stands for the fields of one."""
    many = get_origin(kind) is not None and issubclass(get_origin(kind), Sequence)
    if many:
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
            raise ParamTypeError(f"{name} is {shown(value)}; give a list.", path=name)
        one = get_args(kind)[0]
        return [read_argument(f"{name}[{place}]", one, entry) for place, entry in enumerate(value)]
    if not (isinstance(kind, type) and issubclass(kind, Params)) or isinstance(value, kind):
        return value
    if not isinstance(value, Mapping):
        raise ParamTypeError(f"{name} is {shown(value)}; give a {kind.__name__}.", path=name)
    if strange := [key for key in value if not isinstance(key, str)]:
        raise ParamTypeError(f"{name} names a field {shown(strange[0])}; fields have texts as names.", path=name)
    return kind(**value)


@cache
def fields_of(cls: type[Params]) -> dict[str, attrs.Attribute[Any]]:
    """The fields that a caller may give, by name."""
    attrs.resolve_types(cls)
    return {field.name: field for field in attrs.fields(cls) if field.name != "extra"}


def check_fields(cls: type[Params], given: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The values of the fields as their types have them, and every flaw as (path, what is wrong)."""
    fields = fields_of(cls)
    by_wire = {wire_name(field): field.name for field in fields.values()}
    values: dict[str, Any] = {}
    flaws: list[tuple[str, str]] = []
    surplus = dict(given.get("extra") or {}) if issubclass(cls, OpenParams) else {}
    for name, value in given.items():
        field = fields.get(name) or fields.get(by_wire.get(name, ""))
        if field is not None:
            read_value(field, value, values, flaws)
        elif issubclass(cls, OpenParams):
            surplus |= {} if name == "extra" else {name: value}
        else:
            flaws.append((name, unknown_field(name, list(fields))))
    missing = [
        (name, "required, and not given")
        for name, field in fields.items()
        if field.default is attrs.NOTHING and name not in values and not any(path.startswith(name) for path, _ in flaws)
    ]
    return values | ({"extra": surplus} if surplus else {}), flaws + missing


def unknown_field(name: str, known: list[str]) -> str:
    return "no such field" + (did_you_mean(name, known) or f"; there are {', '.join(known)}")


def read_value(field: attrs.Attribute[Any], value: Any, values: dict[str, Any], flaws: list[tuple[str, str]]) -> None:
    """Add a field's value to the values, or what is wrong with it to the flaws."""
    if value is UNSET:
        return
    kinds = kinds_of(field.type)
    value = list(value) if isinstance(value, (tuple, set, frozenset)) else value
    if value is None and NONE in kinds:
        values[field.name] = None
        return
    if value is None and field.default is attrs.NOTHING:
        flaws.append((field.name, "required, and null"))
        return
    kind: Any = Union[tuple(one for one in kinds if one is not NONE)]  # noqa: UP007 - made while it runs
    flaw = None
    if allowed := choices_of(kind):
        value, flaw = read_choice(value, allowed, field.metadata.get("synonyms", {}))
    try:
        values[field.name] = read = value if kind is Any or flaw else structure(value, kind)
    except ResponseValidationError as error:
        flaws += [split_flaw(field.name, one) for one in error.fields]
        return
    except ParamValidationError as error:
        flaws.append((field.name, str(error)))
        return
    rule = field.metadata.get("rule")
    flaw = flaw or (rule(read) if rule else None)
    if flaw is not None:
        flaws.append((field.name, flaw))


NONE = type(None)


def kinds_of(annotation: Any) -> tuple[Any, ...]:
    """The kinds of values that a field takes, UNSET left out."""
    if get_origin(annotation) in (Union, UnionType):
        return tuple(kind for kind in get_args(annotation) if kind is not Unset)
    return (annotation,)


def choices_of(kind: Any) -> dict[str, Any]:
    """The values of a set by their text, in any case; nothing for a kind that is no set."""
    if get_origin(kind) is Literal:
        return {str(one).casefold(): one for one in get_args(kind)}
    if isinstance(kind, EnumMeta):
        members: list[Enum] = list(kind)
        return {str(member.value).casefold(): member.value for member in members}
    return {}


def read_choice(value: Any, allowed: dict[str, Any], synonyms: Mapping[str, str]) -> tuple[Any, str | None]:
    """One of a set, spelled as the service has it, or what is wrong with it."""
    plain = value.value if isinstance(value, Enum) else value
    text = str(plain).casefold()
    if (text := synonyms.get(text, text)) in allowed and not isinstance(plain, bool):
        return allowed[text], None
    names = [str(one) for one in allowed.values()]
    return value, f"{shown(value)} is none of {', '.join(names)}{did_you_mean(plain, names)}"


def split_flaw(name: str, flaw: str) -> tuple[str, str]:
    """The path and the words of a flaw as `structure` tells it: `words @ $[0].id`."""
    words, _, place = flaw.rpartition(" @ $")
    return name + place, words or flaw


def at_most(length: int) -> dict[str, Any]:
    """The metadata of a text or list that has a greatest length."""
    return {"rule": lambda value: None if len(value) <= length else f"{len(value)} long; at most {length} go in"}


def at_least(length: int) -> dict[str, Any]:
    """The metadata of a text or list that has a least length."""
    return {
        "rule": lambda value: None if len(value) >= length else f"{len(value)} long; at least {length} must be given"
    }
