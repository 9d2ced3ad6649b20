"""Which budgets a request spends: the service's pools of limits as a table.

Source: Mixpanel's rate-limit pages and the notes of its SDK on what is counted; every number is a setting or a row here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from request_scheduler import Budget, Concurrent, Spend, Window

if TYPE_CHECKING:
    from mixpanel_headless.accounts.settings import Settings
    from mixpanel_headless.request import Request

COUNTED_SEGMENTS = frozenset(
    [
        "arb_funnels",
        "cohorts",
        "correlate",
        "custom-query",
        "data_definitions",
        "engage",
        "events",
        "experiments",
        "flows",
        "formulas",
        "funnels",
        "impact",
        "insights",
        "metrics",
        "query",
        "integrations",
        "jql",
        "retention",
        "segmentation",
        "stream",
        "trends",
    ]
)
"""First path segments below /api/query/ that spend the query budget; the others are not counted."""


def query_budget(settings: Settings, project: str) -> str:
    """The name of a project's query budget."""
    return f"query:{settings.host()}/{project}"


def spends(request: Request[Any], settings: Settings) -> tuple[Spend, ...]:
    """What one request takes, from every budget at once."""
    segment = request.path.strip("/").partition("/")[0]
    scope = f"{settings.host(request.base)}/{settings.project}"
    if request.base == "export":
        return (Spend(f"export:{scope}"),)
    if request.base == "app":
        return (Spend(f"schemas:{scope}" if "/schemas" in request.path else f"app:{settings.host('app')}"),)
    if segment not in COUNTED_SEGMENTS or uncounted_engage(request):
        return ()
    if segment == "jql":
        return (Spend(query_budget(settings, settings.project)), Spend(f"jql:{scope}"))
    return (Spend(query_budget(settings, settings.project)),)


def uncounted_engage(request: Request[Any]) -> bool:
    """Pages of profiles after the first, and alias look-ups, are free."""
    path = request.path.strip("/")
    return path == "engage/aliases" or (path == "engage" and bool(request.body and request.body.get("session_id")))


def budgets(settings: Settings) -> tuple[Budget, ...]:
    """The budgets of one project (and of its user, for the App API)."""
    limits = settings.limits
    query = (Window(limits.query, limits.query_window), Concurrent(limits.query_concurrency))
    scope = f"{settings.host()}/{settings.project}"
    margin = transit_margin(limits.query_window)
    return (
        Budget(name=query_budget(settings, settings.project), limits=query, margin=margin),
        Budget(name=f"jql:{scope}", limits=query, margin=margin),
        Budget(
            name=f"export:{settings.host('export')}/{settings.project}",
            limits=(Window(60, 3600.0), Window(3, 1.0), Concurrent(100)),
        ),
        Budget(name=f"schemas:{settings.host('app')}/{settings.project}", limits=(Window(5, 60.0),)),
        Budget(name=f"app:{settings.host('app')}", limits=(Concurrent(10),)),
    )


def transit_margin(window: float) -> float:
    """Seconds kept beyond the window for clocks and transit: 50 ms, less for windows of seconds."""
    return min(0.05, window / 100)
