"""Batches: many calls as data, what they would cost, and their answers as they come.

ws.gather(mp.later(ws.query, event, last=7) for event in ws.events())
"""

from __future__ import annotations

from contextlib import aclosing, nullcontext
from typing import TYPE_CHECKING, Any

from mixpanel_headless.fanin import AT_ONCE, Batch, Done, Gathered, check_at_once, check_calls
from mixpanel_headless.operation import Async, Mode, Surface, composite, stream

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterable

    from mixpanel_headless.fanin import Planned
    from mixpanel_headless.results.plan import Plan, PlannedCall


class FanIn(Surface[Mode]):
    """Many calls at a time."""

    @stream
    async def as_completed(
        self: FanIn[Async],
        calls: Iterable[Planned[Any]],
        *,
        resume: str | os.PathLike[str] | None = None,
        at_once: int = AT_ONCE,
    ) -> AsyncIterator[list[Done[Any]]]:
        """Each call with its answer or error, in the order in which they end.

        `calls` may be a generator: of it, `at_once` calls wait in the queue together, so 100,000 take no 100,000 tasks.
        `resume` names the batch, or a path: answers are written there as they come, and the same batch asked again pays
        only for what it lacks, after a crash too; what was on its way when it was cut is paid again. A call whose answer is
        there is not asked again, however old it is. The `deadline` of a call counts from the start of the batch. A call of
        several requests, such as `query_user`, is one of `at_once`; of what it asks the file holds what may be kept at all,
        so pages of profiles are asked again.
        """
        check_calls(calls)
        check_at_once(at_once)
        dispatcher = await self.dispatcher()
        with open_manifest(resume, self) as manifest:
            async with aclosing(Batch(self, dispatcher, calls, at_once, manifest).pages()) as pages:
                async for page in pages:
                    yield page

    @composite
    async def gather(
        self: FanIn[Async],
        calls: Iterable[Planned[Any]],
        *,
        progress: bool = False,
        resume: str | os.PathLike[str] | None = None,
        at_once: int = AT_ONCE,
    ) -> Gathered:
        """All calls with their answers or errors, in the order of `calls`; one that fails does not stop the others.

        `progress` shows on standard error how far it has come: a bar on a terminal, elsewhere a line every 10 seconds.
        `resume` and `at_once` are those of `as_completed`. When it is cut, what was answered is in the file that `resume`
        names, and in the cache for as long as answers live.
        """
        from mixpanel_headless.results.progress import Progress

        check_calls(calls)
        planned: list[Planned[Any]] = await self.run_beside(list, calls)
        check_at_once(at_once)
        dispatcher = await self.dispatcher()
        gathered = Gathered(planned)
        with open_manifest(resume, self) as manifest, Progress(len(planned), shown=progress) as bar:
            batch = Batch(self, dispatcher, planned, at_once, manifest)
            async with aclosing(batch.pages()) as pages:
                async for page in pages:
                    for one in page:
                        gathered.take(one)
                    if bar.advance(len(page), gathered.failures):
                        bar.show(await batch.time_left(len(planned)))
        return gathered

    @composite
    async def plan(self: FanIn[Async], calls: Iterable[Planned[Any]]) -> Plan:
        """What the calls would cost, and when each could start, if they were asked now in this order; sends nothing.

        Raises InvalidArgumentError for one of several requests: what they are is known only as they are made.
        """
        from mixpanel_headless.planning.estimates import Estimator

        check_calls(calls)
        dispatcher = await self.dispatcher()
        pools = await dispatcher.learn_of(self.pin.project)
        return await Estimator(self, dispatcher).plan(await self.run_beside(list, calls), pools.query)

    @composite
    async def estimate(self: FanIn[Async], call: Planned[Any]) -> PlannedCall:
        """What one call would cost, and when it could start, if it were asked now; sends nothing."""
        from mixpanel_headless.planning.estimates import Estimator

        return await Estimator(self, await self.dispatcher()).foresee(call)


def open_manifest(resume: str | os.PathLike[str] | None, surface: Surface[Any]) -> Any:
    """The file of a batch that can be resumed, as a context; of None, nothing."""
    if resume is None:
        return nullcontext()
    from mixpanel_headless.manifest import Manifest, manifest_path

    return Manifest(manifest_path(resume, surface.settings))
