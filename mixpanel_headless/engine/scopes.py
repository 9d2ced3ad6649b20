"""What a filter or a breakdown stands on: an event with its person, a person alone, or one item of a list."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from .errors import BadQuery, Unsupported
from .expressions import NOT_SET, Parameters, Value, moment_value, number_value, pointer, text_value, value_of_json
from .times import to_ms

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from .project import Project
    from .tables import Columns, Tables
    from .times import Window

EVENT_RESOURCES = frozenset({"events", "event", None})
PEOPLE_RESOURCES = frozenset({"people", "user", "users"})
EVENT_COLUMNS: Mapping[str, Value] = {
    "$event_name": text_value("e.event"),
    "$distinct_id": text_value("e.distinct_id"),
    "distinct_id": text_value("e.distinct_id"),
    "$insert_id": text_value("e.insert_id"),
    "$time": moment_value("e.t"),
    "mp_processing_time_ms": number_value("nullif(e.ingest_ms, 0)"),
    "$mp_api_timestamp_ms": number_value("nullif(e.ingest_ms, 0)"),
    "time": NOT_SET,  # the service answers nothing for the plain name
}


@attrs.define
class Statement:
    """One SQL statement while it is put together: its parameters, its WITH entries, and when it is asked."""

    project: Project
    tables: Tables
    now: dt.datetime
    parameters: Parameters = attrs.field(factory=Parameters)
    withs: list[str] = attrs.field(factory=list)
    placing: str = attrs.field(init=False, default="e.t >= b.lo AND e.t < b.hi")
    """SQL: the event `e` lies in the bucket `b`."""

    @property
    def now_ms(self) -> int:
        return to_ms(self.now)

    def bind(self, value: Any) -> str:
        return self.parameters.bind(value)

    def name(self, table: str) -> str:
        return self.tables.name(table)

    def bind_windows(self, windows: Sequence[Window]) -> None:
        """Make the table `buckets` (bucket, lo, hi) that bucketed scopes join; a bucket is a window's place."""
        los, his = self.bind([window.lo for window in windows]), self.bind([window.hi for window in windows])
        self.withs.append(
            f"buckets AS (SELECT unnest(range(len({los}))) AS bucket, unnest({los}::BIGINT[]) AS lo,"
            f" unnest({his}::BIGINT[]) AS hi)"
        )
        if width := even_width(windows):  # computing a bucket is three times as fast as looking for it
            low = self.bind(windows[0].lo)
            self.placing = f"b.bucket = (e.t - {low}) // {width} AND e.t >= {low}"

    def query(self, sql: str) -> tuple[str, dict[str, Any]]:
        """A whole statement with its WITH entries, and the values that it uses."""
        whole = f"WITH {', '.join(self.withs)} {sql}" if self.withs else sql
        return whole, self.parameters.used_in(whole)

    def add_with(self, sql: str) -> str:
        """Name a subquery, to be joined or tested against."""
        name = f"w{len(self.withs)}"
        self.withs.append(f"{name} AS ({sql})")
        return name


class Scope(Protocol):
    """Where property names get their meaning."""

    statement: Statement

    def value(self, name: str, resource: Any) -> Value:
        """The property's value in the current row."""

    @property
    def person(self) -> str:
        """SQL: the number of the row's person."""

    def join(self, sql: str) -> None:
        """Add a join to the row's FROM clause."""


def even_width(windows: Sequence[Window]) -> int | None:
    """The milliseconds of each window, where all have as many and one begins where the other ends."""
    width = windows[0].hi - windows[0].lo if windows else 0
    even = all(window.hi - window.lo == width for window in windows)
    return width if even and all(one.hi == other.lo for one, other in itertools.pairwise(windows)) else None


@attrs.define
class EventScope:
    """One event `e`, joined to its person's profile `p` when a profile property is asked for."""

    statement: Statement
    bucketed: bool = True  # whether a row knows its bucket `b`
    joins: dict[str, None] = attrs.field(factory=dict)  # an ordered set
    person: str = attrs.field(init=False, default="e.person")

    def join(self, sql: str) -> None:
        self.joins[sql] = None

    def value(self, name: str, resource: Any) -> Value:
        if isinstance(resource, str) and resource in PEOPLE_RESOURCES:
            self.join(f"LEFT JOIN {self.statement.name('profiles')} p ON p.person = e.person")
            return profile_value(self.statement, name)
        if not isinstance(resource, str | None) or resource not in EVENT_RESOURCES:
            raise Unsupported(f"resourceType {resource!r}")
        if name in EVENT_COLUMNS:
            return EVENT_COLUMNS[name]
        return _stored(self.statement, self.statement.tables.events, "e", name)

    @property
    def accessors(self) -> Mapping[str, Callable[[str], Value]]:
        """What `properties[...]` and its like mean in an expression about events."""
        return {
            "properties": lambda name: self.value(name, "events"),
            "event": lambda name: self.value(name, "events"),
            "user": lambda name: self.value(name, "people"),
        }

    @property
    def from_clause(self) -> str:
        buckets = f" JOIN buckets b ON {self.statement.placing}" if self.bucketed else ""
        return f"{self.statement.name('events')} e{buckets} {' '.join(self.joins)}"


@attrs.define
class PersonScope:
    """One person `u` with the profile `p`, whatever events there are."""

    statement: Statement
    joins: dict[str, None] = attrs.field(factory=dict)
    person: str = attrs.field(init=False, default="u.person")

    def join(self, sql: str) -> None:
        self.joins[sql] = None

    def value(self, name: str, resource: Any) -> Value:
        if not isinstance(resource, str) or resource not in PEOPLE_RESOURCES:
            raise BadQuery(f"The event property {name!r} has no meaning for a profile.")
        return profile_value(self.statement, name)

    @property
    def accessors(self) -> Mapping[str, Callable[[str], Value]]:
        """What `properties[...]` means in an expression about profiles."""
        return dict.fromkeys(("properties", "user"), lambda name: self.value(name, "people"))

    @property
    def from_clause(self) -> str:
        people, profiles = self.statement.name("people"), self.statement.name("profiles")
        return f"{people} u LEFT JOIN {profiles} p ON p.person = u.person {' '.join(self.joins)}"


@attrs.define
class ItemScope:
    """One object of a list property, named by the SQL of its JSON."""

    statement: Statement
    json: str

    @property
    def person(self) -> str:
        raise Unsupported("a filter on people inside listItemFilters")

    def join(self, sql: str) -> None:
        raise Unsupported("a filter on behavior inside listItemFilters")

    def value(self, name: str, resource: Any) -> Value:
        return value_of_json(f"json_extract({self.json}, {self.statement.bind(pointer(name))})", may_be_list=False)


def profile_value(statement: Statement, name: str) -> Value:
    """A profile property of `p`, with those that are computed."""
    if name in {"$distinct_id", "distinct_id"}:
        return text_value("p.distinct_id")
    if name == "$mp_first_event_time":
        return moment_value("p.first_event")
    return _stored(statement, statement.tables.profiles, "p", name)


def _stored(statement: Statement, columns: Columns, alias: str, name: str) -> Value:
    if name in columns.places:
        return columns.value(alias, name)
    return value_of_json(f"json_extract({alias}.properties, {statement.bind(pointer(name))})")
