"""The local mirror: a project's events as exported, and the questions that they answer without a request."""

from __future__ import annotations

import functools
import shutil
import threading
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import TYPE_CHECKING, Any, cast

import attrs
import msgspec
from anyio import to_thread

import request_scheduler as rs
from mixpanel_headless.accounts.state import state_folder
from mixpanel_headless.errors import MirrorError, MixpanelHeadlessError
from mixpanel_headless.query.dates import days_between
from mixpanel_headless.results.provenance import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mixpanel_headless.accounts.settings import Settings
    from mixpanel_headless.dispatch import Asked
    from mixpanel_headless.engine import Engine, Project
    from mixpanel_headless.exports.contents import Part
    from mixpanel_headless.request import Request

FOLDER, ZONE_FILE = "mirror", "zone.json"
MIDNIGHT = clock_time()


class NotMirrored(Exception):  # noqa: N818 - it says what is the matter
    """The mirror cannot answer; the text says why, as the end of a sentence."""


@attrs.frozen
class Question:
    """One question in the engine's terms."""

    asked: Any
    ask: Callable[[Engine], Any]
    days: Callable[[Project], tuple[date, date]]


def read_question(request: Request[Any]) -> Question | None:
    """The question that a request asks; None for a request that asks none of those that a mirror answers."""
    if request.base != "query" or "bookmark_id" in request.params:
        return None
    if request.path in BOOKMARKS:
        body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(request.body))
        return BOOKMARKS[request.path](body)
    if request.path in LEGACY:
        return legacy_question(LEGACY[request.path], request.params)
    return None


def insights_question(body: Mapping[str, Any]) -> Question:
    """Insights, a funnel or retention."""
    from mixpanel_headless.engine import spans

    bookmark, limit = body["bookmark"], body["queryLimits"]["limit"]
    return Question(
        bookmark,
        lambda engine: engine.insights(bookmark, limit),
        lambda project: spans.insights_days(bookmark, project),
    )


def flow_question(body: Mapping[str, Any]) -> Question:
    """A flow."""
    from mixpanel_headless.engine import spans

    bookmark, kind = body["bookmark"], body.get("query_type")
    return Question(
        bookmark, lambda engine: engine.flows(bookmark, kind), lambda project: spans.flow_days(bookmark, project)
    )


def legacy_question(method: str, params: Mapping[str, Any]) -> Question:
    """A segmentation."""
    from mixpanel_headless.engine import spans

    return Question(dict(params), lambda engine: getattr(engine, method)(params), lambda _: spans.legacy_days(params))


BOOKMARKS = {"/insights": insights_question, "/arb_funnels": flow_question}
LEGACY = {
    "/segmentation": "segmentation",
    "/segmentation/numeric": "segmentation_numeric",
    "/segmentation/sum": "segmentation_sum",
    "/segmentation/average": "segmentation_average",
}
"""Paths of older reports and the engine's methods that answer them."""


