"""What this machine's programs have changed, as their audit log has it.

ws.audit.verify()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_headless.accounts.state import state_folder
from mixpanel_headless.operation import Async, Mode, Surface, composite

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from mixpanel_headless.governance.trail import AuditRows, Verification

R = TypeVar("R")


class AuditTrail(Surface[Mode]):
    """The audit log of the folder that `state_dir` or MP_STATE_DIR names; it costs no request."""

    def __init__(self, owner: Surface[Mode]) -> None:
        self.owner, self.blocking, self.settings = owner, owner.blocking, owner.settings

    def wait_for(self, call: Callable[..., Coroutine[Any, Any, R]], /, *args: Any, **kwargs: Any) -> R:
        """What `call(self, *args, **kwargs)` gives, awaited on the workspace's event-loop thread."""
        return self.owner.wait_for(lambda _: call(self, *args, **kwargs))

    async def _read(self, read: Callable[..., R], *args: Any) -> R:
        from anyio import to_thread

        from mixpanel_headless.governance.trail import journal_at

        return await to_thread.run_sync(read, journal_at(state_folder(self.settings)), *args)

    @composite
    async def log(
        self: AuditTrail[Async], *, limit: int | None = 100, operation: str | None = None, outcome: str | None = None
    ) -> AuditRows:
        """The newest rows, the oldest of them first; `operation` is a pattern such as `dashboards.*`."""
        from mixpanel_headless.governance.trail import read_log

        return await self._read(read_log, limit, operation, outcome)

    @composite
    async def verify(self: AuditTrail[Async]) -> Verification:
        """Whether every row is there, in its place and as it was written, and which changes have no known end."""
        from mixpanel_headless.governance.trail import verify_log

        return await self._read(verify_log)

    @composite
    async def show(self: AuditTrail[Async], seq: int) -> AuditRows:
        """The rows of the change that row `seq` is of: what was meant, and what became of it."""
        from mixpanel_headless.governance.trail import show_call

        return await self._read(show_call, seq)


class Auditing(Surface[Mode]):
    """Where the audit log is read."""

    @property
    def audit(self) -> AuditTrail[Mode]:
        """What programs that keep their state in the same folder have changed: `log`, `verify`, `show`."""
        return AuditTrail(self)
