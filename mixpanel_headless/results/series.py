"""What the answers of insights, funnels and retentions have in common: the parts beside their series."""

from __future__ import annotations

import sys
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs

from .provenance import Provenance, given
from .report import OBJECT, Report, check_answer
from .table import Table, in_periods
from .trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PARTS = {"computed_at": str, "date_range": dict, "headers": list, "meta": dict}
_RANGE = {"date_range": dict}
_ENDS = {"from_date": str, "to_date": str}
_DATED = ("from_date", "to_date", "series")
_EMPTY: dict[type, Any] = {str: "", list: [], dict: {}}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SeriesReport(Report):
    """An answer: the raw `series`, the same as a `table` or data frame, and where it came from.

    Answers may be built from one shared JSON tree: `headers`, `series`, `params` and `meta` become this result's own
    on first access, so changing them is seen by nobody else. `table` and `df` show the answer as it was given; with a
    time comparison they have the rows of both times, told apart by the column `period`: `current` or `previous`.
    """

    shapes: ClassVar[tuple[type, ...]] = OBJECT
    """What the JSON of a series can be."""

    computed_at: str = ""
    from_date: str = ""
    to_date: str = ""
    _headers: Sequence[Any] = attrs.field(factory=list)
    _series: Any = attrs.field(factory=dict)
    _params: Mapping[str, Any] | None = attrs.field(factory=dict)  # None: the bookmark that provenance tells
    _meta: Mapping[str, Any] = attrs.field(factory=dict)
    _comparison: Mapping[str, Any] | None = None  # dates and series of the other time, as the service sends them
    provenance: Provenance = attrs.field(factory=given)

    @classmethod
    def from_reply(cls, reply: Any, params: Mapping[str, Any] | None, provenance: Provenance | None = None) -> Self:
        """The result of a decoded answer; raises QueryError when the answer reports an error or holds no series.

        `params` None stands for the bookmark in the provenance's request.
        """
        cls.check_reply(reply)
        return cls.from_sound(reply, params, provenance)

    @classmethod
    def from_sound(
        cls, reply: Mapping[str, Any], params: Mapping[str, Any] | None, provenance: Provenance | None
    ) -> Self:
        """The result of an answer that `check_reply` has let pass."""
        computed_at, dates, headers, meta = _parts(reply, _PARTS)
        from_date, to_date = _parts(dates, _ENDS)
        compared = reply.get("time_comparison")
        return cls(
            computed_at=computed_at,
            from_date=sys.intern(str(from_date)),  # a batch holds few ranges and many answers
            to_date=sys.intern(str(to_date)),
            headers=headers,
            series=reply["series"],
            params=params,
            meta=meta,
            comparison=compared if compared is not None and isinstance(compared, OBJECT) else None,
            provenance=provenance or given(),
        )

    @classmethod
    def check_reply(cls, reply: Any) -> None:
        """Raises QueryError unless the decoded answer holds a series; call it before an answer goes into a cache."""
        check_answer(reply, lambda answer: isinstance(answer.get("series"), cls.shapes), "series")
        compared = reply.get("time_comparison")
        if compared is not None and isinstance(compared, OBJECT):
            cls.check_reply(compared)

    @cached_property
    def headers(self) -> list[Any]:
        """What the levels of `series` are: the metric, then one property a breakdown."""
        return copy_tree(list(self._headers))

    @cached_property
    def series(self) -> Any:
        """The answer's numbers as they came."""
        return copy_tree(dict(self._series) if isinstance(self._series, OBJECT) else list(self._series))

    @cached_property
    def params(self) -> dict[str, Any]:
        """The question as it was sent."""
        return copy_tree(dict(self._asked()))

    @cached_property
    def meta(self) -> dict[str, Any]:
        """The service's remarks: sampling, and whether a segment limit was hit."""
        return copy_tree(dict(self._meta))

    @cached_property
    def comparison(self) -> Self | None:
        """The answer for the other time that `time_comparison` asked for; None if it asked for none."""
        if self._comparison is None:
            return None
        from_date, to_date = _parts(_parts(self._comparison, _RANGE)[0], _ENDS)
        return attrs.evolve(
            self, from_date=from_date, to_date=to_date, series=self._comparison["series"], comparison=None
        )

    @cached_property
    def table(self) -> Table:
        """The answer as rows, those of the time it is compared with after its own."""
        own = self._tabulate()
        return own if self.comparison is None else in_periods(own, self.comparison.table)

    @abstractmethod
    def _tabulate(self) -> Table:
        """The rows of this time alone."""

    @property
    def title(self) -> str:
        """What was asked and for which days, in one line."""
        names = self._names()
        asked = names[0] if len(names) == 1 else f"{len(names)} metrics" if names else "Nothing"
        compared = f", compared with {self.comparison._period()}" if self.comparison else ""
        return f"{asked}, {self._period()}{compared}"

    @property
    def note(self) -> str:
        """What a reader must know beside the numbers: the source, and what the service left out."""
        return "; ".join([str(self.provenance), *self._remarks()])

    def _names(self) -> list[str]:
        """What the answer is about."""
        return list(map(str, self._series)) if isinstance(self._series, OBJECT) else []

    def _remarks(self) -> list[str]:
        remarks = []
        if self._meta.get("is_segmentation_limit_hit"):
            remarks.append("segment limit hit: the service left segments out")
        factor = self._meta.get("min_sampling_factor")
        if isinstance(factor, int | float) and factor < 1:
            remarks.append(f"sampled: {factor:g} of the events")
        return remarks

    def _asked(self) -> Mapping[str, Any]:
        return self._params if self._params is not None else self.provenance.parameter("bookmark") or {}

    def _values(self) -> dict[str, Any]:
        compared = {} if self.comparison is None else {"comparison": self.comparison._of_its_time()}
        return {**self._facts(), **self._read(), **compared}

    def _of_its_time(self) -> dict[str, Any]:
        """What differs from the answer that this one is held against."""
        return {name: value for name, value in self._facts().items() if name in _DATED} | self._read()

    def _read(self) -> dict[str, Any]:
        """What was read from the series for `to_dict`."""
        return {}

    def _facts(self) -> dict[str, Any]:
        return {
            "computed_at": self.computed_at,
            "from_date": self.from_date,
            "to_date": self.to_date,
            "headers": self.headers,
            "series": self.series,
            "params": self.params,
            "meta": self.meta,
        }

    def __repr__(self) -> str:
        names = self._names()
        shown = ", ".join(map(repr, names[:2])) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
        return f"<{type(self).__name__} {shown or 'nothing'}, {self._period()}, {self.provenance}>"

    def _number(self) -> str:
        """What the numbers of a trend are: shares, or amounts."""
        sections = self._asked().get("sections")
        shows = sections.get("show") if isinstance(sections, OBJECT) else None
        measured = [show.get("measurement") for show in shows or () if isinstance(show, OBJECT)]
        maths = [str(one.get("math")) for one in measured if isinstance(one, OBJECT)]
        return "rate" if maths and all("rate" in math.split("_") for math in maths) else "count"

    def _period(self) -> str:
        return f"{self.from_date[:10]} to {self.to_date[:10]}" if self.from_date or self.to_date else "no dates"


def _parts(reply: Mapping[str, Any], kinds: Mapping[str, type]) -> list[Any]:
    """The parts of these names, an empty one, which results share, for each that is missing or of another kind."""
    return [part if isinstance(part := reply.get(name), kind) else _EMPTY[kind] for name, kind in kinds.items()]
