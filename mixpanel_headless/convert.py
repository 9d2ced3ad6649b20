"""JSON of the App API as typed values: the only module that imports cattrs, on first use.

Checks are lenient where the service is: numbers may come as text, a moment as ISO text or Unix seconds, and a null stands
for the default of a field that cannot be None. A text is a text, and an unknown field is kept. Every flaw is told at once, with its path.
"""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin

import attrs

from .errors import ResponseValidationError, shown
from .results.trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from cattrs import Converter

T = TypeVar("T")
MOST_FLAWS = 20
"""How many flaws of one answer an error tells; a list may have the same one in every row."""


def structure(tree: Any, kind: type[T], source: str = "The answer") -> T:
    """JSON as a value of that kind, sharing nothing with the tree; ResponseValidationError tells all that is wrong."""
    from cattrs import BaseValidationError, transform_error

    try:
        value: T = converter().structure(copy_tree(tree), kind)
    except (BaseValidationError, ValueError, TypeError) as error:
        flaws: list[str] = transform_error(error, path="$", format_exception=describe_flaw)
        told = flaws[:MOST_FLAWS] + ([f"and {len(flaws) - MOST_FLAWS} more"] if len(flaws) > MOST_FLAWS else [])
        name = "a list of " + name_type(get_args(kind)[0]) if is_list(kind) else name_type(kind)
        raise ResponseValidationError(f"{source} does not fit {name}:", told, sent=True) from None
    return value


def describe_flaw(error: BaseException, kind: type | None) -> str:
    """One flaw in few words; transform_error adds the path."""
    if isinstance(error, KeyError):
        return "required field missing"
    if isinstance(error, (ValueError, TypeError)) and error.args:
        return str(error).removesuffix(".")
    return f"not a {name_type(kind)}"


def to_plain(value: Any) -> Any:
    """A value as JSON-ready data that shares nothing with it."""
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat().replace("+00:00", "Z")  # as the service spells UTC
    return value.to_dict() if hasattr(value, "to_dict") else value


@functools.cache
def converter() -> Converter:
    """The one converter, made when the first entity is read."""
    from cattrs import Converter

    made = Converter(detailed_validation=True)
    for kind, read in READERS.items():
        made.register_structure_hook(kind, functools.partial(read_scalar, read))
    made.register_structure_hook_factory(is_choice, choice_reader)
    made.register_structure_hook_factory(is_list, list_reader)
    made.register_structure_hook_factory(is_object, object_reader)
    made.register_structure_hook_factory(attrs.has, entity_reader)
    made.register_structure_hook_factory(is_params, params_reader)
    return made


def is_params(kind: Any) -> bool:
    """Whether a class holds fields that a caller gives, rather than what the service keeps."""
    return hasattr(kind, "to_wire") and not hasattr(kind, "provenance")


def is_choice(kind: Any) -> bool:
    """Whether a field takes values of several kinds, such as an id that is a number or text."""
    return get_origin(kind) in (Union, UnionType) and len([one for one in get_args(kind) if one is not type(None)]) > 1


def choice_reader(kind: Any, _: Converter) -> Callable[[Any, Any], Any]:
    """How a value of several kinds is read: as it comes, if it is of one of them."""
    kinds = tuple(get_origin(one) or one for one in get_args(kind))
    names = " or ".join(KIND_NAMES.get(one, name_type(one)) for one in kinds if one is not type(None))

    def read(value: Any, _: Any) -> Any:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ValueError(f"expected {names}, got {name_kind(value)}")
        return value

    return read


def is_list(kind: Any) -> bool:
    return get_origin(kind) is list


