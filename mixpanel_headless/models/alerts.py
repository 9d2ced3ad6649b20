"""Custom alerts: conditions on saved reports that the service watches, and whom it tells."""

from enum import IntEnum
from typing import Any, Literal

import attrs

from .entity import Entity, Page
from .params import UNSET, Changes, Maybe, Params, at_least, at_most

__all__ = (
    "AlertBookmark",
    "AlertCount",
    "AlertCreator",
    "AlertFrequencyPreset",
    "AlertHistoryPagination",
    "AlertHistoryResponse",
    "AlertProject",
    "AlertScreenshotResponse",
    "AlertValidation",
    "AlertWorkspace",
    "CreateAlertParams",
    "CustomAlert",
    "UpdateAlertParams",
    "ValidateAlertsForBookmarkParams",
    "ValidateAlertsForBookmarkResponse",
)


class AlertFrequencyPreset(IntEnum):
    """How often the service looks, in seconds; any other number is allowed too."""

    HOURLY = 3600
    DAILY = 86400
    WEEKLY = 604800


@attrs.frozen(kw_only=True)
class AlertBookmark(Entity):
    """The saved report that an alert watches."""

    id: int
    name: str | None = None
    type: str | None = None


@attrs.frozen(kw_only=True)
class AlertCreator(Entity):
    """Who made an alert."""

    id: int
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None


@attrs.frozen(kw_only=True)
class AlertWorkspace(Entity):
    """The workspace (data view) of an alert."""

    id: int
    name: str | None = None


@attrs.frozen(kw_only=True)
class AlertProject(Entity):
    """The project of an alert."""

    id: int
    name: str | None = None


@attrs.frozen(kw_only=True)
class CustomAlert(Entity):
    """A condition on a saved report; `frequency` is in seconds, `subscriptions` say whom it tells."""

    id: int
    name: str
    bookmark: AlertBookmark | None = None
    condition: dict[str, Any] = attrs.field(factory=dict)
    frequency: int = 0
    paused: bool = False
    subscriptions: list[dict[str, Any]] = attrs.field(factory=list)
    notification_windows: dict[str, Any] | None = None
    results: dict[str, Any] | None = None
    creator: AlertCreator | None = None
    workspace: AlertWorkspace | None = None
    project: AlertProject | None = None
    created: str = ""
    modified: str = ""
    last_checked: str | None = None
    last_fired: str | None = None
    valid: bool = True


@attrs.frozen(kw_only=True)
class AlertCount(Entity):
    """How many alerts there are, and how many there may be."""

    anomaly_alerts_count: int
    alert_limit: int
    is_below_limit: bool


@attrs.frozen(kw_only=True)
class AlertHistoryPagination(Entity):
    """What asks for the pages before and after this one."""

    next_cursor: str | None = None
    previous_cursor: str | None = None
    page_size: int = 20


@attrs.frozen(kw_only=True)
class AlertHistoryResponse(Page):
    """One page of the times that an alert was looked at."""

    results: list[dict[str, Any]]
    pagination: AlertHistoryPagination | None = None


@attrs.frozen(kw_only=True)
class AlertScreenshotResponse(Entity):
    """Where the picture of an alert can be fetched, for a while."""

    signed_url: str


@attrs.frozen(kw_only=True)
class AlertValidation(Entity):
    """Whether one alert would still fit the report, and if not why."""

    alert_id: int
    alert_name: str
    valid: bool
    reason: str | None = None


@attrs.frozen(kw_only=True)
class ValidateAlertsForBookmarkResponse(Entity):
    """Which alerts would still fit the report."""

    alert_validations: list[AlertValidation] = attrs.field(factory=list)
    invalid_count: int = 0


@attrs.frozen(kw_only=True)
class CreateAlertParams(Params):
    """A new alert.

    - `bookmark_id`: the id of the saved report to watch.
    - `condition`: what must hold of the report's numbers for the alert to fire, in the service's own terms.
    - `frequency`: how often the service looks, in seconds: 3600, 86400, 604800, or any other.
    - `paused`: whether the service does not look for now.
    - `subscriptions`: whom it tells, such as `{"type": "email", "value": "me@example.com"}`.
    - `notification_windows`: when it may tell somebody.
    """

    bookmark_id: int
    name: str = attrs.field(metadata=at_most(50))
    condition: dict[str, Any]
    frequency: int
    paused: bool
    subscriptions: list[dict[str, Any]]
    notification_windows: Maybe[dict[str, Any]] = UNSET


@attrs.frozen(kw_only=True)
class UpdateAlertParams(Changes):
    """What is to change of an alert.

    - others: those of `CreateAlertParams`.
    """

    name: Maybe[str] = UNSET
    bookmark_id: Maybe[int] = UNSET
    condition: Maybe[dict[str, Any]] = UNSET
    frequency: Maybe[int] = UNSET
    paused: Maybe[bool] = UNSET
    subscriptions: Maybe[list[dict[str, Any]]] = UNSET
    notification_windows: Maybe[dict[str, Any]] = UNSET


@attrs.frozen(kw_only=True)
class ValidateAlertsForBookmarkParams(Params):
    """A report as it would be, and the alerts to hold against it.

    - `alert_ids`: the ids of the alerts.
    - `bookmark_type`: what kind of report it is.
    - `bookmark_params`: the report's question as it would be, as saved reports hold it.
    """

    alert_ids: list[int] = attrs.field(metadata=at_least(1))
    bookmark_type: Literal["insights", "funnels"]
    bookmark_params: dict[str, Any]
