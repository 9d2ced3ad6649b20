"""Where budgets and answers are kept: settings that name a folder, a kind of store, or a server."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from mixpanel_headless.errors import ConfigError, shown
from mixpanel_headless.paths import read_path

if TYPE_CHECKING:
    from pathlib import Path

    from request_scheduler.stores import OnLoss

STORES = (None, "sqlite", "memory")
"""Where budgets are kept, if not on a Redis server: None for a file if one can be kept, else in memory."""
ON_LOSS: tuple[OnLoss, ...] = ("wait", "cautious", "error")
"""What calls do while the store is lost: wait for it, go on by an eighth of each limit, or fail."""
CACHES = ("disk", "memory", "off")
"""Where answers are kept, if not on a Redis server as well: in memory and a file, in memory, or nowhere."""


def check_folder(folder: object) -> Path | None:
    """The folder of the state; `~` is the user's home, as it is to a shell."""
    if folder is None or (isinstance(folder, str) and not folder):
        return None
    if (path := read_path(folder)) is None:
        hint = "Give the path of a folder (MP_STATE_DIR), without line breaks and control characters."
        raise ConfigError(f"state_dir is {shown(folder)}.", hint=hint)
    return path


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
    from request_scheduler.stores.redis.link import check_url as check_address

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
    from request_scheduler.stores.redis.link import place_of

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
