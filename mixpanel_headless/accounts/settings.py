"""Settings from keyword arguments and the environment, checked before anything is sent."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import attrs

from mixpanel_headless.errors import ConfigError, shown
from request_scheduler.checks import is_real, is_whole

from .credentials import Credentials, OAuthToken, ServiceAccount
from .headers import find_custom_header

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from request_scheduler.stores import OnLoss

N = TypeVar("N", int, float)
MOST = 1e15
"""Beyond every limit and lifetime that makes sense, and well inside what a float holds exactly."""

WEB_HOSTS = {"us": "https://mixpanel.com", "eu": "https://eu.mixpanel.com", "in": "https://in.mixpanel.com"}
DATA_HOSTS = {
    "us": "https://data.mixpanel.com",
    "eu": "https://data-eu.mixpanel.com",
    "in": "https://data-in.mixpanel.com",
}

STORES = (None, "sqlite", "memory")
"""Where budgets are kept, if not on a Redis server: None for a file if one can be kept, else in memory."""
ON_LOSS: tuple[OnLoss, ...] = ("wait", "cautious", "error")
"""What calls do while the store is lost: wait for it, go on by an eighth of each limit, or fail."""
CACHES = ("disk", "memory", "off")
"""Where answers are kept, if not on a Redis server as well: in memory and a file, in memory, or nowhere."""
AUDITS = ("best-effort", "required")
"""Whether a change is made that cannot be written down first."""
MIRRORS = ("structlog", "syslog", "otel")
"""Where the rows of the audit log may go as well."""
CACHE_BYTES, CACHE_BYTES_ON_SERVER = 512_000_000, 128_000_000
"""How many bytes of answers are kept at most in a file of one's own, and on a server that others use as well."""


@attrs.frozen
class Limits:
    """What the service allows one project: `query` requests in any `query_window` seconds, `query_concurrency` at once."""

    query: int = 60
    query_window: float = 3600.0
    query_concurrency: int = 5


