"""One spelling for equal questions, so that they can share an answer.

Only what cannot change an answer is levelled: the order of keys, `1` beside `1.0`, the order and repetition of
conditions that are all joined by *and* or all by *or*, the order and repetition of values that a property may (not)
equal, and parts that say what their absence says too. Metrics, groups and formulas keep their order: it is the order
of the answer's series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXACT: Final = 2**53  # above this, a float stands for several integers
_CONDITIONS: Final = frozenset({"filter", "filters", "listItemFilters"})
_ENCODER: Final = msgspec.json.Encoder(order="sorted")

# Parts whose absence says the same, by the object that they stand in.
_BEHAVIOR: Final = {"resourceType": "events", "filters": [], "filtersDeterminer": "all"}
_MEASUREMENT: Final[dict[str, Any]] = dict.fromkeys(
    ("property", "perUserAggregation", "percentile", "segmentMethod", "stepIndex")
)
_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "sections": {"filter": [], "group": [], "formula": []},
    "displayOptions": {"analysis": "linear"},
    "measurement": _MEASUREMENT,
    "behavior": _BEHAVIOR,
    "behaviors": _BEHAVIOR,
    **{key: {"filterValue": None} for key in _CONDITIONS},
}
_PLAIN: Final = frozenset({str, int, bool, type(None)})  # of which each value has one spelling only


def canonical_params(params: Any) -> bytes:
    """The JSON bytes that all spellings of the same question share; what they hold is for comparing only."""
    return _ENCODER.encode(_level(params, ""))


def _level(value: Any, role: str) -> Any:
    """The value in its one spelling; `role` is the key that it stands under, seen through lists."""
    if isinstance(value, dict):
        return _object(value, role)
    if isinstance(value, (list, tuple)):
        return _items(value, role)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return value


def _object(value: dict[str, Any], role: str) -> dict[str, Any]:
    level: dict[str, Any] = {}
    for key, item in value.items():
        kind = type(item)
        if kind in _PLAIN:
            level[key] = item
        elif kind is dict:  # as most branches are, which saves them a call
            level[key] = _object(item, key)
        elif kind is list:
            level[key] = _items(item, key) if item else item
        else:
            level[key] = _level(item, key)
    if role in _DEFAULTS:
        for key, default in _DEFAULTS[role].items():
            if key in level and type(level[key]) is type(default) and level[key] == default:
                del level[key]
    if "filterValue" in level and level.get("filterOperator") in ("equals", "does not equal"):
        level["filterValue"] = _distinct(level["filterValue"])
    if "children" in level and level.get("operator") in ("and", "or"):
        level["children"] = _distinct(level["children"])
    if level.get("filtersDeterminer") == "any":
        conditions = level.get("filters")
        if isinstance(conditions, list) and len(conditions) == 1:
            del level["filtersDeterminer"]  # of a single condition, any is all
    return level


def _items(values: Sequence[Any], role: str) -> list[Any]:
    items = []
    for item in values:
        kind = type(item)
        items.append(item if kind in _PLAIN else _object(item, role) if kind is dict else _level(item, role))
    return _distinct(items) if role in _CONDITIONS else items


def _distinct(items: Any) -> Any:
    """The items of a list sorted by their encoding, each once; anything else as it is."""
    if not isinstance(items, list) or len(items) < 2:
        return items
    return [item for _, item in sorted({_ENCODER.encode(item): item for item in items}.items())]
