"""Requests to delete events that are recorded."""

from typing import Any

import attrs

from .entity import Entity, camel_case
from .params import UNSET, Maybe, Params

__all__ = ("CreateDeletionRequestParams", "EventDeletionRequest", "PreviewDeletionFiltersParams")


def read_filters(filters: Any) -> dict[str, Any] | None:
    """The filters as an object, however the service tells them."""
    if isinstance(filters, list):
        return {"items": filters} if filters else None
    return filters if isinstance(filters, dict) else None


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class EventDeletionRequest(Entity):
    """A request to delete the events of some days; `filters` are in the service's own terms."""

    id: int
    event_name: str
    from_date: str
    to_date: str
    status: str
    deleted_events_count: int
    created: str
    requesting_user: dict[str, Any]
    display_name: str | None = None
    filters: Any = attrs.field(default=None, converter=read_filters)


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class CreateDeletionRequestParams(Params):
    """Which events are to be deleted.

    - `event_name`: the name of the event.
    - `from_date`: the first day, such as 2026-01-31.
    - `to_date`: the last day, itself included.
    - `filters`: which of them, all otherwise, in the service's own terms.
    """

    event_name: str
    from_date: str = attrs.field(metadata={"typed": "DATE"})
    to_date: str = attrs.field(metadata={"typed": "DATE"})
    filters: Maybe[dict[str, Any]] = UNSET


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class PreviewDeletionFiltersParams(Params):
    """Which events would be deleted.

    - others: those of `CreateDeletionRequestParams`.
    """

    event_name: str
    from_date: str = attrs.field(metadata={"typed": "DATE"})
    to_date: str = attrs.field(metadata={"typed": "DATE"})
    filters: Maybe[dict[str, Any]] = UNSET
