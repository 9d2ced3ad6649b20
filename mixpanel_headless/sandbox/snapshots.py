"""Lists of profiles that clients page through: each page of a session shows the list as its first one found it."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.sandbox.replies import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_headless.engine import Engine
    from mixpanel_headless.engine.profiles import ProfileList

PAGE_SIZE = 1000
SESSIONS = 50
"""Lists kept at once; the one that was asked longest ago goes first."""


@attrs.define
class Snapshots:
    """The open sessions of one sandbox; any thread may ask."""

    _lists: OrderedDict[str, ProfileList] = attrs.field(init=False, factory=OrderedDict)
    _lock: threading.Lock = attrs.field(init=False, factory=threading.Lock)

    def page(self, engine: Engine, parameters: Mapping[str, Any], number: int) -> dict[str, Any]:
        """The body of one page of `/engage`: of a new list, or of the one that `session_id` names."""
        session = str(parameters.get("session_id") or "")
        if number and not session:
            raise Rejected(400, "session_id is required when page is above 0")
        if number and parameters.get("behaviors") and not parameters.get("as_of_timestamp"):
            raise Rejected(400, "request for page in uncached query for params")
        if session:
            found = self._known(session)
        else:
            found, session = engine.profiles(parameters), secrets.token_hex(8)
            self._keep(session, found)
        return {
            "status": "ok",
            "page": number,
            "page_size": PAGE_SIZE,
            "session_id": session,
            "total": len(found),
            "results": found.part(number * PAGE_SIZE, PAGE_SIZE),
        }

    def _known(self, session: str) -> ProfileList:
        with self._lock:
            if session not in self._lists:
                raise Rejected(400, "session_id is unknown or has expired")
            self._lists.move_to_end(session)
            return self._lists[session]

    def _keep(self, session: str, found: ProfileList) -> None:
        with self._lock:
            self._lists[session] = found
            if len(self._lists) > SESSIONS:
                self._lists.popitem(last=False)
