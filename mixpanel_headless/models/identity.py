"""Who the credentials are, and which projects and data views they may see."""

from typing import Any, Literal

import attrs

from .entity import Entity

__all__ = (
    "Account",
    "MeOrganization",
    "MeProject",
    "MeResponse",
    "MeWorkspace",
    "Project",
    "PublicWorkspace",
    "Session",
    "WorkspaceRef",
)


@attrs.frozen(kw_only=True)
class MeOrganization(Entity):
    """An organization, as the credentials see it."""

    id: int
    name: str
    role: str | None = None
    permissions: list[Any] | None = None


@attrs.frozen(kw_only=True)
class MeProject(Entity):
    """A project that the credentials may see; its id is its key in `MeResponse.projects`."""

    name: str
    organization_id: int
    timezone: str | None = None
    has_workspaces: bool | None = None
    domain: str | None = None
    type: str | None = None


@attrs.frozen(kw_only=True)
class MeWorkspace(Entity):
    """A data view that the credentials may see."""

    id: int
    name: str
    project_id: int
    is_default: bool | None = None
    is_global: bool | None = None
    is_restricted: bool | None = None
    is_visible: bool | None = None
    description: str | None = None
    creator_name: str | None = None


@attrs.frozen(kw_only=True)
class MeResponse(Entity):
    """Whose credentials these are, and all that they may see; the keys are ids as text."""

    user_id: int | None = None
    user_email: str | None = None
    user_name: str | None = None
    organizations: dict[str, MeOrganization] = attrs.field(factory=dict)
    projects: dict[str, MeProject] = attrs.field(factory=dict)
    workspaces: dict[str, MeWorkspace] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Project(Entity):
    """A project; what only the service knows is None until `projects` has asked it."""

    id: str
    name: str | None = None
    organization_id: int | None = None
    timezone: str | None = None


@attrs.frozen(kw_only=True)
class WorkspaceRef(Entity):
    """A workspace (data view); what only the service knows is None until `workspaces` has asked it."""

    id: int
    name: str | None = None
    is_default: bool | None = None
    project_id: int | None = None


@attrs.frozen(kw_only=True)
class PublicWorkspace(Entity):
    """A workspace (data view) of a project, as everybody who sees the project sees it."""

    id: int
    name: str
    project_id: int
    is_default: bool
    description: str | None = None
    is_global: bool | None = None
    is_restricted: bool | None = None
    is_visible: bool | None = None
    created_iso: str | None = None
    creator_name: str | None = None


@attrs.frozen(kw_only=True)
class Account(Entity):
    """The credentials that calls are made with; `secret` and `token` are stars."""

    name: str
    region: str
    type: Literal["service_account", "oauth_token"]
    default_project: str | None = None
    username: str | None = None
    secret: str | None = None
    token: str | None = None


@attrs.frozen(kw_only=True)
class Session(Entity):
    """What calls speak of: credentials, project, and the pinned workspace if there is one."""

    account: Account
    project: Project
    workspace: WorkspaceRef | None = None
