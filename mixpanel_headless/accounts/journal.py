"""The audit log of one workspace, as its settings have it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from mixpanel_headless.governance.audit import Mirror, Recorder

from .credentials import ServiceAccount, fingerprint
from .state import state_folder

if TYPE_CHECKING:
    from mixpanel_headless.governance.journal import Journal

    from .settings import Settings


def open_recorder(settings: Settings) -> Recorder:
    """What writes down the changes that a workspace makes; its files are opened by the first."""
    credentials = settings.credentials
    named = credentials.username if isinstance(credentials, ServiceAccount) else f"oauth:{fingerprint(credentials)}"
    return Recorder(
        functools.partial(journal_of, settings),
        named,
        required=settings.audit == "required",
        mirrors=mirrors_of(settings),
    )


def mirrors_of(settings: Settings) -> tuple[Mirror, ...]:
    """What else hears of each row."""
    if not settings.audit_mirrors:
        return ()
    from mixpanel_headless.governance.mirrors import choose_mirrors

    return choose_mirrors(settings.audit_mirrors)


def journal_of(settings: Settings) -> Journal:
    """The log in the folder of the state."""
    from mixpanel_headless.governance.journal import open_journal
    from mixpanel_headless.replies import scrub

    return open_journal(state_folder(settings), clean=functools.partial(scrub, secrets=settings.credentials.secrets()))
