"""Credentials as values that never show their secret."""

from __future__ import annotations

import base64
import hashlib

import attrs


@attrs.frozen
class Secret:
    """Text that prints as stars; `reveal()` gives it to the one place that sends it."""

    _text: str = attrs.field(repr=False)

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret('***')"


def to_secret(text: str | Secret) -> Secret:
    return text if isinstance(text, Secret) else Secret(text)


@attrs.frozen
class ServiceAccount:
    """A service account: sent as HTTP Basic."""

    username: str
    secret: Secret = attrs.field(converter=to_secret)

    def authorization(self) -> str:
        """The value of the Authorization header."""
        return "Basic " + self._encoded()

    def secrets(self) -> tuple[bytes, ...]:
        """What must never show, in the forms in which a server may echo it."""
        return (self._encoded().encode(), self.secret.reveal().encode())

    def _encoded(self) -> str:
        return base64.b64encode(f"{self.username}:{self.secret.reveal()}".encode()).decode()


@attrs.frozen
class OAuthToken:
    """An OAuth access token: sent as Bearer."""

    token: Secret = attrs.field(converter=to_secret)

    def authorization(self) -> str:
        """The value of the Authorization header."""
        return f"Bearer {self.token.reveal()}"

    def secrets(self) -> tuple[bytes, ...]:
        """What must never show."""
        return (self.token.reveal().encode(),)


Credentials = ServiceAccount | OAuthToken


def fingerprint(credentials: Credentials) -> str:
    """Tells two credentials apart without revealing either: they never share an answer."""
    return hashlib.sha256(credentials.authorization().encode()).hexdigest()[:16]
