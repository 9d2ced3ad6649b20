"""Data frames; the one place that imports pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

    from .table import Table


def to_pandas(table: Table) -> pd.DataFrame:
    """The table as a new data frame, dates as text; raises MissingExtraError when pandas is not installed."""
    try:
        import pandas as pd
    except ModuleNotFoundError as missing:
        if missing.name != "pandas":  # pandas is there, something that it needs is not
            raise
        raise MissingExtraError("A data frame", "pandas") from missing
    return pd.DataFrame(list(table.rows), columns=list(table.columns))
