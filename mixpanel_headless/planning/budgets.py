"""Which budgets a request spends: the service's pools of limits as a table.

Source: Mixpanel's rate-limit pages and the notes of its SDK on what is counted; every number is a setting (accounts/limits.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

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
"""First path segments below /api/query/ that spend the query budget; the others are not counted.

The sandbox has a list of its own on purpose: it judges this one.
"""


def query_budget(settings: Settings, project: str) -> str:
    """The name of a project's query budget."""
    return f"query:{settings.host()}/{project}"


@attrs.frozen
class Pools:
    """The names of one project's budgets."""

    query: str
    jql: str
    export: str
    schemas: str
    app: str

    def by_name(self) -> dict[str, str]:
        """The scheduler's names of the budgets by what they are for, that of queries first."""
        return attrs.asdict(self)


def name_pools(settings: Settings) -> Pools:
    """The budgets that the settings' project has at its hosts; that of the App API belongs to the user."""
    project = settings.project
    return Pools(
        query=query_budget(settings, project),
        jql=f"jql:{settings.host()}/{project}",
        export=f"export:{settings.host('export')}/{project}",
        schemas=f"schemas:{settings.host('app')}/{project}",
        app=f"app:{settings.host('app')}",
    )


def spends(request: Request[Any], pools: Pools) -> tuple[Spend, ...]:
    """What one request takes, from every budget at once."""
    first = request.path.strip("/").partition("/")[0]
    match request.base:
        case "export":
            return (Spend(pools.export),)
        case "signed":
            return ()
        case "app" | "web":
            return (Spend(pools.schemas if first == "schemas" else pools.app),)
    if first not in COUNTED_SEGMENTS or (first == "engage" and uncounted_engage(request)):
        return ()
    return (Spend(pools.query), Spend(pools.jql)) if first == "jql" else (Spend(pools.query),)


def uncounted_engage(request: Request[Any]) -> bool:
    """Pages of profiles after the first, and alias look-ups, are free."""
    path = request.path.strip("/")
    return path == "engage/aliases" or (path == "engage" and bool(request.body and request.body.get("session_id")))


def budgets(settings: Settings) -> tuple[Budget, ...]:
    """The budgets of one project (and of its user, for the App API)."""
    limits = settings.limits
    query = (Window(limits.query, limits.query_window), Concurrent(limits.query_concurrency))
    pools = name_pools(settings)
    margin = transit_margin(limits.query_window)
    exports = (
        Window(limits.export, limits.export_window),
        Window(limits.export_rate, 1.0),
        Concurrent(limits.export_concurrency),
    )
    return (
        Budget(name=pools.query, limits=query, margin=margin),
        Budget(name=pools.jql, limits=query, margin=margin),
        Budget(name=pools.export, limits=exports),
        Budget(name=pools.schemas, limits=(Window(limits.schemas, limits.schemas_window),)),
        Budget(name=pools.app, limits=(Concurrent(limits.app_concurrency),)),
    )


def transit_margin(window: float) -> float:
    """Seconds kept beyond the window for clocks and transit: 50 ms, less for windows of seconds."""
    return min(0.05, window / 100)
