"""What every answer to a question can do with its table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_headless.errors import QueryError

from .tabular import Tabular
from .trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

OBJECT = (dict, Mapping)  # in this order, because to ask an abstract class takes ten times as long


class Report(Tabular):
    """An answer as a table, data frames, JSON-ready data, a few lines of text, and a view for notebooks and terminals.

    A kind of answer says what its `table` and `title` are, and which `_values` it consists of.
    """

    report_type: ClassVar[str]
    """What the service calls this kind of report."""

    @cached_property
    def df(self) -> pd.DataFrame:
        """The table as a pandas data frame (extra `pandas`)."""
        return self.table.to_pandas()

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready data, free to change."""
        return copy_tree(self._values())

    @abstractmethod
    def _values(self) -> dict[str, Any]:
        """The parts that make the result: what equality compares and `to_dict` copies."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report) or type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    __hash__: ClassVar[None]  # type: ignore[assignment]  # its parts can be changed

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.title}, {self.provenance}>"


def check_answer(reply: Any, is_sound: Callable[[Mapping[str, Any]], bool], wanted: str) -> None:
    """Raises QueryError when a decoded answer reports an error, or is not the object with what was `wanted`."""
    if isinstance(reply, OBJECT) and reply.get("error"):
        raise QueryError(f"The query failed: {reply['error']}", status_code=200, response_body=reply)
    if not isinstance(reply, OBJECT) or not is_sound(reply):
        held = sorted(map(str, reply)) if isinstance(reply, OBJECT) else type(reply).__name__
        raise QueryError(f"The answer holds no {wanted}; it holds {held}.", status_code=200, response_body=reply)
