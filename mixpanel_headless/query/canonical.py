"""One spelling for equal questions, so that they can share an answer.

Only what cannot change an answer is levelled: the order of keys, `1` beside `1.0`, the order and repetition of
conditions that are all joined by *and* or all by *or*, the order and repetition of values that a property may (not)
equal, and parts that say what their absence says too. Metrics, groups and formulas keep their order: it is the order
of the answer's series.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

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
_NO_DEFAULTS: Final[dict[str, Any]] = {}


def canonical_params(params: Any) -> bytes:
    """The JSON bytes that all spellings of the same question share; what they hold is for comparing only."""
    return _ENCODER.encode(_level(params, ""))


def _level(value: Any, role: str) -> Any:
    """The value in its one spelling; `role` is the key that it stands under, seen through lists."""
    if isinstance(value, str):  # first, because most values are text
        return value
    if isinstance(value, dict):
        return _object(value, role)
    if isinstance(value, (list, tuple)):
        items = [_level(item, role) for item in value]
        return _distinct(items) if role in _CONDITIONS else items
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return value


def _object(value: dict[str, Any], role: str) -> dict[str, Any]:
    level = {key: _level(item, key) for key, item in value.items()}
    for key, default in _DEFAULTS.get(role, _NO_DEFAULTS).items():
        if key in level and _same(level[key], default):
            del level[key]
    values = level.get("filterValue")
    if level.get("filterOperator") in ("equals", "does not equal") and isinstance(values, list):
        level["filterValue"] = _distinct(values)
    if level.get("operator") in ("and", "or") and isinstance(level.get("children"), list):
        level["children"] = _distinct(level["children"])
    conditions = level.get("filters")
    if isinstance(conditions, list) and len(conditions) == 1 and level.get("filtersDeterminer") == "any":
        del level["filtersDeterminer"]  # of a single condition, any is all
    return level


def _same(item: Any, default: Any) -> bool:
    return type(item) is type(default) and bool(item == default)


def _distinct(items: list[Any]) -> list[Any]:
    """The items sorted by their encoding, each once."""
    return [item for _, item in sorted({_ENCODER.encode(item): item for item in items}.items())]
