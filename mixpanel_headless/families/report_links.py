"""Links to reports: made from a question, resolved to one, and asked.

link = ws.create_report_link(ws.build_params("Login", last=7))
print(link)                           the address, for a person
ws.query_report_link(str(link)).df    the numbers, for a program
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from mixpanel_headless.accounts.settings import WEB_HOSTS
from mixpanel_headless.app_api import at, get, post
from mixpanel_headless.errors import (
    InvalidArgumentError,
    QueryError,
    ReportLinkNotFoundError,
    UnsupportedReportLinkError,
    WorkspaceScopeError,
    shown,
)
from mixpanel_headless.operation import Async, Mode, composite, operation
from mixpanel_headless.options import Pin
from mixpanel_headless.query import report_links as links
from mixpanel_headless.query.bookmark_schema import check_schema
from mixpanel_headless.query.flows import flow_mode
from mixpanel_headless.query.patterns import read_question
from mixpanel_headless.replies import read_redirect
from mixpanel_headless.request import Json, Request, Scope

from .flows import Flows
from .funnels import Funnels
from .identity import Identity
from .insights import Insights
from .retention import Retention

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_headless.models.bookmarks import Bookmark
    from mixpanel_headless.models.report_links import LinkRecord, ReportLink, ResolvedReportLink
    from mixpanel_headless.query.vocabulary import FlowMode
    from mixpanel_headless.results.flows import FlowQueryResult
    from mixpanel_headless.results.funnels import FunnelQueryResult
    from mixpanel_headless.results.insights import QueryResult
    from mixpanel_headless.results.provenance import Provenance
    from mixpanel_headless.results.retention import RetentionQueryResult


class ReportLinks(Insights[Mode], Funnels[Mode], Retention[Mode], Flows[Mode], Identity[Mode]):
    """Links to reports."""

    def saved_report_link(
        self, bookmark_id: int, *, report_type: links.SavedType = "insights", workspace_id: int | None = None
    ) -> str:
        """Where a saved report is looked at, in the given or the pinned workspace (data view); costs nothing."""
        links.check_id("bookmark_id", bookmark_id)
        links.check_id("workspace_id", workspace_id)
        links.check_saved_type(report_type)
        view = self.pin.workspace if workspace_id is None else workspace_id
        return links.write_saved_link(self._web_host, self.pin.project, view, report_type, bookmark_id)

    @operation(verb="share")
    def _keep_link(self, body: Mapping[str, Json]) -> Request[object]:
        """A slug and its report, given to the service to keep."""
        return post("bookmark-urls/", object, json=body)

    @composite(verb="share")
    async def create_report_link(
        self: ReportLinks[Async],
        report: Mapping[str, Any] | QueryResult | FlowQueryResult | ResolvedReportLink,
        *,
        report_type: links.LinkType | None = None,
        name: str | None = None,
        description: str | None = None,
        bookmark_id: int | None = None,
        workspace_id: int | None = None,
        validate: bool = True,
    ) -> ReportLink:
        """A link that shows a report without saving it: a question, as `params` of an answer has it, or an answer,
        also as JSON.

        A result or a resolved link knows its own type; a question is an insights report unless `report_type` says
        otherwise. The link shows the given workspace (data
        view), the pinned one, or the one that stands for the project. Costs no query: one request, and those of
        `resolve_workspace_id`.

        Raises BookmarkValidationError with every flaw of the question before anything is sent, unless `validate` is off.

        - `report_type`: what kind of report it is.
        - `name`: what it is called.
        - `description`: what is said of it.
        - `bookmark_id`: the id of the saved report that it started from.
        - `validate`: whether the question is checked before anything is sent.
        """
        from mixpanel_headless.models.report_links import ReportLink

        links.check_id("bookmark_id", bookmark_id)
        links.check_id("workspace_id", workspace_id)
        links.check_text("name", name)
        links.check_text("description", description)
        kind, params = links.typed_params(report, report_type)
        if validate:
            check_schema(params, kind)
        question = read_question(params)
        slug = "".join(secrets.choice(links.SLUG_LETTERS) for _ in range(links.SLUG_LENGTH))
        view = workspace_id or await self._workspace_or_none()
        optional = {"name": name, "description": description, "bookmark_id": bookmark_id}
        given = {field: value for field, value in optional.items() if value is not None}
        kept = await self._keep_link({"slug": slug, "type": kind, "params": msgspec.Raw(question.bookmark), **given})
        created_at = kept.get("created_at") if isinstance(kept, dict) else None
        return ReportLink(
            url=links.write_slug_link(self._web_host, self.pin.project, view, links.app_of(kind), slug),
            slug=slug,
            report_type=kind,
            project_id=int(self.pin.project),
            workspace_id=view,
            name=name or "",
            description=description or "",
            bookmark_id=bookmark_id,
            created_at=created_at if isinstance(created_at, str) else None,
        )

    async def _workspace_or_none(self: ReportLinks[Async]) -> int | None:
        try:
            return await self.resolve_workspace_id()
        except WorkspaceScopeError:
            return None

    @operation
    def _link_record(self, slug: str) -> Request[LinkRecord]:
        """What is kept for a slug."""
        from mixpanel_headless.models.report_links import LinkRecord

        return get(at("bookmark-urls/{}/", slug), LinkRecord)

    @operation
    def _bookmark(self, bookmark_id: int) -> Request[Bookmark]:
        """A saved report."""
        from mixpanel_headless.models.bookmarks import Bookmark

        return get(at("bookmarks/{}", bookmark_id), Bookmark, scope=Scope.WORKSPACE_IF_PINNED, v=2)

    @operation
    def _short_link(self, code: str) -> Request[dict[str, Json]]:
        """Where a short link leads."""
        return Request("GET", "web", at("/s/{}", code), read_as_it_is, decode=read_redirect, redirects=True)

    @composite
    async def resolve_report_link(self: ReportLinks[Async], link: str) -> ResolvedReportLink:
        """What a link or a bare slug points at: the report's question and type, and the project and view that it is of.

        Takes links by slug, to saved reports, to a report being edited on a board, and short links (`/s/...`). Costs no
        query: one request, two for a short link.

        Raises ReportLinkParseError, UnsupportedReportLinkError or ReportLinkScopeMismatchError before anything is sent,
        ReportLinkNotFoundError when nothing is kept there.
        """
        target = links.parse_report_link(link)
        links.check_region(target.region, self.settings.region)
        expanded = None
        if target.short_code is not None:
            expanded = await self._expand(target.short_code)
            target = links.parse_report_link(expanded)
            links.check_region(target.region, self.settings.region)
        links.check_scope(target.project, target.workspace, int(self.pin.project), self.pin.workspace)
        resolve = self._resolve_slug if target.slug is not None else self._resolve_bookmark
        return await resolve(target, link, expanded)

    async def _expand(self: ReportLinks[Async], code: str) -> str:
        """The link that a short link stands for."""
        try:
            answer = await self._short_link(code)
        except QueryError as error:
            refuse_absent(error, f"There is no short link {shown(code)}.", "SHORT_LINK_NOT_FOUND")
            raise
        return links.read_short_link(answer["status"], answer["location"], self._web_host)

    async def _resolve_slug(
        self: ReportLinks[Async], target: links.LinkTarget, link: str, expanded: str | None
    ) -> ResolvedReportLink:
        from mixpanel_headless.models.report_links import ResolvedReportLink

        slug = target.slug or ""
        try:
            record = await self._link_record(slug)
        except QueryError as error:
            text = f"Project {self.pin.project} keeps no report under the slug {slug}."
            refuse_absent(error, text, "REPORT_LINK_SLUG_NOT_FOUND")
            raise
        view = target.workspace or self.pin.workspace
        own = record.bookmark.id if record.bookmark else None
        app = links.app_of(record.type, target.app)
        return ResolvedReportLink(
            source="slug",
            report_type=record.type,
            params=record.params or {},
            project_id=int(self.pin.project),
            workspace_id=view,
            region=self.settings.region,
            url=links.write_slug_link(self._web_host, self.pin.project, view, app, slug),
            input=link,
            expanded_url=expanded,
            slug=slug,
            bookmark_id=own if record.bookmark_id is None else record.bookmark_id,
            bookmark=record.bookmark,
            name=record.name,
            description=record.description,
            overrides=record.overrides,
            provenance=record.provenance,
        )

    async def _resolve_bookmark(
        self: ReportLinks[Async], target: links.LinkTarget, link: str, expanded: str | None
    ) -> ResolvedReportLink:
        from mixpanel_headless.models.report_links import ResolvedReportLink

        number = target.bookmark_id or 0
        try:
            saved = await self._bookmark(number)
        except QueryError as error:
            pinned = "" if self.pin.workspace is None else f" in the pinned workspace {self.pin.workspace}"
            text = f"Project {self.pin.project} has no saved report {number}{pinned}."
            refuse_absent(error, text, "REPORT_LINK_BOOKMARK_NOT_FOUND")
            raise
        view, kind = target.workspace or self.pin.workspace, saved.bookmark_type
        return ResolvedReportLink(
            source="bookmark",
            report_type=kind,
            params=saved.params or {},
            project_id=int(self.pin.project),
            workspace_id=view,
            region=self.settings.region,
            url=links.write_saved_link(self._web_host, self.pin.project, view, kind, number, target.app or "insights"),
            input=link,
            expanded_url=expanded,
            bookmark_id=saved.id,
            bookmark=saved,
            name=saved.name,
            description=saved.description,
            provenance=saved.provenance,
        )

    @composite
    async def query_report_link(
        self: ReportLinks[Async], link: str | ResolvedReportLink, *, mode: FlowMode | None = None
    ) -> QueryResult | FunnelQueryResult | RetentionQueryResult | FlowQueryResult:
        """The answer to the report that a link points at, as its own kind of result.

        `mode` shows a flow in another way than the link does; other reports have none. Costs one query, none when the
        answer is known; and the requests of `resolve_report_link`, unless its result is given.

        - `mode`: how a flow is shown.
        """
        from mixpanel_headless.models.report_links import ResolvedReportLink

        resolved = link if isinstance(link, ResolvedReportLink) else await self.resolve_report_link(link)
        links.check_region(resolved.region, self.settings.region)
        links.check_scope(resolved.project_id, resolved.workspace_id, int(self.pin.project), self.pin.workspace)
        scoped = self.view(pin=Pin(self.pin.project, resolved.workspace_id))
        if mode is not None and resolved.report_type != "flows":
            raise InvalidArgumentError(
                f"mode is {shown(mode)}, and this is a report of the type {resolved.report_type}.",
                hint="Leave mode out: only flows have one.",
            )
        match resolved.report_type:
            case "insights":
                return await scoped.run_params(resolved.params)
            case "funnels":
                return await scoped.run_funnel_params(resolved.params)
            case "retention":
                return await scoped.run_retention_params(resolved.params)
            case "flows":
                return await scoped.run_flow_params(resolved.params, mode=mode or linked_mode(resolved.params))
            case other:
                raise UnsupportedReportLinkError(
                    f"Reports of the type {shown(other)} cannot be asked here.",
                    code="UNSUPPORTED_REPORT_TYPE",
                    hint="Look at it in the browser.",
                )

    @property
    def _web_host(self) -> str:
        """Where people look at reports, whatever host answers programs."""
        return WEB_HOSTS[self.settings.region]


def linked_mode(params: Mapping[str, Any]) -> FlowMode:
    """How a link shows a flow: as its chart, whatever its paths were merged into before, unless that is a tree."""
    chart = params.get("chartType")
    return flow_mode(params if chart is None or params.get("flows_merge_type") == "tree" else {"chartType": chart})


def read_as_it_is(tree: Json, _: Provenance) -> Json:
    return tree


def refuse_absent(error: QueryError, text: str, code: str) -> None:
    """Raises ReportLinkNotFoundError for a 404."""
    if error.status_code == 404:
        raise ReportLinkNotFoundError(
            text, code=code, status_code=404, response_body=error.response_body,
            request_method=error.request_method, request_url=error.request_url,
        ) from error  # fmt: skip
