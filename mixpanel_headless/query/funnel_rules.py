"""What a funnel or a retention may ask for."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, get_args

from mixpanel_headless.errors import ValidationError, shown

from .fields import is_whole
from .filter_clauses import filter_problems
from .rules import Rule, choice, join, problems
from .vocabulary import Alignment, FunnelOrder, ReentryMode, RetentionUnit, UnboundedMode, WindowUnit, among

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .behaviors import Exclusion, FunnelBehavior, RetentionBehavior
    from .steps import FunnelStep, RetentionEvent

LONGEST_WINDOW: Final[dict[str, int]] = {
    "second": 31_708_800,
    "minute": 528_480,
    "hour": 8_808,
    "day": 367,
    "week": 52,
    "month": 12,
    "session": 12,
}
_LONGEST: Final = ", ".join(f"{size} {unit}s" for unit, size in LONGEST_WINDOW.items())
MIN_STEPS: Final = 2
MAX_STEPS: Final = 100
MAX_CONSTANTS: Final = 3
MAX_BUCKETS: Final = 730


def funnel_problems(funnel: FunnelBehavior, place: str = "", math: str = "") -> Iterator[ValidationError]:
    """Everything that the service would refuse in a funnel (`F1` to `F12`), measured by this math."""
    yield from problems(_FUNNEL, funnel, place)
    if funnel.conversion_window_unit == "session" and math != "conversion_rate_session":
        yield from problems(_SESSION_WINDOW, funnel, place)
    if math == "conversion_rate_session":
        yield from problems(_SESSION_MATH, funnel, place)
    yield from _step_problems(funnel.steps, join(place, "steps[{}]"))
    for position, exclusion in enumerate(funnel.exclusions):
        yield from _exclusion_problems(exclusion, len(funnel.steps), join(place, f"exclusions[{position}]"))


def retention_problems(retention: RetentionBehavior, place: str = "") -> Iterator[ValidationError]:
    """Everything that the service would refuse in a retention (`R5` to `R13`)."""
    for position, size in enumerate(_sizes(retention)):
        if not isinstance(size, int):
            path = join(place, f"bucket_sizes[{position}]")
            yield ValidationError(path, f"a bucket size is an integer, not {shown(size)}.", "R5_BUCKET_SIZES_INTEGER")
    yield from problems(_RETENTION, retention, place)
    yield from _step_problems([retention.born_event], join(place, "born_event"))
    yield from _step_problems([retention.return_event], join(place, "return_event"))


def _step_problems(steps: Sequence[FunnelStep | RetentionEvent], place: str) -> Iterator[ValidationError]:
    """What is wrong with the custom properties that the conditions of steps ask for."""
    for position, step in enumerate(steps):
        for number, condition in enumerate(step.filters):
            yield from filter_problems(condition, f"{place.format(position)}.filters[{number}]")


def _too_long(funnel: FunnelBehavior) -> bool:
    unit, window = funnel.conversion_window_unit, funnel.conversion_window
    return among(unit, LONGEST_WINDOW) and is_whole(window) and window > LONGEST_WINDOW[unit]


_FUNNEL: tuple[Rule[FunnelBehavior], ...] = (
    Rule(
        "F1_MAX_STEPS",
        "steps",
        lambda f: len(f.steps) > MAX_STEPS,
        f"a funnel has at most {MAX_STEPS} steps.",
    ),
    Rule(
        "F3_CONVERSION_WINDOW_TYPE",
        "conversion_window",
        lambda f: not is_whole(f.conversion_window),
        "conversion_window is {0.conversion_window!r}; it must be an integer.",
    ),
    Rule(
        "F3_CONVERSION_WINDOW_POSITIVE",
        "conversion_window",
        lambda f: is_whole(f.conversion_window) and f.conversion_window < 1,
        "conversion_window is {0.conversion_window!r}; it must be above 0.",
    ),
    Rule(
        "F3_CONVERSION_WINDOW_MAX",
        "conversion_window",
        _too_long,
        f"conversion_window is {{0.conversion_window}} {{0.conversion_window_unit}}s; the longest are {_LONGEST}.",
    ),
    choice("F7_INVALID_WINDOW_UNIT", "conversion_window_unit", get_args(WindowUnit)),
    Rule(
        "F7_SECOND_MIN_WINDOW",
        "conversion_window",
        lambda f: f.conversion_window_unit == "second" and f.conversion_window == 1,
        "a conversion window in seconds is 2 or longer.",
        lambda _: ["2"],
    ),
    choice("F6_INVALID_ORDER", "order", get_args(FunnelOrder)),
    Rule(
        "F8_MAX_HOLDING_CONSTANT",
        "holding_constant",
        lambda f: len(f.holding_constant) > MAX_CONSTANTS,
        f"at most {MAX_CONSTANTS} properties can be held constant.",
    ),
    choice("F12_INVALID_REENTRY_MODE", "reentry_mode", get_args(ReentryMode), optional=True),
)

_SESSION_WINDOW: tuple[Rule[FunnelBehavior], ...] = (
    Rule(
        "F9_SESSION_WINDOW_REQUIRES_ONE",
        "conversion_window",
        lambda f: f.conversion_window != 1,
        "a conversion window in sessions is 1, except with math 'conversion_rate_session'.",
    ),
)

_SESSION_MATH: tuple[Rule[FunnelBehavior], ...] = (
    Rule(
        "F9_SESSION_MATH_REQUIRES_SESSION_WINDOW",
        "math",
        lambda f: f.conversion_window_unit != "session",
        "math 'conversion_rate_session' needs conversion_window_unit='session'.",
    ),
)


def _exclusion_problems(exclusion: Exclusion, steps: int, path: str) -> Iterator[ValidationError]:
    last = steps - 1 if exclusion.to_step is None else exclusion.to_step
    if max(exclusion.from_step, last) >= steps:
        yield ValidationError(path, f"the funnel has {steps} steps, counted from 0.", "F4_EXCLUSION_STEP_BOUNDS")
    elif exclusion.from_step >= last:
        yield ValidationError(path, "an exclusion ends after the step it starts at.", "F4_EXCLUSION_STEP_ORDER")


def _sizes(retention: RetentionBehavior) -> tuple[object, ...]:
    return retention.bucket_sizes or ()


def _whole_sizes(retention: RetentionBehavior) -> list[int]:
    return [size for size in _sizes(retention) if isinstance(size, int)]


_RETENTION: tuple[Rule[RetentionBehavior], ...] = (
    Rule(
        "R5_BUCKET_SIZES_POSITIVE",
        "bucket_sizes",
        lambda r: any(size is True or size < 1 for size in _whole_sizes(r)),
        "bucket_sizes are above 0, not {0.bucket_sizes}.",
    ),
    Rule(
        "R6_BUCKET_SIZES_ASCENDING",
        "bucket_sizes",
        lambda r: any(low >= high for low, high in pairwise(_whole_sizes(r))),
        "bucket_sizes grow from one to the next; these do not: {0.bucket_sizes}.",
    ),
    Rule(
        "R6B_BUCKET_SIZES_COUNT",
        "bucket_sizes",
        lambda r: r.bucket_sizes is not None and not 0 < len(r.bucket_sizes) <= MAX_BUCKETS,
        f"bucket_sizes holds 1 to {MAX_BUCKETS} buckets.",
    ),
    choice("R7_INVALID_RETENTION_UNIT", "retention_unit", get_args(RetentionUnit)),
    choice("R8_INVALID_ALIGNMENT", "alignment", get_args(Alignment)),
    choice("R13_INVALID_UNBOUNDED_MODE", "unbounded_mode", get_args(UnboundedMode), optional=True),
)
