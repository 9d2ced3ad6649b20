"""How long the local engine takes to answer, beside bare DuckDB SQL for the same numbers.

    python benchmarks/engine.py [--events 1000000] [--rounds 5]

The events are generated into a Parquet file as `export_events` writes it, which the engine loads as a mirror does. The
peer is a table that somebody made for these two questions alone: event, person, time and the property, typed; both use
one thread. The questions, as the client builds them: an event by day with a breakdown, and a funnel of three steps. Each
answer takes its turn with its peer in every round; figures are medians, and both must give the same numbers.
"""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from report import goal, print_report, use_checkout

if TYPE_CHECKING:
    from collections.abc import Callable

use_checkout()

FIRST, LAST, DAY = dt.date(2026, 1, 1), dt.date(2026, 1, 30), 86_400_000
LOW = int(dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp())
SECONDS = 30 * 86_400
WINDOW = 7
GRACE = 2000
"""Milliseconds by which a step may lie before the one that it follows."""
AT_MOST = 2.0

GENERATE = """
COPY (
  SELECT event_name, to_timestamp(s) AS event_time, u AS distinct_id, 'i' || i AS insert_id,
    json_object('time', s, 'distinct_id', u, '$insert_id', 'i' || i, 'plan', plan, 'amount', i % 100) AS properties
  FROM (SELECT i, ['Visit', 'Sign Up', 'Purchase', 'Login'][1 + i % 4] AS event_name,
    {low} + CAST(hash(i, 0) % {seconds} AS BIGINT) AS s, 'u' || (hash(i, 1) % {people}) AS u,
    ['free', 'team', 'business'][CAST(1 + hash(i, 2) % 3 AS BIGINT)] AS plan FROM range({events}) r(i))
) TO '{file}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
"""
BARE = """
CREATE TABLE bare AS SELECT event_name AS event, distinct_id AS person, epoch_ms(event_time) AS t,
  properties ->> 'plan' AS plan FROM read_parquet('{file}')
"""
BY_DAY = """
SELECT plan, t // {day}, count(*) FROM bare WHERE event = 'Purchase' AND t >= {low} AND t < {high} GROUP BY ALL
"""
FUNNEL = """
WITH s1 AS (SELECT person, min(t) AS moment, min(t) + {window} AS last FROM bare
            WHERE event = 'Visit' AND t >= {low} AND t < {high} GROUP BY person),
s2 AS (SELECT e.person, greatest(any_value(s.moment), min(e.t)) AS moment, any_value(s.last) AS last
       FROM bare e JOIN s1 s USING (person)
       WHERE e.event = 'Sign Up' AND e.t >= s.moment - {grace} AND e.t <= s.last GROUP BY e.person),
s3 AS (SELECT DISTINCT e.person FROM bare e JOIN s2 s USING (person)
       WHERE e.event = 'Purchase' AND e.t >= s.moment - {grace} AND e.t <= s.last)
SELECT (SELECT count(*) FROM s1), (SELECT count(*) FROM s2), (SELECT count(*) FROM s3)
"""


def fill(statement: str, **more: object) -> str:
    """A statement with the constants of this benchmark."""
    low = LOW * 1000
    return statement.format(
        low=low, high=low + SECONDS * 1000, day=DAY, window=WINDOW * DAY, grace=GRACE, seconds=SECONDS, **more
    )


def questions() -> dict[str, Any]:
    """The bookmarks of both questions."""
    import msgspec

    import mixpanel_headless as mp

    days: Any = {"from_date": FIRST, "to_date": LAST}
    with mp.Workspace(project=1, username="u", secret="s", store="memory", cache="off") as ws:
        calls = {
            "insights": mp.later(ws.query, "Purchase", group_by="plan", **days),
            "funnel": mp.later(ws.query_funnel, ["Visit", "Sign Up", "Purchase"], conversion_window=WINDOW, **days),
        }
        bodies = {name: msgspec.json.encode(call.request().body) for name, call in calls.items()}
    return {name: msgspec.json.decode(body)["bookmark"] for name, body in bodies.items()}


def numbers(name: str, answer: Any) -> list[int]:
    """What an answer of the engine says, in the order of the bare one."""
    (series,) = answer["series"].values()
    if name == "funnel":
        return [count["all"] for count in series["count"].values()]
    return sorted(count for plan, counts in series.items() if plan != "$overall" for count in counts.values())


def fetch(db: Any, sql: str) -> Any:
    return db.execute(sql).fetchall()


def timed(answer: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    given = answer()
    return time.perf_counter() - start, given


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder) / "events.parquet", options.events, options.rounds)


def measure(file: Path, events: int, rounds: int) -> None:
    import duckdb

    from mixpanel_headless.engine import Engine, Project

    db: Any = duckdb.connect(config={"threads": 1})
    db.execute(generate(file, events))
    engine = Engine(Project(now=dt.datetime(2026, 3, 1, tzinfo=dt.UTC)), packed=True)
    loading, _ = timed(lambda: engine.load_export([file]))
    asked = questions()
    first, _ = timed(lambda: engine.insights(asked["insights"]))
    db.execute(BARE.format(file=file))
    bare = {"insights": fill(BY_DAY), "funnel": fill(FUNNEL)}
    taken: dict[str, list[float]] = {f"{who} {name}": [] for name in asked for who in ("engine", "bare")}
    for _ in range(rounds):
        for name, bookmark in asked.items():
            own, answer = timed(functools.partial(engine.insights, bookmark))
            floor, rows = timed(functools.partial(fetch, db, bare[name]))
            taken[f"engine {name}"].append(own)
            taken[f"bare {name}"].append(floor)
            told = list(rows[0]) if name == "funnel" else sorted(count for *_, count in rows)
            assert numbers(name, answer) == told, "both give the same numbers"
    tell(events, taken, {"load": loading, "first answer": first})


def generate(file: Path, events: int) -> str:
    """SQL that writes the events."""
    return GENERATE.format(low=LOW, seconds=SECONDS, events=events, people=max(1, events // 50), file=file)


def tell(events: int, taken: dict[str, list[float]], once: dict[str, float]) -> None:
    seconds = {name: median(figures) for name, figures in taken.items()}
    ratios = {
        f"{name} to bare SQL": seconds[f"engine {name}"] / seconds[f"bare {name}"] for name in ("insights", "funnel")
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    print_report(
        ratios,
        {name: goal(ratio, AT_MOST) for name, ratio in ratios.items()},
        events=events,
        seconds={name: round(took, 4) for name, took in {**seconds, **once}.items()},
        peak_megabytes=round(peak),
    )


if __name__ == "__main__":
    main()
