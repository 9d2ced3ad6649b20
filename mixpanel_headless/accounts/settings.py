"""Settings from keyword arguments and the environment, checked before anything is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs

from mixpanel_headless.errors import ConfigError, shown
from mixpanel_headless.query.fields import read_digits

from .credentials import Credentials, OAuthToken, ServiceAccount
from .headers import find_custom_header
from .limits import MOST, Lifetimes, Limits, check_lifetimes, check_limits, find_lifetimes, find_limits, read_number
from .storage import check_cache, check_folder, check_on_loss, check_store, is_address, show_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from request_scheduler.stores import OnLoss

WEB_HOSTS = {"us": "https://mixpanel.com", "eu": "https://eu.mixpanel.com", "in": "https://in.mixpanel.com"}
DATA_HOSTS = {
    "us": "https://data.mixpanel.com",
    "eu": "https://data-eu.mixpanel.com",
    "in": "https://data-in.mixpanel.com",
}

AUDITS = ("best-effort", "required")
"""Whether a change is made that cannot be written down first."""
MIRRORS = ("structlog", "syslog", "otel")
"""Where the rows of the audit log may go as well."""
CACHE_BYTES, CACHE_BYTES_ON_SERVER = 512_000_000, 128_000_000
"""How many bytes of answers are kept at most in a file of one's own, and on a server that others use as well."""


@attrs.frozen
class Settings:
    """Everything that a workspace needs to know before its first request."""

    credentials: Credentials
    project: str
    region: str = "us"
    workspace: int | None = None
    api_base_url: str | None = None
    app_base_url: str | None = None
    custom_header: tuple[str, str] | None = attrs.field(default=None, repr=False)
    limits: Limits = attrs.field(factory=Limits)
    lifetimes: Lifetimes = attrs.field(factory=Lifetimes)
    state_dir: Path | None = None
    store: str | None = attrs.field(default=None, repr=lambda store: repr(show_store(store)))
    store_on_loss: OnLoss = "cautious"
    shares: bool = False
    """Whether the folder, or what to do without it, was given, so that budgets are never kept by this program alone."""
    cache: str = attrs.field(default="disk", repr=lambda cache: repr(show_store(cache)))
    cache_file_bytes: int = CACHE_BYTES
    telemetry: str = ""
    policy: str = ""
    audit: str = "best-effort"
    audit_before: bool = False
    audit_mirrors: tuple[str, ...] = ()

    def base_url(self, base: str) -> str:
        """Where requests of one base go, without a trailing slash."""
        if base == "signed":
            return ""
        if base == "app" and self.app_base_url:
            return f"{self.app_base_url}/api/app"
        if base == "web" and self.app_base_url:
            return self.app_base_url
        root = self.api_base_url or (DATA_HOSTS if base == "export" else WEB_HOSTS)[self.region]
        return root + {"query": "/api/query", "app": "/api/app", "export": "/api/2.0", "web": ""}[base]

    def host(self, base: str = "query") -> str:
        """The host and port that requests of one base go to."""
        return urlsplit(self.base_url(base)).netloc


def not_configured(no_credentials: bool, no_project: bool) -> ConfigError:
    """What is missing, all of it at once."""
    missing = (
        ["credentials: MP_USERNAME and MP_SECRET (a service account), or MP_OAUTH_TOKEN"] if no_credentials else []
    )
    if no_project:
        missing.append("project: MP_PROJECT_ID")
    return ConfigError(
        "Not configured. Missing " + "; ".join(missing) + ".",
        hint="Set these environment variables, or give them to the workspace (`mp` takes --project); `mp demo` and `mp sandbox`"
        " need none.",
        details={"missing": missing},
    )


