"""Comparison with another stretch of time."""

from __future__ import annotations

from typing import Any, get_args

import attrs

from mixpanel_headless.errors import ParamValidationError, shown

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
        relative, unit, date = self.type == "relative", self.unit, self.date
        flaw = None if date is None else day_flaw(date)
        for code, broken, complaint in (
            ("TC1_REQUIRES_UNIT", relative and unit is None, "'relative' needs a unit"),
            ("TC1_REJECTS_DATE", relative and date is not None, "'relative' takes no date"),
            ("TC2_REQUIRES_DATE", not relative and date is None, f"{shown(self.type)} needs a date"),
            ("TC2_REJECTS_UNIT", not relative and unit is not None, f"{shown(self.type)} takes no unit"),
            ("TC3_DATE_FORMAT", flaw is not None, flaw and flaw[1]),
        ):
            if broken:
                raise ParamValidationError(f"TimeComparison: {complaint}.", code, path="TimeComparison")

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
