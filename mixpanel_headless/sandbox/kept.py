"""All that clients have made in a sandbox as one JSON document that people can read, and back again."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mixpanel_headless.query.fields import read_digits
from mixpanel_headless.sandbox.custom_events import CustomEvents
from mixpanel_headless.sandbox.entities import Entities
from mixpanel_headless.sandbox.governed import Governed
from mixpanel_headless.sandbox.histories import Journal
from mixpanel_headless.sandbox.kinds import kinds
from mixpanel_headless.sandbox.lookups import DOWNLOADS, Lookups, Upload
from mixpanel_headless.sandbox.quality import Anomalies
from mixpanel_headless.sandbox.replies import Json  # noqa: TC001 - documents are read by the types of State's fields
from mixpanel_headless.sandbox.saved import Saved, report_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

V = TypeVar("V")
FORMAT = 1
ABOUT = "What a Mixpanel sandbox keeps"


class Unreadable(Exception):  # noqa: N818 - it says what is wrong with a text
    """Why a text is not what a sandbox keeps."""


class LastIds(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The highest ids that were given; none is given twice."""

    reports: int
    things: int
    custom_events: int
    lookup_tables: int


class File(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was put at a signed address: as text where it is one."""

    text: str | None = None
    base64: str | None = None


class State(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The document; what belongs to one of several owners stands below its owner and its name."""

    format: int
    about: str
    project: int
    last_ids: LastIds
    reports: dict[int, Json]
    links: dict[str, Json]
    things: dict[str, dict[str, Json]]
    custom_events: dict[int, Json]
    said_of_custom_events: dict[int, Json]
    lexicon: dict[str, dict[str, Json]]
    lexicon_ids: dict[str, dict[str, int]]
    schemas: dict[str, dict[str, Json | None]]
    enforcement: Json | None
    contexts: dict[str, str]
    lookup_tables: dict[int, Json]
    uploads: dict[str, Upload]
    files: dict[str, File]
    anomaly_ids: dict[str, dict[str, int]]
    anomaly_states: dict[int, Json]
    histories: dict[str, dict[str, list[Json]]]


class Head(msgspec.Struct):
    """What tells whether a document is ours, and of which format."""

    format: int
    about: str


def encode(saved: Saved, project: int) -> bytes:
    """What is kept, as one line of JSON; the caller holds the lock."""
    entities, governed, lookups = saved.entities, saved.governed, saved.lookups
    return msgspec.json.encode(
        State(
            format=FORMAT,
            about=ABOUT,
            project=project,
            last_ids=LastIds(
                reports=saved.last_id,
                things=entities.last_id,
                custom_events=saved.custom_events.last_id,
                lookup_tables=lookups.last_id,
            ),
            reports=saved.reports,
            links=saved.links,
            things=entities.things,
            custom_events=saved.custom_events.events,
            said_of_custom_events=saved.custom_events.said,
            lexicon=by_owner(governed.said),
            lexicon_ids=by_owner(governed.ids),
            schemas=by_owner(governed.schemas),
            enforcement=governed.enforcement,
            contexts=governed.contexts,
            lookup_tables=lookups.tables,
            uploads=lookups.uploads,
            files={place: file_of(content) for place, content in lookups.contents.items()},
            anomaly_ids=by_owner(saved.anomalies.ids),
            anomaly_states=saved.anomalies.states,
            histories=by_owner(saved.journal.changes),
        )
    )


def for_people(line: bytes) -> bytes:
    """The same JSON in many lines."""
    return msgspec.json.format(line, indent=2) + b"\n"


def decode(text: bytes) -> tuple[Saved, int]:
    """What was kept, and of which project; Unreadable for anything else."""
    try:
        head = msgspec.json.decode(text, type=Head)
        if head.about != ABOUT:
            raise Unreadable(f"it is about {head.about[:80]!r}")
        if head.format != FORMAT:
            raise Unreadable(f"its format is {head.format}, and this version reads format {FORMAT}")
        state = msgspec.json.decode(text, type=State)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error).removesuffix(".")) from None
    for flaw in flaws_in(state):
        raise Unreadable(flaw)
    return restored(state), state.project


def restored(state: State) -> Saved:
    journal, last = Journal(flat(state.histories)), state.last_ids
    return Saved(
        reports=state.reports,
        links=state.links,
        journal=journal,
        entities=Entities(journal, state.things, last_id=max([last.things, *ids_of_things(state)])),
        governed=Governed(
            journal,
            flat(state.lexicon),
            flat(state.lexicon_ids),
            flat(state.schemas),
            state.enforcement,
            state.contexts,
        ),
        custom_events=CustomEvents(
            state.custom_events, state.said_of_custom_events, max([last.custom_events, *state.custom_events])
        ),
        lookups=Lookups(
            state.lookup_tables,
            {place: content_of(file, place) for place, file in state.files.items()},
            state.uploads,
            max([last.lookup_tables, *state.lookup_tables]),
        ),
        anomalies=Anomalies(flat(state.anomaly_ids), state.anomaly_states),
        last_id=max([last.reports, *state.reports]),
    )


def ids_of_things(state: State) -> Iterator[int]:
    """The ids of all things that have a number for one."""
    numbers = (read_digits(key) for things in state.things.values() for key in things)
    return (number for number in numbers if number is not None)


def flaws_in(state: State) -> Iterator[str]:
    """What a hand in the file can break and no type tells: things under an id that is not theirs, and what they lack."""
    for place in ("reports", "lookup_tables", "custom_events"):
        for number, row in getattr(state, place).items():
            if row.get("id") != number:
                yield f"the id of it is {row.get('id')!r} - at `$.{place}.{number}`"
    for path, things in state.things.items():
        kind = kinds().get(path)
        for key, thing in things.items() if kind else ():
            number = thing.get(kind.id_field) if kind else None
            if str(number) != key or not isinstance(number, str if kind and kind.text_id else int):
                yield f"the id of it is {number!r} - at `$.things.{path}.{key}`"
    for number, report in state.reports.items():
        if problem := report_problem(report):
            yield f"{problem} - at `$.reports.{number}`"
    for number in state.lookup_tables:
        if f"{DOWNLOADS}{number}" not in state.files:
            yield f"its file is not there - at `$.lookup_tables.{number}`"
    for number, event in state.custom_events.items():
        if not isinstance(event.get("name"), str) or not isinstance(event.get("alternatives"), list):
            yield f"name and alternatives are required fields - at `$.custom_events.{number}`"


def by_owner(pairs: Mapping[tuple[str, str], V]) -> dict[str, dict[str, V]]:
    """Values by owner, then by name."""
    found: dict[str, dict[str, V]] = {}
    for (owner, name), value in pairs.items():
        found.setdefault(owner, {})[name] = value
    return found


def flat(owners: Mapping[str, Mapping[str, V]]) -> dict[tuple[str, str], V]:
    """Values by owner and name."""
    return {(owner, name): value for owner, named in owners.items() for name, value in named.items()}


def file_of(content: bytes) -> File:
    try:
        return File(text=content.decode())
    except UnicodeDecodeError:
        return File(base64=base64.b64encode(content).decode())


def content_of(file: File, place: str) -> bytes:
    try:
        return (
            base64.b64decode(file.base64, validate=True)
            if file.text is None and file.base64
            else (file.text or "").encode()
        )
    except ValueError as error:
        raise Unreadable(f"{error} - at `$.files.{place}.base64`") from None
