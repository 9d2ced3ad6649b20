"""What has become of the calls: replies counted as they come, and the figures and faults drawn from them."""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mixpanel_headless.cli.demo.draws import Ask
    from mixpanel_headless.results.insights import QueryResult

ORIGINS = ("network", "flight", "cache")
SHOWN = 5
MOST_FAULTS = 5

Fate = Literal["answered", "refused here", "failed"]


@attrs.frozen
class Reply:
    """What one call came to: an answer with its origin and its wait in seconds, or why there was none."""

    agent: str
    ask: Ask
    fate: Fate
    origin: str = ""
    waited: float = 0.0
    problem: str = ""


@attrs.define
class Tally:
    """The replies so far, and what checking them has shown."""

    replies: list[Reply] = attrs.field(factory=list)
    last: deque[Reply] = attrs.field(factory=lambda: deque(maxlen=SHOWN))
    checked: int = 0
    faults: list[str] = attrs.field(factory=list)
    picture: QueryResult | None = None
    picture_rank: int = 0

    def add(self, reply: Reply, result: QueryResult | None = None) -> None:
        """Count one reply; keep its result if it is the best to draw so far."""
        self.replies.append(reply)
        self.last.append(reply)
        if result is not None and reply.ask.question.picture > self.picture_rank:
            self.picture, self.picture_rank = result, reply.ask.question.picture

    def check(self, reply: Reply, problem: str = "") -> None:
        """Note that an answer has been compared with the truth, and what was wrong with it."""
        self.checked += 1
        if problem:
            self.faults.append(f"{reply.agent}: {reply.ask.question.text}: {problem}")

    @property
    def origins(self) -> Counter[str]:
        """Answers by where they came from."""
        return Counter(reply.origin for reply in self.replies if reply.fate == "answered")


@attrs.frozen(kw_only=True)
class Setting:
    """What was set up: `hour` is the seconds that an hour lasts here."""

    events: int
    agents: int
    asks: Sequence[Ask] = attrs.field(repr=False)
    distinct: int
    hour: float
    limit: int
    concurrency: int
    seed: int

    @property
    def answerable(self) -> int:
        """Calls that the service must answer."""
        return sum(ask.question.refusal is None for ask in self.asks)

    @property
    def speed(self) -> float:
        """How many times faster than Mixpanel's the hour is."""
        return 3600 / self.hour


@attrs.frozen(kw_only=True)
class Figures:
    """The demo in numbers; waits are in seconds of this demo, `hour` says how many of them make an hour."""

    asked: int
    answered: int
    right: int
    refused_here: int
    refused_by_service: int
    counted: int
    distinct: int
    origins: Mapping[str, int]
    wait_p50: float
    wait_p95: float
    seconds: float
    hour: float
    faults: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """The figures as JSON-ready data."""
        return attrs.asdict(self)


def sum_up(setting: Setting, tally: Tally, *, counted: int, refused: int, seconds: float) -> Figures:
    """The figures of a demo that has ended, or been stopped."""
    fates = Counter(reply.fate for reply in tally.replies)
    waits = [reply.waited for reply in tally.replies if reply.fate == "answered"]
    return Figures(
        asked=len(setting.asks),
        answered=fates["answered"],
        right=tally.checked - len(tally.faults),
        refused_here=fates["refused here"],
        refused_by_service=refused,
        counted=counted,
        distinct=setting.distinct,
        origins={origin: tally.origins[origin] for origin in ORIGINS},
        wait_p50=percentile(waits, 0.50),
        wait_p95=percentile(waits, 0.95),
        seconds=seconds,
        hour=setting.hour,
        faults=tuple(find_faults(setting, tally, counted=counted, refused=refused)),
    )


def find_faults(setting: Setting, tally: Tally, *, counted: int, refused: int) -> Iterable[str]:
    """Everything that a demo must not show, in words."""
    answered = sum(reply.fate == "answered" for reply in tally.replies)
    yield from tally.faults
    yield from (
        f"{reply.agent}: {reply.ask.question.text}: {reply.problem}" for reply in tally.replies if reply.problem
    )
    if missing := len(setting.asks) - len(tally.replies):
        yield f"{missing} calls have no answer"
    if unchecked := answered - tally.checked:
        yield f"{unchecked} answers were not checked"
    if refused:
        yield f"the service refused {refused} requests"
    if counted > setting.distinct:
        yield f"{counted} requests were counted for {setting.distinct} different questions"


def percentile(values: Iterable[float], share: float) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
