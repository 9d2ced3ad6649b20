"""Where the files of session recordings are, and what is in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mixpanel_headless.sandbox.entities import rows_in
from mixpanel_headless.sandbox.replies import Rejected, Reply, encode
from mixpanel_headless.sandbox.routes import SCOPE
from mixpanel_headless.sandbox.signed import address_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_headless.sandbox.app import Request
    from mixpanel_headless.sandbox.recordings import Recording

FOLDER = "replays/"
GOOD_FOR = 300
"""Seconds for which an address is good."""
KEPT_IN = "prod"
"""The environment in which there are recordings."""


def sign(request: Request) -> list[dict[str, str]]:
    """A folder for each recording, and the key of its files; what is in it is seen when it is fetched."""
    found = []
    expires = int(request.source.engine.project.clock().timestamp()) + GOOD_FOR
    for row in rows_in(request.body, "replays"):
        name, kept_in = row.get("replay_id"), row.get("replay_env", KEPT_IN)
        if not isinstance(name, str) or not name:
            raise Rejected(400, "replay_id must be a text")
        if kept_in not in ("prod", "dev"):
            raise Rejected(400, "replay_env must be prod or dev")
        place = f"{FOLDER}{kept_in}/{name}/"
        key = request.source.saved.signer.key(place, expires)
        found.append({"replay_id": name, "url": address_of(request, place), "query_string": key})
    return found


def file_at(recordings: Mapping[str, Recording], place: str) -> Reply:
    """One file of a recording, named by its number and for how many days it is kept."""
    named = re.fullmatch(rf"{FOLDER}{KEPT_IN}/(.+)/(\d{{4}})-(\d+)\.json", place, re.ASCII)
    recording = recordings.get(named[1]) if named else None
    if named is None or recording is None or named[3] != str(recording.story.retention):
        raise Rejected(404, "There is no such file")
    files = recording.files()
    if int(named[2]) >= len(files):
        raise Rejected(404, "There is no such file")
    return Reply(200, encode(files[int(named[2])]))


ROUTES: tuple[tuple[str, str, Callable[[Request], Any]], ...] = (("POST", rf"{SCOPE}/replays/sign/bulk", sign),)
