"""Webhooks: addresses that the service posts to, such as for cohort syncs."""

from enum import StrEnum

import attrs

from .entity import Entity, Id
from .params import UNSET, Changes, Maybe, Params

__all__ = (
    "CreateWebhookParams",
    "ProjectWebhook",
    "UpdateWebhookParams",
    "WebhookAuthType",
    "WebhookMutationResult",
    "WebhookTestParams",
    "WebhookTestResult",
)


class WebhookAuthType(StrEnum):
    """How the service shows the webhook who it is."""

    BASIC = "basic"


@attrs.frozen(kw_only=True)
class ProjectWebhook(Entity):
    """A webhook of the project."""

    id: Id
    name: str
    url: str
    is_enabled: bool
    auth_type: str | None = None
    created: str | None = None
    modified: str | None = None
    creator_id: int | None = None
    creator_name: str | None = None


@attrs.frozen(kw_only=True)
class WebhookMutationResult(Entity):
    """Which webhook was made or changed."""

    id: Id
    name: str


@attrs.frozen(kw_only=True)
class WebhookTestResult(Entity):
    """How the address answered; no status when it did not."""

    success: bool
    status_code: int | None
    message: str


@attrs.frozen(kw_only=True)
class CreateWebhookParams(Params):
    """A new webhook.

    - `url`: the address that is posted to.
    - `auth_type`: how the service shows who it is.
    - `username`, `password`: what it shows for basic.
    """

    name: str
    url: str
    auth_type: Maybe[WebhookAuthType] = UNSET
    username: Maybe[str] = UNSET
    password: Maybe[str] = attrs.field(default=UNSET, repr=False)


@attrs.frozen(kw_only=True)
class UpdateWebhookParams(Changes):
    """What is to change of a webhook; `auth_type=None` takes its authentication off.

    - `is_enabled`: whether it is posted to.
    - others: those of `CreateWebhookParams`.
    """

    name: Maybe[str] = UNSET
    url: Maybe[str] = UNSET
    auth_type: Maybe[WebhookAuthType] = UNSET
    username: Maybe[str] = UNSET
    password: Maybe[str] = attrs.field(default=UNSET, repr=False)
    is_enabled: Maybe[bool] = UNSET


@attrs.frozen(kw_only=True)
class WebhookTestParams(Params):
    """An address to try, as a webhook would be made.

    - others: those of `CreateWebhookParams`.
    """

    url: str
    name: Maybe[str] = UNSET
    auth_type: Maybe[WebhookAuthType] = UNSET
    username: Maybe[str] = UNSET
    password: Maybe[str] = attrs.field(default=UNSET, repr=False)
