"""One session recording: its events, what somebody did in it, and tables of both."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.results.table import Table
from mixpanel_headless.results.trees import copy_tree

from .actions import Capture, analyze, capture_of, in_order
from .rrweb import Source
from .values import Json, ReplayEvent, UserAction, fields, moment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

ACTIONS = ("t", "action", "target_node_id", "target_desc", "description", "url", "metadata")
EVENTS = ("t", "type", "source", "mouse_type", "target_node_id", "url", "raw")
MIXPANEL = ("t", "event_name", "properties")


@attrs.frozen(kw_only=True, repr=False)
class Replay:
    """A session recording; moments are in milliseconds since 1970, `rrweb_events` the events as they were recorded."""

    replay_id: str
    distinct_id: str | None
    project_id: int
    start_time: int
    end_time: int
    retention_days: int
    rrweb_events: list[dict[str, Json]]
    actions: list[UserAction]
    mixpanel_events: list[ReplayEvent] = attrs.field(factory=list)

    @property
    def duration_seconds(self) -> float:
        """How long it is."""
        return (self.end_time - self.start_time) / 1000

    @cached_property
    def capture(self) -> Capture:
        """How it was made: from a page's elements (`dom`), or from an app's screens (`screenshot`)."""
        return capture_of(self.rrweb_events)

    @property
    def has_wireframes(self) -> bool:
        """Whether screens are in it."""
        return any(action.action == "screen" for action in self.actions)

    def page_path(self) -> list[str]:
        """The addresses that were visited, in order."""
        return [str(action.url) for action in self.actions if action.action == "navigate"]

    def screen_path(self) -> list[str]:
        """The headings of the screens that were seen, in order."""
        return [action.target_desc for action in self.actions if action.action == "screen"]

    @property
    def actions_df(self) -> pd.DataFrame:
        """A row for each action (extra `pandas`)."""
        return self.actions_table().to_pandas()

    @property
    def events_df(self) -> pd.DataFrame:
        """A row for each event as it was recorded (extra `pandas`)."""
        return Table(EVENTS, [event_row(event) for event in self.rrweb_events]).to_pandas()

    @property
    def mixpanel_df(self) -> pd.DataFrame:
        """A row for each Mixpanel event that came meanwhile (extra `pandas`)."""
        return Table(MIXPANEL, [mixpanel_row(event) for event in self.mixpanel_events]).to_pandas()

    @property
    def errors(self) -> pd.DataFrame:
        """The console errors, a row for each (extra `pandas`)."""
        return self.actions_table(lambda action: action.action == "console_error").to_pandas()

    def clicks_on(self, matches: Callable[[UserAction], bool]) -> pd.DataFrame:
        """The clicks on what `matches`, a row for each (extra `pandas`)."""
        return self.actions_table(lambda action: action.is_click and matches(action)).to_pandas()

    @cached_property
    def summary_markdown(self) -> str:
        """What somebody did, a line for each action; the same again and again is one line."""
        lines = []
        for told, alike in groupby(self.actions, key=lambda action: action.description):
            same = list(alike)
            lines.append(f"{same[0].timestamp // 1000}: {told}" + (f" (×{len(same)})" if len(same) > 1 else ""))
        return "\n".join(lines) or f"# Replay {self.replay_id} — no actions extracted\n"

    def to_rrweb_player_json(self) -> list[dict[str, Json]]:
        """The events as rrweb's player takes them."""
        playable: list[dict[str, Json]] = copy_tree(in_order(self.rrweb_events))
        return playable

    def to_dict(self) -> dict[str, Any]:
        """The recording as JSON-ready data, its events included."""
        return {
            **{name: getattr(self, name) for name in OWN},
            "rrweb_events": copy_tree(self.rrweb_events),
            "actions": [action.to_dict() for action in self.actions],
            "mixpanel_events": [event.to_dict() for event in self.mixpanel_events],
        }

    def actions_table(self, matches: Callable[[UserAction], bool] = lambda action: True) -> Table:
        """A row for each action that matches."""
        return Table(ACTIONS, [action_row(action) for action in self.actions if matches(action)])

    def __repr__(self) -> str:
        counts = f"events={len(self.rrweb_events)}, actions={len(self.actions)}"
        return (
            f"Replay(replay_id={self.replay_id!r}, distinct_id={self.distinct_id!r}, project_id={self.project_id}, "
            f"{counts}, mixpanel_events={len(self.mixpanel_events)}, duration_s={self.duration_seconds:.1f})"
        )


OWN = ("replay_id", "distinct_id", "project_id", "start_time", "end_time", "retention_days")


def make_replay(events: Iterable[Json], **about: Any) -> Replay | None:
    """A recording from its events; None when there are none whose time can be told."""
    recorded = [event for event in events if isinstance(event, dict)]
    moments = [at for event in recorded if (at := moment_of(event))]
    if not moments:
        return None
    return Replay(
        start_time=min(moments), end_time=max(moments), rrweb_events=recorded, actions=analyze(recorded), **about
    )


def action_row(action: UserAction) -> tuple[Any, ...]:
    return (
        action.timestamp, action.action, action.target_node_id, action.target_desc, action.description, action.url,
        action.metadata,
    )  # fmt: skip


def event_row(event: dict[str, Json]) -> tuple[Any, ...]:
    data = fields(event.get("data"))
    mouse = data.get("type") if data.get("source") == Source.MOUSE else None
    return moment_of(event), event.get("type"), data.get("source"), mouse, data.get("id"), data.get("href"), event


def mixpanel_row(event: ReplayEvent) -> tuple[Any, ...]:
    return event.event_time, event.event_name, event.properties
