"""Custom properties that the project keeps: computed from others whenever they are asked for."""

from typing import Any, Literal, TypeAlias

import attrs

from mixpanel_headless.errors import ParamValidationError

from .entity import Entity, Id, camel_case
from .params import UNSET, Changes, Maybe, OpenParams, Params

__all__ = (
    "ComposedPropertyValue",
    "CreateCustomPropertyParams",
    "CustomProperty",
    "UpdateCustomPropertyParams",
)

Kind: TypeAlias = Literal["string", "number", "boolean", "datetime"]
"""What the values of a property are."""
OWNERS = {"event": "events", "user": "people", "users": "people", "groupprofile": "group_profiles"}
"""Other spellings of whose a property is."""


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class ComposedPropertyValue(OpenParams):
    """A property that stands as a letter in a formula."""

    resource_type: str
    type: Maybe[str] = UNSET
    type_cast: Maybe[str] = UNSET
    value: Maybe[str] = UNSET
    label: Maybe[str] = UNSET
    property_default_type: Maybe[Kind] = UNSET
    behavior: Any = UNSET
    join_property_type: Maybe[str] = UNSET


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class CustomProperty(Entity):
    """A property that is computed by a formula, or from what people did (`behavior` in `extra`)."""

    custom_property_id: int
    name: str
    resource_type: str
    description: str | None = None
    property_type: str | None = None
    display_formula: str | None = None
    composed_properties: dict[str, ComposedPropertyValue] | None = None
    is_locked: bool | None = None
    is_visible: bool | None = None
    data_group_id: Id | None = None
    created: str | None = None
    modified: str | None = None
    example_value: str | None = None


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class CreateCustomPropertyParams(Params):
    """A new custom property: by `display_formula` with `composed_properties` for its letters, or by `behavior`.

    - `resource_type`: whose property it is: of events, people or groups.
    - `display_formula`: the formula, over the letters of the properties that it uses.
    - `composed_properties`: the property that each letter of the formula stands for.
    - `property_type`: what its values are.
    - `example_value`: a value such as it has.
    - `behavior`: what people did, from which it is computed instead of by a formula.
    """

    name: str
    resource_type: Literal["events", "people", "group_profiles"] = attrs.field(metadata={"synonyms": OWNERS})
    description: Maybe[str] = UNSET
    display_formula: Maybe[str] = UNSET
    composed_properties: Maybe[dict[str, ComposedPropertyValue]] = UNSET
    is_locked: Maybe[bool] = UNSET
    is_visible: Maybe[bool] = UNSET
    property_type: Maybe[Kind] = UNSET
    example_value: Maybe[str] = UNSET
    data_group_id: Maybe[Id] = UNSET
    behavior: Any = UNSET

    def __attrs_post_init__(self) -> None:
        formula, letters, behavior = (
            value not in (UNSET, None) for value in (self.display_formula, self.composed_properties, self.behavior)
        )
        for wrong, why in (
            (formula and behavior, "give display_formula or behavior, not both"),
            (not formula and not behavior, "give display_formula or behavior"),
            (formula and not letters, "give composed_properties for the letters of display_formula"),
            (behavior and letters, "composed_properties go with display_formula, not with behavior"),
        ):
            if wrong:
                raise ParamValidationError(
                    f"{type(self).__name__}: {why}.", path=f"{type(self).__name__}.display_formula"
                )


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class UpdateCustomPropertyParams(Changes):
    """What is to change of a custom property.

    - others: those of `CreateCustomPropertyParams`.
    """

    name: Maybe[str] = UNSET
    description: Maybe[str] = UNSET
    display_formula: Maybe[str] = UNSET
    composed_properties: Maybe[dict[str, ComposedPropertyValue]] = UNSET
    is_locked: Maybe[bool] = UNSET
    is_visible: Maybe[bool] = UNSET
