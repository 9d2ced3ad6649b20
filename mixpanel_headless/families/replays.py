"""Session recordings: found, fetched, and read as what people did.

print(ws.analyze_replay("r1"))
ws.replays_for_user("u-1", from_date="2026-01-01", to_date="2026-01-31").rage_clicks()
"""

from __future__ import annotations

import warnings
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import anyio
import attrs
import msgspec

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import post, signed
from mixpanel_headless.errors import (
    APIError,
    InvalidResponseError,
    MixpanelHeadlessError,
    ParamValidationError,
    ReplayNotFoundError,
    SignedURLExpiredError,
    TransportError,
    UnsupportedReplayFormatError,
    shown,
)
from mixpanel_headless.operation import Async, Mode, composite, operation, stream
from mixpanel_headless.query import replays as questions

from .insights import Insights

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

    from mixpanel_headless.query.dates import Day
    from mixpanel_headless.replays import bundle, recording, values
    from mixpanel_headless.replies import Reply
    from mixpanel_headless.request import Json, Request
else:
    bundle, recording, values = (
        LazyModule(f"mixpanel_headless.replays.{name}") for name in ("bundle", "recording", "values")
    )

Env = Literal["prod", "dev"]
MOST_FILES, MOST_AT_ONCE = 500, 50
RETENTIONS = (1, 7, 30, 90)
DEFAULT_RETENTION = 30


