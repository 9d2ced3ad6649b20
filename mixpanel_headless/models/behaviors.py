"""Saved behaviors: several events, a funnel or a retention, kept for metrics to measure."""

from datetime import datetime
from typing import Any

import attrs

from mixpanel_headless.query.behaviors import BehaviorRef
from mixpanel_headless.query.saved_definitions import BEHAVIORS

from .entity import Entity
from .metrics import MetricUser, check_saved
from .params import UNSET, Changes, Maybe, Params

__all__ = ("CreateBehaviorParams", "SavedBehavior", "UpdateBehaviorParams")


@attrs.frozen(kw_only=True)
class SavedBehavior(Entity):
    """A saved behavior; `type` is `simple`, `funnel` or `retention`."""

    id: int
    name: str
    type: str
    definition: dict[str, Any]
    description: str | None = None
    created: datetime | None = None
    created_by: MetricUser | None = None
    modified: datetime | None = None
    verified: bool = False
    last_verified: datetime | None = None
    last_verified_by: MetricUser | None = None
    is_visible: bool | None = None
    is_locked: bool | None = None
    can_view: bool | None = None
    can_update_basic: bool | None = None
    can_share: bool | None = None

    @property
    def behavior_type(self) -> str:
        """What it is: several events, a funnel or a retention."""
        return self.type

    def to_ref(self) -> BehaviorRef:
        """A reference to it, for metrics."""
        return BehaviorRef(self.id, self.type)  # type: ignore[arg-type] # BehaviorRef checks it


@attrs.frozen(kw_only=True)
class CreateBehaviorParams(Params):
    """A new saved behavior.

    - `behavior`: several events, a funnel or a retention, as queries take it.
    """

    name: str
    behavior: Any = attrs.field(metadata={"reads": BEHAVIORS})
    description: Maybe[str] = UNSET

    def __attrs_post_init__(self) -> None:
        check_saved(self, BEHAVIORS, self.behavior, "behavior")


@attrs.frozen(kw_only=True)
class UpdateBehaviorParams(Changes):
    """What is to change of a saved behavior.

    - `verified`: whether somebody vouches for it.
    - others: those of `CreateBehaviorParams`.
    """

    name: Maybe[str] = UNSET
    description: Maybe[str] = UNSET
    behavior: Any = attrs.field(default=UNSET, metadata={"reads": BEHAVIORS})
    verified: Maybe[bool] = UNSET

    def __attrs_post_init__(self) -> None:
        check_saved(self, BEHAVIORS, self.behavior, "behavior")
