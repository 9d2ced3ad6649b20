"""The end of a demo: the figures as a table, one answer drawn, and what the arithmetic means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixpanel_headless.cli.demo.agents import cast_agents
from mixpanel_headless.cli.demo.tally import MOST_FAULTS, Figures, Setting, Tally, percentile
from mixpanel_headless.results.charts import draw
from mixpanel_headless.results.provenance import span
from mixpanel_headless.results.views import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ROWS = 20


def draw_report(setting: Setting, tally: Tally, figures: Figures, *, finished: bool = True) -> RenderableType:
    """Everything that is said at the end."""
    parts: list[RenderableType] = [figures_table(setting, figures), agents_table(setting, tally)]
    if tally.picture is not None:
        parts += [Text("One of the answers:"), draw(tally.picture), Text()]
    if finished:
        parts += [Text(line) for line in arithmetic(setting, figures)]
    parts += [Text(line, style="red" if figures.faults else "green") for line in outcome(figures, finished=finished)]
    return Group(*parts)


def figures_table(setting: Setting, figures: Figures) -> RenderableType:
    """The figures, one a row."""
    table = Table(box=box.SIMPLE_HEAD, title="What happened", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(style="dim", overflow="fold")
    for row in figure_rows(setting, figures):
        table.add_row(*row)
    return table


def figure_rows(setting: Setting, figures: Figures) -> Iterator[tuple[str, str, str]]:
    """Name, number and remark of each figure."""
    origins = figures.origins
    yield "asked", f"{figures.asked:,}", f"by {setting.agents} agents, seed {setting.seed}"
    yield "answered", f"{figures.answered:,}", f"{figures.right:,} right by the engine's own count"
    yield "refused here", f"{figures.refused_here:,}", "wrong questions: nothing sent, nothing spent"
    yield "refused by the service", f"{figures.refused_by_service:,}", "429s"
    yield "different questions", f"{figures.distinct:,}", "among those that can be answered"
    yield (
        "requests counted",
        f"{figures.counted:,}",
        f"{setting.limit} an hour and {setting.concurrency} at once are allowed",
    )
    yield "from the network", f"{origins['network']:,}", "sent a request"
    yield "from a flight", f"{origins['flight']:,}", "an equal call was on its way"
    yield "from the cache", f"{origins['cache']:,}", "an equal call had been answered"
    for name, wait in (("wait p50", figures.wait_p50), ("wait p95", figures.wait_p95)):
        yield name, f"{wait:.2f} s", f"{span(wait * setting.speed)} if an hour were an hour"
    yield "took", f"{figures.seconds:.1f} s", f"{span(figures.seconds * setting.speed)} if an hour were an hour"


def agents_table(setting: Setting, tally: Tally) -> RenderableType:
    """How each agent fared."""
    table = Table(box=box.SIMPLE_HEAD, title="By agent", title_justify="left")
    for name in ("agent", "priority"):
        table.add_column(name)
    for name in ("answered", "requests", "wait p50", "wait p95"):
        table.add_column(name, justify="right")
    for agent in cast_agents(setting.agents)[:MOST_ROWS]:
        mine = [reply for reply in tally.replies if reply.agent == agent.name and reply.fate == "answered"]
        waits = [reply.waited for reply in mine]
        sent = sum(reply.origin == "network" for reply in mine)
        p50, p95 = percentile(waits, 0.50), percentile(waits, 0.95)
        table.add_row(agent.name, agent.priority, f"{len(mine):,}", f"{sent:,}", f"{p50:.2f} s", f"{p95:.2f} s")
    if setting.agents > MOST_ROWS:
        table.caption = f"{setting.agents - MOST_ROWS:,} of {setting.agents:,} agents left out"
    return table


def arithmetic(setting: Setting, figures: Figures) -> Iterator[str]:
    """What the budget would have made of the same calls without sharing."""
    alone, shared = setting.answerable, figures.counted
    yield (
        f"{alone:,} answerable calls were {figures.distinct:,} different questions, and took {shared:,} requests: "
        f"at {setting.limit} an hour the last one starts {hours_before(shared, setting.limit)}."
    )
    yield f"One request a call would be {alone:,}: the last one starts {hours_before(alone, setting.limit)}."


def hours_before(requests: int, limit: int) -> str:
    """When the last of so many requests may start, if each window is filled at once."""
    hours = max(0, requests - 1) // limit
    return {0: "in the first hour", 1: "after an hour"}.get(hours, f"after {hours} hours")


def outcome(figures: Figures, *, finished: bool) -> Iterator[str]:
    """The verdict in a line, and the first faults."""
    if not finished:
        yield "Interrupted: these are the figures up to then."
        return
    if not figures.faults:
        yield "Every answer is right, nothing was refused, and no question was paid for twice."
        return
    yield f"{len(figures.faults)} things went wrong:"
    yield from (f"  {printable(fault)}" for fault in figures.faults[:MOST_FAULTS])
    if len(figures.faults) > MOST_FAULTS:
        yield f"  and {len(figures.faults) - MOST_FAULTS} more"
