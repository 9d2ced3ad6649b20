"""Who is asking, and of what: the credentials, their projects, and the projects' workspaces (data views).

ws.me().user_email
ws.projects()                        what the credentials may see
ws.resolve_workspace_id()            the data view that stands for the whole project
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from mixpanel_headless.accounts.credentials import ServiceAccount
from mixpanel_headless.accounts.workspaces import choose_workspace, read_index
from mixpanel_headless.app_api import get
from mixpanel_headless.errors import (
    AuthenticationError,
    BudgetExhausted,
    ConfigError,
    CredentialsRefused,
    QueryError,
    WorkspaceScopeError,
    shown,
)
from mixpanel_headless.operation import Async, Mode, Surface, composite, operation
from mixpanel_headless.query.fields import read_digits
from mixpanel_headless.request import Request, Scope
from mixpanel_headless.results.discovery import Listing
from mixpanel_headless.suggestions import ask_for, similar_names

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from mixpanel_headless.models.identity import (
        Account,
        MeProject,
        MeResponse,
        MeWorkspace,
        Project,
        PublicWorkspace,
        Session,
        WorkspaceRef,
    )

R = TypeVar("R")
STARS = "**********"
ABSENT = frozenset({403, 404})
"""Statuses that say that these credentials find no workspaces in a place."""


class Identity(Surface[Mode]):
    """Credentials, projects and workspaces."""

    resolved: dict[str, int]
    """The workspace that was found for each project; views and twins share it."""

    @property
    def account(self) -> Account:
        """The credentials that calls are made with; costs nothing."""
        from mixpanel_headless.models.identity import Account

        region, credentials = self.settings.region, self.settings.credentials
        if isinstance(credentials, ServiceAccount):
            return Account(
                name="env-service-account", region=region, type="service_account", username=credentials.username,
                secret=STARS,
            )  # fmt: skip
        return Account(name="env-oauth-token", region=region, type="oauth_token", token=STARS)

    @property
    def project(self) -> Project:
        """The project that calls speak of; `use` changes it. Costs nothing, so it knows the id only."""
        from mixpanel_headless.models.identity import Project

        return Project(id=self.pin.project)

    @property
    def workspace(self) -> WorkspaceRef | None:
        """The pinned workspace (data view), None while calls speak of the whole project; costs nothing."""
        from mixpanel_headless.models.identity import WorkspaceRef

        return None if self.pin.workspace is None else WorkspaceRef(id=self.pin.workspace)

    @property
    def session(self) -> Session:
        """Credentials, project and pinned workspace together; costs nothing."""
        from mixpanel_headless.models.identity import Session

        return Session(account=self.account, project=self.project, workspace=self.workspace)

    @operation
    def _me(self) -> Request[MeResponse]:
        """Whose credentials these are, as the service says it."""
        from mixpanel_headless.models.identity import MeResponse

        return get("me", MeResponse, scope=Scope.USER, lifetime="discovery")

    @composite
    async def me(self: Identity[Async], *, force_refresh: bool = False) -> MeResponse:
        """Whose credentials these are, and which organizations, projects and workspaces they may see.

        Kept for a day, also for later programs; `force_refresh` asks again. Costs no query.

        Raises ConfigError when the credentials are refused (401) or may not ask this (403).

        - `force_refresh`: asks again, whatever is known.
        """
        asked = self.view(options=attrs.evolve(self.options, freshness="fresh")) if force_refresh else self
        try:
            return await asked._me()
        except AuthenticationError as error:
            hint = "They come from MP_USERNAME and MP_SECRET, or MP_OAUTH_TOKEN; MP_REGION must be theirs."
            raise CredentialsRefused("The service refuses these credentials (401).", hint=hint, sent=True) from error
        except QueryError as error:
            if error.status_code != 403:
                raise
            hint = "Make the service account again with the scope user_details, or give the project's id yourself."
            raise ConfigError(
                "These credentials may not ask who they are (403).", hint=hint, sent=True, details=error.to_dict()
            ) from error

    @composite
    async def projects(self: Identity[Async], *, refresh: bool = False) -> Listing[Project]:
        """The projects that the credentials may see, by name; one request of `me()` unless that is known.

        - `refresh`: asks again, whatever is known.
        """
        from mixpanel_headless.models.identity import Project

        me = await self.me(force_refresh=refresh)
        found = [
            Project(id=number, name=one.name, organization_id=one.organization_id, timezone=one.timezone)
            for number, one in me.projects.items()
        ]
        return Listing(sorted(found, key=lambda project: (project.name or "").casefold()), provenance=me.provenance)

    @composite
    async def workspaces(
        self: Identity[Async], *, project_id: str | int | None = None, refresh: bool = False
    ) -> Listing[WorkspaceRef]:
        """The workspaces (data views) of this project or another, by name; one request of `me()` unless that is known.

        - `project_id`: of this project instead.
        - `refresh`: asks again, whatever is known.
        """
        from mixpanel_headless.models.identity import WorkspaceRef

        me = await self.me(force_refresh=refresh)
        project = self.pin.project if project_id is None else project_number(project_id, me.projects)
        found = [
            WorkspaceRef(id=one.id, name=one.name, is_default=one.is_default)
            for one in me.workspaces.values()
            if one.project_id == int(project)
        ]
        return Listing(sorted(found, key=lambda one: (one.name or "").casefold()), provenance=me.provenance)

    @operation
    def list_workspaces(self) -> Request[Listing[PublicWorkspace]]:
        """The project's workspaces (data views) as everybody in it sees them; costs no query."""
        from mixpanel_headless.models.identity import PublicWorkspace

        return get("workspaces/public", list[PublicWorkspace])

    @operation
    def _project_index(self) -> Request[object]:
        """What is known of all projects, by id."""
        return get("projects/metadata/index", object, scope=Scope.USER)

    @composite
    async def resolve_workspace_id(self: Identity[Async]) -> int:
        """The pinned workspace's id, else that of the workspace (data view) that stands for the whole project.

        Of several it is the global one, `All Project Data`, the default one, or the first that is visible, in this order.
        It is kept as long as the workspace object, and does not become the pin. Costs no query; at most two requests the
        first time.

        Raises WorkspaceScopeError when the project has none that these credentials find.
        """
        project = self.pin.project
        if self.pin.workspace is not None:
            return self.pin.workspace
        if project not in self.resolved:
            found = (
                choose_workspace(await self._known_workspaces())
                or choose_workspace(await unless_absent(self.list_workspaces()) or ())
                or choose_workspace(read_index(await unless_absent(self._project_index()), project))
            )
            if found is None:
                raise WorkspaceScopeError(
                    f"Project {project} has no workspace that these credentials find.",
                    hint="Pin one: MP_WORKSPACE_ID, Workspace(workspace=...) or use(workspace=...).",
                )
            self.resolved[project] = found
        return self.resolved[project]

    async def _known_me(self: Identity[Async]) -> MeResponse | None:
        """What `me` has told already, None when it has not; asks nothing."""
        try:
            return await self.view(options=attrs.evolve(self.options, freshness="offline"))._me()
        except BudgetExhausted:  # nothing is kept, and offline calls send nothing
            return None

    async def _known_workspaces(self: Identity[Async]) -> list[MeWorkspace]:
        """The project's workspaces as far as `me` has told them already; asks nothing."""
        me = await self._known_me()
        if me is None:
            return []
        return [one for one in me.workspaces.values() if one.project_id == int(self.pin.project)]


async def unless_absent(answer: Coroutine[Any, Any, R]) -> R | None:
    """An answer, or None where these credentials find nothing."""
    try:
        return await answer
    except QueryError as error:
        if error.status_code not in ABSENT:
            raise
        return None


def project_number(project: str | int, known: Mapping[str, MeProject]) -> str:
    """The id of a project; ConfigError for what is none, with the id of a project that has this name."""
    text = str(project)
    if read_digits(text) is not None:
        return text
    named = {one.name: number for number, one in known.items()}
    near = [f"{named[name]} ({name})" for name in similar_names(text, list(named))]
    complaint = f"The project id {shown(project)} is not a number{ask_for(near) or '.'}"
    raise ConfigError(complaint, hint="Give the number in the project's settings page.")
