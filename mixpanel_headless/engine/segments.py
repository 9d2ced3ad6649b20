"""Segments of whatever is counted (attempts, members of a cohort): the commonest labels, and one for all others."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .groups import Grouping
    from .scopes import Statement

MAX_SEGMENTS = 200  # of one breakdown; the others are counted together
OTHERS = "$other"


def add_labels(statement: Statement, groupings: Sequence[Grouping], key: str) -> None:
    """Add `labels1` (<key>, label), `labels2`, ...: one subquery for each level of segments.

    They read `attributes` (<key>, s1, ..., kept), whose `kept` tells which rows a label's rank is counted by.
    """
    for level, one in enumerate(groupings, 1):
        label, withs = f"unnest(s{level})" if one.many else f"s{level}", statement.withs
        withs.append(f"all{level} AS (SELECT {key}, kept, {label} AS label FROM attributes)")
        withs.append(
            f"top{level} AS (SELECT label FROM all{level} WHERE kept GROUP BY label ORDER BY count(*) DESC, label"
            f" LIMIT {MAX_SEGMENTS})"
        )
        withs.append(
            f"labels{level} AS (SELECT DISTINCT {key}, CASE WHEN label IN (SELECT label FROM top{level}) THEN label"
            f" ELSE '{OTHERS}' END AS label FROM all{level})"
        )


def labelled(depth: int, key: str) -> str:
    """SQL: the joins that give a row its segments `l1.label`, `l2.label`, ... down to a depth."""
    return "".join(f" JOIN labels{level} l{level} USING ({key})" for level in range(1, depth + 1))
