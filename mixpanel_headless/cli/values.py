"""Values of several fields on the command line: JSON of their fields, and conditions as expressions.

A class is named by the fields that are given, or by `"class"`; one of its constructors by its name alone:
`{"event": "Sign Up", "math": "unique"}` is a Metric, `{"contains": ["name", "x"]}` is `Filter.contains("name", "x")`.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Union, get_args, get_origin

import attrs

from mixpanel_headless.cli.annotations import alternatives, evaluate
from mixpanel_headless.errors import MixpanelHeadlessError, ParamValidationError, shown
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.suggestions import did_you_mean

MANY = "VAR_POSITIONAL"
IN_ORDER = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD")
"""How arguments stand that can be given without their names."""
WHOLE = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)


class Field(NamedTuple):
    """One field of a class, or one argument of a constructor."""

    kind: Any
    required: bool
    sort: str = "POSITIONAL_OR_KEYWORD"


def is_value(kind: Any) -> bool:
    """Whether this is a class of our own whose fields callers give."""
    return isinstance(kind, type) and attrs.has(kind) and kind.__module__.startswith("mixpanel_headless.query.")


def is_many(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Sequence)


def is_object(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    return kind is Any or is_params(kind) or (isinstance(origin, type) and issubclass(origin, Mapping))


def is_params(kind: Any) -> bool:
    """Whether these are the fields of an entity, which the call makes of an object itself."""
    from mixpanel_headless.models.params import Params

    return isinstance(kind, type) and issubclass(kind, Params)


def items_of(kinds: Sequence[Any]) -> tuple[Any, ...]:
    """The kinds of what lists hold among these kinds, and those that are no lists."""
    found: list[Any] = []
    for kind in kinds:
        inside = [one for one in get_args(kind) if one is not ...] if is_many(kind) else [kind]
        found += [one for part in inside for one in alternatives(part) if one not in found]
    return tuple(found)


def refuse(what: str, problem: str, hint: str = "") -> ParamValidationError:
    """The error for a value that cannot be read."""
    stop = "" if problem.endswith("?") else "."
    return ParamValidationError(f"{what}: {problem}{stop}", path=what, hint=hint, sent=False)


def read_text(text: str, kinds: Sequence[Any], what: str) -> list[Any]:
    """One text of the command line as values of these kinds; a list of JSON, and a condition, may be several."""
    read = read_one(text, kinds, what)
    return read if isinstance(read, list) else [read]


def read_one(text: str, kinds: Sequence[Any], what: str) -> Any:
    """One text of the command line as one value; a list of JSON, and conditions, stay together as a list."""
    try:
        return read_as(text, kinds, what)
    except RecursionError:
        raise refuse(what, "nested too deep to be read") from None


def read_as(text: str, kinds: Sequence[Any], what: str) -> Any:
    """One text as what it is written like, if that is of one of these kinds."""
    structured = any(is_value(kind) or is_object(kind) for kind in kinds)
    if structured and str not in kinds and text.startswith("@"):
        text = read_file(text[1:], what)
    if structured and text.lstrip()[:1] in {"{", "["}:
        tree = read_json(text, what)
        return [read_tree(one, kinds, what) for one in tree] if isinstance(tree, list) else read_tree(tree, kinds, what)
    if int in kinds and WHOLE.fullmatch(text):
        return int(text)
    if Filter in kinds:
        from mixpanel_headless.cli.conditions import read_conditions, read_conditions_or_selector

        return read_conditions_or_selector(text, what) if str in kinds else read_conditions(text, what)
    if str in kinds:
        return text
    if Any in kinds:
        return read_json(text, what)
    forms = ", ".join(filter(None, map(form_of, kinds)))
    raise refuse(what, f"{shown(text)} is no {forms}", "Give JSON of its fields, or @FILE; --help names them.")


def form_of(kind: Any) -> str:
    """What a kind of value is called in help and errors."""
    if is_object(kind):
        return "JSON object"
    return kind.__name__ if is_value(kind) else {int: "whole number", float: "number", str: "text"}.get(kind, "")


def read_file(name: str, what: str) -> str:
    """The text of a file that stands for a value; `-` is what comes in."""
    try:
        if name == "-":
            return sys.stdin.read()
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise refuse(what, f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def read_json(text: str, what: str) -> Any:
    """JSON, or an error that says where it ends to be some."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise refuse(
            what, f"no JSON: {error}", "Put it in single quotes, so that the shell keeps the double."
        ) from None


def read_tree(tree: Any, kinds: Sequence[Any], what: str) -> Any:
    """JSON as a value of one of these kinds; what is no object is left for the class to check."""
    if isinstance(tree, list):
        read = [read_tree(one, items_of(kinds), what) for one in tree]
        return [one for part in read for one in (part if isinstance(part, tuple) else (part,))]
    if isinstance(tree, str) and Filter in items_of(kinds) and str not in items_of(kinds):
        return tuple(read_text(tree, (Filter,), what))
    if not isinstance(tree, dict):
        return tree
    classes = [kind for kind in items_of(kinds) if is_value(kind)]
    objects = [kind for kind in items_of(kinds) if is_object(kind)]
    if classes and (not objects or "class" in tree):
        return make(classes, dict(tree), what)
    inner = tuple(alternatives(get_args(objects[0])[1])) if objects and get_args(objects[0]) else ()
    if any(map(is_value, inner)):
        return {name: read_tree(value, inner, f"{what}.{name}") for name, value in tree.items()}
    return tree


