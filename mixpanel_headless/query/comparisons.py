"""Comparison with another stretch of time."""

from __future__ import annotations

from typing import Any, get_args

import attrs

from mixpanel_headless.errors import ParamValidationError

from .dates import Day, as_text, day_flaw
from .fields import one_of
from .vocabulary import ComparisonType, ComparisonUnit


@attrs.frozen
class TimeComparison:
    """The same report over an earlier stretch, beside the one asked for."""

    type: ComparisonType = attrs.field(validator=one_of("TC0_INVALID_TYPE", get_args(ComparisonType)))
    unit: ComparisonUnit | None = attrs.field(
        default=None, validator=one_of("TC1B_INVALID_UNIT", get_args(ComparisonUnit))
    )
    date: str | None = attrs.field(default=None, converter=as_text)

    def __attrs_post_init__(self) -> None:
        relative = self.type == "relative"
        wanted, other = ("unit", "date") if relative else ("date", "unit")
        number = 1 if relative else 2
        if getattr(self, wanted) is None:
            self._refuse(f"TC{number}_REQUIRES_{wanted.upper()}", f"type {self.type!r} needs a {wanted}")
        if getattr(self, other) is not None:
            self._refuse(f"TC{number}_REJECTS_{other.upper()}", f"type {self.type!r} takes no {other}")
        if self.date is not None and (flaw := day_flaw(self.date)):
            self._refuse("TC3_DATE_FORMAT" if flaw[0] == "V8_DATE_FORMAT" else "TC3_DATE_INVALID", flaw[1])

    @classmethod
    def relative(cls, unit: ComparisonUnit) -> TimeComparison:
        """The stretch one unit earlier."""
        return cls("relative", unit)

    @classmethod
    def absolute_start(cls, date: Day) -> TimeComparison:
        """A stretch of the same length that starts on this day."""
        return cls("absolute-start", date=date)

    @classmethod
    def absolute_end(cls, date: Day) -> TimeComparison:
        """A stretch of the same length that ends on this day."""
        return cls("absolute-end", date=date)

    def to_dict(self) -> dict[str, Any]:
        """The comparison in its wire form."""
        return {"type": self.type, "value": self.date if self.unit is None else self.unit}

    def _refuse(self, code: str, complaint: str) -> None:
        raise ParamValidationError(f"TimeComparison: {complaint}.", code, path="TimeComparison")