class Replays(Insights[Mode]):
    """Session recordings. To look for them costs a query; to sign and fetch them costs none."""

    @composite
    async def list_replays(
        self: Replays[Async],
        *,
        distinct_id: str | None = None,
        replay_ids: Sequence[str] | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
        limit: int = 100,
    ) -> list[values.ReplaySummary]:
        """The recordings of a user between two days that are given, or those of `replay_ids` (the last 90 days by default).

        Costs one query. A row that tells no time is left out with a warning that names it.

        - `replay_ids`: only these recordings.
        """
        by_ids = questions.check_selector(distinct_id, replay_ids, from_date, to_date)
        found = await self.run_params(questions.sessions(distinct_id, by_ids, from_date, to_date))
        rows, odd = questions.read_sessions(found.series)
        if odd:
            warnings.warn(f"What is known of these recordings cannot be used: {', '.join(odd)}", stacklevel=2)
        return [
            values.ReplaySummary(
                replay_id=name, distinct_id=distinct_id, project_id=int(self.pin.project), start_time=start,
                retention_days=days,
            )
            for name, start, days in rows[:limit]
        ]  # fmt: skip

    @composite(verb="read")
    async def events_for_replays(
        self: Replays[Async],
        replay_ids: Sequence[str],
        *,
        event_properties: Sequence[str] | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
    ) -> dict[str, list[values.ReplayEvent]]:
        """The Mixpanel events of each recording, by time, with at most five of their properties. Costs one query.

        - others: those of `fetch_replay`.
        """
        asked = questions.check_properties(event_properties)
        if not replay_ids:
            return {}
        found = await self.run_params(questions.events(replay_ids, asked, from_date, to_date))
        events: dict[str, list[values.ReplayEvent]] = {}
        for name, event, at, properties in questions.read_events(found.series, asked):
            one = values.ReplayEvent(replay_id=name, event_name=event, event_time=at, properties=properties)
            events.setdefault(name, []).append(one)
        return {name: sorted(rows, key=lambda one: one.event_time) for name, rows in events.items()}

    @composite(verb="read")
    async def events_for_replay(
        self: Replays[Async],
        replay_id: str,
        *,
        event_properties: Sequence[str] | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
    ) -> list[values.ReplayEvent]:
        """The Mixpanel events of one recording, by time. Costs one query.

        - others: those of `fetch_replay`.
        """
        found = await self.events_for_replays(
            [replay_id], event_properties=event_properties, from_date=from_date, to_date=to_date
        )
        return found.get(replay_id, [])

    @operation
    def _sign_replays(self, replay_ids: Sequence[str], env: str) -> Request[Any]:
        """Where the files of recordings are, as the service tells it."""
        asked = [{"replay_id": name, "replay_env": env} for name in replay_ids]
        return post("replays/sign/bulk", list[dict[str, str]], json={"replays": asked})

    @composite
    async def sign_replays(
        self: Replays[Async], replay_ids: Sequence[str], *, env: Env = "prod"
    ) -> list[values.SignedReplay]:
        """Where the files of recordings can be fetched for five minutes; each `query_string` is a key.

        - others: those of `fetch_replay`.
        """
        if env not in ("prod", "dev"):
            raise ParamValidationError(f"env is {shown(env)}; it is `prod` or `dev`.", "SR3_INVALID_ENV", path="env")
        rows = await self._sign_replays(replay_ids, env)
        if odd := [row for row in rows if not {"replay_id", "url", "query_string"} <= row.keys()]:
            held = ", ".join(sorted(odd[0])) or "nothing"
            raise InvalidResponseError(f"A signed address lacks its parts; it holds {held}.", sent=True)
        return [
            values.SignedReplay(replay_id=row["replay_id"], url=row["url"], query_string=row["query_string"], env=env)
            for row in rows
        ]

    @composite
    async def sign_replay(self: Replays[Async], replay_id: str, *, env: Env = "prod") -> values.SignedReplay:
        """Where the files of one recording can be fetched for five minutes; its `query_string` is a key.

        - others: those of `fetch_replay`.
        """
        found = await self.sign_replays([replay_id], env=env)
        if not found:
            raise ReplayNotFoundError(f"The service signs nothing for the recording {shown(replay_id)}.", sent=True)
        return found[0]

    @operation
    def _get_replay_file(self, url: str) -> Request[list[Json]]:
        """The events of one file; none where it holds something else."""
        return signed("GET", url, read_file)

    @stream
    async def stream_replay(
        self: Replays[Async],
        replay_id: str,
        *,
        env: Env = "prod",
        retention_days: int | None = None,
        max_files: int = MOST_FILES,
        re_sign_on_expiry: bool = True,
        cdn_concurrency: int = MOST_AT_ONCE,
    ) -> AsyncIterator[list[dict[str, Json]]]:
        """The events of a recording, file after file, in constant memory; a recording without any yields none.

        Without `retention_days` (1, 7, 30 or 90) it is looked for first, which costs a query.

        - `re_sign_on_expiry`: whether to ask for the addresses of its files once more when they expire.
        - others: those of `fetch_replay`.
        """
        days = await self._retention(replay_id, retention_days)
        walk = Walk(replay_id, days, re_sign_on_expiry, max_files, max(1, cdn_concurrency))
        async with aclosing(self._walk(walk, env)) as files:
            async for events in files:
                yield events

    async def _walk(self: Replays[Async], walk: Walk, env: Env) -> AsyncGenerator[list[dict[str, Json]]]:
        """The events of each file, in order, up to the first that is not there."""
        address, signed_again, place, checked = await self.sign_replay(walk.replay_id, env=env), False, 0, False
        while place < walk.max_files:
            count = min(walk.at_once, walk.max_files - place)
            files: dict[int, list[Json] | MixpanelHeadlessError] = {}
            async with anyio.create_task_group() as group:
                for number in range(place, place + count):
                    url = address.file(number, walk.retention_days)
                    group.start_soon(self._fetch_into, files, number, url)
            found = [files[number] for number in sorted(files)]
            if any(isinstance(one, APIError) and one.status_code == 403 for one in found):
                if signed_again or not walk.signs_again:
                    raise SignedURLExpiredError("The address of the recording's files is refused (403).", sent=True)
                address, signed_again = await self.sign_replay(walk.replay_id, env=env), True
                continue
            for number, one in zip(sorted(files), found, strict=True):
                if isinstance(one, MixpanelHeadlessError):
                    if isinstance(one, APIError) and one.status_code == 404:
                        if number == 0:
                            raise walk.missing() from None
                        return
                    raise walk.broken(number, one) from one
                events = [event for event in one if isinstance(event, dict)]
                if events and not checked:
                    checked = check_format(events[0])
                if events:
                    yield sorted(events, key=values.moment_of)
            place += count

    async def _fetch_into(
        self: Replays[Async], files: dict[int, list[Json] | MixpanelHeadlessError], number: int, url: str
    ) -> None:
        try:
            files[number] = await self._get_replay_file(url)
        except MixpanelHeadlessError as error:
            files[number] = error

    async def _retention(self: Replays[Async], replay_id: str, given: int | None) -> int:
        """For how many days a recording is kept, which its files are named after."""
        if given is not None:
            if given not in RETENTIONS:
                complaint = f"retention_days is {shown(given)}; recordings are kept for 1, 7, 30 or 90 days."
                raise ParamValidationError(complaint, "RP5_INVALID_RETENTION_DAYS", path="retention_days")
            return given
        found = await self.list_replays(replay_ids=[replay_id])
        return found[0].retention_days if found else DEFAULT_RETENTION

    @composite
    async def fetch_replay(
        self: Replays[Async],
        replay_id: str,
        *,
        distinct_id: str | None = None,
        env: Env = "prod",
        retention_days: int | None = None,
        max_files: int = MOST_FILES,
        include_mixpanel_events: bool = False,
        event_properties: Sequence[str] | None = None,
        cdn_concurrency: int = MOST_AT_ONCE,
    ) -> recording.Replay:
        """A recording with what somebody did in it.

        Costs a query to look for it unless `retention_days` is given, and one for its Mixpanel events if they are asked for.

        Raises ReplayNotFoundError when nothing is kept of it.

        - `env`: of which environment the recording is.
        - `retention_days`: for how many days it is kept: 1, 7, 30 or 90; looked for otherwise.
        - `max_files`: at most so many files of it.
        - `include_mixpanel_events`: with the events that came meanwhile, for a query.
        - `event_properties`: with these properties of the events, five at most.
        - `cdn_concurrency`: how many files are fetched at once.
        """
        questions.check_properties(event_properties)
        days = await self._retention(replay_id, retention_days)
        walk = Walk(replay_id, days, True, max_files, max(1, cdn_concurrency))
        events = [event async for page in self._walk(walk, env) for event in page]
        made = recording.make_replay(
            events, replay_id=replay_id, distinct_id=distinct_id, project_id=int(self.pin.project), retention_days=days
        )
        if made is None:
            raise walk.missing()
        if not include_mixpanel_events:
            return made
        return (await self._with_events([made], event_properties))[0]

    async def _with_events(
        self: Replays[Async], replays: list[recording.Replay], event_properties: Sequence[str] | None
    ) -> list[recording.Replay]:
        """Recordings with the Mixpanel events that came meanwhile; one query for all of them."""
        if not replays:
            return replays
        found = await self.events_for_replays(
            [one.replay_id for one in replays],
            event_properties=event_properties,
            from_date=day_of(min(one.start_time for one in replays)),
            to_date=day_of(max(one.end_time for one in replays)),
        )
        return [attrs.evolve(one, mixpanel_events=found.get(one.replay_id, [])) for one in replays]

    @composite
    async def fetch_replays(
        self: Replays[Async],
        replay_ids: Sequence[str],
        *,
        env: Env = "prod",
        max_files: int = MOST_FILES,
        include_mixpanel_events: bool = False,
        event_properties: Sequence[str] | None = None,
        concurrency: int = 4,
        cdn_concurrency: int = MOST_AT_ONCE,
        retention_by_id: Mapping[str, int] | None = None,
        distinct_id_by_id: Mapping[str, str] | None = None,
    ) -> bundle.ReplayBundle:
        """Several recordings, `concurrency` at a time; those that cannot be had are in `failures`.

        Raises the first failure only when all have failed.

        - `concurrency`: how many recordings are fetched at once.
        - `retention_by_id`: for how many days each recording is kept, by its id.
        - `distinct_id_by_id`: whose each recording is, by its id.
        - others: those of `fetch_replay`.
        """
        days, users = retention_by_id or {}, distinct_id_by_id or {}
        fetched: dict[str, recording.Replay | MixpanelHeadlessError] = {}
        room = anyio.CapacityLimiter(max(1, concurrency))

        async def fetch(name: str) -> None:
            async with room:
                try:
                    fetched[name] = await self.fetch_replay(
                        name,
                        distinct_id=users.get(name),
                        env=env,
                        retention_days=days.get(name),
                        max_files=max_files,
                        cdn_concurrency=cdn_concurrency,
                    )
                except MixpanelHeadlessError as error:
                    fetched[name] = error

        async with anyio.create_task_group() as group:
            for name in dict.fromkeys(replay_ids):
                group.start_soon(fetch, name)
        results = {name: fetched[name] for name in dict.fromkeys(replay_ids)}
        failures = {name: one for name, one in results.items() if isinstance(one, MixpanelHeadlessError)}
        replays = [one for one in results.values() if not isinstance(one, MixpanelHeadlessError)]
        if failures and not replays:
            raise next(iter(failures.values()))
        if include_mixpanel_events:
            replays = await self._with_events(replays, event_properties)
        return bundle.ReplayBundle(project_id=int(self.pin.project), replays=replays, failures=failures)

    @composite(verb="read")
    async def replays_for_user(
        self: Replays[Async],
        distinct_id: str,
        *,
        from_date: Day,
        to_date: Day,
        limit: int = 20,
        include_mixpanel_events: bool = True,
        event_properties: Sequence[str] | None = None,
    ) -> bundle.ReplayBundle:
        """The recordings of a user between two days. Costs one query, and one for their Mixpanel events.

        - others: those of `fetch_replay`.
        """
        found = await self.list_replays(distinct_id=distinct_id, from_date=from_date, to_date=to_date, limit=limit)
        return await self.fetch_replays(
            [one.replay_id for one in found],
            include_mixpanel_events=include_mixpanel_events,
            event_properties=event_properties,
            retention_by_id={one.replay_id: one.retention_days for one in found},
            distinct_id_by_id={one.replay_id: distinct_id for one in found},
        )

    @composite
    async def analyze_replay(self: Replays[Async], replay_id: str) -> str:
        """What somebody did in a recording, a line for each action. Costs one query."""
        return (await self.fetch_replay(replay_id)).summary_markdown


