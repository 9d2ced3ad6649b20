"""How often users did an event: as a filter, and as a breakdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import attrs

from mixpanel_headless.errors import ParamValidationError, shown

from .fields import as_tuple, instances, is_finite, is_positive_integer, non_blank, one_of
from .filters import Filter, as_filters
from .vocabulary import DATASET, DateUnit, FrequencyOperator

if TYPE_CHECKING:
    from collections.abc import Sequence


def _filters(value: Sequence[Filter] | Filter | None) -> tuple[Filter, ...]:
    return as_tuple(value)


@attrs.frozen
class FrequencyFilter:
    """Users who did the event that often, in each interval of the report or in a fixed stretch up to now."""

    event: str = attrs.field(validator=non_blank("FF1_EMPTY_EVENT"))
    value: float
    operator: FrequencyOperator = attrs.field(
        default="is at least", validator=one_of("FF2_INVALID_OPERATOR", get_args(FrequencyOperator))
    )
    date_range_value: int | None = None
    date_range_unit: DateUnit | None = attrs.field(
        default=None, validator=one_of("FF6_DATE_RANGE_UNIT", get_args(DateUnit))
    )
    event_filters: tuple[Filter, ...] = attrs.field(
        default=None, converter=as_filters, validator=instances("FF7_EVENT_FILTER_TYPE", Filter)
    )
    label: str | None = None

    def __attrs_post_init__(self) -> None:
        if not is_finite(self.value) or self.value < 0:
            self._refuse("value", "it counts events, 0 or more", "FF3_VALUE_NEGATIVE")
        if self.date_range_value is not None and not is_positive_integer(self.date_range_value):
            self._refuse("date_range_value", "it must be an integer above 0", "FF5_DATE_RANGE_VALUE_NOT_POSITIVE")
        if (self.date_range_value is None) != (self.date_range_unit is None):
            self._refuse("date_range_value", "it goes together with date_range_unit", "FF4_DATE_RANGE_PAIR")

    def _refuse(self, name: str, complaint: str, code: str) -> None:
        path = f"FrequencyFilter.{name}"
        raise ParamValidationError(f"{path} is {shown(getattr(self, name))}; {complaint}.", code, path=path)


@attrs.frozen
class FrequencyBreakdown:
    """Users grouped by how often they did the event, in buckets of equal size."""

    event: str = attrs.field(validator=non_blank("FB1_EMPTY_EVENT"))
    bucket_size: float = 1
    bucket_min: float = 0
    bucket_max: float = 10
    label: str | None = None

    def __attrs_post_init__(self) -> None:
        sizes = (self.bucket_size, self.bucket_min, self.bucket_max)
        if not all(map(is_finite, sizes)) or self.bucket_size <= 0:
            self._refuse("bucket_size", "sizes and bounds are finite, and the size is above 0", "FB2_BUCKET_SIZE")
        if self.bucket_min < 0:
            self._refuse("bucket_min", "nobody does an event less than 0 times", "FB4_BUCKET_MIN_NEGATIVE")
        if self.bucket_min >= self.bucket_max:
            self._refuse("bucket_min", f"it must lie below bucket_max, {shown(self.bucket_max)}", "FB3_BUCKET_ORDER")

    def _refuse(self, name: str, complaint: str, code: str) -> None:
        path = f"FrequencyBreakdown.{name}"
        raise ParamValidationError(f"{path} is {shown(getattr(self, name))}; {complaint}.", code, path=path)

    def to_dict(self) -> dict[str, Any]:
        """The breakdown as an entry of a `group` section."""
        return {
            "dataset": DATASET,
            "behavior": {
                "aggregationOperator": "total",
                "event": {"label": self.event, "value": self.event},
                "behaviorType": "$frequency",
                "filters": [],
                "filtersOperator": "and",
                "dateRange": None,
            },
            "value": self.label or f"{self.event} Frequency",
            "resourceType": "people",
            "propertyType": "number",
            "dataGroupId": None,
            "customBucket": {
                "bucketSize": self.bucket_size,
                "min": self.bucket_min,
                "max": self.bucket_max,
                "disabled": False,
            },
        }
