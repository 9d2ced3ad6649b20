"""The extra header that a company's proxy may ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mixpanel_headless.errors import ConfigError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""RFC 9110, section 5.6.2: a token."""
OWN_HEADERS = frozenset(
    [
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    ]
)
"""What requests say of themselves, and what would change how they are read."""


def find_custom_header(env: Mapping[str, str]) -> tuple[str, str] | None:
    """Name and value, if both are set; the value may be a secret."""
    name, value = env.get("MP_CUSTOM_HEADER_NAME", ""), env.get("MP_CUSTOM_HEADER_VALUE", "")
    if not (name and value):
        return None
    if not HEADER_NAME.fullmatch(name):
        hint = "Give letters, digits and hyphens, such as X-Proxy-Token."
        raise ConfigError(f"MP_CUSTOM_HEADER_NAME is {shown(name)}, which names no header.", hint=hint)
    if name.lower() in OWN_HEADERS:
        hint = "Name the header that your proxy asks for."
        raise ConfigError(f"MP_CUSTOM_HEADER_NAME is {name}, which requests have already.", hint=hint)
    if not value.isprintable():
        text = "MP_CUSTOM_HEADER_VALUE holds a line break, or another character that no header may have."
        raise ConfigError(text, hint="Remove it.")
    return name, value
