"""A hard ceiling for everything that one task asks."""

from __future__ import annotations

from attrs import define, field


@define(eq=False)
class Allowance:
    """A counter that all calls of a task share: requests sent on its account, and the longest that one may wait.

    Answers from the cache or from another caller's request are free. What the service did not count is given back,
    except refusals for a limit: those were sent, and a ceiling is for everything that a task sends.
    """

    name: str
    max_requests: int | None = None
    max_wait: float | None = None
    used: int = field(default=0, init=False)

    @property
    def left(self) -> int | None:
        """Requests that may still be sent, None without a ceiling."""
        return None if self.max_requests is None else max(0, self.max_requests - self.used)

    @property
    def exhausted(self) -> bool:
        """Whether the next request would go beyond the ceiling."""
        return self.max_requests is not None and self.used >= self.max_requests

    def take(self) -> bool:
        """Charge one request; False when the ceiling is reached."""
        if self.exhausted:
            return False
        self.used += 1
        return True

    def give_back(self) -> None:
        """Take back the charge for a request that the service did not count."""
        self.used = max(0, self.used - 1)
