"""Dashboards (boards): pages of reports and text, and the blueprints that they are made from."""

from datetime import datetime
from typing import Any, Literal

import attrs

from .entity import Entity
from .params import UNSET, Changes, Maybe, OpenParams, Params

__all__ = (
    "BlueprintCard",
    "BlueprintConfig",
    "BlueprintFinishParams",
    "BlueprintTemplate",
    "CreateDashboardParams",
    "CreateRcaDashboardParams",
    "Dashboard",
    "DashboardRow",
    "DashboardRowContent",
    "RcaSourceData",
    "UpdateDashboardParams",
    "UpdateReportLinkParams",
    "UpdateTextCardParams",
)


@attrs.frozen(kw_only=True)
class Dashboard(Entity):
    """A dashboard; `contents` and `layout` come with one that is asked for alone."""

    id: int
    title: str
    description: str | None = None
    is_private: bool = False
    is_restricted: bool = False
    creator_id: int | None = None
    creator_name: str | None = None
    creator_email: str | None = None
    created: datetime | None = None
    modified: datetime | None = None
    is_favorited: bool = False
    pinned_date: str | None = None
    layout_version: Any = None
    unique_view_count: int | None = None
    total_view_count: int | None = None
    last_modified_by_id: int | None = None
    last_modified_by_name: str | None = None
    last_modified_by_email: str | None = None
    filters: list[Any] | None = None
    breakdowns: list[Any] | None = None
    time_filter: Any = None
    generation_type: str | None = None
    parent_dashboard_id: int | None = None
    child_dashboards: list[Any] | None = None
    can_update_basic: bool = False
    can_share: bool = False
    can_view: bool = False
    can_update_restricted: bool = False
    can_update_visibility: bool = False
    is_superadmin: bool = False
    allow_staff_override: bool = False
    can_pin: bool = False
    is_shared_with_project: bool = False
    creator: str | None = None
    ancestors: list[Any] = attrs.field(factory=list)
    layout: Any = None
    contents: Any = None
    num_active_public_links: int | None = None
    new_content: Any = None
    template_type: str | None = None


@attrs.frozen(kw_only=True)
class BlueprintTemplate(Entity):
    """A template for dashboards; `extra["name"]` is what `create_blueprint` takes."""

    title_key: str
    description_key: str
    alternative_description_key: str | None = None
    number_of_reports: int | None = None


@attrs.frozen(kw_only=True)
class BlueprintConfig(Entity):
    """What the events and properties of a blueprint are called in this project."""

    variables: dict[str, str]


@attrs.frozen(kw_only=True)
class DashboardRowContent(Params):
    """One card of a row: text (`{"markdown": ...}`), or a report."""

    content_type: Literal["text", "report"]
    content_params: dict[str, Any]


@attrs.frozen(kw_only=True)
class DashboardRow(Params):
    """Cards beside each other; a dashboard shows at most four."""

    contents: list[DashboardRowContent]


@attrs.frozen(kw_only=True)
class CreateDashboardParams(Params):
    """A new dashboard.

    - `is_private`: whether only its maker, and those it is shared with, see it.
    - `is_restricted`: whether only its maker, and those it is shared with, may change it.
    - `filters`: filters that hold for all reports of it, in the service's own terms.
    - `breakdowns`: breakdowns that hold for all reports of it, in the service's own terms.
    - `time_filter`: the days that all reports of it are about, in the service's own terms.
    - `duplicate`: the id of a dashboard to copy.
    - `rows`: its rows of cards.
    """

    title: str
    description: Maybe[str] = UNSET
    is_private: Maybe[bool] = UNSET
    is_restricted: Maybe[bool] = UNSET
    filters: Maybe[list[Any]] = UNSET
    breakdowns: Maybe[list[Any]] = UNSET
    time_filter: Any = UNSET
    duplicate: Maybe[int] = UNSET
    rows: Maybe[list[DashboardRow]] = UNSET


@attrs.frozen(kw_only=True)
class UpdateDashboardParams(Changes):
    """What is to change of a dashboard.

    - `layout`: how its cards are arranged, as `get_dashboard` gives it.
    - `content`: one card to add, change or take away, in the service's own terms.
    - others: those of `CreateDashboardParams`.
    """

    title: Maybe[str] = UNSET
    description: Maybe[str] = UNSET
    is_private: Maybe[bool] = UNSET
    is_restricted: Maybe[bool] = UNSET
    filters: Maybe[list[Any]] = UNSET
    breakdowns: Maybe[list[Any]] = UNSET
    time_filter: Any = UNSET
    layout: Any = UNSET
    content: Any = UNSET


@attrs.frozen(kw_only=True)
class BlueprintCard(OpenParams):
    """A card of a blueprint as it is to be."""

    card_type: str = attrs.field(metadata={"wire": "type"})
    text_card_id: Maybe[int] = UNSET
    bookmark_id: Maybe[int] = UNSET
    markdown: Maybe[str] = UNSET
    name: Maybe[str] = UNSET
    params: Maybe[dict[str, Any]] = UNSET


@attrs.frozen(kw_only=True)
class BlueprintFinishParams(Params):
    """The dashboard of a blueprint, and its cards as they are to be.

    - `dashboard_id`: the id of the dashboard.
    - `cards`: its cards as they are to be.
    """

    dashboard_id: int
    cards: list[BlueprintCard]


@attrs.frozen(kw_only=True)
class RcaSourceData(OpenParams):
    """What is to be explained."""

    source_type: str = attrs.field(metadata={"wire": "type"})
    date: Maybe[str] = UNSET
    metric_source: Maybe[bool] = UNSET


@attrs.frozen(kw_only=True)
class CreateRcaDashboardParams(Params):
    """What a root cause analysis is to be made for.

    - `rca_source_id`: the id of what is to be explained.
    - `rca_source_data`: what that is, and the day to look at.
    """

    rca_source_id: int
    rca_source_data: RcaSourceData


@attrs.frozen(kw_only=True)
class UpdateReportLinkParams(OpenParams):
    """How a report stands in a dashboard.

    - `link_type`: what kind of link it is to be.
    """

    link_type: str = attrs.field(metadata={"wire": "type"})


@attrs.frozen(kw_only=True)
class UpdateTextCardParams(OpenParams):
    """What a text card says.

    - `markdown`: the text, as Markdown.
    """

    markdown: Maybe[str] = UNSET
