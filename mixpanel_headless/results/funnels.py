"""The answer to a funnel question."""

from __future__ import annotations

import math
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs

from .curves import Curve, curves_of, is_number
from .cuts import BETWEEN_LEVELS, Cut, find_cuts, is_date, is_trend
from .drawings import Stages
from .provenance import span
from .series import SeriesReport
from .table import CURRENT, PREVIOUS, WHOLE_RANGE, Table, clip_date, flatten_series, segment_columns
from .trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .drawings import ChartKind
    from .table import Row

Steps = list[dict[str, Any]]
TIMES: Final = ("avg_time", "avg_time_from_start")
MEASURES: Final = ("count", "step_conv_ratio", "overall_conv_ratio", *TIMES)
_NUMBERED = re.compile(r"(\d{1,9})\. (.*)", re.ASCII | re.DOTALL)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FunnelQueryResult(SeriesReport):
    """A funnel answer: the steps of everybody, of each segment and of each date, and the raw `series`.

    A step holds `event`, `count`, `step_conv_ratio` (of the step before), `overall_conv_ratio` (of the first step),
    `avg_time` and `avg_time_from_start` (seconds); ratios go from 0 to 1, and what the service did not say is 0.
    Its table has these columns after `step`, counted from 1, and before it `date`, `funnel` and the segments where there
    are any. A trend of one number a date holds no steps.
    """

    report_type: ClassVar[str] = "funnels"
    charts: ClassVar[tuple[ChartKind, ...]] = ("funnel", "line", "bar")
    shapes: ClassVar[tuple[type, ...]] = (dict, list)

    @cached_property
    def steps_data(self) -> Steps:
        """The steps of everybody; where the service tells them by date alone, those of all dates together."""
        return add_up(cut.value for cut in self._everybody())

    @property
    def overall_conversion_rate(self) -> float:
        """The share of those at the first step who came to the last one, 0 to 1; 0 without steps."""
        return float(self.steps_data[-1].get("overall_conv_ratio") or 0.0) if self.steps_data else 0.0

    @cached_property
    def segments(self) -> dict[str, Steps]:
        """The steps of each segment, those of several dates together; levels of segments are joined by ` / `."""
        groups: dict[str, list[Steps]] = {}
        for cut in self._main():
            if not cut.is_overall:
                groups.setdefault(cut.label, []).append(cut.value)
        return {label: add_up(funnels) for label, funnels in groups.items()}

    @cached_property
    def dates(self) -> dict[str, Steps]:
        """The steps of everybody for each date, of those who took the first step then."""
        return {clip_date(cut.date): copy_tree(cut.value) for cut in self._main() if cut.date and cut.is_overall}

    @cached_property
    def _cuts(self) -> list[Cut[Steps]]:
        return find_cuts(self._series, self._headers, read_steps, is_date)

    def _main(self) -> list[Cut[Steps]]:
        """The cuts of the one funnel that was asked; bookmarks of another make can ask several."""
        return [cut for cut in self._cuts if cut.name == self._cuts[0].name]

    def _everybody(self) -> list[Cut[Steps]]:
        """The cuts of everybody, else those of the first segment: that of the range, else those of its dates."""
        cuts = self._main()
        cuts = [cut for cut in cuts if cut.is_overall] or [cut for cut in cuts if cut.segments == cuts[0].segments]
        return [cut for cut in cuts if cut.date is None] or cuts

    def _tabulate(self) -> Table:
        """The steps as rows, for every date and segment; of a trend of one number a date, as an insights table."""
        if not self._cuts and is_trend(self._series):
            return flatten_series(self._series, self._headers, number=self._number())
        return tabulate(self._cuts, self._headers)

    @property
    def shown(self) -> Table:
        """The table, times with their unit."""
        times = [place for place, name in enumerate(self.table.columns) if self._cuts and name in TIMES]
        if not times:
            return self.table
        return Table(self.table.columns, [_with_units(row, times) for row in self.table])

    def stages(self) -> list[Stages]:
        """The steps of each segment, or those of everybody where there are none."""
        funnels = self.segments or {"": self.steps_data}
        own = [
            Stages(label, *zip(*((str(step.get("event")), step.get("count") or 0) for step in steps), strict=True))
            for label, steps in funnels.items()
            if steps
        ]
        if self.comparison is None:
            return own
        return [
            attrs.evolve(one, label=_in_period(period, one.label))
            for period, stages in ((CURRENT, own), (PREVIOUS, self.comparison.stages()))
            for one in stages
        ]

    def curves(self) -> list[Curve]:
        """The share that came to the last step, by date for everybody and each segment; or the trend's numbers."""
        if not self._cuts:
            return curves_of(self.table) if is_trend(self._series) else []
        own = self._conversions()
        if self.comparison is None:
            return own
        return [
            attrs.evolve(one, label=_in_period(period, one.label))
            for period, curves in ((CURRENT, own), (PREVIOUS, self.comparison.curves()))
            for one in curves
        ]

    def _conversions(self) -> list[Curve]:
        groups: dict[str, list[Cut[Steps]]] = {}
        for cut in self._main():
            if cut.value:
                groups.setdefault(cut.label, []).append(cut)
        return [
            Curve(
                f"{label or 'everybody'}: overall conversion",
                tuple(clip_date(cut.date or WHOLE_RANGE) for cut in cuts),
                tuple(cut.value[-1].get("overall_conv_ratio") for cut in cuts),
            )
            for label, cuts in groups.items()
        ]

    def _names(self) -> list[str]:
        return list(dict.fromkeys(cut.name for cut in self._cuts if cut.name)) or super()._names()

    def _remarks(self) -> list[str]:
        remarks = super()._remarks()
        if self._series and not self._cuts and not is_trend(self._series):
            remarks.append("no steps were found in the series")
        if self._cuts and (label := self._everybody()[0].label):
            remarks.append(
                f"the answer is by segment alone: the steps of everybody are not in it, steps_data is {label!r}"
            )
        return remarks

    def _read(self) -> dict[str, Any]:
        return {"steps_data": self.steps_data, "segments": self.segments, "dates": self.dates}


