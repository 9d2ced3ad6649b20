"""Addresses whose signature is their key: where files are put and fetched without credentials."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode

import attrs

from mixpanel_headless.sandbox.credentials import equal
from mixpanel_headless.sandbox.replies import Rejected
from mixpanel_headless.sandbox.routes import SIGNED

if TYPE_CHECKING:
    from mixpanel_headless.sandbox.app import Request
    from mixpanel_headless.sandbox.arrivals import Arrival


@attrs.define
class Signer:
    """Signs places, and knows its own signatures again; those of another sandbox, or of an earlier one, open nothing."""

    _secret: bytes = attrs.field(factory=lambda: secrets.token_bytes(16), repr=False)

    def key(self, place: str, expires: int | None = None) -> str:
        """The query string that opens a place, or all that stands in one that ends in `/`, for ever or up to a second."""
        until = "" if expires is None else str(expires)
        return urlencode({"signature": self._signature(place, until), **({"expires": until} if until else {})})

    def open(self, arrival: Arrival, now: float) -> str:
        """The place that was asked for; Rejected when the key is not its own, or its time is over."""
        place, until = unquote(arrival.path.removeprefix(SIGNED)), arrival.query.get("expires", "")
        if arrival.authorization is not None:
            raise Rejected(400, "A signed address takes no Authorization")
        given = arrival.query.get("signature", "")
        signed = (self._signature(one, until) for one in (place, place.rpartition("/")[0] + "/"))
        if not any(equal(one, given) for one in signed):
            raise Rejected(403, "The signature does not match")
        if until and int(until) <= now:
            raise Rejected(403, "The signature has expired")
        return place

    def _signature(self, place: str, until: str) -> str:
        return hmac.new(self._secret, f"{place}?{until}".encode(), hashlib.sha256).hexdigest()[:32]


def address_of(request: Request, place: str) -> str:
    """Where a place is, without its key."""
    return f"{request.arrival.origin}{SIGNED}{quote(place)}"


def signed_address(request: Request, place: str) -> str:
    """An address at which a file can be put or fetched without credentials."""
    return f"{address_of(request, place)}?{request.source.saved.signer.key(place)}"
