"""Feature flags: what a program shows to whom, decided in Mixpanel."""

from enum import StrEnum
from typing import Any

import attrs

from .entity import Entity, Id
from .params import UNSET, Changes, Maybe, Params

__all__ = (
    "CreateFeatureFlagParams",
    "FeatureFlag",
    "FeatureFlagStatus",
    "FlagContractStatus",
    "FlagHistoryResponse",
    "FlagLimitsResponse",
    "ServingMethod",
    "SetTestUsersParams",
    "UpdateFeatureFlagParams",
)


class FeatureFlagStatus(StrEnum):
    """Whether a flag is served."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    ARCHIVED = "archived"


class ServingMethod(StrEnum):
    """Who decides which variant somebody gets."""

    CLIENT = "client"
    SERVER = "server"
    REMOTE_OR_LOCAL = "remote_or_local"
    REMOTE_ONLY = "remote_only"


class FlagContractStatus(StrEnum):
    """How the contract for flags stands."""

    ACTIVE = "active"
    GRACE_PERIOD = "grace_period"
    EXPIRED = "expired"


def on_and_off() -> dict[str, Any]:
    """The ruleset of a new flag: everybody gets On."""
    variants = [("On", True, False, 1.0), ("Off", False, True, 0.0)]
    return {
        "variants": [
            {"key": key, "value": value, "is_control": control, "split": split, "is_sticky": False}
            for key, value, control, split in variants
        ],
        "rollout": [],
    }


@attrs.frozen(kw_only=True)
class FeatureFlag(Entity):
    """A flag; `ruleset` holds its variants and to whom they are rolled out."""

    id: str
    name: str
    key: str
    project_id: int
    description: str | None = None
    status: str = "disabled"
    tags: list[str] = attrs.field(factory=list)
    experiment_id: str | None = None
    context: str = ""
    data_group_id: Id | None = None
    serving_method: str = "client"
    ruleset: dict[str, Any] = attrs.field(factory=dict)
    hash_salt: str | None = None
    workspace_id: int | None = None
    content_type: str | None = None
    created: str = ""
    modified: str = ""
    enabled_at: str | None = None
    deleted: str | None = None
    creator_id: int | None = None
    creator_name: str | None = None
    creator_email: str | None = None
    last_modified_by_id: int | None = None
    last_modified_by_name: str | None = None
    last_modified_by_email: str | None = None
    is_favorited: bool | None = None
    pinned_date: str | None = None
    can_edit: bool = False


@attrs.frozen(kw_only=True)
class FlagHistoryResponse(Entity):
    """One page of a flag's changes, and how many there are."""

    events: list[list[Any]]
    count: int


@attrs.frozen(kw_only=True)
class FlagLimitsResponse(Entity):
    """How many flags there may be (None for no limit), and how many there are."""

    limit: int | None
    is_trial: bool
    current_usage: int
    contract_status: str


@attrs.frozen(kw_only=True)
class CreateFeatureFlagParams(Params):
    """A new flag; without a `ruleset` everybody gets the variant On.

    - `key`: what programs call it.
    - `status`: whether it is served.
    - `context`: what somebody is recognized by: a property, such as distinct_id.
    - `serving_method`: who decides which variant somebody gets.
    - `ruleset`: its variants, and to whom they are rolled out.
    - `experiment_id`: the experiment that it belongs to.
    - `workspace_id`: the data view that it belongs to.
    - `hash_salt`: what is mixed into the draw of variants.
    - `is_experiment_active`: whether its experiment is under way.
    """

    name: str
    key: str
    description: Maybe[str] = UNSET
    status: Maybe[FeatureFlagStatus] = UNSET
    tags: list[str] = attrs.field(factory=list)
    context: str = "distinct_id"
    serving_method: ServingMethod = ServingMethod.CLIENT
    ruleset: dict[str, Any] = attrs.field(factory=on_and_off)
    experiment_id: Maybe[str] = UNSET
    data_group_id: Maybe[Id] = UNSET
    workspace_id: Maybe[int] = UNSET
    hash_salt: Maybe[str] = UNSET
    is_experiment_active: Maybe[bool] = UNSET


@attrs.frozen(kw_only=True)
class UpdateFeatureFlagParams(Changes):
    """What a flag is to be from now on; it replaces all that the flag was.

    - `reset_hash_salt`: whether variants are drawn anew.
    - others: those of `CreateFeatureFlagParams`.
    """

    name: str
    key: str
    status: FeatureFlagStatus
    ruleset: dict[str, Any]
    description: Maybe[str] = UNSET
    tags: list[str] = attrs.field(factory=list)
    context: str = "distinct_id"
    serving_method: ServingMethod = ServingMethod.CLIENT
    experiment_id: Maybe[str] = UNSET
    data_group_id: Maybe[Id] = UNSET
    workspace_id: Maybe[int] = UNSET
    hash_salt: Maybe[str] = UNSET
    reset_hash_salt: Maybe[bool] = UNSET
    is_experiment_active: Maybe[bool] = UNSET


@attrs.frozen(kw_only=True)
class SetTestUsersParams(Params):
    """Who tests which variant: one user id for a variant's key; those of before are replaced.

    - `users`: a user's id for each variant's key.
    """

    users: dict[str, str]
