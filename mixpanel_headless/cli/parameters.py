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
from mixpanel_headless.cli.values import is_many, is_object, is_params, is_value, items_of, read_text
from mixpanel_headless.query.filters import Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TEXTS = {date: "DATE", os.PathLike: "PATH"}
"""What is typed for kinds that are texts here."""
MOST_LETTERS = 48
"""Letters of a set of values that stand beside the name of an option."""
PLAIN_FORMS = {str: "TEXT", int: "INTEGER", float: "NUMBER", bool: "BOOLEAN"}
NOT_GIVEN = object()
"""What is read of a parameter that the caller left to the call."""
SCALARS: dict[Any, click.ParamType[Any]] = {
    str: click.STRING,
    int: click.INT,
    float: click.FLOAT,
    bool: click.BOOL,
}


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
    kinds = tuple(alternatives(kind))
    if len(kinds) == 1 and is_params(kinds[0]):
        from mixpanel_headless.cli.fields import params_slot

        return params_slot(parameter, kinds[0], own)
    return plain_slot(parameter, kinds, told, optional=NoneType in get_args(kind))


def simple(kind: Any) -> Any:
    """Days and paths are texts here."""
    return str if (get_origin(kind) or kind) in TEXTS else kind


def plain_slot(parameter: inspect.Parameter, kinds: Sequence[Any], told: str, *, optional: bool) -> Slot:
    """A parameter that is one option or argument."""
    name = parameter.name
    one = [simple(kind) for kind in kinds if not is_many(kind)]
    whole = items_of(kinds)
    items = tuple(dict.fromkeys(map(simple, whole)))
    many = len(one) < len(kinds)
    form, text = command_type(items)
    made = click_parameter(parameter, form, forms(whole), told, many=many)

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
    if len(kinds) == 1 and kinds[0] in SCALARS:
        return SCALARS[kinds[0]], False
    if not kinds or not any(kind in SCALARS or is_value(kind) or is_object(kind) for kind in kinds):
        raise TypeError(f"no command-line form for {kinds!r}")
    return click.STRING, True


def click_parameter(
    parameter: inspect.Parameter, form: click.ParamType[Any], typed: str, told: str, *, many: bool
) -> click.Parameter:
    """What one parameter looks like on the command line."""
    if is_argument(parameter):
        return click.Argument([parameter.name], type=form, nargs=-1 if many else 1, required=True)
    return make_option(
        parameter.name,
        option_of(parameter.name),
        form,
        typed,
        told,
        default_text(parameter),
        many=many,
        required=parameter.default is parameter.empty,
    )


def make_option(
    name: str, flag: str, form: click.ParamType[Any], typed: str, *said: str, many: bool, required: bool = False
) -> click.Option:
    """An option under that name of which this is said; `typed` says what is written after it.

    A set of values too long for that place is told with what the option means.
    """
    told = [*said]
    if isinstance(form, click.Choice):
        typed = "|".join(map(str, form.choices))
        if len(typed) > MOST_LETTERS:
            told.insert(1, f"One of {', '.join(map(str, form.choices))}.")
            typed = flag.rpartition("-")[2].upper()
        else:
            typed = f"[{typed}]"
    if many:
        told.append("Can be repeated.")
    text = " ".join(filter(None, told)) or None
    if form is click.BOOL:
        return click.Option([f"{flag}/--no-{flag[2:]}", name], default=None, help=text)
    return click.Option([flag, name], type=form, multiple=many, required=required, metavar=typed, help=text)


def default_text(parameter: inspect.Parameter) -> str:
    """What the call takes when the option is not given."""
    if parameter.default in (None, parameter.empty, (), False):
        return ""
    return f"[default: {'on' if parameter.default is True else parameter.default}]"


def forms(kinds: Sequence[Any]) -> str:
    """What is typed for these kinds."""
    origins = [get_origin(kind) or kind for kind in kinds]
    texts = [TEXTS[origin] for origin in origins if origin in TEXTS]
    condition = [] if str in kinds or Filter not in kinds else ["CONDITION"]
    plain = [PLAIN_FORMS[kind] for kind in PLAIN_FORMS if kind in kinds and not (kind is str and texts)]
    structured = any(kind not in PLAIN_FORMS for kind in map(simple, kinds))
    return "|".join(dict.fromkeys([*condition, *texts, *plain, *(["JSON"] if structured else [])]))