def resolve_settings(
    *,
    project: str | int | None = None,
    workspace: int | None = None,
    region: str | None = None,
    username: str | None = None,
    secret: str | None = None,
    oauth_token: str | None = None,
    api_base_url: str | None = None,
    app_base_url: str | None = None,
    limits: Limits | None = None,
    lifetimes: Lifetimes | None = None,
    state_dir: str | os.PathLike[str] | None = None,
    store: str | None = None,
    store_on_loss: str | None = None,
    cache: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from the arguments, then from `MP_*` variables; raises ConfigError that lists all that is missing."""
    env = os.environ if environment is None else environment
    credentials = find_credentials(username, secret, oauth_token, env)
    project_id = env.get("MP_PROJECT_ID", "") if project is None else project
    no_project = isinstance(project_id, str) and not project_id
    if credentials is None or no_project:
        raise not_configured(credentials is None, no_project)
    state = check_folder(state_dir) or check_folder(env.get("MP_STATE_DIR"))
    on_loss = find_text("store_on_loss", store_on_loss, env)
    where = check_store(find_text("store", store, env))
    answers = check_cache(find_text("cache", cache, env), where)
    cache_bytes = CACHE_BYTES_ON_SERVER if is_address(answers) else CACHE_BYTES
    return Settings(
        credentials=credentials,
        project=check_project(project_id),
        region=check_region(find_text("region", region, env) or "us"),
        workspace=check_workspace(workspace if workspace is not None else env.get("MP_WORKSPACE_ID") or None),
        api_base_url=check_url("MP_API_BASE_URL", find_text("api_base_url", api_base_url, env)),
        app_base_url=check_url("MP_APP_BASE_URL", find_text("app_base_url", app_base_url, env)),
        custom_header=find_custom_header(env),
        limits=check_limits(find_limits(env) if limits is None else limits),
        lifetimes=check_lifetimes(find_lifetimes(env) if lifetimes is None else lifetimes),
        state_dir=state,
        store=where,
        store_on_loss=check_on_loss(on_loss or "cautious"),
        shares=state is not None or on_loss is not None,
        cache=answers,
        telemetry=env.get("MP_TELEMETRY", ""),
        policy=check_policy(env.get("MP_POLICY")),
        audit=check_choice("MP_AUDIT", env.get("MP_AUDIT") or AUDITS[0], AUDITS),
        audit_before=check_choice("MP_AUDIT_BEFORE", env.get("MP_AUDIT_BEFORE") or "0", ("0", "1")) == "1",
        audit_mirrors=tuple(
            check_choice("MP_AUDIT_MIRROR", name.strip(), MIRRORS)
            for name in (env.get("MP_AUDIT_MIRROR") or "").split(",")
            if name.strip()
        ),
        cache_file_bytes=check_size("MP_CACHE_BYTES", read_number(env, "MP_CACHE_BYTES", cache_bytes, int)),
    )


def find_credentials(
    username: str | None, secret: str | None, oauth_token: str | None, env: Mapping[str, str]
) -> Credentials | None:
    """Arguments win over the environment; a service account wins over a token of the same origin."""
    for setting, given in (("MP_USERNAME", username), ("MP_SECRET", secret), ("MP_OAUTH_TOKEN", oauth_token)):
        if given is not None:
            check_text(setting, given)
    for name, key, token in (
        (username, secret, oauth_token),
        (username or env.get("MP_USERNAME"), secret or env.get("MP_SECRET"), env.get("MP_OAUTH_TOKEN")),
    ):
        if name and key:
            account = ServiceAccount(check_text("MP_USERNAME", name), check_text("MP_SECRET", key))
            if ":" in name:
                raise ConfigError("MP_USERNAME holds a colon.", hint="Give a service account's user name.")
            return account
        if token:
            return OAuthToken(check_text("MP_OAUTH_TOKEN", token))
    return None


def find_text(name: str, given: object, env: Mapping[str, str]) -> str | None:
    """A setting that is text, from its argument or its variable; None where neither says anything."""
    variable = f"MP_{name.upper()}"
    if given is not None and not isinstance(given, str):
        raise ConfigError(f"{name} is {shown(given)}.", hint=f"Give {name} as text, or set {variable}.")
    return given or env.get(variable) or None


def check_policy(policy: str | None) -> str:
    """What MP_POLICY names; set to nothing it would let everything pass for somebody who meant to set it."""
    if policy is not None and not policy.strip():
        hint = "Unset it, or name read_only, analyst, editor, admin (which allows everything) or a file."
        raise ConfigError("MP_POLICY is set, and empty.", hint=hint)
    return policy or ""


def check_text(name: str, text: object) -> str:
    """Text that can stand in a header; the error names the setting, never its value."""
    if not isinstance(text, str) or not text.isprintable():
        raise ConfigError(f"{name} holds what no credential has, such as a line break.", hint=f"Set {name} again.")
    return text


def check_project(project: str | int) -> str:
    """A project id is digits; anything else would end up in paths and keys."""
    text = project if isinstance(project, str) else shown(project)
    if read_digits(text) is None:
        raise ConfigError(
            f"The project id {shown(project)} is not a number.",
            hint="Use the number in the project's settings page (MP_PROJECT_ID).",
        )
    return text


def check_workspace(workspace: object) -> int | None:
    """A data view's number, given as a number or as digits."""
    text = workspace if isinstance(workspace, str) else shown(workspace)
    if workspace is not None and not read_digits(text):
        raise ConfigError(f"The workspace id {shown(workspace)} is not a number.", hint="Use the data view's number.")
    return None if workspace is None else int(text)


def check_choice(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ConfigError(f"{name} names no choice: {shown(value)}.", hint=f"Set {name} to {' or '.join(known)}.")
    return value


def check_size(name: str, size: int) -> int:
    if not 0 <= size < MOST:
        raise ConfigError(f"{name} is {shown(size)}.", hint=f"Set {name} to a number of bytes, at least 0.")
    return size


def check_region(region: str) -> str:
    if not isinstance(region, str) or region not in WEB_HOSTS:
        raise ConfigError(f"The region {shown(region)} is unknown.", hint="Set MP_REGION to us, eu or in.")
    return region


def check_url(name: str, url: str | None) -> str | None:
    if url is None:
        return None
    if " " in url or not url.isprintable():
        text = f"{name} holds a space, a line break or another character that no address has."
        raise ConfigError(text, hint="Give scheme, host and port.")
    try:
        parts = urlsplit(url)
        named = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        raise ConfigError(f"{name} cannot be read as an address.", hint="Give scheme, host and port.") from None
    if parts.scheme not in {"http", "https"} or not named or "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            f"{name} is not a plain http or https address.", hint="Give scheme, host and port, without credentials."
        )
    return url.rstrip("/")
