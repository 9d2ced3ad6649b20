"""Several session recordings together: tables over all of them, and what stands out."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import attrs

from mixpanel_headless.results.table import Table

from .recording import ACTIONS, EVENTS, MIXPANEL, Replay, action_row, event_row, mixpanel_row
from .rrweb import Kind, Press, Source
from .screens import point_of
from .values import UserAction, fields, moment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

T = TypeVar("T")
SESSIONS = (
    "replay_id", "distinct_id", "start_time", "end_time", "duration_s", "retention_days", "n_events", "n_actions",
    "n_clicks", "n_inputs", "n_pages", "n_errors", "n_mp_events", "entry_url", "exit_url",
)  # fmt: skip
NO_REPLAYS = "# No replays in bundle\n"
IDENTITY = re.compile(r"\d+|[0-9a-f]{8,}|[0-9a-f]{8}[0-9a-f-]*")
"""A part of a path that names one thing among many."""


@attrs.frozen(kw_only=True, repr=False)
class ReplayBundle:
    """Several recordings; `failures` holds those that could not be had, each with its error."""

    project_id: int
    replays: list[Replay]
    failures: Mapping[str, Exception] = attrs.field(factory=dict)
    computed_at: str = attrs.field(factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def sessions_df(self) -> pd.DataFrame:
        """A row for each recording (extra `pandas`)."""
        return Table(SESSIONS, map(session_row, self.replays)).to_pandas()

    @property
    def actions_df(self) -> pd.DataFrame:
        """A row for each action of each recording (extra `pandas`)."""
        return self._rows(ACTIONS, lambda one: map(action_row, one.actions))

    @property
    def events_df(self) -> pd.DataFrame:
        """A row for each event of each recording (extra `pandas`)."""
        return self._rows(EVENTS, lambda one: map(event_row, one.rrweb_events))

    @property
    def mixpanel_df(self) -> pd.DataFrame:
        """A row for each Mixpanel event of each recording (extra `pandas`)."""
        return self._rows(MIXPANEL, lambda one: map(mixpanel_row, one.mixpanel_events))

    @property
    def screens_df(self) -> pd.DataFrame:
        """A row for each screen that was seen (extra `pandas`)."""
        columns = ("t", "heading", "fingerprint", "element_count", "description")
        return self._rows(columns, lambda one: (screen_row(action) for action in one.actions if is_screen(action)))

    @property
    def elements_df(self) -> pd.DataFrame:
        """What was clicked, by page, with how often and in how many recordings (extra `pandas`)."""
        clicks = Counter[tuple[str, str]]()
        replays: dict[tuple[str, str], set[str]] = {}
        for replay, action in self._clicks():
            place = action.target_desc, page_of(action.url)
            clicks[place] += 1
            replays.setdefault(place, set()).add(replay.replay_id)
        rows = [(*place, count, len(replays[place])) for place, count in sorted(clicks.items())]
        return Table(("target_desc", "url", "n_clicks", "n_unique_replays"), rows).to_pandas()

    def top_clicks(self, n: int = 10) -> pd.DataFrame:
        """What was clicked most often (extra `pandas`)."""
        counts = Counter(action.target_desc for _, action in self._clicks())
        return Table(("target_desc", "count"), counts.most_common(n)).to_pandas()

    def rage_clicks(self, threshold: int = 3, window_ms: int = 1000) -> pd.DataFrame:
        """Where somebody clicked the same again and again within `window_ms` (extra `pandas`)."""

        def goes_on(first: UserAction, action: UserAction) -> bool:
            return action.target_desc == first.target_desc and action.timestamp - first.timestamp <= window_ms

        rows = [
            (replay.replay_id, run[0].timestamp, run[0].target_desc, len(run))
            for replay in self.replays
            for run in runs((one for one in replay.actions if one.is_click), goes_on, threshold)
        ]
        return Table(("replay_id", "t_start", "target_desc", "count"), rows).to_pandas()

    def rage_taps(
        self, threshold: int = 3, window_ms: int = 2000, radius_px: float = 24, grace_ms: int = 1000
    ) -> pd.DataFrame:
        """Where somebody tapped about the same place again and again; `dead` when no new screen came of it.

        Only in recordings of apps; left out when each tap brought a new screen (extra `pandas`).
        """
        rows = []
        for replay in self.replays:
            if replay.capture == "screenshot":
                rows += [
                    (replay.replay_id, *row) for row in tap_runs(replay, threshold, window_ms, radius_px, grace_ms)
                ]
        columns = ("replay_id", "t_start", "t_end", "target_desc", "x", "y", "count", "kind")
        return Table(columns, rows).to_pandas()

    def long_pauses(self, threshold_s: float = 10) -> pd.DataFrame:
        """Where nothing was done for a while (extra `pandas`)."""
        rows = [
            (replay.replay_id, one.timestamp, (other.timestamp - one.timestamp) / 1000)
            for replay in self.replays
            for one, other in pairwise(replay.actions)
            if other.timestamp - one.timestamp > threshold_s * 1000
        ]
        return Table(("replay_id", "t_start", "duration_s"), rows).to_pandas()

    def where(
        self,
        *,
        distinct_id: str | None = None,
        contains_url: str | None = None,
        has_event: str | None = None,
        min_duration_s: float | None = None,
        max_duration_s: float | None = None,
    ) -> ReplayBundle:
        """The recordings that meet every condition that is given."""

        def meets(one: Replay) -> bool:
            return (
                (distinct_id is None or one.distinct_id == distinct_id)
                and (contains_url is None or any(contains_url in url for url in one.page_path()))
                and (has_event is None or any(event.event_name == has_event for event in one.mixpanel_events))
                and (min_duration_s is None or one.duration_seconds >= min_duration_s)
                and (max_duration_s is None or one.duration_seconds <= max_duration_s)
            )

        return self.filter(meets)

    def filter(self, matches: Callable[[Replay], bool]) -> ReplayBundle:
        """The recordings that match."""
        return attrs.evolve(self, replays=[one for one in self.replays if matches(one)])

    def error_sessions(self) -> ReplayBundle:
        """The recordings with console errors."""
        return self.filter(lambda one: any(action.action == "console_error" for action in one.actions))

    def head(self, n: int = 5) -> ReplayBundle:
        """The first recordings."""
        return attrs.evolve(self, replays=self.replays[:n])

    def sample(self, n: int = 5, *, seed: int | None = None) -> ReplayBundle:
        """Some recordings, the same ones for the same seed."""
        chosen = random.Random(seed).sample(self.replays, min(n, len(self.replays)))  # noqa: S311 - no secret
        return attrs.evolve(self, replays=chosen)

    def find_pattern(
        self, labels: Sequence[str], *, label_fn: Callable[[UserAction], str] | None = None
    ) -> ReplayBundle:
        """The recordings in which actions with those labels follow each other, `action_label` unless told otherwise."""
        label = label_fn or action_label
        wanted = list(labels)

        def holds(one: Replay) -> bool:
            found = list(map(label, one.actions))
            return any(found[at : at + len(wanted)] == wanted for at in range(len(found) - len(wanted) + 1))

        return self.filter(holds)

    def compare(self, other: ReplayBundle) -> pd.DataFrame:
        """How often each action happened here and there (extra `pandas`)."""
        here, there = (Counter(a.action for r in one.replays for a in r.actions) for one in (self, other))
        rows = [(name, here[name], there[name], here[name] - there[name]) for name in sorted(here | there)]
        return Table(("action", "self_count", "other_count", "delta"), rows).to_pandas()

    def join_mixpanel_events(self) -> ReplayBundle:
        """The same recordings; their events are in `mixpanel_events`."""
        return self

    @cached_property
    def summary_markdown(self) -> str:
        """What somebody did in each recording, after how much there is."""
        if not self.replays:
            return NO_REPLAYS
        actions = [action for replay in self.replays for action in replay.actions]
        counts = {
            "replays": len(self.replays),
            "total events": sum(len(replay.rrweb_events) for replay in self.replays),
            "total actions": len(actions),
            "total errors": sum(action.action == "console_error" for action in actions),
        }
        head = "".join(f"- {name}: {count}\n" for name, count in counts.items())
        return "\n".join([f"# Bundle summary\n\n{head}", *(f"{one.summary_markdown}\n\n---\n" for one in self.replays)])

    def _clicks(self) -> Iterator[tuple[Replay, UserAction]]:
        return ((replay, action) for replay in self.replays for action in replay.actions if action.is_click)

    def _rows(self, columns: Sequence[str], rows_of: Callable[[Replay], Iterator[tuple[Any, ...]]]) -> pd.DataFrame:
        rows = [(replay.replay_id, *row) for replay in self.replays for row in rows_of(replay)]
        return Table(("replay_id", *columns), rows).to_pandas()

    def __repr__(self) -> str:
        counted = f"replays={len(self.replays)}, project_id={self.project_id}, computed_at={self.computed_at!r}"
        return f"ReplayBundle({counted})"


def session_row(one: Replay) -> tuple[Any, ...]:
    counts = Counter(action.action for action in one.actions)
    urls = one.page_path()
    return (
        one.replay_id, one.distinct_id, one.start_time, one.end_time, one.duration_seconds, one.retention_days,
        len(one.rrweb_events), len(one.actions), sum(action.is_click for action in one.actions), counts["input"],
        counts["navigate"], counts["console_error"], len(one.mixpanel_events), urls[0] if urls else None,
        urls[-1] if urls else None,
    )  # fmt: skip


def is_screen(action: UserAction) -> bool:
    return action.action == "screen"


def screen_row(action: UserAction) -> tuple[Any, ...]:
    about = action.metadata
    return action.timestamp, action.target_desc, about["fingerprint"], about["element_count"], action.description


def runs(ones: Iterable[T], goes_on: Callable[[T, T], bool], threshold: int) -> Iterator[list[T]]:
    """The runs of at least so many, each of a first one and those that go on with it."""
    run: list[T] = []
    for one in ones:
        if run and not goes_on(run[0], one):
            if len(run) >= threshold:
                yield run
            run = []
        run.append(one)
    if run and len(run) >= threshold:
        yield run


def page_of(url: str | None) -> str:
    """An address without what makes it one of many: its query, and the parts of its path that are ids."""
    if not url:
        return "(no-url)"
    scheme, _, rest = url.split("#")[0].split("?")[0].rpartition("://")
    host, *parts = rest.split("/")
    return "/".join([f"{scheme}://{host}" if scheme else host, *(":id" if IDENTITY.fullmatch(p) else p for p in parts)])


def action_label(action: UserAction) -> str:
    """What an action is called when actions are looked for."""
    return f"{action.action}:{action.target_desc}@{page_of(action.url)}"


def tap_runs(
    replay: Replay, threshold: int, window_ms: int, radius_px: float, grace_ms: int
) -> Iterator[tuple[Any, ...]]:
    """Runs of taps about the same place: start, end, what was tapped, where, how often, and what came of it."""

    def goes_on(first: Tap, tap: Tap) -> bool:
        return tap.at - first.at <= window_ms and math.dist(tap.point, first.point) <= radius_px

    screens = [action.timestamp for action in replay.actions if is_screen(action)]
    for run in runs(taps_of(replay), goes_on, threshold):
        if kind := kind_of_run(run, screens, grace_ms):
            start = run[0].at
            yield start, run[-1].at, tapped_at(replay, start), *run[0].point, len(run), kind


class Tap(NamedTuple):
    """A finger put down, or a click, at a moment."""

    at: int
    point: tuple[float, float]


def taps_of(replay: Replay) -> Iterator[Tap]:
    for event in replay.rrweb_events:
        data = fields(event.get("data"))
        pointed = event.get("type") == Kind.INCREMENT and data.get("source") == Source.MOUSE
        down = pointed and data.get("type") in (Press.TOUCH, Press.CLICK)
        if down and (at := moment_of(event)) and (point := point_of(data)):
            yield Tap(at, point)


def kind_of_run(run: list[Tap], screens: list[int], grace_ms: int) -> str | None:
    """Whether nothing came of a run (`dead`) or something did (`rage`); None when each tap brought a new screen."""
    gaps = [any(one.at < at <= other.at for at in screens) for one, other in pairwise(run)]
    if gaps and all(gaps):
        return None
    after = any(run[-1].at < at <= run[-1].at + grace_ms for at in screens)
    return "rage" if any(gaps) or after else "dead"


def tapped_at(replay: Replay, start: int) -> str:
    """What the tap that began then has hit."""
    return next(
        (a.target_desc for a in replay.actions if a.timestamp >= start and a.action in ("touch_start", "click")), ""
    )
