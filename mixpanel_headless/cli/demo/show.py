"""A demo from its events to its exit code."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

import anyio
import msgspec

from mixpanel_headless.cli import INTERRUPTED
from mixpanel_headless.cli.demo.draws import count_distinct, draw_asks
from mixpanel_headless.cli.demo.questions import make_catalogue
from mixpanel_headless.cli.demo.report import draw_report
from mixpanel_headless.cli.demo.stage import Stage
from mixpanel_headless.cli.demo.survey import Facts, survey
from mixpanel_headless.cli.demo.tally import Setting
from mixpanel_headless.cli.interrupts import first_signal, interruptible
from mixpanel_headless.sandbox import Sandbox
from mixpanel_headless.sandbox.contents import open_contents

if TYPE_CHECKING:
    from rich.console import Console

    from mixpanel_headless.cli.demo.truth import Compute

PROJECT = 12345
LIMIT, CONCURRENCY = 60, 5
WAITING = 24.0
"""Seconds that a demo should wait for its budget in all, so that it ends in about half a minute."""
ANSWER_TIME = 2.0
"""Seconds that Mixpanel may take for an answer; they shrink with the hour."""


def show_demo(
    console: Console,
    *,
    events: tuple[str, ...] = (),
    agents: int = 8,
    calls: int = 400,
    hour: float | None = None,
    seed: int = 7,
    as_json: bool = False,
    compute: Compute | None = None,
    **columns: str | None,
) -> int:
    """Run a demo and give its exit code; `compute` replaces the engine as the judge of answers."""
    with ExitStack() as stack:
        with interruptible():
            contents = open_contents(events, (), project=PROJECT, timezone="UTC", now=None, columns=columns)
            engine = stack.enter_context(contents.engine)
            facts = survey(engine)
        setting = set_up(facts, contents.events, agents=agents, calls=calls, hour=hour, seed=seed)
        box = Sandbox(
            engine=engine, project=PROJECT, limit=LIMIT, concurrency=CONCURRENCY, window=setting.hour,
            latency=ANSWER_TIME / setting.speed,
        )  # fmt: skip
        if not as_json:
            console.print(introduction(facts, setting), highlight=False)
        with box:
            stage = Stage(setting, box, compute or engine.insights)
            finished = perform(stage, None if as_json else console)
        figures = stage.figures()
    if as_json:
        console.out(msgspec.json.format(msgspec.json.encode(figures.to_dict()), indent=2).decode(), highlight=False)
    else:
        console.print(draw_report(setting, stage.tally, figures, finished=finished), highlight=False)
    if not finished:
        return INTERRUPTED
    return 1 if figures.faults else 0


def perform(stage: Stage, console: Console | None) -> bool:
    """Run a demo to its end; False when Ctrl-C ended it before."""
    return asyncio.run(perform_until_interrupted(stage, console))


async def perform_until_interrupted(stage: Stage, console: Console | None) -> bool:
    """The same on an event loop, which ends in order only if a signal cancels instead of raising anywhere in it."""
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope, first_signal(lambda: loop.call_soon_threadsafe(scope.cancel)):
        await stage.perform(console)
    return not scope.cancelled_caught


def set_up(facts: Facts, events: int, *, agents: int, calls: int, hour: float | None, seed: int) -> Setting:
    """Which questions are asked, and how long an hour lasts."""
    asks = draw_asks(make_catalogue(facts, seed), calls, seed)
    distinct = count_distinct(asks)
    return Setting(
        events=events, agents=agents, asks=asks, distinct=distinct, hour=hour or choose_hour(distinct), limit=LIMIT,
        concurrency=CONCURRENCY, seed=seed,
    )  # fmt: skip


def choose_hour(distinct: int) -> float:
    """Seconds for an hour, so that waiting for the budget takes WAITING seconds in all."""
    windows = max(0, distinct - 1) // LIMIT
    return round(min(12.0, max(1.0, WAITING / max(windows, 1))), 1)


def introduction(facts: Facts, setting: Setting) -> str:
    """What is about to happen."""
    kinds = ", ".join(event.name for event in facts.events[:4]) + (", ..." if len(facts.events) > 4 else "")
    return (
        f"{setting.events:,} events from {facts.first} to {facts.last}: {kinds}\n"
        f"{setting.agents} agents ask {len(setting.asks):,} questions, {setting.distinct:,} of them different; an hour "
        f"lasts {setting.hour:g} s."
    )
