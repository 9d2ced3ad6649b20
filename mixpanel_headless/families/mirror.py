"""The local mirror: events exported once, questions answered from them for nothing.

ws.mirror(from_date="2026-01-01", to_date="2026-01-31")
ws.with_options(source="mirror").query("Sign Up", from_date="2026-01-01", to_date="2026-01-31")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mixpanel_headless.operation import Async, Mode, composite

from .exports import Exports

if TYPE_CHECKING:
    from mixpanel_headless.planning.mirror import Mirror
    from mixpanel_headless.query.dates import Day
    from mixpanel_headless.results.mirror import MirrorReport


class Mirrors(Exports[Mode]):
    """What this machine keeps of the project."""

    @composite(command="sync")
    async def mirror(
        self: Mirrors[Async], *, from_date: Day, to_date: Day, timezone: str | None = None, progress: bool = False
    ) -> MirrorReport:
        """Export the events of some days into the state folder, for calls with `source="mirror"` or `source="auto"`.

        Days that are there already are not exported again, unless they were not closed. `timezone` is the project's, such
        as `Europe/Berlin`; it is remembered, and UTC until it is told. The days of an export may be those of UTC, so the
        day before is exported as well where the project's begin earlier, and the day after where they end later. Answers of
        `source="auto"` about funnels need the days of their conversion window too. Costs one request of the export budget
        for each day that is missing. Needs the extra `analytics`.

        - `timezone`: the project's time zone, such as Europe/Berlin.
        - `progress`: shows how far it has come, and which budget it waits for.
        """
        from mixpanel_headless.query.exports import EventExport

        mirror = (await self.dispatcher()).mirrors.of(self.pin.project)
        if timezone is not None:
            mirror.set_zone(timezone)
        wanted = EventExport(from_date=from_date, to_date=to_date)
        wanted.question(self.pin.project)  # refuses days that are none
        days = wanted.days()
        first, last = mirror.days_for(days[0], days[-1])
        await self.export_events(mirror.folder, from_date=first, to_date=last, progress=progress)
        return report(mirror)

    @composite(local=True)
    async def mirror_status(self: Mirrors[Async]) -> MirrorReport:
        """What the project's mirror holds; costs no request."""
        return report((await self.dispatcher()).mirrors.of(self.pin.project))

    @composite(local=True, destructive=True)
    async def drop_mirror(self: Mirrors[Async]) -> MirrorReport:
        """What the project's mirror held, which is removed from this machine."""
        mirror = (await self.dispatcher()).mirrors.of(self.pin.project)
        held = report(mirror)
        mirror.drop()
        return attrs.evolve(held, dropped=True)


def report(mirror: Mirror) -> MirrorReport:
    """What a mirror holds."""
    from mixpanel_headless.results.mirror import MirrorReport

    parts = mirror.parts()
    return MirrorReport(
        project=mirror.project,
        folder=str(mirror.folder),
        timezone=mirror.zone(),
        days=tuple(parts),
        open=tuple(day for day, part in parts.items() if not part.closed(day)),
        rows=sum(part.rows for part in parts.values()),
        size=sum(part.size for part in parts.values()),
        oldest=min((part.at for part in parts.values()), default=None),
    )
