"""How a metric turns events into a number: the math, and what it is applied to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

import attrs

from mixpanel_headless.suggestions import listed

from .custom_properties import AnyProperty, CustomPropertyRef, InlineCustomProperty, measured_property
from .fields import is_finite
from .rules import Rule, problems
from .vocabulary import (
    FUNNEL_MATHS,
    FUNNEL_MATHS_OF_PROPERTIES,
    MATHS_NEEDING_PROPERTY,
    MATHS_OF_PROPERTIES,
    MATHS_OF_USERS,
    PERCENTILE_MATHS,
    RETENTION_MATHS,
    RETENTION_MATHS_OF_PROPERTIES,
    FunnelMath,
    Math,
    PerUser,
    RetentionMath,
    SegmentMethod,
    among,
)

if TYPE_CHECKING:
    from mixpanel_headless.errors import ValidationError


@attrs.frozen
class Measurement:
    """A math with its property, the step per user before it, and the percentile that it may need."""

    math: Math | FunnelMath | RetentionMath = "total"
    property: AnyProperty | None = None
    per_user: PerUser | None = None
    percentile_value: float | None = None
    segment_method: SegmentMethod | None = None

    def to_dict(self) -> dict[str, Any]:
        """The measurement in its wire form, where `percentile` is called `custom_percentile`."""
        parts: dict[str, Any] = {
            "math": wire_math(self.math),
            "property": None if self.property is None else measured_property(self.property),
            "perUserAggregation": self.per_user,
            "percentile": self.percentile_value,
            "segmentMethod": self.segment_method,
        }
        return {key: value for key, value in parts.items() if value is not None}


def measurement_problems(measurement: Measurement) -> list[ValidationError]:
    """What is wrong with a measurement (`V1` to `V3`, `V26`, `V27`); most are a math alone, and known to be sound."""
    alone = measurement.property is None and measurement.per_user is None and measurement.percentile_value is None
    if alone and among(measurement.math, _SOUND_ALONE):
        return []
    return problems(_RULES, measurement)


def funnel_measurement_problems(measurement: Measurement) -> list[ValidationError]:
    """What is wrong with how a funnel is measured (`F10`, `F11`, `V1B`)."""
    return problems(_FUNNEL, measurement)


def retention_measurement_problems(measurement: Measurement) -> list[ValidationError]:
    """What is wrong with how a retention is measured (`BH3`, `V1B`)."""
    return problems(_RETENTION, measurement)


def wire_math(math: str) -> str:
    """The math's name on the wire."""
    return "custom_percentile" if math == "percentile" else math


def _names_nothing(source: object) -> bool:
    if isinstance(source, str):
        return not source.strip()
    return not isinstance(source, (CustomPropertyRef, InlineCustomProperty, type(None)))


_NAMED_PROPERTY: Final[Rule[Measurement]] = Rule(
    "V1B_EMPTY_PROPERTY",
    "property",
    lambda m: _names_nothing(m.property),
    "the property is no name and no custom property.",
)
_RULES: tuple[Rule[Measurement], ...] = (
    Rule(
        "V1_MATH_REQUIRES_PROPERTY",
        "property",
        lambda m: among(m.math, MATHS_NEEDING_PROPERTY) and m.property is None,
        "math {0.math!r} is computed over a property; none is given.",
    ),
    _NAMED_PROPERTY,
    Rule(
        "V2_MATH_REJECTS_PROPERTY",
        "property",
        lambda m: m.property is not None and among(wire_math(m.math), MATHS_OF_USERS),
        f"math {{0.math!r}} takes no property; these do: {listed(MATHS_OF_PROPERTIES)}.",
    ),
    Rule(
        "V3_PER_USER_INCOMPATIBLE",
        "per_user",
        lambda m: m.per_user is not None and among(m.math, MATHS_OF_USERS),
        "math {0.math!r} counts users already; per_user goes with the other maths.",
    ),
    Rule(
        "V3B_PER_USER_REQUIRES_PROPERTY",
        "per_user",
        lambda m: m.per_user is not None and m.property is None and not among(m.math, MATHS_OF_USERS),
        "per_user aggregates a property; none is given.",
    ),
    Rule(
        "V26_PERCENTILE_REQUIRES_VALUE",
        "percentile_value",
        lambda m: among(m.math, PERCENTILE_MATHS) and m.percentile_value is None,
        "math {0.math!r} needs a percentile_value, such as 95.",
    ),
    Rule(
        "V26B_PERCENTILE_VALUE_IGNORED",
        "percentile_value",
        lambda m: not among(m.math, PERCENTILE_MATHS) and m.percentile_value is not None,
        "math {0.math!r} has no use for a percentile_value; math='percentile' has.",
    ),
    Rule(
        "V26C_PERCENTILE_RANGE",
        "percentile_value",
        lambda m: (
            m.percentile_value is not None and not (is_finite(m.percentile_value) and 0 < m.percentile_value < 100)
        ),
        "percentile_value lies between 0 and 100, not at {0.percentile_value!r}.",
    ),
    Rule(
        "V27_HISTOGRAM_REQUIRES_PER_USER",
        "per_user",
        lambda m: m.math == "histogram" and m.per_user is None,
        "math 'histogram' shows how a value per user is spread; give per_user, such as 'total'.",
    ),
)

_SOUND_ALONE: Final = frozenset(math for math in get_args(Math) if not problems(_RULES, Measurement(math)))


_FUNNEL_MATHS_ALONE: Final = FUNNEL_MATHS - FUNNEL_MATHS_OF_PROPERTIES
_FUNNEL: tuple[Rule[Measurement], ...] = (
    _NAMED_PROPERTY,
    Rule(
        "F10_MATH_MISSING_PROPERTY",
        "property",
        lambda m: m.property is None and among(m.math, FUNNEL_MATHS_OF_PROPERTIES - {"total"}),
        "math {0.math!r} is computed over a property; none is given.",
    ),
    Rule(
        "F11_MATH_REJECTS_PROPERTY",
        "property",
        lambda m: m.property is not None and among(m.math, _FUNNEL_MATHS_ALONE),
        f"math {{0.math!r}} takes no property; these do: {listed(FUNNEL_MATHS_OF_PROPERTIES)}.",
    ),
)
_RETENTION: tuple[Rule[Measurement], ...] = (
    _NAMED_PROPERTY,
    Rule(
        "BH3_PROPERTY_MATH",
        "property",
        lambda m: m.property is None and m.math == "average",
        "math 'average' is computed over a property; none is given.",
    ),
    Rule(
        "BH3_PROPERTY_MATH",
        "property",
        lambda m: m.property is not None and among(m.math, RETENTION_MATHS - RETENTION_MATHS_OF_PROPERTIES),
        f"math {{0.math!r}} takes no property; these do: {listed(RETENTION_MATHS_OF_PROPERTIES)}.",
    ),
)
