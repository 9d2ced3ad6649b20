"""Workloads as TOML or JSON files; what is wrong with one is said by file and field."""

from __future__ import annotations

import json
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import NOTHING, fields

from request_scheduler.simulate.workload import Answers, Job, Outage, Service, Tenant, Workload, WorkloadError

if TYPE_CHECKING:
    import os

T = TypeVar("T")

_INNER: dict[tuple[type, str], type] = {(Workload, "service"): Service, (Workload, "answers"): Answers}
_LISTS: dict[tuple[type, str], type] = {
    (Workload, "tenants"): Tenant,
    (Tenant, "jobs"): Job,
    (Service, "outages"): Outage,
}


def read_workload(path: str | os.PathLike[str], **settings: Any) -> Workload:
    """The workload that a file describes, TOML or (by the ending .json) JSON; `settings` replace what it says.

    Raises WorkloadError with the file and the field, or the line that cannot be read; OSError as usual.
    """
    source = Path(path)
    try:
        document = source.read_text(encoding="utf-8")
        data = json.loads(document) if source.suffix == ".json" else tomllib.loads(document)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise WorkloadError(f"{path}: {error}") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise WorkloadError(f"{path} cannot be read: {error}") from None
    return parse_workload(data, str(path), **settings)


def parse_workload(data: object, source: str = "workload", **settings: Any) -> Workload:
    """The workload that a tree of JSON values describes; `settings` replace what it says."""
    merged = {**data, **settings} if isinstance(data, dict) else data
    return _build(Workload, merged, source, "")


def _build(kind: type[T], data: object, source: str, path: str) -> T:
    place = f"{source}: {path}" if path else source
    if not isinstance(data, dict):
        raise WorkloadError(f"{place} is {_named(data)}; it must be a table")
    known = {attribute.name: attribute for attribute in fields(kind)}  # type: ignore[arg-type]  # all of them are attrs
    for name in data:
        if name not in known:
            raise WorkloadError(f"{place}{'.' if path else ': '}{name} is unknown; {_suggest(name, known)}")
    missing = [name for name, attribute in known.items() if attribute.default is NOTHING and name not in data]
    if missing:
        raise WorkloadError(f"{place} lacks {missing[0]}")
    prefix = f"{path}." if path else ""
    values = {name: _value(kind, name, value, source, prefix + name) for name, value in data.items()}
    try:
        return kind(**values)
    except WorkloadError as error:
        if str(error).startswith(f"{source}: "):
            raise
        raise WorkloadError(f"{source}: {prefix}{error}") from None


def _value(kind: type, name: str, value: object, source: str, path: str) -> object:
    inner, entries = _INNER.get((kind, name)), _LISTS.get((kind, name))
    if inner is not None:
        return _build(inner, value, source, path)
    if entries is None:
        return value
    if not isinstance(value, list):
        raise WorkloadError(f"{source}: {path} is {_named(value)}; it must be a list of tables")
    return tuple(_build(entries, entry, source, f"{path}[{place}]") for place, entry in enumerate(value, 1))


def _named(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"


def _suggest(name: object, known: dict[str, Any]) -> str:
    near = get_close_matches(str(name), known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
