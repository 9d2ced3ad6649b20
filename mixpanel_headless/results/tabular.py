"""What everything that can be shown as rows can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from .curves import curves_of
from .trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import plotly.graph_objects as go
    import polars as pl
    import pyarrow as pa
    from rich.console import RenderableType

    from .curves import Curve
    from .drawings import ChartKind, Grid, Stages, Ways
    from .provenance import Provenance
    from .table import Table


class Tabular(ABC):
    """Rows as frames of several packages, JSON-ready data, a few lines of text, a chart, a view for notebooks and terminals.

    A class that can be drawn says so in `charts`, and gives what its charts are made of: `curves` for lines and bars,
    `stages` for funnels, `grid` for heat maps, `ways` for sankeys.
    """

    __slots__ = ()
    provenance: Provenance
    charts: ClassVar[tuple[ChartKind, ...]] = ()
    """How it can be drawn; the first that its numbers suffice for is the one that suits it."""

    @property
    @abstractmethod
    def table(self) -> Table:
        """The answer as rows."""

    @property
    def shown(self) -> Table:
        """The table in the form that people read."""
        return self.table

    @property
    @abstractmethod
    def title(self) -> str:
        """What was asked, in one line."""

    @property
    def note(self) -> str:
        """What a reader must know beside the numbers."""
        return str(self.provenance)

    def pl(self) -> pl.DataFrame:
        """The table as a new polars frame (extra `polars`); columns have the types that `arrow` gives them."""
        return self.table.to_polars()

    def arrow(self) -> pa.Table:
        """The table as a new arrow table (extra `arrow`).

        A column of one kind of value keeps it; whole numbers among others become floats where that loses nothing. Any
        other column becomes text: lists, objects and values of several kinds as JSON, what was text as it is.
        """
        return self.table.to_arrow()

    def to_table_dict(self) -> list[dict[str, Any]]:
        """The table as JSON-ready data, one dict a row; free to change."""
        return copy_tree(self.table.to_dicts())

    def summary(self, rows: int = 10) -> str:
        """The answer as a few lines of text, at most `rows` of them data, each of bounded width.

        It says how many rows, series and columns it leaves out; a text that is cut ends with `…`.
        """
        from .summary import summarize

        return summarize(self, rows)

    def plot(self, kind: ChartKind | None = None, *, to: str | Path | None = None) -> go.Figure:
        """The answer as a plotly figure (extra `plot`), kept in the file `to` if that is given.

        Without `kind` it is the chart that suits the answer: `charts` lists the kinds of its class. `to` ends with .html
        (a page that needs no network) or with .png, .svg, .pdf, .webp or .jpg (extra `image`, and a Chrome browser). What
        a chart leaves out, it says under its title. Raises InvalidArgumentError for a kind that the answer does not have.
        """
        from .figures import figure_of

        return figure_of(self, kind, to)

    def curves(self) -> Sequence[Curve]:
        """The answer as curves over dates, or of one point each."""
        return curves_of(self.table) if {"line", "bar"} & set(self.charts) else []

    def stages(self) -> Sequence[Stages]:
        """The answer as funnels."""
        return []

    def grid(self) -> Grid | None:
        """The answer as rows of numbers."""
        return None

    def ways(self) -> Ways:
        """The answer as ways between events."""
        return Counter()

    def _repr_html_(self) -> str:
        from .plot import plot_of
        from .svg import svg_plot
        from .views import html_table

        plot = plot_of(self.curves())
        picture = svg_plot(plot) if plot else ""
        return picture + html_table(self.shown, title=self.title, note=self.note)

    def __rich__(self) -> RenderableType:
        from .terminal import terminal_table

        return terminal_table(self.shown, title=self.title, note=self.note, whole=".table")
