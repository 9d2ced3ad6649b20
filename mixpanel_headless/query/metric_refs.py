"""Saved metrics in a query: by id, with changes for this query only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

import attrs

from mixpanel_headless.errors import ParamTypeError, ParamValidationError, shown
from mixpanel_headless.suggestions import listed

from .custom_properties import AnyProperty, check_measured, measured_property
from .fields import one_of, positive_id
from .measurements import wire_math
from .vocabulary import MATHS_OF_PROPERTIES, MATHS_OF_USERS, FunnelOrder, PerUser, SavedType, SegmentMethod, among

if TYPE_CHECKING:
    from .vocabulary import FunnelMath, Math, RetentionMath


def _mapping(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, Mapping):
        path = f"MetricRef.{attribute.name}"
        raise ParamTypeError(f"{path} is {shown(value)}; give a mapping.", "MR7_OVERRIDES_TYPE", path=path)


@attrs.frozen
class MetricRef:
    """A saved metric, by its id; what is given besides holds for this query only.

    `overrides` is merged last, in depth, over what the other fields say.
    """

    id: int = attrs.field(validator=positive_id("MR4_INVALID_ID"))
    type: SavedType = attrs.field(
        default="metric", kw_only=True, validator=one_of("MR5_INVALID_TYPE", get_args(SavedType))
    )
    label: str | None = attrs.field(default=None, kw_only=True)
    hidden: bool | None = attrs.field(default=None, kw_only=True)
    math: Math | FunnelMath | RetentionMath | None = attrs.field(default=None, kw_only=True)
    property: AnyProperty | None = attrs.field(default=None, kw_only=True)
    per_user: PerUser | None = attrs.field(default=None, kw_only=True)
    percentile_value: float | None = attrs.field(default=None, kw_only=True)
    segment_method: SegmentMethod | None = attrs.field(default=None, kw_only=True)
    funnel_order: FunnelOrder | None = attrs.field(default=None, kw_only=True)
    step_index: int | None = attrs.field(default=None, kw_only=True)
    bucket_index: int | None = attrs.field(default=None, kw_only=True)
    overrides: Mapping[str, Any] | None = attrs.field(default=None, kw_only=True, validator=_mapping)

    def __attrs_post_init__(self) -> None:
        check_measured(self.property, "MetricRef.property")
        given = {**self._measurement(), **({} if self.funnel_order is None else {"funnel_order": 0})}
        if self.type != "metric" and given:
            self._refuse(
                "MR6_OVERRIDE_NOT_APPLICABLE",
                f"a saved {self.type} has no measurement to change; label, hidden and overrides can be given",
            )
        if self.property is not None and among(self.math, MATHS_OF_USERS):
            self._refuse(
                "V14_METRIC_REJECTS_PROPERTY",
                f"math {shown(self.math)} takes no property; these do: {listed(MATHS_OF_PROPERTIES)}",
            )
        behavior = (self.overrides or {}).get("behavior")
        if isinstance(behavior, Mapping) and "filters" in behavior:
            self._refuse("MR1_FILTER_OVERRIDE", "the service ignores other filters for a saved metric; use where=")

    def changes(self) -> dict[str, Any]:
        """The `overrides` of the wire form; empty when the metric is used as saved."""
        changes: dict[str, Any] = {} if self.label is None else {"name": self.label}
        if self.funnel_order is not None:
            changes["behavior"] = {"funnelOrder": self.funnel_order}
        if measurement := self._measurement():
            changes["measurement"] = measurement
        if self.hidden is not None:
            changes["isHidden"] = self.hidden
        return _merged(changes, self.overrides or {})

    def to_dict(self) -> dict[str, Any]:
        """The reference as an entry of the `show` section."""
        changes = self.changes()
        return {"type": self.type, "id": self.id, **({"overrides": changes} if changes else {})}

    def _measurement(self) -> dict[str, Any]:
        parts = {
            "math": None if self.math is None else wire_math(self.math),
            "property": None if self.property is None else measured_property(self.property),
            "perUserAggregation": self.per_user,
            "percentile": self.percentile_value,
            "segmentMethod": self.segment_method,
            "stepIndex": self.step_index,
            "retentionBucketIndex": self.bucket_index,
        }
        return {key: value for key, value in parts.items() if value is not None}

    def _refuse(self, code: str, complaint: str) -> None:
        raise ParamValidationError(f"MetricRef({self.id}): {complaint}.", code, path="MetricRef")


class SavedReference:
    """A saved metric as the service returns it; in a query it stands for itself."""

    id: int
    type: str

    def to_ref(self, **changes: Any) -> MetricRef:
        """A reference to this metric; keywords are those of `MetricRef`."""
        return MetricRef(self.id, type=self.type, **changes)  # type: ignore[arg-type] # MetricRef checks it


@attrs.frozen
class WarehouseMetric:
    """A metric that SQL computes in the customer's warehouse; saved first, then queried by reference."""

    source_id: int
    sql: str
    metric_type: Literal["numeric", "timeseries"]
    value_column: str | None = None
    time_column: str | None = None
    aggregation: Literal["none", "sum", "count", "average", "min", "max", "median", "last_value"] | None = None
    sync_interval: Literal["hourly", "daily", "weekly", "manual"] | None = None


def as_ref(metric: MetricRef | SavedReference) -> MetricRef:
    """The reference behind a saved metric."""
    return metric.to_ref() if isinstance(metric, SavedReference) else metric


def entry_of(metric: Any) -> dict[str, Any]:
    """Any metric as an entry of the `show` section."""
    entry: dict[str, Any] = as_ref(metric).to_dict() if isinstance(metric, SavedReference) else metric.to_dict()
    return entry


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(under)
    for key, value in over.items():
        below = both.get(key)
        both[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return both
