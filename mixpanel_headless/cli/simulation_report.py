"""What `mp simulate` shows: figures by line, and a row for each tenant and priority."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless.results.provenance import span
from mixpanel_headless.results.views import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from request_scheduler.simulate import Report, Workload
    from request_scheduler.simulate.tally import Figures

HEADS = ("asked", "answered", "requests", "shared", "cached", "lost", "wait p50", "p95", "longest")


def draw_report(report: Report, workload: Workload) -> RenderableType:
    """The report for a terminal."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    figures = Table(box=box.SIMPLE_HEAD, title="What happened", title_justify="left", show_header=False)
    figures.add_column()
    figures.add_column(justify="right")
    figures.add_column(style="dim", overflow="fold")
    for row in figure_rows(report, workload):
        figures.add_row(*row)
    people = Table(box=box.SIMPLE_HEAD, title="By tenant and priority", title_justify="left")
    people.add_column("")
    for head in HEADS:
        people.add_column(head, justify="right")
    for name, some in groups(report):
        people.add_row(Text(printable(name)), *cells(some))
    return Group(figures, people, *([] if report.finished else [Text("Interrupted: the figures up to then.")]))


def report_lines(report: Report, workload: Workload) -> Iterator[str]:
    """The same as lines."""
    for name, value, remark in figure_rows(report, workload):
        yield f"{name}: {value}" + (f" ({remark})" if remark else "")
    for name, some in groups(report):
        pairs = zip(HEADS, cells(some), strict=True)
        yield f"{printable(name)}: " + ", ".join(f"{head} {cell}" for head, cell in pairs)
    if not report.finished:
        yield "Interrupted: the figures up to then."


def figure_rows(report: Report, workload: Workload) -> Iterator[tuple[str, str, str]]:
    """Name, value and remark of each figure."""
    yield "simulated", span(report.hours * 3600), f"{workload.machines} machine{'s' * (workload.machines > 1)}"
    yield "asked", f"{report.asked:,}", ""
    yield "answered", f"{report.answered:,}", f"{report.unanswered:,} still waited at the end"
    allowed = f"{workload.limit} in {span(workload.window)} and {workload.concurrency} at once are allowed"
    yield "requests", f"{report.requests:,}", allowed
    yield "saved by coalescing", f"{report.saved_by_coalescing:,}", "an equal call was on its way"
    yield "saved by cache", f"{report.saved_by_cache:,}", "an equal call had been answered"
    yield "refused by the service", f"{report.refused:,}", "429s"
    yield "turned away", f"{report.turned_away:,}", reasons(report, "turned_away") or "not sent, nothing spent"
    yield "failed", f"{report.failed:,}", reasons(report, "failed")
    if report.foreign:
        yield "requests of others", f"{report.foreign:,}", "counted in the same budget"
    yield "fullest window", f"{report.fullest_window:,}", "by the service's own log, of own requests"
    yield "most at once", f"{report.most_at_once:,}", ""
    if report.share_error is not None:
        yield (
            "share error",
            f"{report.share_error:.2f}",
            "requests that a waiting tenant was ever from its weight's part",
        )
    if report.makespan is not None:
        yield "last answer", span(report.makespan), "after the start"


def reasons(report: Report, fate: str) -> str:
    """Why calls of all tenants got no answer, with how many."""
    counts: dict[str, int] = {}
    for some in report.tenants.values():
        for why, count in getattr(some, fate).items():
            counts[why] = counts.get(why, 0) + count
    return ", ".join(f"{count:,} {why}" for why, count in counts.items())


def groups(report: Report) -> Iterator[tuple[str, Figures]]:
    """The tenants, then the priorities if there are several."""
    yield from report.tenants.items()
    if len(report.priorities) > 1:
        yield from ((f"all {name}", some) for name, some in report.priorities.items())


def cells(some: Figures) -> list[str]:
    """One row of figures."""
    lost = sum(some.turned_away.values()) + sum(some.failed.values())
    counts = some.asked, some.answered, some.requests, some.saved_by_coalescing, some.saved_by_cache, lost
    waits = some.wait_p50, some.wait_p95, some.wait_max
    return [f"{count:,}" for count in counts] + [span(wait) for wait in waits]
