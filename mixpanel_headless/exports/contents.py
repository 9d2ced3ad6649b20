"""What a folder of an export holds: a manifest names each file that is whole, and the question that it answers."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from mixpanel_headless.errors import ConfigError
from mixpanel_headless.planning.freshness import is_closed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .places import Place

NAME = "export.json"


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file that is whole: how many rows it has, copies of events that were left out, and lines that were no rows."""

    file: str
    rows: int
    copies: int
    bad: int
    size: int
    at: datetime

    def closed(self, day: str) -> bool:
        """Whether nothing more was expected of its day when it was asked for."""
        return is_closed(day, self.at.astimezone(UTC).date())


class Written(msgspec.Struct, forbid_unknown_fields=True):
    """The manifest as it is written."""

    version: int
    question: dict[str, Any]
    parts: dict[str, Part]
    session: str = ""
    """What names the list of profiles that the parts are pages of, while it is not all there."""


@attrs.define
class Contents:
    """The manifest of a folder; a part that it names is there, for it is written after the part's file."""

    place: Place
    question: Mapping[str, Any]
    parts: dict[str, Part] = attrs.field(init=False)
    session: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        written = self._read()
        self.parts, self.session = written.parts, written.session

    def _read(self) -> Written:
        written = read_manifest(self.place)
        if written is None:
            return Written(1, dict(self.question), {})
        if written.version != 1 or written.question != json.loads(json.dumps(self.question)):
            other = ", ".join(differences(written.question, self.question)) or f"version={written.version}"
            raise ConfigError(f"{self.place.name} holds another export ({other}).", hint=HINT)
        return written

    def keep(self, name: str, part: Part) -> None:
        """Name a file that is there; what another process has named meanwhile stays."""
        self.parts = {**self.parts, **self._read().parts, name: part}
        self._write()

    def begin(self, session: str) -> None:
        """Forget all parts, for those of another list of profiles are to come."""
        self.parts, self.session = {}, session
        self._write()

    def end(self) -> None:
        """All pages are there."""
        self.session = ""
        self._write()

    def _write(self) -> None:
        parts = dict(sorted(self.parts.items()))
        written = msgspec.json.encode(Written(1, dict(self.question), parts, self.session))
        self.place.write(NAME, msgspec.json.format(written, indent=2))

    def holds(self, day: date) -> bool:
        """Whether a day is there as it will stay: its file has the size that it had, and nothing more was expected of it by then."""
        part = self.parts.get(str(day))
        return part is not None and part.closed(str(day)) and self.place.size(part.file) == part.size


def read_manifest(place: Place) -> Written | None:
    """What a folder's manifest says, None if it has none."""
    text = place.read(NAME)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=Written)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{place.name}/{NAME} cannot be read: {error}.", hint=HINT) from None


HINT = "Give another folder, or remove what is in this one."


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """What the first says otherwise than the second."""
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            yield f"{name}={one.get(name)!r}"
