"""What everything that can be shown as rows can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .trees import copy_tree

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    from rich.console import RenderableType

    from .provenance import Provenance
    from .table import Table


class Tabular:
    """Rows as frames of several packages, JSON-ready data, a few lines of text, a view for notebooks and terminals."""

    __slots__ = ()
    provenance: Provenance

    @property
    def table(self) -> Table:
        """The answer as rows."""
        raise NotImplementedError

    @property
    def shown(self) -> Table:
        """The table in the form that people read."""
        return self.table

    @property
    def title(self) -> str:
        """What was asked, in one line."""
        raise NotImplementedError

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

    def _repr_html_(self) -> str:
        from .views import html_table

        return html_table(self.shown, title=self.title, note=self.note)

    def __rich__(self) -> RenderableType:
        from .views import terminal_table

        return terminal_table(self.shown, title=self.title, note=self.note)