def make(classes: Sequence[type], tree: dict[str, Any], what: str) -> Any:
    """A value of one of these classes from its fields, or from the arguments of a constructor."""
    if "class" in tree:
        classes = [named_class(tree.pop("class"), classes, what)]
    if len(tree) == 1:
        name, arguments = next(iter(tree.items()))
        for cls in classes:
            if name in constructors(cls):
                return call(constructors(cls)[name], arguments, f"{what}.{name}", cls.__module__)
    fitting = [cls for cls in classes if fits(cls, tree)]
    if len(fitting) > 1:
        names = " or ".join(cls.__name__ for cls in fitting)
        raise refuse(what, f"{shown(tree)} may be {names}", f'Say which: {{"class": "{fitting[0].__name__}", ...}}.')
    likely = fitting or sorted(classes, key=lambda cls: -len(tree.keys() & fields_of(cls).keys()))
    return call(likely[0], tree, what, likely[0].__module__)


def named_class(name: Any, classes: Sequence[type], what: str) -> type:
    """The class of that name."""
    known = {cls.__name__: cls for cls in classes}
    if name in known:
        return known[name]
    meant = did_you_mean(name, known) or f"; there are {', '.join(known)}"
    raise refuse(what, f"no class {shown(name)}{meant}")


def fits(cls: type, tree: Mapping[str, Any]) -> bool:
    fields = fields_of(cls)
    return tree.keys() <= fields.keys() and all(name in tree for name, field in fields.items() if field.required)


def call(target: Any, arguments: Any, what: str, module: str) -> Any:
    """What a class or a constructor makes of arguments: an object by name, a list in order."""
    fields = fields_of(target) if isinstance(target, type) else arguments_of(target, module)
    if not isinstance(arguments, dict):
        arguments = in_order(fields, as_list(arguments), what)
    free = any(field.sort == "VAR_KEYWORD" for field in fields.values())
    if unknown := [name for name in arguments if name not in fields and not free]:
        raise refuse(f"{what}.{unknown[0]}", unknown_field(unknown[0], target, fields))
    if missing := [name for name, field in fields.items() if field.required and name not in arguments]:
        raise refuse(f"{what}.{missing[0]}", f"{target.__name__} needs it")
    read = {
        name: read_tree(value, tuple(alternatives(fields[name].kind)), f"{what}.{name}") if name in fields else value
        for name, value in arguments.items()
    }
    many = next((name for name, field in fields.items() if field.sort == MANY and name in read), None)
    rest = [] if many is None else as_list(read.pop(many))
    first = [read.pop(name) for name in leading(fields, many) if name in read]
    try:
        return target(*first, *rest, **read)
    except MixpanelHeadlessError:
        raise
    except (TypeError, ValueError) as error:  # a class that relies on its callers' types
        raise refuse(what, f"{target.__name__} cannot be made of {shown(arguments)}: {error}") from None


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def leading(fields: Mapping[str, Field], many: str | None) -> list[str]:
    """The arguments that must stand in their place: those before any number of others, or without a name."""
    if many is not None:
        return list(fields)[: list(fields).index(many)]
    return [name for name, field in fields.items() if field.sort == "POSITIONAL_ONLY"]


def in_order(fields: Mapping[str, Field], given: Sequence[Any], what: str) -> dict[str, Any]:
    """Arguments by name that were given in their order."""
    many = next((name for name, field in fields.items() if field.sort == MANY), None)
    plain = [name for name, field in fields.items() if field.sort in IN_ORDER]
    head = leading(fields, many) if many else plain
    if len(given) > len(head) and many is None:
        raise refuse(what, f"{len(given)} values; it takes {', '.join(plain)}")
    found = dict(zip(head, given, strict=False))
    return found if many is None else {**found, many: list(given[len(head) :])}


def unknown_field(name: str, target: Any, fields: Mapping[str, Field]) -> str:
    """What to say of a field that does not exist."""
    known = [*fields, *(constructors(target) if isinstance(target, type) else ())]
    return f"{target.__name__} has no such field" + (did_you_mean(name, known) or f"; it has {', '.join(fields)}")


@functools.cache
def fields_of(cls: type) -> dict[str, Field]:
    """The fields that a class is made of."""
    if is_params(cls):
        from mixpanel_headless.models import params

        return {
            name: Field(Union[params.kinds_of(one.type)], one.default is attrs.NOTHING)  # noqa: UP007 - made while it runs
            for name, one in params.fields_of(cls).items()
        }
    if "__attrs_init__" in vars(cls):
        return arguments_of(cls.__init__, cls.__module__, skip=1)  # type: ignore[misc] # its own __init__
    return {
        field.name: Field(evaluate(field.type, cls.__module__), field.default is attrs.NOTHING)
        for field in attrs.fields(cls)
        if field.init
    }


def arguments_of(function: Any, module: str, skip: int = 0) -> dict[str, Field]:
    """The arguments of a function of a module."""
    found: dict[str, Field] = {}
    for name, one in list(inspect.signature(function).parameters.items())[skip:]:
        needed = one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        kind = evaluate(one.annotation, module)
        found[name] = Field(kind, needed, one.kind.name)
    return found


@functools.cache
def constructors(cls: type) -> dict[str, Any]:
    """The named constructors of a class."""
    return {
        name: getattr(cls, name)
        for name, one in vars(cls).items()
        if isinstance(one, classmethod) and not name.startswith("_")
    }
