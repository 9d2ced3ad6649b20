"""What the service keeps of a metric or a behavior: definitions made from the values that queries take. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

import attrs

from mixpanel_headless.errors import ParamTypeError, ParamValidationError, shown
from mixpanel_headless.suggestions import did_you_mean, listed

from .behaviors import FunnelBehavior, RetentionBehavior, SimpleBehavior
from .formulas import Formula
from .metric_refs import MetricRef, SavedReference, WarehouseMetric, as_ref
from .metrics import CohortMetric, FunnelMetric, Metric, RetentionMetric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mixpanel_headless.request import Json

Kind = Literal["metric", "formula", "warehouse"]
SIMPLE: Final = (Metric, CohortMetric, FunnelMetric, RetentionMetric)
DEFAULTS: Final = {"aggregation": "none", "syncInterval": "hourly"}
"""What a new warehouse metric has where nothing else is said."""

# Keys that stored definitions may have from earlier times, and that the service does not take in new ones.
SKIPPED: Final[dict[str, frozenset[str]]] = {
    "behavior": frozenset({"filter"}),
    "measurement": frozenset({"id", "type"}),
    "exclusions": frozenset(
        {"dropdown_tab_index", "filter", "property", "selected_property_type", "serialized", "type"}
    ),
}
KNOWN: Final[dict[str, frozenset[str]]] = {
    "definition": frozenset({"behavior", "measurement", "formula", "display", "goals", "name"}),
    "warehouse": frozenset(
        {"query", "metricType", "aggregation", "syncInterval", "timeColumn", "valueColumn", "display", "goals"}
    ),
    "behavior": frozenset(
        [
            "type",
            "id",
            "name",
            "resourceType",
            "behaviors",
            "filters",
            "filtersDeterminer",
            "dataGroupId",
            "dataset",
            "cohort",
            "raw_cohort",
            "conversionWindowDuration",
            "conversionWindowUnit",
            "funnelOrder",
            "exclusions",
            "aggregateBy",
            "funnelReentryMode",
            "retentionType",
            "retentionUnit",
            "retentionAlignmentType",
            "retentionCustomBucketSizes",
            "retentionUnboundedMode",
            "profileType",
            "search",
            "dateRange",
        ]
    ),
    "measurement": frozenset(
        [
            "math",
            "property",
            "perUserAggregation",
            "percentile",
            "segmentMethod",
            "stepIndex",
            "retentionBucketIndex",
            "retentionCumulative",
            "multiAttribution",
            "rolling",
            "cumulative",
            "retentionSegmentationEvent",
        ]
    ),
    "formula": frozenset({"definition", "referencedMetrics"}),
    "display": frozenset(
        [
            "prefix",
            "suffix",
            "precision",
            "abbrev",
            "direction",
            "axis",
            "trendline",
            "hideTrendline",
            "minimumDetectableEffect",
            "oneSided",
            "power",
        ]
    ),
}
CHOICES: Final[dict[str, tuple[Json, ...]]] = {
    "display.precision": tuple(range(9)),
    "display.direction": ("up", "down"),
    "display.axis": ("primary", "secondary"),
    "goals[].target_type": ("absolute", "relative"),
}


@attrs.frozen
class RawMetricDefinition:
    """A saved metric's definition as the service writes it; `warehouse_source_id` is for warehouse metrics."""

    type: Kind
    definition: Mapping[str, Json]
    warehouse_source_id: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.type not in get_args(Kind):
            refuse(f"RawMetricDefinition.type is {shown(self.type)}; it is one of {listed(get_args(Kind))}")
        if self.warehouse_source_id is not None and self.type != "warehouse":
            refuse(f"warehouse_source_id is for warehouse metrics, not for a {self.type}")


@attrs.frozen
class RawBehaviorDefinition:
    """A saved behavior's definition as the service writes it: `{"behavior": {"type": ...}}`."""

    definition: Mapping[str, Json]


@attrs.frozen
class Definition:
    """What is sent of a definition."""

    type: str
    body: dict[str, Json]
    source: int | None = None


METRICS: Final = (*SIMPLE, Formula, WarehouseMetric, RawMetricDefinition)
BEHAVIORS: Final = (SimpleBehavior, FunnelBehavior, RetentionBehavior, RawBehaviorDefinition)


def metric_definition(metric: object, *, new: bool, validate: bool = True) -> Definition:
    """A metric as the service keeps it; `new` leaves out what it does not take of a metric that is not there yet."""
    found = compile_metric(metric, new=new)
    if new and isinstance(metric, RawMetricDefinition):
        found = attrs.evolve(found, body=without_skipped(found.body))
    if validate:
        check(found.body, "warehouse" if found.type == "warehouse" else "definition", strict=new)
    if new and found.type == "warehouse" and found.source is None:
        refuse("A warehouse metric needs the source that computes it: warehouse_source_id")
    return found


def compile_metric(metric: object, *, new: bool) -> Definition:
    """A metric as the service keeps it, without any check."""
    if isinstance(metric, SIMPLE):
        entry = metric.to_dict()
        label = {"name": entry["name"]} if "name" in entry else {}
        body = {"behavior": kept_behavior(entry["behavior"]), "measurement": entry["measurement"], **label}
        return Definition("metric", body)
    if isinstance(metric, Formula):
        label = {"name": metric.label} if metric.label else {}
        return Definition("formula", {"formula": formula_definition(metric), **label})
    if isinstance(metric, WarehouseMetric):
        parts = {
            "query": metric.sql, "metricType": metric.metric_type, "aggregation": metric.aggregation,
            "syncInterval": metric.sync_interval, "timeColumn": metric.time_column, "valueColumn": metric.value_column,
        }  # fmt: skip
        given = {name: value for name, value in parts.items() if value is not None}
        return Definition("warehouse", {**(DEFAULTS if new else {}), **given}, metric.source_id)
    if isinstance(metric, RawMetricDefinition):
        fill = DEFAULTS if new and metric.type == "warehouse" else {}
        return Definition(metric.type, {**fill, **metric.definition}, metric.warehouse_source_id)
    raise ParamTypeError(
        f"definition is a {type(metric).__name__}, which is no metric.", "SM4_SCHEMA", path="definition"
    )


