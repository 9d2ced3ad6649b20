"""Breakdowns by a property, or by what the items of a list hold."""
# ruff: noqa: A002 - a property is called `property` wherever a caller names one

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import attrs

from mixpanel_headless.errors import ParamTypeError, ParamValidationError, ValidationError, shown

from .cohorts import CohortBreakdown
from .custom_properties import AnyProperty, CustomPropertyRef, InlineCustomProperty, check_property, property_problems
from .fields import as_tuple, is_finite, non_blank, one_of
from .frequency import FrequencyBreakdown
from .rules import Rule, problems
from .vocabulary import DATASET, ItemType, PropertyType, ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen
class ListItemGroupMode:
    """Which part of each item of a list makes the groups."""

    sub: str = attrs.field(validator=non_blank("LG1_EMPTY_SUB"))
    sub_type: ItemType = attrs.field(default="string", validator=one_of("LG2_INVALID_SUB_TYPE", get_args(ItemType)))


@attrs.frozen
class GroupBy:
    """A breakdown by the values of a property; numbers may fall into buckets of equal size."""

    property: AnyProperty
    property_type: PropertyType = attrs.field(
        default="string", validator=one_of("GB2_INVALID_PROPERTY_TYPE", get_args(PropertyType))
    )
    bucket_size: float | None = None
    bucket_min: float | None = None
    bucket_max: float | None = None
    resource_type: ResourceType = attrs.field(
        default="events", kw_only=True, validator=one_of("GB3_INVALID_RESOURCE_TYPE", get_args(ResourceType))
    )
    list_item_mode: ListItemGroupMode | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_property(self.property, "GroupBy.property")
        if isinstance(self.property, str) and not self.property.strip():
            raise ParamValidationError("GroupBy.property is blank.", "GB1_EMPTY_PROPERTY", path="GroupBy.property")
        if is_finite(self.bucket_size) and self.bucket_size is not None and self.bucket_size <= 0:
            raise ParamValidationError(
                f"GroupBy.bucket_size is {shown(self.bucket_size)}; a bucket has a size above 0.",
                "V12_BUCKET_SIZE_POSITIVE",
                path="GroupBy.bucket_size",
            )

    @classmethod
    def list_item(cls, property: str, sub: str, *, sub_type: ItemType = "string") -> GroupBy:
        """A breakdown by one field of the objects in a list, such as the `brand` of each of the `items`."""
        return cls(property, "object", list_item_mode=ListItemGroupMode(sub, sub_type))

    def to_dict(self, data_group_id: int | None = None) -> dict[str, Any]:
        """The breakdown as an entry of a `group` section."""
        if self.list_item_mode is not None:
            return _list_item(self, self.list_item_mode)
        if isinstance(self.property, str):
            clause: dict[str, Any] = {
                "value": self.property,
                "propertyName": self.property,
                "resourceType": self.resource_type,
                "propertyType": self.property_type,
                "propertyDefaultType": self.property_type,
            }
        else:
            clause = _computed(self, self.property, data_group_id)
        if self.bucket_size is not None:
            bucket = {"bucketSize": self.bucket_size, "min": self.bucket_min, "max": self.bucket_max}
            clause["customBucket"] = bucket
        return clause


AnyGroup: TypeAlias = "str | GroupBy | CohortBreakdown | FrequencyBreakdown"


def as_groups(
    group_by: AnyGroup | Sequence[AnyGroup] | None,
) -> tuple[GroupBy | CohortBreakdown | FrequencyBreakdown, ...]:
    """What a caller gave as breakdowns, each as its value class; raises `BB1_GROUP_BY_ELEMENT_TYPE` for other things."""
    return tuple(map(_as_group, as_tuple(group_by)))


def group_clauses(
    groups: Sequence[GroupBy | CohortBreakdown | FrequencyBreakdown], data_group_id: int | None = None
) -> list[dict[str, Any]]:
    """Breakdowns as a `group` section, in the given order: each adds a level to the answer."""
    return [
        group.to_dict() if isinstance(group, FrequencyBreakdown) else group.to_dict(data_group_id) for group in groups
    ]