@attrs.frozen
class Lifetimes:
    """For how many seconds answers are served again: of closed days, of days still open, of discovery."""

    closed: float = 7 * 86400.0
    open: float = 300.0
    discovery: float = 86400.0


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
    limits: Limits = Limits()
    lifetimes: Lifetimes = Lifetimes()
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
        missing.append("project: MP_PROJECT_ID, or Workspace(project=...)")
    return ConfigError(
        "Not configured. Missing " + "; ".join(missing) + ".",
        hint="Set these environment variables or give them as keyword arguments; `mp demo` needs none.",
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
    if credentials is None or project_id == "":
        raise not_configured(credentials is None, project_id == "")
    state = check_folder(env.get("MP_STATE_DIR") if state_dir in (None, "") else state_dir)
    on_loss = store_on_loss or env.get("MP_STORE_ON_LOSS") or None
    where = check_store(store or env.get("MP_STORE") or None)
    answers = check_cache(cache or env.get("MP_CACHE") or None, where)
    cache_bytes = CACHE_BYTES_ON_SERVER if is_address(answers) else CACHE_BYTES
    return Settings(
        credentials=credentials,
        project=check_project(project_id),
        region=check_region(region or env.get("MP_REGION") or "us"),
        workspace=check_workspace(workspace if workspace is not None else env.get("MP_WORKSPACE_ID") or None),
        api_base_url=check_url("MP_API_BASE_URL", api_base_url or env.get("MP_API_BASE_URL")),
        app_base_url=check_url("MP_APP_BASE_URL", app_base_url or env.get("MP_APP_BASE_URL")),
        custom_header=find_custom_header(env),
        limits=check_limits(limits or find_limits(env)),
        lifetimes=check_lifetimes(lifetimes or find_lifetimes(env)),
        state_dir=state,
        store=where,
        store_on_loss=check_on_loss(on_loss or "cautious"),
        shares=state is not None or on_loss is not None,
        cache=answers,
        telemetry=env.get("MP_TELEMETRY", ""),
        policy=env.get("MP_POLICY", ""),
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


def check_text(name: str, text: object) -> str:
    """Text that can stand in a header; the error names the setting, never its value."""
    if not isinstance(text, str) or not text.isprintable():
        raise ConfigError(f"{name} holds what no credential has, such as a line break.", hint=f"Set {name} again.")
    return text


def find_limits(env: Mapping[str, str]) -> Limits:
    """The project's limits, for projects whose limits were raised."""
    usual = Limits()
    return Limits(
        query=read_number(env, "MP_LIMIT_QUERY", usual.query, int),
        query_window=read_number(env, "MP_LIMIT_QUERY_WINDOW", usual.query_window, float),
        query_concurrency=read_number(env, "MP_LIMIT_QUERY_CONCURRENCY", usual.query_concurrency, int),
    )


def find_lifetimes(env: Mapping[str, str]) -> Lifetimes:
    """How long answers live, from MP_LIFETIME_CLOSED, MP_LIFETIME_OPEN and MP_LIFETIME_DISCOVERY (seconds)."""
    usual = Lifetimes()
    return Lifetimes(
        closed=read_number(env, "MP_LIFETIME_CLOSED", usual.closed, float),
        open=read_number(env, "MP_LIFETIME_OPEN", usual.open, float),
        discovery=read_number(env, "MP_LIFETIME_DISCOVERY", usual.discovery, float),
    )


def check_limits(limits: Limits) -> Limits:
    if not isinstance(limits, Limits):
        raise ConfigError(f"limits is a {type(limits).__name__}.", hint="Give Limits(query=..., query_window=...).")
    for field in attrs.fields(Limits):
        value = getattr(limits, field.name)
        whole = field.name != "query_window"
        if not (is_whole if whole else is_real)(value) or not 0 < value < MOST:
            raise ConfigError(
                f"The limit {field.name} is {shown(value)}.",
                hint=f"Set MP_LIMIT_{field.name.upper()} to a {'whole ' if whole else ''}number above 0.",
            )
    return limits


def check_lifetimes(lifetimes: Lifetimes) -> Lifetimes:
    if not isinstance(lifetimes, Lifetimes):
        raise ConfigError(f"lifetimes is a {type(lifetimes).__name__}.", hint="Give Lifetimes(closed=..., open=...).")
    for field in attrs.fields(Lifetimes):
        value = getattr(lifetimes, field.name)
        if not is_real(value) or not 0 <= value < MOST:
            raise ConfigError(
                f"The lifetime {field.name} is {shown(value)}.",
                hint=f"Set MP_LIFETIME_{field.name.upper()} to a number of seconds, at least 0.",
            )
    return lifetimes


def read_number(env: Mapping[str, str], name: str, default: N, kind: Callable[[str], N]) -> N:
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{name} is {shown(text)}.", hint=f"Set it to {what}, or unset it.") from None


def check_project(project: str | int) -> str:
    """A project id is digits; anything else would end up in paths and keys."""
    text = project if isinstance(project, str) else shown(project)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ConfigError(
            f"The project id {shown(project)} is not a number.",
            hint="Use the number in the project's settings page (MP_PROJECT_ID).",
        )
    return text


def check_workspace(workspace: object) -> int | None:
    """A data view's number, given as a number or as digits."""
    text = workspace if isinstance(workspace, str) else shown(workspace)
    if workspace is not None and not (text.isascii() and text.isdigit() and 0 < len(text) < 19 and int(text)):
        raise ConfigError(f"The workspace id {shown(workspace)} is not a number.", hint="Use the data view's number.")
    return None if workspace is None else int(text)


def check_folder(folder: object) -> Path | None:
    """The folder of the state; `~` is the user's home, as it is to a shell."""
    if folder is None or folder == "":
        return None
    try:
        if not isinstance(folder, str | os.PathLike) or "\0" in (text := os.fspath(folder)):
            raise TypeError
        return Path(text).expanduser()
    except (TypeError, RuntimeError):  # a path of bytes; a home that nobody knows
        raise ConfigError(f"state_dir is {shown(folder)}.", hint="Give the path of a folder (MP_STATE_DIR).") from None


def check_store(store: object) -> str | None:
    if isinstance(store, str) and is_address(store):
        return check_redis("MP_STORE", store)
    if store not in STORES:
        raise ConfigError(
            "MP_STORE names no store.",
            hint="Set MP_STORE to sqlite, memory or the address of a Redis server, or leave it out.",
        )
    return None if store is None else str(store)


def is_address(name: str) -> bool:
    """Whether a store or cache is named by an address."""
    return "://" in name


def check_redis(setting: str, url: str) -> str:
    """The address of a Redis server; an error tells nothing of it, for it may hold a password."""
    from request_scheduler.stores.redis_link import check_url as check_address

    try:
        check_address(url)
    except ValueError as error:
        hint = "Give scheme, host, port and database, such as redis://localhost:6379/0."
        raise ConfigError(f"{setting}: {error}.", hint=hint) from None
    if find_spec("redis") is None:
        raise ConfigError(
            f"{setting} names a Redis server, and the package redis is not installed.",
            hint="Run: pip install 'mixpanel-headless[redis]'",
        )
    return url


def show_store(store: str | None) -> str | None:
    """A store without the password in its address."""
    if store is None or not is_address(store):
        return store
    from request_scheduler.stores.redis_link import place_of

    return place_of(store)


def check_on_loss(on_loss: object) -> OnLoss:
    for known in ON_LOSS:
        if on_loss == known:
            return known
    raise ConfigError("MP_STORE_ON_LOSS names no choice.", hint="Set MP_STORE_ON_LOSS to wait, cautious or error.")


def check_cache(cache: object, store: str | None) -> str:
    """One of CACHES, or an address: that of the store for `redis`, and where nothing else is wished."""
    shared = store if store is not None and is_address(store) else None
    if cache is None:
        return shared or "disk"
    if cache == "redis":
        if shared is None:
            raise ConfigError(
                "MP_CACHE is redis, and MP_STORE names no Redis server.",
                hint="Set MP_STORE or MP_CACHE to the address of the server, such as redis://localhost:6379/0.",
            )
        return shared
    if isinstance(cache, str) and is_address(cache):
        return check_redis("MP_CACHE", cache)
    if cache not in CACHES:
        hint = "Set MP_CACHE to disk, redis, memory, off or the address of a Redis server, or leave it out."
        raise ConfigError("MP_CACHE names no cache.", hint=hint)
    return str(cache)


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
    if not url:
        return None
    try:
        parts = urlsplit(url)
        named = parts.hostname and (parts.port is None or parts.port > 0)
    except (ValueError, AttributeError, TypeError):
        raise ConfigError(f"{name} cannot be read as an address.", hint="Give scheme, host and port.") from None
    if parts.scheme not in {"http", "https"} or not named or "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            f"{name} is not a plain http or https address.", hint="Give scheme, host and port, without credentials."
        )
    return url.rstrip("/")