def formula_definition(formula: Formula) -> dict[str, Json]:
    """A formula with the metrics that its letters stand for."""
    if not formula.metrics:
        complaint = "A saved formula needs its own metrics, A being the first"
        raise ParamValidationError(f"{complaint}.", "SM7_FORMULA_WITHOUT_OPERANDS", path="definition.formula")
    operands = []
    for place, operand in enumerate(formula.metrics):
        if isinstance(operand, (MetricRef, SavedReference)):
            operands.append({"type": "metric", "id": as_ref(operand).id})
            continue
        entry = operand.to_dict()
        if {"segmentMethod", "multiAttribution"} & entry["measurement"].keys():
            complaint = f"Formula.metrics[{place}] has a segment_method, which no operand may have"
            raise ParamValidationError(f"{complaint}.", "FM6_OPERAND_ATTRIBUTION", path="definition.formula")
        label = {"name": entry["name"]} if "name" in entry else {}
        behavior = kept_behavior(entry["behavior"])
        operands.append({"type": "metric", "behavior": behavior, "measurement": entry["measurement"], **label})
    return {"definition": formula.expression, "referencedMetrics": operands}


def behavior_definition(behavior: object, *, new: bool, validate: bool = True) -> Definition:
    """A behavior as the service keeps it."""
    if isinstance(behavior, RawBehaviorDefinition):
        body = without_skipped(behavior.definition) if new else dict(behavior.definition)
    elif isinstance(behavior, (SimpleBehavior, FunnelBehavior, RetentionBehavior)):
        body = {"behavior": kept_behavior(behavior.to_dict())}
    else:
        complaint = f"behavior is a {type(behavior).__name__}, which is no behavior."
        raise ParamTypeError(complaint, "SM4_SCHEMA", path="behavior")
    inner = body.get("behavior")
    kind = inner.get("type") if isinstance(inner, dict) else None
    if not isinstance(kind, str):
        refuse("A saved behavior needs a type: definition.behavior.type", "definition.behavior.type")
    if validate:
        check(body, "definition", strict=new)
    return Definition(str(kind), body)


def kept_behavior(behavior: Mapping[str, Json]) -> dict[str, Json]:
    """A behavior of a query without what is not kept of it."""
    return {name: value for name, value in behavior.items() if name not in SKIPPED["behavior"]}


def without_skipped(tree: Mapping[str, Json]) -> dict[str, Json]:
    """A stored definition without what the service does not take in a new one."""
    kept = dict(tree)
    for part in ("behavior", "measurement"):
        if isinstance(kept.get(part), dict):
            kept[part] = {name: value for name, value in kept[part].items() if name not in SKIPPED[part]}
    behavior = kept.get("behavior")
    if isinstance(behavior, dict) and isinstance(behavior.get("exclusions"), list):
        behavior["exclusions"] = [
            {name: value for name, value in one.items() if name not in SKIPPED["exclusions"]}
            for one in behavior["exclusions"]
        ]
    return kept


def check(body: Mapping[str, Json], outline: str, *, strict: bool) -> None:
    """Raise ParamValidationError for every part of a definition that the service would not take."""
    if flaws := list(flaws_of(body, outline, strict=strict)):
        path, what = flaws[0]
        more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
        raise ParamValidationError(
            f"{path}: {what}{more}.",
            "SM4_SCHEMA",
            path=path,
            details={"fields": [{"path": path, "message": what} for path, what in flaws]},
        )


def flaws_of(body: Mapping[str, Json], outline: str, *, strict: bool) -> Iterator[tuple[str, str]]:
    """Each part that the service would not take, with what is wrong with it."""
    yield from unknown_keys(body, KNOWN[outline], "definition")
    for part in ("behavior", "measurement", "formula"):
        known = KNOWN[part] if strict else KNOWN[part] | SKIPPED.get(part, frozenset())
        yield from unknown_keys(body.get(part), known, f"definition.{part}")
    yield from presentation_flaws(body)


def presentation_flaws(body: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """What is wrong with how a metric is shown, and with its goals."""
    display = body.get("display") if isinstance(body.get("display"), dict) else {}
    for name, value in (display or {}).items():
        allowed = CHOICES.get(f"display.{name}")
        if allowed is not None and value is not None and value not in allowed:
            yield f"definition.display.{name}", f"{shown(value)} is none of {', '.join(map(str, allowed))}"
    for place, goal in enumerate(body.get("goals") or ()):
        allowed = CHOICES["goals[].target_type"]
        if isinstance(goal, dict) and goal.get("target_type", "absolute") not in allowed:
            told = f"{shown(goal['target_type'])} is none of {', '.join(map(str, allowed))}"
            yield f"definition.goals[{place}].target_type", told


def unknown_keys(tree: Json, known: frozenset[str], path: str) -> Iterator[tuple[str, str]]:
    for name in tree if isinstance(tree, dict) else ():
        if name not in known:
            yield f"{path}.{name}", f"the service does not know it{did_you_mean(name, known)}"


def refuse(complaint: str, path: str = "definition") -> None:
    raise ParamValidationError(f"{complaint}.", "SM4_SCHEMA", path=path)
