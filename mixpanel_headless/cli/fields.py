"""The fields of an entity that a call takes as options of its command, each with what it means."""

from __future__ import annotations

import inspect  # noqa: TC003 - commands are made from it
from typing import TYPE_CHECKING, Any

import attrs
import click

from mixpanel_headless.cli.annotations import alternatives
from mixpanel_headless.cli.naming import commands, option_of
from mixpanel_headless.cli.parameters import NOT_GIVEN, SCALARS, Slot, forms, make_option, sentence, simple
from mixpanel_headless.cli.told import in_words, told_of
from mixpanel_headless.cli.values import is_many, is_params, is_value, items_of, read_one, read_text, refuse
from mixpanel_headless.models.params import choices_of, fields_of, kinds_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def params_slot(parameter: inspect.Parameter, kind: Any, own: set[str]) -> Slot:
    """A parameter that is the fields of an entity: an option for each, and JSON for all.

    Where a field has the parameter's own name, the option of that name is the field's.
    """
    required = parameter.default is parameter.empty
    all_of_it = option_of("fields" if parameter.name in fields_of(kind) else parameter.name)
    fields = {
        name: field for name, field in fields_of(kind).items() if name == parameter.name or option_of(name) not in own
    }
    needed = [name for name, field in fields_of(kind).items() if is_needed(field)]
    told, spelled = told_of(kind).arguments, commands() | {name: option_of(name) for name in fields}
    slots = {
        name: field_slot(parameter.name, field, sentence(in_words(told.get(name, ""), spelled)))
        for name, field in fields.items()
    }
    whole = click.Option(
        [all_of_it, parameter.name],
        metavar="JSON|@FILE",
        help="Its fields as JSON; what an option says stands instead of the same field. null clears one that can be cleared.",
    )

    def read(arguments: Mapping[str, Any]) -> Any:
        given = arguments[parameter.name]
        fields = {} if given is None else read_one(given, (dict,), parameter.name)
        if not isinstance(fields, dict):
            raise refuse(
                parameter.name, "no JSON object", f'Give its fields, such as {all_of_it} \'{{"name": "..."}}\'.'
            )
        fields |= {name: value for name, slot in slots.items() if (value := slot.read(arguments)) is not NOT_GIVEN}
        if required and not fields and not needed:
            flags = ", ".join(map(option_of, slots))
            raise click.UsageError(f"Nothing is given to change. Give some of {flags}, or {all_of_it}.")
        if given is None and (fields or required) and (missing := [one for one in needed if one not in fields]):
            options = ", ".join(f"'{option_of(one)}'" for one in missing)
            raise click.UsageError(f"Missing option{'s' if len(missing) > 1 else ''} {options}.")
        return fields if fields or required else NOT_GIVEN

    parameters = [*(one for slot in slots.values() for one in slot.parameters), whole]
    return Slot(parameter.name, parameters, read, [kind for slot in slots.values() for kind in slot.kinds])


def is_needed(field: attrs.Attribute[Any]) -> bool:
    """Whether a field must be given; its metadata may say so of one that is checked later."""
    return field.default is attrs.NOTHING or bool(field.metadata.get("needed"))


def field_slot(owner: str, field: attrs.Attribute[Any], told: str) -> Slot:
    """One field of an entity as an option; its metadata may say what is typed, or what JSON is read as."""
    kinds = tuple(kind for part in kinds_of(field.type) for kind in alternatives(part))
    whole = field.metadata.get("reads") or items_of(kinds)
    items = tuple(map(simple, whole))
    name, key = field.name, f"{owner}__{field.name}"
    many = any(map(is_many, kinds))
    allowed = [str(choice) for kind in items for choice in choices_of(kind).values()]
    typed: str = field.metadata.get("typed", "")
    scalar = click.STRING if typed else SCALARS.get(items[0]) if len(items) == 1 else None
    form = click.Choice(allowed, case_sensitive=False) if allowed else scalar or click.STRING
    needed = "[required]" if is_needed(field) else ""
    made = make_option(key, option_of(name), form, typed or forms(whole), told, needed, many=many)

    def read(arguments: Mapping[str, Any]) -> Any:
        given = arguments[key]
        if given is None or given == ():
            return NOT_GIVEN
        if allowed or scalar:
            return list(given) if many else given
        if many:
            return [value for text in given for value in read_text(text, items, name)]
        return read_one(given, items, name)

    return Slot(name, [made], read, [kind for kind in items if is_params(kind) or is_value(kind)])
