"""What an insights question may ask, argument by argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from mixpanel_headless.errors import ParamValidationError, ValidationError, shown
from mixpanel_headless.suggestions import listed

from .behaviors import FunnelBehavior, RetentionBehavior, SimpleBehavior
from .coverage import coverage_problems
from .custom_properties import property_problems
from .fields import is_positive_integer
from .filter_clauses import filter_problems
from .formulas import Formula, expression_flaw
from .funnel_rules import funnel_problems, retention_problems
from .measurements import measurement_problems
from .metric_refs import MetricRef, SavedReference, WarehouseMetric
from .metrics import CohortMetric, FunnelMetric, Metric, RetentionMetric
from .names import name_flaw
from .rules import Rule, choice, flag, problems
from .vocabulary import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .insights_query import InsightsQuery

MAX_ROLLING: Final = 365
_KINDS: Final = (str, Metric, CohortMetric, FunnelMetric, RetentionMetric, MetricRef, SavedReference, Formula)


def query_problems(query: InsightsQuery) -> Iterator[ValidationError]:
    """Everything that is wrong with the arguments, in the order in which a caller reads them."""
    if _shows_nothing(query):
        yield ValidationError("events", "at least one event or metric is needed.", "V0_NO_EVENTS")
    for position, event in enumerate(query.events):
        yield from event_problems(event, f"events[{position}]")
    yield from _measurement_problems(query)
    yield from problems(_DISPLAY, query)
    for argument, rules in _OPTIONAL:
        if getattr(query, argument) is not None:
            yield from problems(rules, query)
    yield from _formula_problems(query)
    yield from coverage_problems(query.coverage)


def event_problems(event: object, path: str) -> Iterator[ValidationError]:
    """What is wrong with one thing to show; raises `MR3_WAREHOUSE_INLINE` for a metric that must be saved first."""
    if isinstance(event, str):
        yield from _name_problems(event, path)
        return
    if isinstance(event, WarehouseMetric):
        raise ParamValidationError(
            "A WarehouseMetric is computed by its saved id only.",
            "MR3_WAREHOUSE_INLINE",
            path=path,
            hint="Save it with create_metric, then query MetricRef(id, type='warehouse').",
        )
    if not isinstance(event, _KINDS):
        kinds = listed(kind.__name__ for kind in _KINDS)
        yield ValidationError(path, f"a {type(event).__name__} is none of {kinds}.", "V21_INVALID_EVENT_TYPE")
    for name in _event_names(event):
        yield from _name_problems(name, path)
    yield from _metric_problems(event, path)


def _event_names(event: object) -> list[str]:
    if not isinstance(event, Metric):
        return []
    inner = event.event
    items = inner if isinstance(inner, tuple) else (inner,)
    if isinstance(inner, SimpleBehavior):
        items = tuple(step.event for step in inner.events)
    return [item for item in items if isinstance(item, str)]


def _name_problems(name: str, path: str) -> list[ValidationError]:
    flaw = name_flaw(name)
    if flaw is None:
        return []
    code, complaint = _NAME_FLAWS[flaw]
    return [ValidationError(path, f"{complaint}: {shown(name)}.", code)]


_NAME_FLAWS: Final = {
    "empty": ("V17_EMPTY_EVENT", "the event name is blank"),
    "control": ("V22_CONTROL_CHAR_EVENT", "the event name holds control characters"),
    "invisible": ("V22_INVISIBLE_EVENT", "nothing of the event name can be seen"),
}


def _metric_problems(event: object, path: str) -> Iterator[ValidationError]:
    if isinstance(event, (Metric, FunnelMetric, RetentionMetric, MetricRef)):
        yield from property_problems(event.property, f"{path}.property")
    if isinstance(event, Metric):
        for position, condition in enumerate(event.filters):
            yield from filter_problems(condition, f"{path}.filters[{position}]")
    if isinstance(event, FunnelMetric) and isinstance(event.behavior, FunnelBehavior):
        yield from funnel_problems(event.behavior, path, event.math)
    if isinstance(event, RetentionMetric) and isinstance(event.behavior, RetentionBehavior):
        yield from retention_problems(event.behavior, path)


def _measurement_problems(query: InsightsQuery) -> Iterator[ValidationError]:
    """The question's own measurement counts for plain names; without any, it would change nothing."""
    if any(isinstance(event, str) for event in query.events):
        for problem in measurement_problems(query.measurement):
            path = "math_property" if problem.path == "property" else problem.path
            yield ValidationError(path, problem.message, problem.code)
        yield from property_problems(query.measurement.property, "math_property")
    elif query.events:
        for name, default in (("math", "total"), ("property", None), ("per_user", None), ("percentile_value", None)):
            if getattr(query.measurement, name) != default:
                path = "math_property" if name == "property" else name
                complaint = f"{path} applies to events given as plain names, and there are none"
                yield ValidationError(path, f"{complaint}; set it on the metric.", "V29_QUERY_MEASUREMENT_IGNORED")


def _formula_problems(query: InsightsQuery) -> Iterator[ValidationError]:
    if query.formula is not None and any(isinstance(event, Formula) for event in query.events):
        complaint = "a formula stands among the events already; give all formulas there"
        yield ValidationError("formula", f"{complaint}.", "V4_FORMULA_CONFLICT")
    elif query.formula is not None and query.letters() < 2:
        complaint = f"a formula argument combines 2 events or more, not {query.letters()}"
        yield ValidationError("formula", f"{complaint}.", "V4_FORMULA_MIN_EVENTS")
    elif isinstance(query.formula, str) and (flaw := expression_flaw(query.formula, query.letters())):
        yield flaw
    for position, event in enumerate(query.events):
        if isinstance(event, Formula) and not event.metrics and (flaw := event.flaw(query.letters())):
            yield ValidationError(f"events[{position}]", flaw.message, flaw.code, suggestion=flaw.suggestion)


def _shows_nothing(query: InsightsQuery) -> bool:
    return all(isinstance(event, Formula) and not event.metrics for event in query.events)


_DISPLAY: tuple[Rule[InsightsQuery], ...] = (
    choice("V_MODE", "mode", get_args(Mode)),
    flag("V_FLAG", "cumulative"),
    Rule(
        "V_TEXT",
        "formula_label",
        lambda q: q.formula_label is not None and not isinstance(q.formula_label, str),
        "formula_label is {0.formula_label!r}; it is text.",
    ),
)
_FORMULA: tuple[Rule[InsightsQuery], ...] = (
    Rule(
        "V4_FORMULA_TYPE",
        "formula",
        lambda q: not isinstance(q.formula, str),
        "formula is {0.formula!r}; it must be text.",
    ),
)
_ROLLING: tuple[Rule[InsightsQuery], ...] = (
    Rule(
        "V6_ROLLING_POSITIVE",
        "rolling",
        lambda q: not is_positive_integer(q.rolling),
        "rolling is {0.rolling!r}; it counts units of time, 1 or more.",
    ),
    Rule(
        "V23_ROLLING_TOO_LARGE",
        "rolling",
        lambda q: is_positive_integer(q.rolling) and q.rolling is not None and q.rolling > MAX_ROLLING,
        f"rolling is {{0.rolling}}; at most {MAX_ROLLING} units of time can be averaged.",
    ),
    Rule(
        "V5_ROLLING_CUMULATIVE_EXCLUSIVE",
        "cumulative",
        lambda q: q.cumulative,
        "rolling and cumulative are two readings of the same numbers; give one.",
    ),
)
# An argument that is not given breaks none of its rules.
_OPTIONAL: Final = (
    ("formula", _FORMULA),
    ("rolling", _ROLLING),
)
