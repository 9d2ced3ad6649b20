"""The engine itself: load events, ask questions in Mixpanel's wire JSON, get wire answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import attrs

from . import activity, cohorts, discovery, legacy_retention, lexicon, profiles, segmentation
from .files import open_once, read_csv, read_lines, read_parquet
from .flows import flows
from .insights import insights
from .legacy_funnels import legacy_funnel
from .loading import add_event_lines, add_profile_lines, encode
from .parquet import load_events
from .project import Project
from .raw_export import event_lines
from .tables import Store

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from .profiles import ProfileList


class Engine:
    """Answers over the events it was given; any thread may ask at any time.

    `packed` keeps them compressed: a third of the memory and quicker answers, for twice the time to load.
    """

    def __init__(self, project: Project | None = None, *, packed: bool = False) -> None:
        self.project = project or Project()
        self._store = Store(self.project, packed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add_events(self, events: Iterable[Mapping[str, Any]]) -> int:
        """The number of events added, each `{"event": ..., "properties": {"distinct_id", "time", ...}}`."""
        return add_event_lines(self._store, encode(events, "events"))

    def add_event_lines(self, lines: Iterable[str]) -> int:
        """The number of events added, each a line of JSON."""
        return add_event_lines(self._store, enumerate(lines, 1))

    def add_profile_lines(self, lines: Iterable[str]) -> int:
        """The number of profiles added, each a line of JSON."""
        return add_profile_lines(self._store, enumerate(lines, 1))

    def add_profiles(self, profiles: Iterable[Mapping[str, Any]]) -> int:
        """The number of profiles added, each `{"$distinct_id": ..., "$properties": {...}}`; a later one replaces."""
        return add_profile_lines(self._store, encode(profiles, "profiles"))

    def load_events(
        self,
        path: str | Path,
        user_column: str | None = None,
        event_column: str | None = None,
        time_column: str | None = None,
    ) -> int:
        """The number of events in a file of export lines (.jsonl), of CSV or Parquet; gzip is recognised.

        The columns are for CSV and Parquet; those with usual names are found. All events are added, or none.
        """
        path = Path(path)
        file, named = str(path), {"user": user_column, "event": event_column, "time": time_column}
        suffix = _suffix(path)
        if suffix == ".parquet":
            return add_event_lines(self._store, read_parquet(path, named), file)
        with open_once(path) as stored:
            lines = read_csv(stored, file, named) if suffix == ".csv" else read_lines(stored, file)
            return add_event_lines(self._store, lines, file)

    def load_export(self, files: Sequence[str | os.PathLike[str]]) -> int:
        """The number of events in Parquet files of `export_events`, added much faster than by `load_events`."""
        return load_events(self._store, files)

    def load_profiles(self, path: str | Path) -> int:
        """The number of profiles in a file of lines `{"$distinct_id": ..., "$properties": {...}}`."""
        path = Path(path)
        with open_once(path) as stored:
            return add_profile_lines(self._store, read_lines(stored, str(path)), str(path))

    def insights(self, bookmark: Mapping[str, Any], limit: int = 3000) -> dict[str, Any]:
        """The whole response body of an insights query; `limit` is the most segments of a metric."""
        return insights(self._store, bookmark, limit)

    def flows(self, bookmark: Mapping[str, Any], query_type: str | None = None) -> dict[str, Any]:
        """The whole response body of a flow query; `query_type` is flows_sankey, flows_top_paths or flows (a tree)."""
        return flows(self._store, bookmark, query_type)

    def event_names(
        self,
        from_date: str | None = None,
        to_date: str | None = None,
        limit: int = 255,
        type: str = "general",  # noqa: A002 - the wire's name
    ) -> list[str]:
        """The names of the events of those days (the last 31 by default), the most frequent first."""
        return discovery.event_names(self._store, from_date, to_date, limit, type)

    def top_events(self, type: str = "general", limit: int = 100) -> dict[str, Any]:  # noqa: A002
        """Today's most frequent events, each with its change against yesterday."""
        return discovery.top_events(self._store, type, limit)

    def top_properties(self, event: str, limit: int = 10) -> dict[str, dict[str, int]]:
        """The event's most frequent properties and how many events carry each; BadQuery for an unknown event."""
        return discovery.top_properties(self._store, event, limit)

    def property_values(self, name: str, event: str | None = None, limit: int = 255) -> list[str]:
        """The property's most frequent values as text, of one event or of all."""
        return discovery.property_values(self._store, name, event, limit)

    def segmentation(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/segmentation`: an event by date, split by `on`; parameters are named as on the wire."""
        return segmentation.segmentation(self._store, parameters)

    def segmentation_numeric(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/segmentation/numeric`: an event by date and range of the number `on`."""
        return segmentation.numeric(self._store, parameters)

    def segmentation_sum(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/segmentation/sum`: the sum of the number `on` by date."""
        return segmentation.sums(self._store, parameters)

    def segmentation_average(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/segmentation/average`: the average of the number `on` by date."""
        return segmentation.averages(self._store, parameters)

    def event_counts(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/events`: several events by date."""
        return segmentation.event_counts(self._store, parameters)

    def property_counts(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/events/properties`: an event by date, split by the values of a property."""
        return segmentation.property_counts(self._store, parameters)

    def legacy_funnel(self, params: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/funnels` for the saved funnel report `params`: each period's people, step by step."""
        return legacy_funnel(self._store, params, parameters)

    def legacy_retention(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/retention`: those born in each period, and how many returned in each interval after."""
        return legacy_retention.retention(self._store, parameters)

    def addiction(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/retention/addiction`: people by the number of hours or days in which they were active."""
        return legacy_retention.addiction(self._store, parameters)

    def profiles(self, parameters: Mapping[str, Any]) -> ProfileList:
        """The profiles that the parameters of `/engage` select, in order and all of them."""
        return profiles.profiles(self._store, parameters)

    def profile_stats(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/engage/stats`: a number about the profiles that the parameters select."""
        return profiles.profile_stats(self._store, parameters)

    def export(
        self,
        from_date: str,
        to_date: str,
        events: Sequence[str] = (),
        where: str | None = None,
        limit: int | None = None,
        in_ms: bool = False,
    ) -> Iterator[bytes]:
        """Lines of JSON, one for each event of those days (UTC, both included), copies of one event included."""
        return event_lines(self._store, from_date, to_date, events, where, limit, in_ms)

    def activity(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/stream/query`: what some people did in a range of days, the oldest event first."""
        return activity.activity(self._store, parameters)

    def activity_page(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `/stream/bookmark`: a page of what some people did, and the sentinel of the next page."""
        return activity.activity_page(self._store, parameters)

    def cohort_list(self) -> list[dict[str, Any]]:
        """The body of `/cohorts/list`: the project's cohorts with their sizes now."""
        return cohorts.cohort_list(self._store)

    def keep_cohort(self, number: int, cohort: Mapping[str, Any] | None) -> None:
        """Save a raw cohort in the project under a number, or forget it (None); queries that run keep what they had."""
        kept = {key: raw for key, raw in self.project.cohorts.items() if key != number}
        self.project = attrs.evolve(self.project, cohorts=kept if cohort is None else {**kept, number: cohort})
        self._store.project = self.project

    def keep_custom_event(self, number: int, event: Mapping[str, Any] | None) -> None:
        """Save a custom event in the project under a number, or forget it (None); queries that run keep what they had."""
        kept = {key: known for key, known in self.project.custom_events.items() if key != number}
        self.project = attrs.evolve(self.project, custom_events=kept if event is None else {**kept, number: event})
        self._store.project = self.project

    def event_definitions(self) -> list[dict[str, Any]]:
        """Every event of the lexicon, with how often it happened."""
        return lexicon.event_definitions(self._store)

    def property_definitions(self, resource: str = "Event") -> list[dict[str, Any]]:
        """Every property of the lexicon, of the resource Event or User, with its type and an example."""
        return lexicon.property_definitions(self._store, resource)

    def event_properties(self) -> list[dict[str, Any]]:
        """Every event with the names of the properties that came with it."""
        return lexicon.event_properties(self._store)

    def schemas(self) -> list[dict[str, Any]]:
        """What a schema registry would hold if it were written from the data."""
        return lexicon.schemas(self._store)

    def close(self) -> None:
        """Free what the events take."""
        self._store.close()


def _suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix
