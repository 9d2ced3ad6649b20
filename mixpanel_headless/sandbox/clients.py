"""What a client must be told to talk to a sandbox: as variables for other processes, and as options in this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixpanel_headless.sandbox.box import Sandbox


def variables(box: Sandbox, state: str) -> dict[str, str]:
    """The environment of a process; budget, answers and audit log are in the folder `state`."""
    return {
        "MP_USERNAME": box.username,
        "MP_SECRET": box.secret,
        "MP_PROJECT_ID": str(box.project),
        "MP_REGION": "us",
        "MP_API_BASE_URL": box.url,
        "MP_APP_BASE_URL": box.url,
        "MP_LIMIT_QUERY": str(box.limit),
        "MP_LIMIT_QUERY_WINDOW": repr(float(box.window)),
        "MP_LIMIT_QUERY_CONCURRENCY": str(box.concurrency),
        "MP_STATE_DIR": state,
        "MP_STORE": "sqlite",
        "MP_CACHE": "disk",
    }


def options(box: Sandbox, state: str) -> dict[str, Any]:
    """The arguments of a workspace's constructor; budget and answers are its own, the audit log is in the folder `state`."""
    from mixpanel_headless.accounts.limits import Limits

    return {
        "project": str(box.project),
        "region": "us",
        "username": box.username,
        "secret": box.secret,
        "api_base_url": box.url,
        "app_base_url": box.url,
        "limits": Limits(query=box.limit, query_window=box.window, query_concurrency=box.concurrency),
        "state_dir": state,
        "store": "memory",
        "cache": "memory",
    }
