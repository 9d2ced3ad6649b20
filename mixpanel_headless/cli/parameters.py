"""The parameters of a call as options and arguments of its command, and what was typed as the call's arguments."""

from __future__ import annotations

import inspect
import os
from datetime import date
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import attrs
import click

from mixpanel_headless.cli.annotations import alternatives, annotated
from mixpanel_headless.cli.naming import option_of
from mixpanel_headless.cli.told import in_words, told_of
from mixpanel_headless.cli.values import is_many, is_object, is_value, items_of, read_text
from mixpanel_headless.query.filters import Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PLAIN_FORMS = {str: "TEXT", int: "INTEGER", float: "NUMBER", bool: "BOOLEAN"}
NOT_GIVEN = object()
"""What is read of a parameter that the caller left to the call."""
SCALARS: dict[Any, click.ParamType[Any]] = {str: click.STRING, int: click.INT, float: click.FLOAT}


@attrs.frozen
class Slot:
    """One parameter of a call on the command line."""

    name: str
    parameters: Sequence[click.Parameter]
    read: Callable[[Mapping[str, Any]], Any]
    kinds: Sequence[Any] = ()
    """What its values may be, for help."""


def slots_of(define: Callable[..., Any]) -> list[Slot]:
    """One slot for each parameter of a definition, its `self` left out."""
    given = parameters_of(define)
    names, told = spelled(define), told_of(define).arguments
    helps = {name: sentence(in_words(text, names)) for name, text in told.items()}
    own = {option_of(parameter.name) for parameter in given}
    return [
        slot_of(parameter, annotated(define, parameter.annotation), own, helps.get(parameter.name, ""))
        for parameter in given
    ]


def parameters_of(define: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(define).parameters.values())[1:]


def spelled(define: Callable[..., Any]) -> dict[str, str]:
    """How each parameter of a definition is called on the command line."""
    return {one.name: one.name.upper() if is_argument(one) else option_of(one.name) for one in parameters_of(define)}


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def is_argument(parameter: inspect.Parameter) -> bool:
    """Whether it stands in its place on the command line, without its name."""
    return parameter.default is parameter.empty and parameter.kind is not parameter.KEYWORD_ONLY


def slot_of(parameter: inspect.Parameter, kind: Any, own: set[str], told: str) -> Slot:
    """The slot of one parameter."""
    from mixpanel_headless.models.params import Params

    kinds = tuple(map(simple, alternatives(kind)))
    if len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], Params):
        return params_slot(parameter, kinds[0], own)
    return plain_slot(parameter, kinds, told, optional=NoneType in get_args(kind))


def simple(kind: Any) -> Any:
    """Days and paths are texts here."""
    origin = get_origin(kind) or kind
    if isinstance(origin, type) and issubclass(origin, (date, os.PathLike)):
        return str
    return kind


def plain_slot(parameter: inspect.Parameter, kinds: Sequence[Any], told: str, *, optional: bool) -> Slot:
    """A parameter that is one option or argument."""
    name = parameter.name
    one = [kind for kind in kinds if not is_many(kind)]
    items = tuple(dict.fromkeys(map(simple, items_of(kinds))))
    many = len(one) < len(kinds)
    form, text = command_type(items)
    made = click_parameter(parameter, form, items, told, many=many, text=text)

    def read(arguments: Mapping[str, Any]) -> Any:
        given = either(name, arguments)
        if arguments.get(f"no_{name}"):
            return None
        if given is None or given == ():
            return NOT_GIVEN
        texts = given if many else (given,)
        if text:
            values = [value for one_text in texts for value in read_text(one_text, items, name)]
        else:
            values = [literal(value, items) for value in texts]
        alone = len(values) == 1 and (not many or is_one_of(values[0], one))
        return values[0] if alone else values

    return Slot(
        name, [made, *in_place(parameter, form, many=many), *without(parameter, optional=optional)], read, kinds
    )


def in_place(parameter: inspect.Parameter, form: click.ParamType[Any], *, many: bool) -> list[click.Parameter]:
    """The argument that stands for an option as well, where the call takes it in its place."""
    if is_argument(parameter) or many or parameter.kind is parameter.KEYWORD_ONLY:
        return []
    metavar = f"[{parameter.name.upper()}]"
    return [click.Argument([f"{parameter.name}_in_place"], type=form, required=False, metavar=metavar)]


def either(name: str, arguments: Mapping[str, Any]) -> Any:
    """What was typed as an option, or in its place; a usage error for both."""
    given, placed = arguments[name], arguments.get(f"{name}_in_place")
    if given is not None and placed is not None:
        raise click.UsageError(f"{name.upper()} is given as an argument and as {option_of(name)}; give one of them.")
    return given if placed is None else placed


def without(parameter: inspect.Parameter, *, optional: bool) -> list[click.Parameter]:
    """A flag that stands for None, where that is not what the call takes by itself."""
    if not optional or parameter.default in (None, parameter.empty):
        return []
    flag = option_of(parameter.name)
    text = f"Without {flag}: {'all of them' if parameter.name == 'limit' else 'none'}, where otherwise it is {parameter.default}."
    return [click.Option([f"--no-{flag[2:]}", f"no_{parameter.name}"], is_flag=True, help=text)]


def literal(value: Any, kinds: Sequence[Any]) -> Any:
    """A choice as the call has it: numbers stand in sets too."""
    choices = [choice for kind in kinds for choice in get_args(kind) if get_origin(kind) is Literal]
    return next((choice for choice in choices if str(choice) == value), value)


def is_one_of(value: Any, kinds: Sequence[Any]) -> bool:
    """Whether a value can stand where a list can stand too."""
    return any(isinstance(value, kind) for kind in kinds if isinstance(kind, type))


