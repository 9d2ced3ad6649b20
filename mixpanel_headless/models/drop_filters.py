"""Drop filters: events that are not recorded."""

from typing import Any

import attrs

from .entity import Entity, camel_case
from .params import UNSET, Changes, Maybe, Params

__all__ = ("CreateDropFilterParams", "DropFilter", "DropFilterLimitsResponse", "UpdateDropFilterParams")


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class DropFilter(Entity):
    """Which events of a name are not recorded: those that `filters` describe, in the service's own terms."""

    id: int
    event_name: str
    filters: Any = None
    active: bool | None = None
    display_name: str | None = None
    created: str | None = None


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class DropFilterLimitsResponse(Entity):
    """How many drop filters there may be."""

    filter_limit: int


@attrs.frozen(kw_only=True)
class CreateDropFilterParams(Params):
    """A new drop filter.

    - `event_name`: the name of the event.
    - `filters`: which of them are not recorded, in the service's own terms; [] for every one.
    """

    event_name: str
    filters: Any


@attrs.frozen(kw_only=True)
class UpdateDropFilterParams(Changes):
    """What is to change of a drop filter.

    - `id`: which filter.
    - `active`: whether it has an effect.
    - others: those of `CreateDropFilterParams`.
    """

    id: int
    event_name: Maybe[str] = UNSET
    filters: Any = UNSET
    active: Maybe[bool] = UNSET
