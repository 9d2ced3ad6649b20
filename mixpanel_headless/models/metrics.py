"""Saved metrics: one definition of a number for the whole project."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Self
from uuid import uuid4

import attrs

from mixpanel_headless.convert import structure
from mixpanel_headless.errors import ParamTypeError, ParamValidationError, ResponseValidationError
from mixpanel_headless.query.metric_refs import MetricRef, SavedReference
from mixpanel_headless.query.saved_definitions import METRICS, Definition, RawMetricDefinition, metric_definition

from .entity import Entity
from .params import UNSET, Changes, Maybe, OpenParams, Params

__all__ = (
    "BulkUpdateMetricEntry",
    "CreateMetricParams",
    "MetricDisplay",
    "MetricGoal",
    "MetricUser",
    "SavedMetric",
    "UpdateMetricParams",
)

MOST_LETTERS = 255


@attrs.frozen(kw_only=True)
class MetricUser(Entity):
    """Who made, owns or verified something."""

    id: int | None = None
    email: str | None = None
    name: str | None = None


@attrs.frozen(kw_only=True)
class MetricDisplay(OpenParams):
    """How a metric is shown; in an update None takes a setting away."""

    prefix: Maybe[str] = UNSET
    suffix: Maybe[str] = UNSET
    precision: Maybe[int] = UNSET
    abbrev: Maybe[bool] = UNSET
    direction: Maybe[str] = UNSET
    axis: Maybe[str] = UNSET
    trendline: Maybe[bool] = UNSET
    hide_trendline: Maybe[bool] = attrs.field(default=UNSET, metadata={"wire": "hideTrendline"})
    minimum_detectable_effect: Maybe[float] = attrs.field(default=UNSET, metadata={"wire": "minimumDetectableEffect"})
    one_sided: Maybe[bool] = attrs.field(default=UNSET, metadata={"wire": "oneSided"})
    power: Maybe[float] = UNSET

    def _sends(self, value: Any) -> bool:
        return True


@attrs.frozen(kw_only=True)
class MetricGoal(OpenParams):
    """What a metric should reach: `checkpoints` are pairs of a moment and a value."""

    label: str
    id: Maybe[str] = UNSET
    checkpoints: list[Any] = attrs.field(factory=list)
    target_type: str = "absolute"
    target_input: Maybe[float] = UNSET

    def to_wire(self) -> dict[str, Any]:
        """What is sent: moments as text without an offset, in UTC; an id of its own unless it is given."""
        parts = {
            **super().to_wire(),
            "checkpoints": [[moment_text(at), float(value)] for at, value in self.checkpoints],
        }
        return {"id": str(uuid4()), **{name: one for name, one in parts.items() if name not in ("unit", "direction")}}


def moment_text(moment: Any) -> str:
    """A moment as the service keeps it."""
    if isinstance(moment, datetime):
        return (moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment).isoformat()
    return f"{moment.isoformat()}T00:00:00" if isinstance(moment, date) else str(moment)


@attrs.frozen(kw_only=True)
class SavedMetric(Entity, SavedReference):
    """A saved metric; in a query it stands for itself. `type` is `metric`, `formula` or `warehouse`."""

    id: int
    name: str
    type: str
    definition: dict[str, Any]
    description: str | None = None
    created: datetime | None = None
    created_by: MetricUser | None = None
    modified: datetime | None = None
    owned_by: MetricUser | None = None
    contacts: list[Any] | None = None
    verified: bool = False
    last_verified: datetime | None = None
    last_verified_by: MetricUser | None = None
    warehouse_source_id: int | None = None
    is_visible: bool | None = None
    is_locked: bool | None = None
    can_view: bool | None = None
    can_update_basic: bool | None = None
    can_share: bool | None = None

    @classmethod
    def model_validate(cls, data: Mapping[str, Any]) -> Self:
        """The metric from its JSON form; fields that have no name here are kept in `extra`."""
        if not isinstance(data, Mapping):
            raise ParamTypeError("A saved metric is an object.", path="SavedMetric")
        try:
            return structure(dict(data), cls, "This saved metric")
        except ResponseValidationError as error:
            raise ParamTypeError(error.message, path="SavedMetric") from error

    @property
    def behavior_type(self) -> str | None:
        """What is measured: `event`, `funnel`, ...; None for a formula or a warehouse metric."""
        return self._part("behavior").get("type")

    @property
    def math(self) -> str | None:
        """How it is measured."""
        return self._part("measurement").get("math")

    @property
    def formula_expression(self) -> str | None:
        """The formula, None for any other metric."""
        return self._part("formula").get("definition")

    @property
    def referenced_metric_ids(self) -> list[int]:
        """The saved metrics that a formula is made of, each once."""
        ids = []
        for operand in self._part("formula").get("referencedMetrics") or ():
            found = operand.get("id", operand.get("metric_id")) if isinstance(operand, dict) else None
            if isinstance(found, int) or (isinstance(found, str) and found.isdigit()):
                ids.append(int(found))
        return list(dict.fromkeys(ids))

    @property
    def display(self) -> MetricDisplay | None:
        """How it is shown, None where nothing is said."""
        found = self.definition.get("display")
        return MetricDisplay(**found) if isinstance(found, dict) else None

    @property
    def goals(self) -> list[MetricGoal]:
        """What it should reach."""
        return [MetricGoal(**goal) for goal in self.definition.get("goals") or () if isinstance(goal, dict)]

    def to_ref(self, **changes: Any) -> MetricRef:
        """A reference to this metric; keywords are those of `MetricRef`, and hold for one query."""
        stored = self._part("measurement").get("percentile")
        if changes.get("math") == "percentile" and changes.get("percentile_value") is None and stored is None:
            complaint = f"Saved metric {self.id} keeps no percentile; give percentile_value."
            raise ParamValidationError(complaint, "V26_PERCENTILE_REQUIRES_VALUE", path="percentile_value")
        return super().to_ref(**changes)

    def to_raw_definition(self) -> RawMetricDefinition:
        """Its definition, for a metric that is like it."""
        kind: Any = "metric" if self.type == "behavior" else self.type
        return RawMetricDefinition(kind, self.definition, self.warehouse_source_id)

    def _part(self, name: str) -> dict[str, Any]:
        found = self.definition.get(name)
        return found if isinstance(found, dict) else {}


def name_flaw(field: str, text: Any) -> None:
    """Raise what is wrong with the name or the description of something that is to be saved."""
    if not isinstance(text, str):
        return
    if field == "name" and not text.strip():
        raise ParamValidationError("The name is blank.", "SM1_EMPTY_NAME", path="name", hint="Give a name.")
    if len(text.strip()) > MOST_LETTERS:
        complaint = f"The {field} has {len(text.strip())} letters; at most {MOST_LETTERS} go in."
        raise ParamValidationError(complaint, "SM2_NAME_TOO_LONG", path=field)


def check_saved(fields: Any, kinds: tuple[type, ...], value: Any, what: str) -> None:
    """Raise what is wrong with the names and the definition of something that is to be saved."""
    name_flaw("name", fields.name)
    name_flaw("description", fields.description)
    if value is not UNSET and value is not None and not isinstance(value, kinds):
        known = ", ".join(kind.__name__ for kind in kinds)
        complaint = f"{what} is a {type(value).__name__}; it is one of {known}."
        raise ParamTypeError(complaint, "SM4_SCHEMA", path=what)


def metadata_of(fields: Any) -> dict[str, Any]:
    """What is sent of something saved beside its definition."""
    given = {name: getattr(fields, name) for name in ("name", "description") if isinstance(getattr(fields, name), str)}
    return {name: text.strip() if name == "name" else text for name, text in given.items()}


@attrs.frozen(kw_only=True)
class CreateMetricParams(Params):
    """A new saved metric: a metric as queries take it, a formula with metrics, a warehouse or a raw definition.

    - `definition`: what is measured and how, as queries take it.
    - `display`: how it is shown.
    - `goals`: what it should reach.
    - `owned_by`: the id of the user who answers for it.
    - `verified`: whether somebody vouches for it.
    """

    name: str
    definition: Any = attrs.field(metadata={"reads": METRICS})
    description: Maybe[str] = UNSET
    display: Maybe[MetricDisplay] = UNSET
    goals: Maybe[list[MetricGoal]] = UNSET
    owned_by: Maybe[int] = UNSET
    verified: Maybe[bool] = UNSET

    def __attrs_post_init__(self) -> None:
        check_saved(self, METRICS, self.definition, "definition")


@attrs.frozen(kw_only=True)
class UpdateMetricParams(Changes):
    """What is to change of a saved metric.

    - others: those of `CreateMetricParams`.
    """

    name: Maybe[str] = UNSET
    definition: Any = attrs.field(default=UNSET, metadata={"reads": METRICS})
    description: Maybe[str] = UNSET
    display: Maybe[MetricDisplay] = UNSET
    goals: Maybe[list[MetricGoal]] = UNSET
    owned_by: Maybe[int] = UNSET
    verified: Maybe[bool] = UNSET

    def __attrs_post_init__(self) -> None:
        check_saved(self, METRICS, self.definition, "definition")


def positive(number: int) -> str | None:
    return None if number > 0 else f"{number} is no id"


@attrs.frozen(kw_only=True)
class BulkUpdateMetricEntry(Changes):
    """What is to change of one saved metric among several."""

    id: int = attrs.field(metadata={"rule": positive})
    name: Maybe[str] = UNSET
    definition: Any = attrs.field(default=UNSET, metadata={"reads": METRICS})
    description: Maybe[str] = UNSET
    owned_by: Maybe[int] = UNSET
    verified: Maybe[bool] = UNSET

    def __attrs_post_init__(self) -> None:
        check_saved(self, METRICS, self.definition, "definition")


def presented(definition: Definition, fields: Any) -> Definition:
    """A definition with how the metric is shown, and its goals, as they are given."""
    body = dict(definition.body)
    if isinstance(fields.display, MetricDisplay):
        shown = {**(body.get("display") or {}), **fields.display.to_wire()}
        body["display"] = {name: value for name, value in shown.items() if value is not None}
    if isinstance(fields.goals, list):
        body["goals"] = [goal.to_wire() for goal in fields.goals]
    return attrs.evolve(definition, body=body)


def renewed(stored: SavedMetric, metric: Any, *, validate: bool) -> Definition:
    """A new definition of a stored metric: of its kind and source, and shown as it was unless it says otherwise."""
    definition = metric_definition(metric, new=False, validate=validate)
    kinds = ["metric" if kind == "behavior" else kind for kind in (definition.type, stored.type)]
    if kinds[0] != kinds[1] or definition.source not in (None, stored.warehouse_source_id):
        raise ParamValidationError(
            f"Saved metric {stored.id} is a {stored.type}, and the new definition is a {definition.type}"
            f"{' of another source' if kinds[0] == kinds[1] else ''}.",
            "SM3_KIND_CHANGE",
            path="definition",
            hint="The service cannot change that; create a new metric.",
        )
    kept = ("display", "goals", *(("aggregation", "syncInterval") if definition.type == "warehouse" else ()))
    old = {name: stored.definition[name] for name in kept if name in stored.definition}
    return attrs.evolve(definition, body={**old, **definition.body})
