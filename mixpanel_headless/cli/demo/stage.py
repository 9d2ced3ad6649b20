"""The demo on its stage: a sandbox, one client, the agents, and somebody who reports while they work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
import attrs
from rich.live import Live

from mixpanel_headless.accounts.limits import Lifetimes
from mixpanel_headless.cli.demo.agents import run_agents
from mixpanel_headless.cli.demo.panel import Moment, draw_panel, plain_line
from mixpanel_headless.cli.demo.tally import Figures, Setting, Tally, sum_up
from mixpanel_headless.cli.demo.truth import Compute, Truth

if TYPE_CHECKING:
    from rich.console import Console

    from mixpanel_headless.sandbox import Sandbox
    from mixpanel_headless.workspace import AsyncWorkspace

LASTING = Lifetimes(open=Lifetimes().closed)
"""Events that are on file do not change any more, not even today's."""
FRAME = 0.1
LINE = 2.0
"""Seconds between two panels, and between two lines where no panel can be drawn."""


@attrs.define
class Stage:
    """A demo that is set up: `perform` runs it, `figures` are readable at any moment, also after an interruption."""

    setting: Setting
    box: Sandbox
    compute: Compute
    tally: Tally = attrs.field(factory=Tally)
    started: float = attrs.field(factory=time.monotonic)

    async def perform(self, console: Console | None) -> None:
        """Let the agents ask everything; `console` shows how they get on."""
        async with self.box.async_workspace(lifetimes=LASTING) as workspace, anyio.create_task_group() as group:
            if console is not None:
                group.start_soon(self.watch, workspace, console)
            await run_agents(workspace, self.setting, self.tally, Truth(self.compute))
            group.cancel_scope.cancel()

    async def watch(self, workspace: AsyncWorkspace, console: Console) -> None:
        """Show the state again and again until cancelled: as a panel on a terminal, as lines elsewhere."""
        if console.is_terminal:
            with Live(console=console, auto_refresh=False, transient=True) as live:
                while True:
                    live.update(draw_panel(await self.moment(workspace)), refresh=True)
                    await anyio.sleep(FRAME)
        while True:
            await anyio.sleep(LINE)
            console.out(plain_line(await self.moment(workspace)), highlight=False)

    async def moment(self, workspace: AsyncWorkspace) -> Moment:
        """The state now."""
        counters = self.box.counters()
        return Moment(
            setting=self.setting, tally=self.tally, budget=await workspace.budget(),
            counted=counters.counted, refused=counters.refused, seconds=self.seconds,
        )  # fmt: skip

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started

    def figures(self) -> Figures:
        """What has happened up to now."""
        counters = self.box.counters()
        return sum_up(
            self.setting, self.tally, counted=counters.counted, refused=counters.refused, seconds=self.seconds
        )
