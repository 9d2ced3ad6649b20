"""What a project holds: lists that know where they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from .provenance import Provenance, given
from .tabular import Tabular

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from .table import Table

T = TypeVar("T")


@attrs.frozen
class TopEvent:
    """One of today's busiest events: its count, and the change against yesterday as a fraction (0.5 is half more)."""

    event: str
    count: int
    percent_change: float

    def to_dict(self) -> dict[str, Any]:
        """The event as JSON-ready data."""
        return {"event": self.event, "count": self.count, "percent_change": self.percent_change}


@attrs.frozen
class FunnelInfo:
    """A saved funnel, which `funnel` asks."""

    funnel_id: int
    name: str

    def to_dict(self) -> dict[str, Any]:
        """The funnel as JSON-ready data."""
        return attrs.asdict(self)


@attrs.frozen
class SavedCohort:
    """A saved cohort; `count` is None where the service tells none."""

    id: int
    name: str
    count: int | None
    description: str
    created: str
    is_visible: bool

    def to_dict(self) -> dict[str, Any]:
        """The cohort as JSON-ready data."""
        return attrs.asdict(self)


@attrs.frozen
class SubPropertyInfo:
    """One key of the objects that a property holds: what its values are, and up to five different ones."""

    name: str
    type: str
    sample_values: tuple[Any, ...]

    def to_dict(self) -> dict[str, Any]:
        """The key as JSON-ready data."""
        return {"name": self.name, "type": self.type, "sample_values": list(self.sample_values)}


class Listing(list[T], Tabular):
    """A plain list that carries its `provenance` and can do what every table can."""

    __slots__ = ("provenance",)

    def __init__(self, entries: Iterable[T] = (), *, provenance: Provenance | None = None) -> None:
        super().__init__(entries)
        self.provenance: Provenance = provenance or given()

    @property
    def table(self) -> Table:
        """The entries as rows: one column `value`, or the fields of the entries."""
        from .table import Table

        rows = [entry.to_dict() if hasattr(entry, "to_dict") else {"value": entry} for entry in self]
        columns = tuple(dict.fromkeys(name for row in rows for name in row)) or ("value",)
        return Table(columns, [tuple(row.get(name) for name in columns) for row in rows])

    @property
    def df(self) -> pd.DataFrame:
        """The table as a new pandas data frame (extra `pandas`)."""
        return self.table.to_pandas()

    @property
    def title(self) -> str:
        """How many entries there are."""
        return "1 entry" if len(self) == 1 else f"{len(self):,} entries"
