"""The session recordings of the generated shop: which there are its events tell, and each is made when it is fetched.

Before the last day there are six. A customer signs up, and pays with a card that is refused three times; somebody logs in on
an iPhone, whose app is recorded by its screens; somebody reports a bug; somebody reads `/docs`, which is kept for 90 days; and
somebody exports a table, of which only a part arrived, and that damaged. The events that came meanwhile carry `$mp_replay_id`.
"""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.sandbox.stories import STORIES, Story
from mixpanel_headless.sandbox.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mixpanel_headless.sandbox.replies import Json

DAY = 86400
FILE = 25
"""Events in one file."""
RECORD, REPLAY, RETENTION = "$mp_session_record", "$mp_replay_id", "$mp_replay_retention_period"


@attrs.frozen
class Recording:
    """One session: whose, around which moment (seconds since 1970), and what happens in it."""

    id: str
    person: str
    moment: int
    story: Story

    @property
    def start(self) -> int:
        """Its first second."""
        return self.moment - self.story.before

    def holds(self, event: Json) -> bool:
        """Whether an event came from this person meanwhile."""
        properties = event["properties"]
        within: bool = self.start <= properties["time"] <= self.moment + self.story.after
        return within and properties["distinct_id"] == self.person

    @functools.lru_cache(maxsize=16)  # noqa: B019 - a client asks for fifty files at once, and there are few recordings
    def files(self) -> list[list[Any]]:
        """Its events, file after file."""
        tape = Tape(1000 * self.start, self.id)
        self.story.tell(tape, 1000 * self.moment)
        return [tape.events[place : place + FILE] for place in range(0, len(tape.events), FILE)]


def record_shop(events: Sequence[Json]) -> tuple[list[Json], dict[str, Recording]]:
    """The shop's events, by time, with those that tell of recordings, and the recordings by id."""
    last_day = events[-1]["properties"]["time"] // DAY * DAY
    chosen = list(choose([event for event in events if event["properties"]["time"] < last_day]))
    people = {one.person for one in chosen}
    known = [marked(event, chosen) if event["properties"]["distinct_id"] in people else event for event in events]
    every = sorted([*known, *map(checkpoint, chosen)], key=lambda event: event["properties"]["time"])
    return every, {one.id: one for one in chosen}


def choose(events: Sequence[Json]) -> Iterator[Recording]:
    """A recording of each story, around the latest event that it can be about."""
    person = None
    for story in STORIES:
        about = (event["properties"] for event in reversed(events) if event["event"] == story.event)
        found = next((own for own in about if fits(own, story, person)), None)
        if found is not None:
            person = found["distinct_id"]
            name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{story.event}/{found['$insert_id']}"))
            yield Recording(name, person, found["time"], story)


def fits(properties: Json, story: Story, person: str | None) -> bool:
    if story.same_person and properties["distinct_id"] != person:
        return False
    return all(wanted in listed(properties.get(name)) for name, wanted in story.fits.items())


def listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


def marked(event: Json, recordings: Iterable[Recording]) -> Json:
    """An event with the id of the recording that it came in, if it came in one."""
    found = next((one for one in recordings if one.holds(event)), None)
    return event if found is None else {**event, "properties": {**event["properties"], REPLAY: found.id}}


def checkpoint(recording: Recording) -> Json:
    """The event that tells of a recording."""
    own = {"distinct_id": recording.person, "time": recording.start, "$insert_id": f"replay-{recording.id}"}
    return {"event": RECORD, "properties": {**own, REPLAY: recording.id, RETENTION: recording.story.retention}}