def group_problems(group: GroupBy | CohortBreakdown | FrequencyBreakdown, path: str) -> Iterator[ValidationError]:
    """What is wrong with the buckets or the custom property of a breakdown."""
    if isinstance(group, GroupBy):
        yield from property_problems(group.property, path)
        yield from problems(_BUCKETS, group, path)


def _as_group(value: object) -> GroupBy | CohortBreakdown | FrequencyBreakdown:
    if isinstance(value, str):
        return GroupBy(value)
    if not isinstance(value, (GroupBy, CohortBreakdown, FrequencyBreakdown)):
        raise ParamTypeError(
            f"group_by holds {shown(value)}, a {type(value).__name__}.",
            "BB1_GROUP_BY_ELEMENT_TYPE",
            path="group_by",
            hint="Give property names, GroupBy, CohortBreakdown or FrequencyBreakdown.",
        )
    return value


def _list_item(group: GroupBy, mode: ListItemGroupMode) -> dict[str, Any]:
    return {
        "dataset": DATASET,
        "value": group.property,
        "resourceType": group.resource_type,
        "joinPropertyType": "list",
        "propertyType": "object",
        "listItemGroup": {
            "resourceType": "event",
            "propertyName": mode.sub,
            "propertyDefaultType": mode.sub_type,
            "propertyType": mode.sub_type,
        },
    }


def _computed(
    group: GroupBy, source: CustomPropertyRef | InlineCustomProperty, data_group_id: int | None
) -> dict[str, Any]:
    if isinstance(source, CustomPropertyRef):
        kind: str = group.property_type
        identity: dict[str, Any] = {"customPropertyId": source.id, "resourceType": group.resource_type}
    else:
        kind = source.property_type or group.property_type
        identity = {"customProperty": source.definition(kind), "resourceType": source.resource_type}
    return {
        **identity,
        "value": None,
        "profileType": None,
        "search": "",
        "dataGroupId": None if data_group_id is None else str(data_group_id),
        "dataset": DATASET,
        "propertyType": kind,
        "typeCast": None,
        "unit": None,
        "isHidden": False,
    }


def _bounds(group: GroupBy) -> tuple[float | None, float | None]:
    return group.bucket_min, group.bucket_max


def _not_finite(group: GroupBy) -> bool:
    return any(size is not None and not is_finite(size) for size in (group.bucket_size, *_bounds(group)))


def _disordered(group: GroupBy) -> bool:
    low, high = _bounds(group)
    return is_finite(low) and is_finite(high) and low >= high  # type: ignore[operator]


_BUCKETS: tuple[Rule[GroupBy], ...] = (
    Rule(
        "V11_BUCKET_REQUIRES_SIZE",
        "",
        lambda g: g.bucket_size is None and _bounds(g) != (None, None),
        "bucket_min and bucket_max need a bucket_size.",
    ),
    Rule(
        "V12B_BUCKET_REQUIRES_NUMBER",
        "",
        lambda g: g.bucket_size is not None and _kind(g) != "number",
        "only numbers fall into buckets: give property_type='number', not {0.property_type!r}.",
    ),
    Rule(
        "V12C_BUCKET_REQUIRES_BOUNDS",
        "",
        lambda g: g.bucket_size is not None and None in _bounds(g),
        "bucket_size needs both bucket_min and bucket_max.",
    ),
    Rule(
        "V18_BUCKET_ORDER",
        "",
        _disordered,
        "bucket_min ({0.bucket_min}) must lie below bucket_max ({0.bucket_max}).",
    ),
    Rule(
        "V24_BUCKET_NOT_FINITE",
        "",
        _not_finite,
        "bucket sizes and bounds are finite numbers, not {0.bucket_size}, {0.bucket_min}, {0.bucket_max}.",
    ),
)


def _kind(group: GroupBy) -> str:
    source = group.property
    own = source.property_type if isinstance(source, InlineCustomProperty) else None
    return own or group.property_type