@attrs.frozen
class Walk:
    """How the files of one recording are gone through."""

    replay_id: str
    retention_days: int
    signs_again: bool
    max_files: int
    at_once: int

    def missing(self) -> ReplayNotFoundError:
        return ReplayNotFoundError(
            f"Nothing is kept of the recording {self.replay_id} ({self.retention_days} days).", status_code=404
        )

    def broken(self, number: int, error: MixpanelHeadlessError) -> MixpanelHeadlessError:
        """What is wrong with one file, without the key of its address."""
        if isinstance(error, TransportError):
            code = "CDN_FETCH_ERROR"
        else:
            code = "CDN_UNEXPECTED_STATUS" if isinstance(error, APIError) else "CDN_INVALID_RESPONSE"
        text = f"File {number:04d} of the recording {self.replay_id} cannot be had: {error.message}"
        return MixpanelHeadlessError(text, code=code, hint=error.hint, retryable=error.retryable, sent=True)


def read_file(reply: Reply) -> list[Json]:
    """The events in a file; none where it holds something else than a list."""
    try:
        found = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidResponseError("It is no JSON.", sent=True) from None
    return found if isinstance(found, list) else []


def check_format(event: dict[str, Json]) -> bool:
    """True for an event of rrweb; UnsupportedReplayFormatError for any other."""
    if not {"type", "data", "timestamp"} <= event.keys():
        raise UnsupportedReplayFormatError(f"Its events hold {', '.join(sorted(event))}; rrweb's do not.", sent=True)
    return True


def day_of(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).date().isoformat()