def _with_units(row: Row, times: Sequence[int]) -> Row:
    return tuple(span(cell) if place in times and is_number(cell) else cell for place, cell in enumerate(row))


def _in_period(period: str, label: str) -> str:
    return BETWEEN_LEVELS.join(filter(None, [period, label]))


def read_steps(node: Any) -> Steps | None:
    """The steps that a node of a series holds, in their order; None when it holds something else.

    They stand in a list, alone or under `steps`, or by measure: `{"count": {"1. Sign Up": {"all": 9}, ...}, ...}`.
    """
    if isinstance(node, list):
        return [dict(step) for step in node if isinstance(step, dict)]
    if not isinstance(node, dict):
        return None
    if isinstance(node.get("steps"), list):
        return read_steps(node["steps"])
    measures = {name: node[name] for name in MEASURES if _is_measure(node.get(name))}
    if "count" not in measures:
        return None
    keys = sorted({key: None for measure in measures.values() for key in measure}, key=_position)
    return [{"event": _event(key), **{name: _number(measures.get(name, {}), key) for name in MEASURES}} for key in keys]


def _is_measure(node: Any) -> bool:
    """Whether it is a number for each step, not a segment that happens to be called like a measure."""
    return isinstance(node, dict) and all(
        not isinstance(leaf, dict) or leaf.keys() <= {WHOLE_RANGE} for leaf in node.values()
    )


def _position(key: str) -> float:
    match = _NUMBERED.fullmatch(key)
    return int(match[1]) if match else math.inf


def _event(key: str) -> str:
    match = _NUMBERED.fullmatch(key)
    return match[2] if match else key


def _number(measure: dict[str, Any], key: str) -> Any:
    leaf = measure.get(key, 0)
    return leaf.get(WHOLE_RANGE, 0) if isinstance(leaf, dict) else leaf


def add_up(funnels: Iterable[Steps]) -> Steps:
    """Funnels of the same steps as one: counts are added, ratios are those of the sums, times are weighted by counts."""
    several = list(funnels)
    if len(several) < 2:
        return copy_tree(several[0]) if several else []
    total: Steps = []
    for steps in zip(*several, strict=False):
        count = sum(step.get("count") or 0 for step in steps)
        before, first = (total[-1]["count"], total[0]["count"]) if total else (count, count)
        ratios = {"step_conv_ratio": _share(count, before), "overall_conv_ratio": _share(count, first)}
        if not total:
            ratios = dict.fromkeys(ratios, 1.0)
        times = {name: _mean_time(steps, name) for name in TIMES}
        total.append({"event": steps[0].get("event"), "count": count, **ratios, **times})
    return total


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _mean_time(steps: Sequence[dict[str, Any]], name: str) -> float | None:
    timed = [(step.get("count") or 0, step[name]) for step in steps if step.get(name) is not None]
    return _share(sum(count * time for count, time in timed), sum(count for count, _ in timed)) if timed else None


def tabulate(cuts: Sequence[Cut[Steps]], headers: Sequence[Any]) -> Table:
    """The steps of all cuts as rows, in the answer's order."""
    depth = max((len(cut.segments) for cut in cuts), default=0)
    dated, several = any(cut.date for cut in cuts), len({cut.name for cut in cuts}) > 1
    own = ("step", "event", *MEASURES)
    segments = segment_columns(headers, depth, {"date", "funnel", *own})
    rows = [
        (
            *([clip_date(cut.date or WHOLE_RANGE)] if dated else ()),
            *([cut.name] if several else ()),
            *cut.padded(depth),
            number,
            step.get("event"),
            *(copy_tree(step.get(name, 0)) for name in MEASURES),
        )
        for cut in cuts
        for number, step in enumerate(cut.value, 1)
    ]
    return Table((*["date"] * dated, *["funnel"] * several, *segments, *own), rows)
