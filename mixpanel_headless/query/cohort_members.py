"""A cohort as it stands in a filter, a breakdown or a metric: saved, by id, or defined on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import ParamTypeError, ParamValidationError, shown

from .fields import is_positive_integer
from .names import is_no_name

if TYPE_CHECKING:
    from .cohorts import CohortDefinition


def check_cohort(cohort: object, name: object, owner: str, family: str) -> None:
    """Raises `<family>1_COHORT_ID_NOT_POSITIVE`, or `<family>2_COHORT_NAME_EMPTY` for a blank name."""
    if isinstance(cohort, (int, float)) and not is_positive_integer(cohort):
        raise ParamValidationError(
            f"{owner}: cohort id {shown(cohort)} is no integer above 0.",
            f"{family}1_COHORT_ID_NOT_POSITIVE",
            path=owner,
        )
    if not isinstance(cohort, int) and not hasattr(cohort, "to_dict"):
        kind = type(cohort).__name__
        raise ParamTypeError(f"{owner}: a cohort is an id or a CohortDefinition, no {kind}.", path=owner)
    if name is not None and is_no_name(name):
        raise ParamValidationError(f"{owner}: the cohort's name is blank.", f"{family}2_COHORT_NAME_EMPTY", path=owner)


def cohort_identity(cohort: int | CohortDefinition) -> dict[str, Any]:
    """The cohort in wire form: `id` for a saved one, `raw_cohort` for a defined one."""
    return {"id": cohort} if isinstance(cohort, int) else {"raw_cohort": cohort.to_dict()}


@attrs.frozen
class CohortMember:
    """Membership of a cohort, or its opposite: the value of a cohort filter."""

    cohort: int | CohortDefinition
    name: str | None = None
    negated: bool = False

    def __attrs_post_init__(self) -> None:
        check_cohort(self.cohort, self.name, "Filter.in_cohort", "CF")

    def to_dict(self) -> dict[str, Any]:
        """The membership in its wire form."""
        return {"cohort": {"negated": self.negated, "name": self.name or "", **cohort_identity(self.cohort)}}
