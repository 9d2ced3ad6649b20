"""The answer to a question about users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs

from .curves import Curve
from .profiles import profile_table
from .provenance import Provenance, given, plural
from .report import Report, check_answer
from .table import WHOLE_RANGE, Table
from .trees import copy_tree

if TYPE_CHECKING:
    from .drawings import ChartKind
    from .profiles import ProfilePage


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class UserQueryResult(Report):
    """An answer about users: one number or object (`aggregate_data`), the same for each cohort, or `profiles`.

    `total` is the number of users counted, or that of the profiles. `meta` tells the `action` and whether it was
    `segmented`, or how the profiles were read: `session_id`, `pages_fetched`, `parallel`, the `limit`, how many the service
    says it `found` (which may be those up to the limit alone), and the `failed_pages`.
    """

    charts: ClassVar[tuple[ChartKind, ...]] = ("bar",)
    computed_at: str = ""
    total: int = 0
    profiles: list[dict[str, Any]] = attrs.field(factory=list)
    params: dict[str, Any] = attrs.field(factory=dict)
    meta: dict[str, Any] = attrs.field(factory=dict)
    mode: str = "aggregate"
    aggregate_data: Any = None
    provenance: Provenance = attrs.field(factory=given)

    @classmethod
    def of_aggregate(cls, reply: Mapping[str, Any], params: Mapping[str, Any], provenance: Provenance) -> Self:
        """The result of a decoded answer that `check_aggregate` has accepted."""
        data, action = copy_tree(reply.get("results")), str(params.get("action"))
        return cls(
            computed_at=str(reply.get("computed_at") or provenance.computed_at.isoformat()),
            total=data if action == "count()" and isinstance(data, int) else 0,
            params=copy_tree(dict(params)),
            meta={"action": action, "segmented": "segment_by_cohorts" in params},
            aggregate_data=data,
            provenance=provenance,
        )

    @classmethod
    def of_pages(
        cls, pages: Sequence[ProfilePage], params: Mapping[str, Any], limit: int | None, **reading: Any
    ) -> Self:
        """The result of pages in their order; `reading` says how they were read."""
        profiles = [profile for page in pages for profile in page.profiles][:limit]
        first = pages[0]
        asked = [page.provenance for page in pages]
        provenance = attrs.evolve(
            first.provenance, cost=sum(page.cost for page in asked), waited=sum(page.waited for page in asked)
        )
        return cls(
            computed_at=first.provenance.computed_at.isoformat(),
            total=len(profiles),
            profiles=profiles,
            params=copy_tree(dict(params)),
            meta={
                "session_id": first.session_id,
                "pages_fetched": len(pages),
                "limit": limit,
                "found": first.total,
                **reading,
            },
            mode="profiles",
            provenance=provenance,
        )

    @property
    def distinct_ids(self) -> list[str]:
        """Who the profiles belong to."""
        return [profile["distinct_id"] for profile in self.profiles]

    @property
    def value(self) -> float | None:
        """The one number of an aggregate; None when it is none or there are several."""
        data = self.aggregate_data
        return data if isinstance(data, (int, float)) and not isinstance(data, bool) else None

    @cached_property
    def table(self) -> Table:
        """One row a profile; or one row for the aggregate, or for each of its segments."""
        if self.mode == "profiles":
            return profile_table(self.profiles)
        data = self.aggregate_data
        if self.meta.get("segmented"):
            return _rows("segment", data if isinstance(data, Mapping) else {})
        return _rows("metric", {} if data is None else {self.meta.get("action", ""): data})

    def curves(self) -> list[Curve]:
        """The numbers of an aggregate, one for each of its rows and columns; none of profiles."""
        if self.mode == "profiles":
            return []
        names = self.table.columns[1:]
        return [
            Curve(str(label) if len(names) == 1 else f"{label} / {name}", (WHOLE_RANGE,), (value,))
            for label, *values in self.table
            for name, value in zip(names, values, strict=True)
        ]

    @property
    def title(self) -> str:
        """What was asked, in one line."""
        if self.mode == "profiles":
            return plural(self.total, "profile")
        return f"Users: {self.meta.get('action', '')}{' by cohort' if self.meta.get('segmented') else ''}"

    @property
    def note(self) -> str:
        """The source, which pages are missing, and whether there may be more than were asked for."""
        failed = self.meta.get("failed_pages")
        missing = f"pages that failed are missing: {failed}" if failed else ""
        return "; ".join(filter(None, [str(self.provenance), missing, self._more()]))

    def _more(self) -> str:
        limit, found = self.meta.get("limit"), self.meta.get("found") or 0
        if self.mode != "profiles" or limit is None or self.total < limit:
            return ""
        if found > self.total:
            return f"{self.total:,} of {found:,} shown; limit=N for more, limit=None for all"
        return f"limit {limit:,} reached, there may be more; limit=N for more, limit=None for all"

    def _values(self) -> dict[str, Any]:
        return {
            "computed_at": self.computed_at,
            "total": self.total,
            "profiles": self.profiles,
            "params": self.params,
            "meta": self.meta,
            "mode": self.mode,
            "aggregate_data": self.aggregate_data,
        }


def check_aggregate(reply: Any) -> None:
    """Raises QueryError when the decoded answer reports an error or holds no numbers."""
    check_answer(reply, lambda answer: not isinstance(answer.get("results"), str), "aggregate")


def _rows(first: str, values: Mapping[str, Any]) -> Table:
    """A row for each value; objects spread over columns of their keys."""
    spread = [value if isinstance(value, Mapping) else {"value": value} for value in values.values()]
    columns = list(dict.fromkeys(name for row in spread for name in row)) or ["value"]
    return Table((first, *columns), [(name, *map(row.get, columns)) for name, row in zip(values, spread, strict=True)])
