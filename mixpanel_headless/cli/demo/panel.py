"""The live panel, drawn from values alone: budget, answers by origin, queue by agent, the last answers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mixpanel_headless.cli.demo.tally import ORIGINS, SHOWN, Reply, Setting, Tally
from mixpanel_headless.results.views import printable

if TYPE_CHECKING:
    from mixpanel_headless.results.budget import BudgetReport

COLOURS = {"network": "yellow", "flight": "magenta", "cache": "green", "": "red"}
MEANINGS = {"network": "a request of its own", "flight": "shared a request", "cache": "known already"}
MOST_AGENTS = 8


@attrs.frozen(kw_only=True)
class Moment:
    """Everything that the panel shows, at one moment; `seconds` since the start."""

    setting: Setting
    tally: Tally
    budget: BudgetReport
    counted: int
    refused: int
    seconds: float


def draw_panel(moment: Moment) -> RenderableType:
    """The panel for a terminal of 80 columns or more."""
    setting = moment.setting
    title = f"mp demo: {setting.agents} agents, {len(setting.asks):,} calls, {setting.events:,} events"
    return Panel(
        Group(
            budget_rows(moment), Text(), answer_rows(moment), Text(), queue_rows(moment.budget.queue, setting.agents),
            Text(), last_answers(moment.tally),
        ),
        title=title,
        subtitle=f"one hour = {setting.hour:g} s; {setting.limit} requests an hour, {setting.concurrency} at once",
        box=box.ROUNDED,
        border_style="cyan",
    )  # fmt: skip


def grid(*ratios: int | None) -> Table:
    """Columns without lines: those with a ratio share the width that is left."""
    table = Table.grid(padding=(0, 1), expand=True)
    for ratio in ratios:
        table.add_column(ratio=ratio, no_wrap=True, overflow="ellipsis")
    return table


def budget_rows(moment: Moment) -> RenderableType:
    """The window and the permits."""
    budget = moment.budget
    rows = grid(None, 2, 3)
    rows.add_row(
        "Window ",
        gauge(budget.used, budget.limit, "cyan"),
        f"{budget.used} of {budget.limit} used, {next_slot(moment)}",
    )
    rows.add_row(
        "At once",
        gauge(budget.running, budget.concurrency, "blue"),
        f"{budget.running} of {budget.concurrency} running",
    )
    needed = moment.setting.distinct
    rows.add_row(
        "Service",
        gauge(moment.counted, needed, "cyan"),
        f"{moment.counted} of {needed} needed, {moment.refused} refused",
    )
    return rows


def answer_rows(moment: Moment) -> RenderableType:
    """The calls by what became of them."""
    tally, setting = moment.tally, moment.setting
    origins = tally.origins
    rows = grid(None, 2, 3)
    asked = len(setting.asks)
    rows.add_row(
        "Calls  ", gauge(len(tally.replies), asked, "white"), f"{len(tally.replies)} of {asked} done, {verdict(tally)}"
    )
    for origin in ORIGINS:
        count = origins[origin]
        rows.add_row(
            f"{origin:<7}", gauge(count, setting.answerable, COLOURS[origin]), f"{count:>3} {MEANINGS[origin]}"
        )
    return rows


def queue_rows(queue: object, agents: int) -> RenderableType:
    """How many requests of each agent wait, in two columns."""
    waiting: Counter[str] = Counter(queue)  # type: ignore[call-overload]
    names = [f"agent-{place}" for place in range(1, agents + 1)]
    if agents > MOST_AGENTS:
        names = sorted(names, key=lambda name: -waiting[name])[:MOST_AGENTS]
    most = max([*waiting.values(), 6])
    cells = [(name, gauge(waiting[name], most, "bright_blue"), f"{waiting[name]:>2}") for name in names]
    half = (len(cells) + 1) // 2
    rows = grid(None, 1, None, None, 1, None)
    for place in range(half):
        right = cells[place + half] if place + half < len(cells) else ("", "", "")
        rows.add_row(*cells[place], *right)
    hidden = sum(waiting.values()) - sum(waiting[name] for name in names)
    head = Text(
        f"Queue: {sum(waiting.values())} requests wait" + (f", {hidden} of them of other agents" if hidden else "")
    )
    return Group(head, rows)


def last_answers(tally: Tally) -> RenderableType:
    """The most recent replies, the newest at the bottom."""
    rows = grid(None, None, 1)
    for reply in [*[None] * (SHOWN - len(tally.last)), *tally.last]:
        rows.add_row(*(reply_cells(reply) if reply else ("", "", "")))
    return rows


def reply_cells(reply: Reply) -> tuple[RenderableType, RenderableType, RenderableType]:
    """Who, from where, what."""
    source = reply.origin or reply.fate
    if reply.waited >= 0.05:
        source += f" {reply.waited:.1f} s"
    text = Text(printable(reply.ask.question.text), style="dim" if not reply.problem else "red")
    return Text(reply.agent), Text(f"{source:<14}", style=COLOURS[reply.origin]), text


def gauge(value: float, most: float, colour: str) -> RenderableType:
    """A bar as wide as its column."""
    return ProgressBar(total=max(most, 1), completed=min(value, most), complete_style=colour, finished_style=colour)


def next_slot(moment: Moment) -> str:
    """When the next request may start."""
    seconds = moment.budget.next_slot
    if seconds is None:
        return "next when one ends"
    return "next now" if seconds <= 0 else f"next in {seconds:.1f} s"


def verdict(tally: Tally) -> str:
    """How the check stands."""
    wrong = len(tally.faults)
    return f"{tally.checked - wrong} right, {wrong} wrong"


def plain_line(moment: Moment) -> str:
    """The same for a file or a pipe, in one line."""
    tally, budget = moment.tally, moment.budget
    origins = ", ".join(f"{origin} {tally.origins[origin]}" for origin in ORIGINS)
    return (
        f"{moment.seconds:5.1f} s  {len(tally.replies)}/{len(moment.setting.asks)} calls done ({origins}); "
        f"window {budget.used}/{budget.limit}, {next_slot(moment)}; {sum(budget.queue.values())} wait; "
        f"{moment.counted} requests counted, {moment.refused} refused"
    )
