"""What a project keeps beside its events: saved reports, and what report links point at."""

from __future__ import annotations

import functools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import InvalidArgumentError, shown
from mixpanel_headless.query.fields import is_whole, read_digits
from mixpanel_headless.sandbox.custom_events import CustomEvents
from mixpanel_headless.sandbox.entities import Entities
from mixpanel_headless.sandbox.governed import Governed
from mixpanel_headless.sandbox.histories import Journal
from mixpanel_headless.sandbox.lookups import Lookups
from mixpanel_headless.sandbox.quality import Anomalies
from mixpanel_headless.sandbox.replies import Rejected
from mixpanel_headless.sandbox.signed import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mixpanel_headless.engine import Engine
    from mixpanel_headless.sandbox.replies import Json

REPORT_TYPES = ("insights", "funnels", "retention", "flows", "user")
FIRST_ID = 1000


@attrs.define
class Saved:
    """Reports by id, link records by slug and all else that is kept; the App API's calls hold the lock, one at a time."""

    reports: dict[int, Json] = attrs.field(factory=dict)
    links: dict[str, Json] = attrs.field(factory=dict)
    journal: Journal = attrs.field(factory=Journal)
    entities: Entities = attrs.field(default=attrs.Factory(lambda self: Entities(self.journal), takes_self=True))
    governed: Governed = attrs.field(default=attrs.Factory(lambda self: Governed(self.journal), takes_self=True))
    custom_events: CustomEvents = attrs.field(factory=CustomEvents)
    lookups: Lookups = attrs.field(factory=Lookups)
    anomalies: Anomalies = attrs.field(factory=Anomalies)
    signer: Signer = attrs.field(factory=Signer)
    last_id: int = FIRST_ID
    """The highest id that a report has had."""
    touched: Callable[[], None] = attrs.field(default=lambda: None)
    """Told that a call may have changed something."""
    lock: threading.RLock = attrs.field(factory=threading.RLock, init=False)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The lock for one call, after which all that it changed stands here."""
        with self.lock:
            try:
                yield
            finally:
                self.touched()

    def add_report(self, given: Mapping[str, Any], now: str) -> Json:
        """The report as it is kept, with an id if it had none; Rejected names the field that is wrong."""
        problem = report_problem(given)
        if problem:
            raise Rejected(400, problem)
        with self.lock:
            number = given.get("id") or self.last_id + 1
            if number in self.reports:
                raise Rejected(400, f"A report with the id {number} exists already")
            self.last_id = max(self.last_id, number)
            self.reports[number] = {"description": "", "created": now, "modified": now, **given, "id": number}
            self.journal.note("bookmarks", number, None, self.reports[number], now)
            return self.reports[number]

    def report(self, number: object) -> Json:
        """The report with an id; Rejected says that there is none."""
        with self.lock:
            found = self.reports.get(read_digits(str(number)) or 0)
        if found is None:
            raise Rejected(404, f"Bookmark {str(number)[:40]} does not exist")
        return found

    def change_report(self, number: object, changes: Mapping[str, Any], now: str) -> Json:
        """The report after a change."""
        with self.lock:
            found = self.report(number)
            if problem := report_problem({**found, **changes}):
                raise Rejected(400, problem)
            before = dict(found)
            found.update({**changes, "modified": now, "id": found["id"]})
            self.journal.note("bookmarks", found["id"], before, found, now)
            return found

    def delete_reports(self, numbers: Iterable[object], now: str) -> None:
        """Delete reports, all or none."""
        with self.lock:
            for found in [self.report(number) for number in numbers]:
                self.reports.pop(found["id"], None)
                self.journal.note("bookmarks", found["id"], found, None, now)

    def listed(self, kind: str | None = None, ids: Iterable[str] | None = None) -> list[Json]:
        """The reports of a type, or those with the ids, in the order in which they were saved."""
        with self.lock:
            found = list(self.reports.values())
        wanted = None if ids is None else set(ids)
        return [
            report
            for report in found
            if kind in (None, report["type"]) and (wanted is None or str(report["id"]) in wanted)
        ]

    def add_link(self, given: Mapping[str, Any], now: str) -> Json:
        """The link record as it is kept; Rejected for a slug that is taken, and for what is no link."""
        slug = given.get("slug")
        if not isinstance(slug, str) or not slug:
            raise Rejected(400, "slug is a required field")
        if problem := report_problem({"name": "a link", **given}):
            raise Rejected(400, problem)
        with self.lock:
            if slug in self.links:
                raise Rejected(400, f"The slug {slug!r} is taken")
            self.links[slug] = {"name": None, "description": None, "overrides": None, **given, "created_at": now}
            return self.links[slug]


def report_problem(given: Mapping[str, Any]) -> str | None:
    """What keeps this from being a report, if anything does."""
    if given.get("type") not in REPORT_TYPES:
        return f"type must be one of {', '.join(REPORT_TYPES)}, not {shown(given.get('type'))}"
    if not isinstance(given.get("params"), dict):
        return "params must be an object"
    number = given.get("id")
    if number is not None and (not is_whole(number) or number < 1):
        return f"id must be a whole number above 0, not {shown(number)}"
    return None if isinstance(given.get("name"), str) and given["name"] else "name is a required field"


def keep_cohort(engine: Engine, kind: str, number: str, thing: Mapping[str, Any] | None) -> None:
    """Let queries use a cohort that a client made, once it is said who belongs to it."""
    if kind == "cohorts":
        engine.keep_cohort(int(number), thing if thing and thing.get("selector") else None)


def teach(engine: Engine, saved: Saved) -> None:
    """Let queries use the cohorts and custom events that there are, and cohorts as they are made and changed."""
    for number, cohort in saved.entities.own("cohorts").items():
        keep_cohort(engine, "cohorts", number, cohort)
    for event_id, event in saved.custom_events.events.items():
        engine.keep_custom_event(event_id, event)
    saved.entities.changed = functools.partial(keep_cohort, engine)


def open_saved(reports: Iterable[Mapping[str, Any]], now: str) -> Saved:
    """What a project's sandbox keeps, to begin with these saved reports."""
    saved = Saved()
    for place, report in enumerate(reports):
        try:
            saved.add_report(report, now)
        except Rejected as problem:
            hint = "Give {'name': ..., 'type': 'insights', 'params': {...}} and an 'id' if you like."
            raise InvalidArgumentError(f"Report {place} of the sandbox: {problem.text}.", hint=hint) from problem
    return saved
