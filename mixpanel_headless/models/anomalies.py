"""Anomalies of the data volume: events and properties that came more or less often than they used to."""

from typing import Any, Literal, TypeAlias

import attrs

from .entity import Entity, Id, camel_case
from .params import Params

__all__ = ("BulkAnomalyEntry", "BulkUpdateAnomalyParams", "DataVolumeAnomaly", "UpdateAnomalyParams")

Status: TypeAlias = Literal["open", "dismissed"]
AnomalyClass: TypeAlias = Literal["Event", "Property", "PropertyTypeDrift", "Metric"]


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class DataVolumeAnomaly(Entity):
    """One count that was not as predicted."""

    id: int
    actual_count: int
    predicted_upper: int
    predicted_lower: int
    percent_variance: Id | float
    status: str
    project: int
    anomaly_class: str
    timestamp: str | None = None
    event: int | None = None
    event_name: str | None = None
    property: int | None = None
    property_name: str | None = None
    metric: int | None = None
    metric_name: str | None = None
    metric_type: str | None = None
    primary_type: str | None = None
    drift_types: dict[str, Any] | None = None


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class UpdateAnomalyParams(Params):
    """Whether an anomaly is dismissed or open.

    - `id`: which anomaly.
    - `status`: what it is to be: open, or dismissed.
    - `anomaly_class`: what it is an anomaly of.
    """

    id: int
    status: Status
    anomaly_class: AnomalyClass


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class BulkAnomalyEntry(Params):
    """One anomaly among several."""

    id: int
    anomaly_class: AnomalyClass


@attrs.frozen(kw_only=True)
class BulkUpdateAnomalyParams(Params):
    """Whether several anomalies are dismissed or open.

    - `anomalies`: which ones, each by its id and class.
    - `status`: what they are to be: open, or dismissed.
    """

    anomalies: list[BulkAnomalyEntry]
    status: Status
