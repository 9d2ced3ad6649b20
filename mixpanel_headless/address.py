"""Where requests go and what every one of them carries: roots of the service, headers, parameters, credentials."""

from __future__ import annotations

import functools
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import attrs

from .accounts.credentials import fingerprint
from .request import Message, check_params, query_params, write_body

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from .accounts.settings import Settings
    from .options import Pin
    from .request import Base, Request

TIMEOUTS: dict[Base, float] = {"query": 503.0, "app": 135.0, "export": 600.0, "web": 135.0, "signed": 300.0}
"""Seconds that an answer may take, by the root that is asked."""


@attrs.frozen(eq=False)
class Address:
    """The service as one set of credentials reaches it; makes messages of requests."""

    owner: str
    """Tells the credentials from others without revealing them."""
    roots: Mapping[Base, str]
    hosts: Mapping[Base, str]
    headers: Mapping[str, str] = attrs.field(repr=False)
    headers_of_json: Mapping[str, str] = attrs.field(repr=False)
    headers_of_forms: Mapping[str, str] = attrs.field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The address that the settings give."""
        headers = make_headers(settings)
        return cls(
            fingerprint(settings.credentials),
            {base: settings.base_url(base) for base in TIMEOUTS},
            {base: settings.host(base) for base in TIMEOUTS},
            headers,
            {**headers, "Content-Type": "application/json"},
            {**headers, "Content-Type": "application/x-www-form-urlencoded"},
        )

    def below(self, url: str, base: Base) -> str:
        """The part of a URL that comes after the root."""
        return url.removeprefix(self.roots[base])

    def message(self, request: Request[Any], pin: Pin) -> Message:
        """The request with base URL, credentials and the parameters that every call carries."""
        params = check_params(request.params)
        if request.base == "query":
            added = origin_params(request.names_project, pin.project, request.workspace or pin.workspace)
            params = {**params, **added} if params else added
        url, timeout = self.roots[request.base] + request.full_path(pin), TIMEOUTS[request.base]
        if request.base == "signed":
            headers = {} if request.content is None else {"Content-Type": "text/csv"}
            return Message(request.verb, url, params, headers, request.content, timeout)
        if request.body is None:
            return Message(request.verb, url, params, self.headers, timeout=timeout)
        body = write_body(request.body, form=request.form)
        return Message(
            request.verb, url, params, self.headers_of_forms if request.form else self.headers_of_json, body, timeout
        )


@functools.lru_cache(maxsize=64)
def origin_params(names_project: bool, project: str, workspace: int | None) -> Mapping[str, str]:
    """What every query carries besides its own parameters; one mapping for all that carry the same."""
    return query_params(
        query_origin="mixpanel-headless", project_id=project if names_project else None, workspace_id=workspace
    )


def make_headers(settings: Settings) -> dict[str, str]:
    """The headers that every request carries."""
    headers = {"Authorization": settings.credentials.authorization(), "User-Agent": user_agent()}
    if settings.custom_header:
        name, value = settings.custom_header
        headers[name] = value
    return headers


@functools.cache
def user_agent() -> str:
    """How this client names itself to the service."""
    try:
        own = version("mixpanel-headless")
    except PackageNotFoundError:
        own = "0"
    return f"mixpanel-headless/{own} (entry=lib; python/{sys.version_info.major}.{sys.version_info.minor})"
