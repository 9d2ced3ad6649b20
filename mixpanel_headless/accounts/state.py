"""What outlives a program: the folder of its state, and the store of the budgets that all programs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless.errors import ConfigError
from mixpanel_headless.logs import logger

from .storage import is_address

if TYPE_CHECKING:
    from pathlib import Path

    from request_scheduler import Store
    from request_scheduler.cache.shared import SharedCache

    from .settings import Settings

BUDGET_FILE = "budget-v1.sqlite"
ANSWERS_FILE = "answers-v1.sqlite"


def state_folder(settings: Settings) -> Path:
    """MP_STATE_DIR, or the platform's folder for a user's state."""
    return state_home(settings.state_dir)


def state_home(given: Path | None) -> Path:
    """The folder that was given, or the platform's for a user's state."""
    if given is not None:
        return given
    from platformdirs import user_state_path

    return user_state_path("mixpanel-headless", appauthor=False)


def budget_store(settings: Settings) -> Store | None:
    """The store that MP_STORE names, None for the memory of this process.

    Where nothing was asked for, the file gives way to memory if it cannot be kept, such as in a home that is read-only or
    on a network. In a folder that was given it is lost from the start, and calls do what they do while it is lost.
    """
    if settings.store == "memory":
        return None
    if settings.store is not None and is_address(settings.store):
        from request_scheduler.stores.redis import RedisStore

        return RedisStore(settings.store, on_loss=settings.store_on_loss)
    from request_scheduler.stores import StoreLost
    from request_scheduler.stores.sqlite import SqliteStore
    from request_scheduler.stores.sqlite.lock import check_usable

    path = state_folder(settings) / BUDGET_FILE
    try:
        check_usable(path)
    except (OSError, StoreLost) as error:
        if settings.shares and settings.store is None and isinstance(error, OSError):
            return SqliteStore(path, on_loss=settings.store_on_loss)
        if settings.store == "sqlite" or settings.shares:
            hint = "Set MP_STATE_DIR to a local folder, or MP_STORE=memory."
            raise ConfigError(f"The budget file cannot be kept: {error}.", hint=hint) from None
        logger().warning(
            "other programs cannot share this one's budget, because its file cannot be kept", why=str(error)
        )
        return None
    return SqliteStore(path, on_loss=settings.store_on_loss)


def answer_cache(settings: Settings) -> SharedCache | None:
    """The file or server of earlier answers; None where it is not wanted, or where locks of files cannot be relied on."""
    if settings.cache in {"memory", "off"} or settings.cache_file_bytes == 0:
        return None
    from msgspec import json

    from request_scheduler.cache.codec import Codec

    codec, size = Codec(json.encode, json.decode), settings.cache_file_bytes
    if is_address(settings.cache):
        from request_scheduler.cache.redis import RedisCache

        return RedisCache(settings.cache, codec=codec, prefix="mixpanel-headless", size=size)
    from request_scheduler.cache.disk import DiskCache
    from request_scheduler.stores.sqlite.lock import check_local

    path = state_folder(settings) / ANSWERS_FILE
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_local(path.parent)
    except Exception as error:  # noqa: BLE001 - whatever the reason, answers are then kept in memory
        logger().warning("answers are not kept beyond this program, because their file cannot be kept", why=str(error))
        return None
    return DiskCache(path, codec=codec, size=size)