def command_type(kinds: Sequence[Any]) -> tuple[click.ParamType[Any], bool]:
    """The click type for these kinds of values, and whether it is a text that is read further."""
    if kinds and all(get_origin(kind) is Literal for kind in kinds):
        return click.Choice([str(choice) for kind in kinds for choice in get_args(kind)]), False
    if kinds == (bool,):
        return click.BOOL, False
    if len(kinds) == 1 and kinds[0] in SCALARS:
        return SCALARS[kinds[0]], False
    if not kinds or not any(kind in SCALARS or is_value(kind) or is_readable(kind) for kind in kinds):
        raise TypeError(f"no command-line form for {kinds!r}")
    return click.STRING, True


def is_readable(kind: Any) -> bool:
    """Whether JSON can be read as this: an object, or fields of an entity."""
    from mixpanel_headless.models.params import Params

    return is_object(kind) or (isinstance(kind, type) and issubclass(kind, Params))


def click_parameter(
    parameter: inspect.Parameter, form: click.ParamType[Any], kinds: Sequence[Any], told: str, *, many: bool, text: bool
) -> click.Parameter:
    """What one parameter looks like on the command line."""
    flag = option_of(parameter.name)
    if is_argument(parameter):
        return click.Argument([parameter.name], type=form, nargs=-1 if many else 1, required=True)
    said = " ".join(filter(None, [told, "Can be repeated." if many else "", default_text(parameter)])) or None
    if form is click.BOOL:
        return click.Option([f"{flag}/--no-{flag[2:]}", parameter.name], default=None, help=said)
    return click.Option(
        [flag, parameter.name],
        type=form,
        multiple=many,
        required=parameter.default is parameter.empty,
        metavar="|".join(forms(kinds)) if text or form in SCALARS.values() else None,
        help=said,
    )


def default_text(parameter: inspect.Parameter) -> str:
    """What the call takes when the option is not given."""
    if parameter.default in (None, parameter.empty, (), False):
        return ""
    return f"[default: {'on' if parameter.default is True else parameter.default}]"


def params_slot(parameter: inspect.Parameter, kind: Any, own: set[str]) -> Slot:
    """A parameter that is the fields of an entity: an option for each, and JSON for all."""
    from mixpanel_headless.models.params import fields_of

    required = parameter.default is parameter.empty
    needed = [name for name, field in fields_of(kind).items() if field.default is attrs.NOTHING]
    slots = {
        name: field_slot(parameter.name, field) for name, field in fields_of(kind).items() if option_of(name) not in own
    }
    whole = click.Option(
        [option_of(parameter.name), parameter.name],
        metavar="JSON|@FILE",
        help="Its fields as JSON, beside the options; null clears a field where it can be cleared.",
    )

    def read(arguments: Mapping[str, Any]) -> Any:
        given = arguments[parameter.name]
        fields = {} if given is None else read_text(given, (dict,), parameter.name)[0]
        fields |= {name: value for name, slot in slots.items() if (value := slot.read(arguments)) is not NOT_GIVEN}
        if required and not fields and not needed:
            flags = ", ".join(map(option_of, slots))
            raise click.UsageError(f"Nothing is given to change. Give some of {flags}, or {option_of(parameter.name)}.")
        if given is None and (fields or required) and (missing := [one for one in needed if one not in fields]):
            options = ", ".join(f"'{option_of(one)}'" for one in missing)
            raise click.UsageError(f"Missing option{'s' if len(missing) > 1 else ''} {options}.")
        return fields if fields or required else NOT_GIVEN

    return Slot(parameter.name, [*(one for slot in slots.values() for one in slot.parameters), whole], read)


def field_slot(owner: str, field: attrs.Attribute[Any]) -> Slot:
    """One field of an entity as an option."""
    from mixpanel_headless.models.params import choices_of, kinds_of

    kinds = tuple(kind for part in kinds_of(field.type) for kind in alternatives(part))
    items = tuple(map(simple, items_of(kinds)))
    name, key = field.name, f"{owner}__{field.name}"
    many = any(map(is_many, kinds))
    allowed = [str(choice) for kind in items for choice in choices_of(kind).values()]
    scalar = SCALARS.get(items[0]) if len(items) == 1 else None
    flag = option_of(name)
    needed = "Needed. " if field.default is attrs.NOTHING else ""
    repeated = "Can be repeated." if many else ""
    if items == (bool,):
        made = click.Option([f"{flag}/--no-{flag[2:]}", key], default=None, help=needed or None)
        return Slot(name, [made], lambda arguments: NOT_GIVEN if arguments[key] is None else arguments[key])
    made = click.Option(
        [flag, key],
        type=click.Choice(allowed, case_sensitive=False) if allowed else scalar or click.STRING,
        multiple=many,
        metavar=None if allowed else "|".join(forms(items)),
        help=(needed + repeated).strip() or None,
    )

    def read(arguments: Mapping[str, Any]) -> Any:
        given = arguments[key]
        if given is None or given == ():
            return NOT_GIVEN
        texts = given if many else (given,)
        if allowed or scalar:
            values = list(texts)
        else:
            values = [value for text in texts for value in read_text(text, items, name)]
        return values if many else values[0]

    return Slot(name, [made], read)


def forms(kinds: Sequence[Any]) -> list[str]:
    """What is typed for these kinds."""
    condition = [] if str in kinds or Filter not in kinds else ["CONDITION"]
    plain = [PLAIN_FORMS[kind] for kind in PLAIN_FORMS if kind in kinds]
    return [*condition, *plain, *(["JSON"] if any(kind not in PLAIN_FORMS for kind in kinds) else [])]
