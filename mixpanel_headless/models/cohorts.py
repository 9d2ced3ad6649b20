"""Cohorts that the project keeps: groups of people by what they did and are."""

from typing import Any

import attrs

from mixpanel_headless.errors import ParamValidationError

from .entity import Entity, Id
from .params import UNSET, Changes, Maybe, Params

__all__ = (
    "BulkUpdateCohortEntry",
    "Cohort",
    "CohortCreator",
    "CreateCohortParams",
    "UpdateCohortParams",
)


@attrs.frozen(kw_only=True)
class CohortCreator(Entity):
    """Who made a cohort."""

    id: int | None = None
    name: str | None = None
    email: str | None = None


@attrs.frozen(kw_only=True)
class Cohort(Entity):
    """A group of people; `count` is how many there were when the service last looked."""

    id: int
    name: str
    description: str | None = None
    count: int | None = None
    is_visible: bool | None = None
    is_locked: bool | None = None
    data_group_id: Id | None = None
    last_edited: str | None = None
    created_by: CohortCreator | None = None
    referenced_by: list[int | dict[str, Any]] | None = None
    verified: bool = False
    last_queried: str | None = None
    referenced_directly_by: list[int | dict[str, Any]] = attrs.field(factory=list)
    active_integrations: list[int | dict[str, Any]] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class WithDefinition(Params):
    """Fields with a definition whose parts are sent beside them, as the service takes them; none may stand in both."""

    def to_wire(self) -> dict[str, Any]:
        """What is sent."""
        fields = super().to_wire()
        definition = fields.pop("definition", None) or {}
        if twice := sorted(fields.keys() & definition.keys()):
            owner = type(self).__name__
            raise ParamValidationError(
                f"{owner}: {', '.join(twice)} stands in the definition too.",
                path=f"{owner}.definition",
                hint="Say it once, in the definition or beside it.",
            )
        return {**fields, **definition}


@attrs.frozen(kw_only=True)
class CreateCohortParams(WithDefinition):
    """A new cohort.

    - `deleted`: whether it counts as deleted.
    - `definition`: who belongs to it, in the service's own terms, as `CohortDefinition` writes them.
    """

    name: str
    description: Maybe[str] = UNSET
    data_group_id: Maybe[Id] = UNSET
    is_locked: Maybe[bool] = UNSET
    is_visible: Maybe[bool] = UNSET
    deleted: Maybe[bool] = UNSET
    definition: Maybe[dict[str, Any]] = UNSET


@attrs.frozen(kw_only=True)
class UpdateCohortParams(WithDefinition, Changes):
    """What is to change of a cohort.

    - others: those of `CreateCohortParams`.
    """

    name: Maybe[str] = UNSET
    description: Maybe[str] = UNSET
    data_group_id: Maybe[Id] = UNSET
    is_locked: Maybe[bool] = UNSET
    is_visible: Maybe[bool] = UNSET
    deleted: Maybe[bool] = UNSET
    definition: Maybe[dict[str, Any]] = UNSET


@attrs.frozen(kw_only=True)
class BulkUpdateCohortEntry(WithDefinition, Changes):
    """What is to change of one cohort among several."""

    id: int
    name: Maybe[str] = UNSET
    description: Maybe[str] = UNSET
    definition: Maybe[dict[str, Any]] = UNSET
