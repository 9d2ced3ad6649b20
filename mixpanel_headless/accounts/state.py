"""What outlives a program: the folder of its state, and the store of the budgets that all programs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless.errors import ConfigError
from mixpanel_headless.observation import logger

if TYPE_CHECKING:
    from pathlib import Path

    from request_scheduler import Store

    from .settings import Settings

BUDGET_FILE = "budget-v1.sqlite"


def state_folder(settings: Settings) -> Path:
    """MP_STATE_DIR, or the platform's folder for a user's state."""
    if settings.state_dir is not None:
        return settings.state_dir
    from platformdirs import user_state_path

    return user_state_path("mixpanel-headless", appauthor=False)


def budget_store(settings: Settings) -> Store | None:
    """The store that MP_STORE names, None for the memory of this process.

    Unless it was asked for by name, the file gives way to memory where it cannot be kept, such as a home that is
    read-only or on a network.
    """
    if settings.store == "memory":
        return None
    from request_scheduler.stores import StoreLost
    from request_scheduler.stores.sqlite import SqliteStore
    from request_scheduler.stores.sqlite_file import check_usable

    path = state_folder(settings) / BUDGET_FILE
    try:
        check_usable(path)
    except (OSError, StoreLost) as error:
        if settings.store == "sqlite":
            hint = "Set MP_STATE_DIR to a local folder, or MP_STORE=memory."
            raise ConfigError(f"The budget file cannot be kept: {error}.", hint=hint) from None
        logger().warning(
            "other programs cannot share this one's budget, because its file cannot be kept", why=str(error)
        )
        return None
    # A disk that fails later must not stop a program for good: it goes on by an eighth of each limit.
    return SqliteStore(path, on_loss="cautious")
