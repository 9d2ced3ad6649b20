"""A hard ceiling for everything that one task asks."""

from __future__ import annotations

from attrs import define, field


@define(eq=False)
class Allowance:
    """A counter that all calls of a task share: requests sent on its account, and the longest that one may wait.

    Answers from the cache or from another caller's request are free. What the service did not count is given back,
    except refusals for a limit: those were sent, and a ceiling is for everything that a task sends. One inside another
    (its `parent`) spends from both and can only narrow it.
    """

    name: str
    max_requests: int | None = None
    max_wait: float | None = None
    parent: Allowance | None = field(default=None, kw_only=True)
    used: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        outer = self.parent.max_wait if self.parent is not None else None
        if outer is not None:
            self.max_wait = outer if self.max_wait is None else min(self.max_wait, outer)

    @property
    def left(self) -> int | None:
        """Requests that may still be sent, None without a ceiling here or around it."""
        around = self.parent.left if self.parent is not None else None
        if self.max_requests is None:
            return around
        own = max(0, self.max_requests - self.used)
        return own if around is None else min(own, around)

    @property
    def exhausted(self) -> bool:
        """Whether the next request would go beyond the ceiling, or one around it."""
        return self.left == 0

    def exhausted_one(self) -> Allowance:
        """The innermost ceiling that was reached, this one or one around it."""
        own = self.max_requests is not None and self.used >= self.max_requests
        return self if own or self.parent is None else self.parent.exhausted_one()

    def take(self) -> bool:
        """Charge one request here and all around; False, and nothing charged, when a ceiling is reached."""
        if self.exhausted:
            return False
        self._charge(1)
        return True

    def give_back(self) -> None:
        """Take back the charge for a request that the service did not count."""
        self._charge(-1)

    def _charge(self, requests: int) -> None:
        self.used = max(0, self.used + requests)
        if self.parent is not None:
            self.parent._charge(requests)