def name_type(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


def list_reader(kind: Any, made: Converter) -> Callable[[Any, Any], Any]:
    """How a list is read; text and objects, which could be gone through as well, are none."""
    from cattrs.cols import list_structure_factory

    read_items = list_structure_factory(kind, made)

    def read(tree: Any, _: Any) -> Any:
        if not isinstance(tree, list):
            raise TypeError(f"expected a list, got {name_kind(tree)}")
        return read_items(tree, kind)

    return read


def is_object(kind: Any) -> bool:
    return get_origin(kind) is dict


def object_reader(kind: Any, made: Converter) -> Callable[[Any, Any], Any]:
    """How an object of any names is read."""
    from cattrs.cols import mapping_structure_factory

    read_items = mapping_structure_factory(kind, made)

    def read(tree: Any, _: Any) -> Any:
        if not isinstance(tree, dict):
            raise TypeError(f"expected an object, got {name_kind(tree)}")
        return read_items(tree, kind)

    return read


def entity_reader(cls: Any, made: Converter) -> Callable[[Any, Any], Any]:
    """How one class is read: its fields by their names on the wire, the others into `extra` if it has one."""
    from cattrs import gen

    from .models.entity import OWN_FIELDS, wire_name

    attrs.resolve_types(cls)
    names = {field.name: wire_name(field) for field in attrs.fields(cls)}
    defaulted = {
        wire_name(field)
        for field in attrs.fields(cls)
        if field.default is not attrs.NOTHING and not takes_none(field.type)
    }
    changes = {
        name: gen.override(omit=True) if name in OWN_FIELDS else gen.override(rename=wire)
        for name, wire in names.items()
    }
    make: Any = gen.make_dict_structure_fn
    read_fields = make(cls, made, _cattrs_detailed_validation=True, **changes)
    by_name = {name: wire for name, wire in names.items() if name != wire}
    known = {wire for name, wire in names.items() if name not in OWN_FIELDS}

    def read(tree: Any, _: Any) -> Any:
        if not isinstance(tree, dict):
            raise TypeError(f"expected an object, got {name_kind(tree)}")
        named = {by_name.get(key, key) if by_name.get(key) not in tree else key: value for key, value in tree.items()}
        entity = read_fields({k: v for k, v in named.items() if v is not None or k not in defaulted}, cls)
        surplus = {name: value for name, value in named.items() if name not in known} if "extra" in names else {}
        return attrs.evolve(entity, extra=surplus) if surplus else entity

    return read


def takes_none(annotation: Any) -> bool:
    """Whether a field may be None; for one that may not, a null stands for its default."""
    return annotation is Any or type(None) in get_args(annotation)


def params_reader(cls: Any) -> Callable[[Any, Any], Any]:
    """How fields that a caller gives inside others are read: as an object of the class, or as its fields."""

    def read(value: Any, _: Any) -> Any:
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise TypeError(f"expected {cls.__name__}, got {name_kind(value)}")
        return cls(**value)

    return read


def read_scalar(read: Callable[[Any], Any], value: Any, kind: type) -> Any:
    """One number, text, truth or moment, or a ValueError that says what it is instead."""
    try:
        return read(value)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"expected {KIND_NAMES[kind]}, got {name_kind(value)}") from None


def read_integer(value: Any) -> int:
    refuse_truth(value)
    if isinstance(value, float) and not value.is_integer():
        raise ValueError
    return int(value)


def read_number(value: Any) -> float:
    refuse_truth(value)
    return float(value)


def refuse_truth(value: Any) -> None:
    """True and False are numbers to Python only."""
    if isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - read_scalar says what it is


def read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - as above
    return value


def read_truth(value: Any) -> bool:
    word = value.lower() if isinstance(value, str) else value
    for truth, words in ((True, TRUE), (False, FALSE)):
        if word in words:
            return truth
    raise ValueError


def read_moment(value: Any) -> datetime:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    return datetime.fromisoformat(read_text(value))


def name_kind(value: Any) -> str:
    """What a piece of JSON is; text is not told, as a service may echo what should not show."""
    match value:
        case str():
            return "text"
        case None:
            return "null"
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            return shown(value)


TRUE: tuple[Any, ...] = (True, 1, "true", "yes", "on", "t", "y", "1")
FALSE: tuple[Any, ...] = (False, 0, "false", "no", "off", "f", "n", "0")
READERS: dict[type, Callable[[Any], Any]] = {
    int: read_integer,
    float: read_number,
    str: read_text,
    bool: read_truth,
    datetime: read_moment,
}
KIND_NAMES = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    datetime: "a moment",
    list: "a list",
    dict: "an object",
}
