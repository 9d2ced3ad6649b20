"""Who changed what, by which call, and what became of it: a row before each change is sent, and one after."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from os import getpid
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import attrs
from anyio import CancelScope

from mixpanel_headless.errors import AuditError, MixpanelHeadlessError
from mixpanel_headless.logs import logger

if TYPE_CHECKING:
    from mixpanel_headless.options import Options, Task

    from .before import Before
    from .journal import Journal
    from .policy import Act, Verdict

Mirror: TypeAlias = Callable[[Mapping[str, Any]], None]
"""What hears of each row that was written."""
Outcome = Literal["done", "failed", "not sent", "unknown", "denied"]
"""`failed`: the service refused it. `unknown`: it was sent, and no whole answer came."""
MOST = 100
"""How many targets of a bulk call a row names; `count` tells them all."""


class Caller(NamedTuple):
    """Whose call it is: with which wishes, in which task, as a step of which other call."""

    options: Options
    task: Task | None
    within: str = ""


@attrs.define(eq=False)
class Recorder:
    """Writes the rows of one workspace; `required` lets no change go that cannot be written down."""

    open_journal: Callable[[], Journal]
    account: str
    required: bool = False
    mirrors: tuple[Mirror, ...] = ()
    _journal: Journal | None = None
    _warned: bool = False

    async def intend(self, act: Act, verdict: Verdict, caller: Caller, request: str, before: Before) -> Entry:
        """The row before a change; AuditError if it is required and cannot be written.

        A caller that is cancelled meanwhile leaves both rows: a thread writes the first to its end whoever waits for it.
        """
        fields = {**self.describe(act, caller, request), "before": before.digest, **rule_of(verdict)}
        entry, writing = (
            Entry(self, fields),
            asyncio.ensure_future(self.write({"kind": "intent", **fields}, required=self.required)),
        )
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError as error:
            with CancelScope(shield=True), contextlib.suppress(AuditError):
                await writing
                await entry.conclude("not sent", error=error)
            raise
        return entry

    async def deny(self, act: Act, verdict: Verdict, caller: Caller, request: str = "") -> None:
        """The row of a change that was denied."""
        fields = {**self.describe(act, caller, request), **rule_of(verdict)}
        await self.write({"kind": "outcome", **fields, "outcome": "denied"})

    def describe(self, act: Act, caller: Caller, request: str) -> dict[str, Any]:
        """What both rows of a change say; `request` is the digest of what is sent."""
        task, target = caller.task, act.target
        return {
            "call": secrets.token_hex(8),
            "account": self.account,
            "tenant": caller.options.tenant_of(task),
            "task": task.name if task else None,
            "host": socket.gethostname(),
            "process": getpid(),
            "project": act.project,
            "workspace": act.workspace,
            "operation": act.facts.full_name,
            "within": caller.within or None,
            "verb": act.facts.verb,
            "target": [str(entity) for entity in target.entities[:MOST]] if target else [],
            "count": target.count if target else None,
            "request": request,
        }

    async def write(self, fields: Mapping[str, Any], *, required: bool = False) -> None:
        """One row on disk and in the mirrors; a log that cannot be kept is told of once, unless it is required."""
        from anyio import to_thread

        try:
            row = await to_thread.run_sync(self._append, {"at": now(), **fields})
        except (OSError, MixpanelHeadlessError) as error:
            if required:
                raise AuditError(f"The audit log cannot be written: {error}.", sent=False) from error
            if not self._warned:
                self._warned = True
                logger().warning("changes are not audited, because the log cannot be written", why=str(error))
            row = {"at": now(), **fields}
        for mirror in self.mirrors:
            mirror(row)

    def _append(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        if self._journal is None:
            self._journal = self.open_journal()
        return self._journal.append(fields)


@attrs.define(eq=False)
class Entry:
    """One change that is under way."""

    recorder: Recorder
    fields: dict[str, Any]

    async def conclude(
        self, outcome: Outcome, after: str = "", error: BaseException | None = None, made: str | None = None
    ) -> None:
        """The row after it: what became of it, and why; `made` is the id of what is new."""
        known = isinstance(error, MixpanelHeadlessError)
        why = {
            "error": None if error is None else type(error).__name__,
            "code": getattr(error, "code", None) if known else None,
            "status": getattr(error, "status_code", None) if known else None,
        }
        new = {} if made is None else {"made": made}
        await self.recorder.write({"kind": "outcome", **self.fields, **new, "outcome": outcome, "after": after, **why})


def outcome_of(error: BaseException) -> Outcome:
    """What became of a change that raised."""
    if getattr(error, "sent", None) is False:
        return "not sent"
    status = getattr(error, "status_code", None)
    return "failed" if isinstance(status, int) and status < 500 else "unknown"


def rule_of(verdict: Verdict) -> dict[str, str]:
    return {"rule": verdict.rule, "origin": verdict.origin}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
