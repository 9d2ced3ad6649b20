"""Experiments: variants of a product that are held against each other."""

from enum import StrEnum
from typing import Any, TypeAlias

import attrs

from .entity import Entity
from .params import UNSET, Changes, Maybe, Params

__all__ = (
    "CreateExperimentParams",
    "DuplicateExperimentParams",
    "Experiment",
    "ExperimentConcludeParams",
    "ExperimentCreator",
    "ExperimentDecideParams",
    "ExperimentStatus",
    "UpdateExperimentParams",
)

Parts: TypeAlias = list[Any] | dict[str, Any]
"""Variants or metrics: a list of them, or an object by key."""


class ExperimentStatus(StrEnum):
    """Where an experiment stands."""

    DRAFT = "draft"
    ACTIVE = "active"
    CONCLUDED = "concluded"
    SUCCESS = "success"
    FAIL = "fail"


@attrs.frozen(kw_only=True)
class ExperimentCreator(Entity):
    """Who made an experiment."""

    id: int | None = None
    first_name: str | None = None
    last_name: str | None = None


@attrs.frozen(kw_only=True)
class Experiment(Entity):
    """An experiment with what was found so far; moments are ISO 8601 text."""

    id: str
    name: str
    description: str | None = None
    hypothesis: str | None = None
    status: str | None = None
    variants: Parts | None = None
    metrics: Parts | None = None
    settings: dict[str, Any] | None = None
    exposures_cache: dict[str, Any] | None = None
    results_cache: dict[str, Any] | None = None
    start_date: str | None = None
    end_date: str | None = None
    created: str | None = None
    updated: str | None = None
    creator: ExperimentCreator | None = None
    feature_flag: dict[str, Any] | None = None
    is_favorited: bool | None = None
    pinned_date: str | None = None
    tags: list[str] | None = None
    can_edit: bool | None = None
    last_modified_by_id: int | None = None
    last_modified_by_name: str | None = None
    last_modified_by_email: str | None = None


@attrs.frozen(kw_only=True)
class CreateExperimentParams(Params):
    """A new experiment, a draft until it is launched.

    - `hypothesis`: what is thought to come out.
    - `variants`: what is held against each other: a list, or an object by key.
    - `metrics`: what is measured: a list, or an object by key.
    - `settings`: how it is measured, in the service's own terms.
    - `access_type`: who may see it, in the service's own terms.
    - `global_access_type`: what everybody else may do with it, in the service's own terms.
    - `can_edit`: whether the caller may change it.
    """

    name: str
    description: Maybe[str] = UNSET
    hypothesis: Maybe[str] = UNSET
    variants: Maybe[Parts] = UNSET
    metrics: Maybe[Parts] = UNSET
    settings: Maybe[dict[str, Any]] = UNSET
    access_type: Maybe[str] = UNSET
    global_access_type: Maybe[str] = UNSET
    can_edit: Maybe[bool] = UNSET


@attrs.frozen(kw_only=True)
class UpdateExperimentParams(Changes):
    """What is to change of an experiment.

    - `exposures_cache`: who saw which variant, as it was counted.
    - `results_cache`: what was found, as it was computed.
    - `start_date`: when it begins, such as 2026-01-31T00:00:00Z.
    - `end_date`: when it ends.
    - `status`: where it stands.
    - others: those of `CreateExperimentParams`.
    """

    name: Maybe[str] = UNSET
    description: Maybe[str] = UNSET
    hypothesis: Maybe[str] = UNSET
    variants: Maybe[Parts] = UNSET
    metrics: Maybe[Parts] = UNSET
    settings: Maybe[dict[str, Any]] = UNSET
    exposures_cache: Maybe[dict[str, Any]] = UNSET
    results_cache: Maybe[dict[str, Any]] = UNSET
    start_date: Maybe[str] = attrs.field(default=UNSET, metadata={"typed": "MOMENT"})
    end_date: Maybe[str] = attrs.field(default=UNSET, metadata={"typed": "MOMENT"})
    tags: Maybe[list[str]] = UNSET
    status: Maybe[ExperimentStatus] = UNSET
    global_access_type: Maybe[str] = UNSET


@attrs.frozen(kw_only=True)
class ExperimentConcludeParams(Params):
    """When an experiment ended, now unless given.

    - `end_date`: when it ended, such as 2026-01-31T00:00:00Z.
    """

    end_date: Maybe[str] = attrs.field(default=UNSET, metadata={"typed": "MOMENT"})


@attrs.frozen(kw_only=True)
class ExperimentDecideParams(Params):
    """What came out: whether it was a success, and which variant won.

    - `success`: whether it was a success.
    - `variant`: the key of the variant that won.
    - `message`: what is to be remembered of it.
    """

    success: bool
    variant: Maybe[str] = UNSET
    message: Maybe[str] = UNSET


@attrs.frozen(kw_only=True)
class DuplicateExperimentParams(Params):
    """What the copy is called."""

    name: str
