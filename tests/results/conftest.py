from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mixpanel_headless.results.insights import QueryResult
from mixpanel_headless.results.provenance import Provenance


def days(count: int) -> list[str]:
    return [f"{date(2026, 1, 5) + timedelta(days=place)}T00:00:00-05:00" for place in range(count)]


@pytest.fixture
def provenance() -> Provenance:
    return Provenance(
        origin="network",
        computed_at=datetime(2026, 1, 8, 12, tzinfo=UTC),
        cost=1,
        waited=2.34,
        request={"method": "POST", "path": "/api/query/insights", "parameters": {"limit": 3000}},
        digest="ab12",
    )


Answer = Callable[..., QueryResult]


@pytest.fixture
def answer(provenance: Provenance) -> Answer:
    """Builds a result from a series as the service would send it."""

    def build(
        series: dict[str, Any], *, headers: list[str] | None = None, chart: str = "line", **meta: Any
    ) -> QueryResult:
        reply = {
            "computed_at": "2026-01-08T12:00:00+00:00",
            "date_range": {"from_date": "2026-01-05T00:00:00-05:00", "to_date": "2026-01-07T23:59:59.999000-05:00"},
            "headers": headers or ["$metric"],
            "series": series,
            "meta": meta,
        }
        return QueryResult.from_reply(reply, {"displayOptions": {"chartType": chart}}, provenance)

    return build
