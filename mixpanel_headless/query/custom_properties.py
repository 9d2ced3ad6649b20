"""Properties that a formula computes: saved ones by id, others written inline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from mixpanel_headless.errors import ParamTypeError, ParamValidationError, ValidationError, shown

from .fields import check_kinds, is_positive_integer
from .names import is_no_name
from .rules import Rule, problems
from .vocabulary import DATASET, InputResourceType, ItemType, PropertyType, ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FORMULA = 20_000


@attrs.frozen
class PropertyInput:
    """A property that a formula reads under a letter."""

    name: str
    type: PropertyType = "string"
    resource_type: InputResourceType = "event"

    def to_dict(self) -> dict[str, Any]:
        """The input in its wire form."""
        return {"value": self.name, "type": self.type, "resourceType": self.resource_type}


@attrs.frozen
class CustomPropertyRef:
    """A saved custom property, by its id."""

    id: int


def _inputs(inputs: Mapping[str, PropertyInput]) -> dict[str, PropertyInput]:
    kept = dict(inputs) if isinstance(inputs, Mapping) else {"": inputs}
    check_kinds(kept.values(), "CP8_INPUT_TYPE", "InlineCustomProperty.inputs", PropertyInput)
    return kept


@attrs.frozen
class InlineCustomProperty:
    """A custom property written out for one query: a formula over properties that stand under letters."""

    formula: str
    inputs: dict[str, PropertyInput] = attrs.field(converter=_inputs)
    property_type: ItemType | None = None
    resource_type: ResourceType = "events"

    @classmethod
    def numeric(cls, formula: str, /, **inputs: str) -> InlineCustomProperty:
        """A number computed from numeric event properties: `numeric("A * B", A="price", B="quantity")`."""
        numbers = {letter: PropertyInput(name, "number") for letter, name in inputs.items()}
        return cls(formula, numbers, "number")

    def definition(self, default_type: str | None = None) -> dict[str, Any]:
        """The formula with its inputs in wire form; `default_type` stands in when the property has no type."""
        property_type = self.property_type or default_type
        return {
            "displayFormula": self.formula,
            "composedProperties": {letter: source.to_dict() for letter, source in self.inputs.items()},
            "name": "",
            "description": "",
            "resourceType": self.resource_type,
            **({"propertyType": property_type} if property_type else {}),
        }


AnyProperty: TypeAlias = "str | CustomPropertyRef | InlineCustomProperty"


def check_property(source: object, path: str) -> None:
    """Raises `CP7_PROPERTY_TYPE` for what is neither a name nor a custom property."""
    if not isinstance(source, (str, CustomPropertyRef, InlineCustomProperty)):
        complaint = f"{path} is a {type(source).__name__}; give a name or a custom property"
        raise ParamTypeError(f"{complaint}.", "CP7_PROPERTY_TYPE", path=path)


def check_measured(source: object, path: str) -> None:
    """Raises `V1B_EMPTY_PROPERTY` or `CP7_PROPERTY_TYPE` for what a measurement cannot aggregate; None passes."""
    if isinstance(source, str) and not source.strip():
        raise ParamValidationError(f"{path} is blank.", "V1B_EMPTY_PROPERTY", path=path, hint="Name a property.")
    if source is not None:
        check_property(source, path)


def measured_property(source: AnyProperty) -> dict[str, Any]:
    """The property that a measurement aggregates, in wire form."""
    if isinstance(source, CustomPropertyRef):
        return {"customPropertyId": source.id, "name": "", "resourceType": "events"}
    if isinstance(source, InlineCustomProperty):
        return {
            "customProperty": source.definition(),
            "name": "",
            "resourceType": source.resource_type,
            "dataset": DATASET,
            "dataGroupId": None,
        }
    return {"name": source, "resourceType": "events"}


def property_problems(source: object, path: str) -> Iterator[ValidationError]:
    """What is wrong with a custom property (`CP1` to `CP6`); a plain name has nothing wrong here."""
    if isinstance(source, CustomPropertyRef) and not is_positive_integer(source.id):
        yield ValidationError(path, f"custom property id {shown(source.id)} is no integer above 0.", "CP1_INVALID_ID")
    if isinstance(source, InlineCustomProperty):
        yield from problems(_INLINE, source, path)


def _unnamed(source: InlineCustomProperty) -> list[str]:
    return [letter for letter, item in source.inputs.items() if is_no_name(item.name)]


_INLINE: tuple[Rule[InlineCustomProperty], ...] = (
    Rule(
        "CP2_EMPTY_FORMULA",
        "",
        lambda s: not isinstance(s.formula, str) or not s.formula.strip(),
        "the custom property has a blank formula.",
    ),
    Rule("CP3_NO_INPUTS", "", lambda s: not s.inputs, "the custom property reads no property."),
    Rule(
        "CP4_INPUT_LETTER",
        "",
        lambda s: any(len(key) != 1 or not "A" <= key <= "Z" for key in s.inputs),
        "inputs stand under one letter each, A to Z; these do not: {0.inputs}.",
    ),
    Rule(
        "CP5_FORMULA_TOO_LONG",
        "",
        lambda s: isinstance(s.formula, str) and len(s.formula) > MAX_FORMULA,
        f"the formula of a custom property has at most {MAX_FORMULA} characters.",
    ),
    Rule(
        "CP6_EMPTY_INPUT_NAME",
        "",
        lambda s: bool(_unnamed(s)),
        "an input of the custom property has a blank name: {0.inputs}.",
    ),
)
