"""Business context: what an organization or a project says of itself, for people and language models to know.

ws.set_business_context("We sell shoes. An *Order* is paid.")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, get, put
from mixpanel_headless.errors import (
    BusinessContextValidationError,
    InvalidResponseError,
    ParamValidationError,
    WorkspaceScopeError,
    shown,
)
from mixpanel_headless.operation import Async, Mode, composite, operation
from mixpanel_headless.request import Request, Scope

from .identity import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_headless.models import business_context as kinds
    from mixpanel_headless.models.identity import MeResponse
else:
    kinds = LazyModule("mixpanel_headless.models.business_context")

Level = Literal["project", "organization"]
MOST_CHARACTERS = 50_000
ORGANIZATION = "organizations/{}/business-context"
PROJECT = "business-context"


class BusinessContexts(Identity[Mode]):
    """What an organization or a project says of itself; none of these calls costs a query."""

    @operation
    def _get_business_context(self, organization: int | None) -> Request[dict[str, str]]:
        """What one of them says, as it comes."""
        path = PROJECT if organization is None else at(ORGANIZATION, organization)
        return get(path, dict[str, str], scope=scope_of(organization))

    @operation
    def _set_business_context(self, organization: int | None, content: str) -> Request[dict[str, str]]:
        """What one of them says from now on, as it comes."""
        path = PROJECT if organization is None else at(ORGANIZATION, organization)
        return put(path, dict[str, str], scope=scope_of(organization), json={"content": content})

    @operation
    def _get_business_context_chain(self) -> Request[dict[str, str]]:
        """What both say, as it comes."""
        return get("business-context/chain", dict[str, str])

    @composite
    async def get_business_context(
        self: BusinessContexts[Async], level: Level = "project", *, organization_id: int | None = None
    ) -> kinds.BusinessContext:
        """What the project says of itself, or the organization.

        Without `organization_id` the organization is the project's, which `me()` tells (one request unless that is known).

        Raises WorkspaceScopeError when that does not say which.

        - `level`: whose: the project's, or that of its organization.
        - `organization_id`: which organization, where the credentials may see several.
        """
        organization = await self._organization(level, organization_id)
        return self._context(organization, text_in(await self._get_business_context(organization), "content"))

    @composite
    async def set_business_context(
        self: BusinessContexts[Async], content: str, *, level: Level = "project", organization_id: int | None = None
    ) -> kinds.BusinessContext:
        """What the project, or the organization, says of itself from now on: Markdown of at most 50,000 characters.

        - `level`: whose: the project's, or that of its organization.
        - `organization_id`: which organization, where the credentials may see several.
        """
        if len(content) > MOST_CHARACTERS:
            raise BusinessContextValidationError(
                f"The content has {len(content):,} characters; at most {MOST_CHARACTERS:,} go in.", path="content"
            )
        organization = await self._organization(level, organization_id)
        return self._context(organization, text_in(await self._set_business_context(organization, content), "content"))

    @composite
    async def clear_business_context(
        self: BusinessContexts[Async], *, level: Level = "project", organization_id: int | None = None
    ) -> kinds.BusinessContext:
        """The project, or the organization, says nothing of itself any more.

        - `level`: whose: the project's, or that of its organization.
        - `organization_id`: which organization, where the credentials may see several.
        """
        return await self.set_business_context("", level=level, organization_id=organization_id)

    @composite
    async def get_business_context_chain(self: BusinessContexts[Async]) -> kinds.BusinessContextChain:
        """What the organization and the project say; the organization's id is there only when `me()` is known already."""
        both = await self._get_business_context_chain()
        me = await self._known_me()
        organization = None if me is None else organization_of(me, self.pin.project)
        return kinds.BusinessContextChain(
            organization=kinds.BusinessContext(
                level="organization", content=text_in(both, "org_context"), organization_id=organization
            ),
            project=self._context(None, text_in(both, "project_context")),
        )

    async def _organization(self: BusinessContexts[Async], level: str, given: int | None) -> int | None:
        """The organization that is meant, None for the project."""
        if level not in ("project", "organization"):
            complaint = f"level is {shown(level)}; it is `project` or `organization`."
            raise ParamValidationError(complaint, "WS2_INVALID_LEVEL", path="level")
        if level == "project" or given is not None:
            return None if level == "project" else given
        me = await self._known_me() or await self.me()
        found = organization_of(me, self.pin.project)
        if found is None:
            known = ", ".join(f"{one.id} ({one.name})" for one in me.organizations.values()) or "none"
            raise WorkspaceScopeError(
                f"The organization of project {self.pin.project} is not clear; these credentials see {known}.",
                code="ORGANIZATION_AMBIGUOUS",
                hint="Give organization_id.",
            )
        return found

    def _context(self, organization: int | None, content: str) -> kinds.BusinessContext:
        if organization is None:
            return kinds.BusinessContext(level="project", content=content, project_id=self.pin.project)
        return kinds.BusinessContext(level="organization", content=content, organization_id=organization)


def text_in(answer: Mapping[str, str], name: str) -> str:
    """One field of an answer; InvalidResponseError where it is missing."""
    if name not in answer:
        raise InvalidResponseError(
            f"The answer has no {name}; it has {', '.join(sorted(answer)) or 'nothing'}.", sent=True
        )
    return answer[name]


def scope_of(organization: int | None) -> Scope:
    return Scope.PROJECT if organization is None else Scope.USER


def organization_of(me: MeResponse, project: str) -> int | None:
    """The organization of a project as far as `me` tells it: its own, or the only one."""
    known: Any = me.projects.get(project)
    if known is not None:
        return int(known.organization_id)
    return next(iter(me.organizations.values())).id if len(me.organizations) == 1 else None
