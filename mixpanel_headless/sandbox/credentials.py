"""Who may enter: the one service account, or its secret as a bearer token."""

from __future__ import annotations

import base64
import hmac
import secrets

import attrs


@attrs.frozen
class Credentials:
    """A service account; the secret never shows."""

    username: str
    secret: str = attrs.field(repr=False)

    def accept(self, authorization: str | None) -> bool:
        """Whether an Authorization header carries this account, as Basic or as Bearer."""
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() == "bearer":
            return equal(given.strip(), self.secret)
        if scheme.lower() != "basic":
            return False
        try:
            pair = base64.b64decode(given.strip(), validate=True).decode()
        except ValueError:  # no Base64, or not of text
            return False
        username, _, secret = pair.partition(":")
        return equal(username, self.username) & equal(secret, self.secret)


def equal(one: str, other: str) -> bool:
    """Equality in a time that does not tell how much of the text is right."""
    return hmac.compare_digest(one.encode(errors="surrogateescape"), other.encode(errors="surrogateescape"))


def new_secret() -> str:
    """A secret that nobody can guess."""
    return secrets.token_urlsafe(24)
