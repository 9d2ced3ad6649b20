"""What a question about one funnel or one retention consists of, and the rules that both kinds share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from mixpanel_headless.errors import ValidationError, shown

from .behaviors import BehaviorRef
from .custom_properties import CustomPropertyRef, InlineCustomProperty, property_problems
from .filter_clauses import AnyFilter, filter_clause
from .names import name_flaw
from .steps import CustomEventRef, FunnelStep, RetentionEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .coverage import Coverage
    from .measurements import Measurement
    from .vocabulary import BehaviorType

Behavior = TypeVar("Behavior")


@attrs.frozen(kw_only=True)
class BehaviorQuery(Generic[Behavior]):
    """What was asked, unchecked; `set_beside` names what was given that a saved behavior sets itself."""

    behavior: Behavior | BehaviorRef
    measurement: Measurement
    coverage: Coverage
    mode: str
    set_beside: tuple[str, ...] = ()

    def bookmark(self, clause: Mapping[str, Any], chart: str) -> dict[str, Any]:
        """The bookmark that shows this clause in this chart."""
        sections = self.coverage.sections([dict(clause)], list(map(_condition, self.coverage.where)))
        display = {"chartType": chart, **self.coverage.compared()}
        return {"sections": {**sections, "formula": []}, "displayOptions": display}


def _condition(condition: AnyFilter) -> dict[str, Any]:
    """A condition of the report; with a custom property these two kinds name no property, but say so."""
    clause = filter_clause(condition)
    custom = isinstance(getattr(condition, "property", None), (CustomPropertyRef, InlineCustomProperty))
    return {**clause, "value": None} if custom else clause


def set_beside(ref: object, behavior: type[attrs.AttrsInstance], settings: Mapping[str, object]) -> tuple[str, ...]:
    """The settings that were given although a saved behavior has its own."""
    if not isinstance(ref, BehaviorRef):
        return ()
    defaults = {
        field.name: None if field.default is attrs.NOTHING else field.default for field in attrs.fields(behavior)
    }
    return tuple(name for name, value in settings.items() if value not in (defaults[name], [], ()))


def ref_problems(
    query: BehaviorQuery[Any], wanted: BehaviorType, place: str, codes: tuple[str, str]
) -> Iterator[ValidationError]:
    """What is wrong with a saved behavior in this place: its kind, and what was set beside it."""
    if isinstance(query.behavior, BehaviorRef) and query.behavior.type != wanted:
        complaint = f"{query.behavior} stands where a saved {wanted} belongs"
        yield ValidationError(
            place, f"{complaint}.", codes[0], suggestion=[f"BehaviorRef({query.behavior.id}, {shown(wanted)})"]
        )
    for name in query.set_beside:
        complaint = f"a saved {wanted} sets its own {name}"
        yield ValidationError(name, f"{complaint}; change the saved one, or give the {wanted} itself here.", codes[1])


def is_readable(item: object, kind: type[FunnelStep | RetentionEvent]) -> bool:
    """Whether this is one event, in any form that stands for such a part."""
    return isinstance(item, (str, CustomEventRef, kind))


def event_problems(
    item: object, kind: type[FunnelStep | RetentionEvent], path: str, codes: tuple[str, str]
) -> Iterator[ValidationError]:
    """What is wrong with what was given as one event: its kind, or a name of which nothing can be seen."""
    event = item.event if isinstance(item, kind) else item
    if not is_readable(item, kind):
        if isinstance(item, (list, tuple)):
            complaint = "one event belongs here, not several; save a custom event of them and give CustomEventRef(id)"
        else:
            problem = "an event is missing" if item is None else f"{shown(item)} is no event"
            complaint = f"{problem}; give a name, a CustomEventRef or a {kind.__name__}"
        yield ValidationError(path, f"{complaint}.", codes[0])
    elif isinstance(event, str) and name_flaw(event) == "invisible":
        yield ValidationError(path, f"nothing of the event name can be seen: {shown(event)}.", codes[1])


def math_problems(found: Iterable[ValidationError], measurement: Measurement) -> Iterator[ValidationError]:
    """What was found wrong with a measurement, placed at the builder's own arguments."""
    for problem in found:
        yield attrs.evolve(problem, path="math_property")
    yield from property_problems(measurement.property, "math_property")