@attrs.define(eq=False)
class Mirror:
    """One project's mirror; any thread may ask. The events are in memory from the first question on."""

    folder: Path
    project: str
    _lock: threading.Lock = attrs.field(factory=threading.Lock)
    _engine: Engine | None = None
    _of: tuple[Project, dict[str, Part]] | None = None

    def parts(self) -> dict[str, Part]:
        """The days that are there, by their names."""
        from mixpanel_headless.exports.contents import read_manifest
        from mixpanel_headless.exports.places import Folder

        written = read_manifest(Folder(self.folder))
        return written.parts if written is not None else {}

    def zone(self) -> str:
        """The project's time zone, as the mirror was told."""
        try:
            name: str = msgspec.json.decode((self.folder / ZONE_FILE).read_bytes(), type=str)
        except FileNotFoundError:
            return "UTC"
        except msgspec.DecodeError:
            text = f"The time zone of the mirror, in {self.folder / ZONE_FILE}, cannot be read."
            raise MirrorError(text, hint="Give mirror() the time zone once more.", sent=False) from None
        return name

    def set_zone(self, name: str) -> None:
        """Keep the project's time zone; BadQuery for what is none."""
        from mixpanel_headless.engine import Project
        from mixpanel_headless.exports.places import Folder

        Project(timezone=name)
        place = Folder(self.folder)
        place.scratch()
        place.write(ZONE_FILE, msgspec.json.encode(name))

    def days_for(self, first: date, last: date) -> tuple[date, date]:
        """The first and the last day that it has to hold to answer about these days of the project."""
        from mixpanel_headless.engine import Project

        return exported_days(Project(timezone=self.zone()), first, last)

    def drop(self) -> None:
        """Remove all of it."""
        with self._lock:
            self._engine = None  # who asks it now is answered still
            shutil.rmtree(self.folder, ignore_errors=True)

    def answer(self, question: Question, *, surely: bool) -> rs.Answer[Any]:
        """The answer and when the oldest of its days was asked for; `surely`, only if nothing else can matter to it.

        Raises NotMirrored, and what the engine refuses.
        """
        from mixpanel_headless.engine import Project

        parts, project = self.parts(), Project(id=int(self.project), timezone=self.zone())
        wanted = days_needed(question, project, surely=surely)
        lacking = [day for day in wanted if day not in parts or (surely and not parts[day].closed(day))]
        if lacking:
            others = f" and {plural(len(lacking) - 1, 'other day')}" if len(lacking) > 1 else ""
            raise NotMirrored(f"lacks {lacking[0]}{others}")
        at = min(parts[day].at for day in wanted).timestamp()
        tree = msgspec.json.decode(msgspec.json.encode(question.ask(self._loaded(project, parts))))
        return rs.Answer(tree, cast("Any", "mirror"), at, age=max(0.0, time.time() - at))

    def _loaded(self, project: Project, parts: dict[str, Part]) -> Engine:
        with self._lock:
            if self._engine is None or self._of != (project, parts):
                from mixpanel_headless.engine import Engine

                self._engine = None  # as above; its memory is free once nobody asks it any more
                engine = Engine(project, packed=True)
                engine.load_export([self.folder / part.file for part in parts.values()])
                self._engine, self._of = engine, (project, parts)
            return self._engine


def days_needed(question: Question, project: Project, *, surely: bool) -> list[str]:
    """The days of a question, and with `surely` those around it that may matter; NotMirrored where none are enough."""
    from mixpanel_headless.engine import spans

    if spans.asks_for_profiles(question.asked):
        raise NotMirrored("has no profiles")
    reach = spans.reach_of(question.asked) if surely else 0
    if reach is None:
        raise NotMirrored("may lack events of other days that matter")
    first, last = question.days(project)
    around = timedelta(days=reach)
    return [str(day) for day in days_between(*exported_days(project, first - around, last + around))]


def exported_days(project: Project, first: date, last: date) -> tuple[date, date]:
    """The first and the last day of an export with all events of these days of the project.

    The days of an export may be those of UTC, so one more is needed where the project's begin or end in another one of UTC.
    """
    begin = datetime.combine(first, MIDNIGHT, project.zone).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), MIDNIGHT, project.zone).astimezone(UTC) - timedelta.resolution
    over = max(last, project.clock().astimezone(UTC).date())  # what is yet to come holds no events
    return min(first, begin.date()), max(last, min(end.date(), over))


class Mirrors:
    """The mirrors that this machine keeps for one set of credentials."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._mirrors: dict[str, Mirror] = {}

    def of(self, project: str) -> Mirror:
        """What the state folder keeps of a project, whether there is anything in it or not."""
        if project not in self._mirrors:
            host = self.settings.host("export").replace(":", "-")
            self._mirrors[project] = Mirror(state_folder(self.settings) / FOLDER / f"{host}-{project}", project)
        return self._mirrors[project]

    async def ask(self, asked: Asked[Any]) -> rs.Answer[Any] | None:
        """The mirror's answer; None if the network is to answer, be it that nobody but the network could.

        Raises MirrorError where the mirror alone is asked and cannot answer.
        """
        question = read_question(asked.request)
        if question is None:
            return None
        surely = asked.options.source == "auto"
        if surely and (asked.request.workspace or asked.pin.workspace) is not None:
            return None  # a data view may show less than was exported
        mirror = self.of(asked.pin.project)
        try:
            answer = await to_thread.run_sync(functools.partial(mirror.answer, question, surely=surely))
            asked.request.accept(answer.value)
        except NotMirrored as why:
            if surely:
                return None
            raise MirrorError(f"The mirror of project {asked.pin.project} {why}.", sent=False) from None
        except MixpanelHeadlessError:
            if surely:
                return None
            raise
        return answer
