"""The App API's addresses that the sandbox answers: identity, saved reports, report links, `governed` and `entities`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import attrs

from mixpanel_headless.sandbox import boards, checks, custom_events, governed, histories, lookups, quality, replays
from mixpanel_headless.sandbox.entities import rows_in
from mixpanel_headless.sandbox.histories import USER
from mixpanel_headless.sandbox.replies import Rejected, Reply, Told
from mixpanel_headless.sandbox.routes import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mixpanel_headless.sandbox.arrivals import Arrival
    from mixpanel_headless.sandbox.questions import Source
    from mixpanel_headless.sandbox.replies import Json

WORKSPACE = 1
EVERYTHING = "All Project Data"
ORGANIZATION = 1


@attrs.frozen
class Request:
    """A request to one of these addresses, with the parts of its path that vary."""

    source: Source
    arrival: Arrival
    parts: dict[str, str]

    @property
    def project(self) -> int:
        return self.source.engine.project.id

    @property
    def now(self) -> str:
        """The project's time, as saved things carry it."""
        return f"{self.source.engine.project.clock():%Y-%m-%dT%H:%M:%S}"

    @property
    def moment(self) -> str:
        """The same with its zone."""
        return self.source.engine.project.clock().isoformat(timespec="seconds")

    @property
    def body(self) -> Json:
        """The JSON object that was sent."""
        if not isinstance(self.arrival.document, dict):
            raise Rejected(400, "Invalid JSON: the body must be an object")
        return self.arrival.document


def me(request: Request) -> Json:
    """Whose credentials these are: everything that there is."""
    project = request.source.engine.project
    about = {"name": "Sandbox", "organization_id": ORGANIZATION, "timezone": project.timezone, "has_workspaces": True}
    return {
        "user_id": USER,
        "user_name": "sandbox",
        "user_email": None,
        "organizations": {str(ORGANIZATION): {"id": ORGANIZATION, "name": "Sandbox", "role": "owner"}},
        "projects": {str(request.project): about},
        "workspaces": {str(WORKSPACE): workspace(request)},
    }


def workspace(request: Request) -> Json:
    """The one workspace, which shows everything; other ids are taken for it."""
    flags = {"is_default": True, "is_global": True, "is_visible": True}
    return {"id": WORKSPACE, "name": EVERYTHING, "project_id": request.project, **flags}


def project_index(request: Request) -> Json:
    """The projects with their workspaces."""
    return {str(request.project): {"name": "Sandbox", "workspaces": {str(WORKSPACE): workspace(request)}}}


def bookmark(request: Request, report: Json) -> Json:
    """A saved report as the API shows it."""
    return {"project_id": request.project, "creator_id": USER, "creator_name": "sandbox", **report}


def list_bookmarks(request: Request) -> Json:
    """Saved reports, of one type or with some ids if that is asked."""
    ids = request.arrival.query.get("ids")
    found = request.source.saved.listed(request.arrival.query.get("type"), ids.split(",") if ids else None)
    return {"results": [bookmark(request, report) for report in found]}


def fields_of(row: Mapping[str, Any]) -> Json:
    """What a saved report is given: neither its id nor the version of the call."""
    return {key: value for key, value in row.items() if key not in {"id", "v"}}


def create_bookmark(request: Request) -> Json:
    """Save a report."""
    return bookmark(request, request.source.saved.add_report(fields_of(request.body), request.now))


def get_bookmark(request: Request) -> Json:
    """One saved report."""
    return bookmark(request, request.source.saved.report(request.parts["id"]))


def change_bookmark(request: Request) -> Json:
    """A saved report, changed."""
    changed = request.source.saved.change_report(request.parts["id"], fields_of(request.body), request.now)
    return bookmark(request, changed)


def delete_bookmark(request: Request) -> Json:
    """Delete a saved report."""
    return forget(request, [request.parts["id"]])


def delete_bookmarks(request: Request) -> Json:
    """Delete several saved reports, all or none."""
    numbers = request.body.get("bookmark_ids")
    if not isinstance(numbers, list):
        raise Rejected(400, "bookmark_ids must be a list of ids")
    return forget(request, numbers)


def forget(request: Request, numbers: Sequence[object]) -> Json:
    request.source.saved.delete_reports(numbers, request.now)
    boards.forget_reports(numbers, request)
    return {}


def change_bookmarks(request: Request) -> Json:
    """Change several saved reports."""
    for row in rows_in(request.body, "bookmarks"):
        request.source.saved.change_report(row.get("id"), fields_of(row), request.now)
    return {}


def create_link(request: Request) -> Json:
    """Keep a report under the slug that the client made up."""
    return {**request.source.saved.add_link(request.body, request.now), "project_id": request.project, "user_id": USER}


def get_link(request: Request) -> Json:
    """What is kept under a slug, with the saved report that it came from."""
    saved, slug = request.source.saved, request.parts["slug"]
    if slug not in saved.links:
        raise Rejected(404, f"The slug {slug[:40]!r} does not exist")
    found = {**saved.links[slug], "project_id": request.project, "user_id": USER}
    number = found.get("bookmark_id")
    return {**found, "bookmark": bookmark(request, saved.reports[number])} if number in saved.reports else found


ROUTES: tuple[tuple[str, str, Callable[[Request], Any]], ...] = (
    ("GET", r"me", me),
    ("GET", r"projects/metadata/index", project_index),
    ("GET", rf"{SCOPE}/workspaces/public", lambda request: [workspace(request)]),
    ("GET", rf"{SCOPE}/bookmarks", list_bookmarks),
    ("POST", rf"{SCOPE}/bookmarks", create_bookmark),
    ("POST", rf"{SCOPE}/bookmarks/bulk-delete", delete_bookmarks),
    ("POST", rf"{SCOPE}/bookmarks/bulk-update", change_bookmarks),
    ("GET", rf"{SCOPE}/bookmarks/(?P<id>[^/]+)", get_bookmark),
    ("PATCH", rf"{SCOPE}/bookmarks/(?P<id>[^/]+)", change_bookmark),
    ("DELETE", rf"{SCOPE}/bookmarks/(?P<id>[^/]+)", delete_bookmark),
    ("POST", rf"{SCOPE}/bookmark-urls", create_link),
    ("GET", rf"{SCOPE}/bookmark-urls/(?P<slug>[^/]+)", get_link),
    *boards.ROUTES, *checks.ROUTES, *custom_events.ROUTES, *governed.ROUTES, *histories.ROUTES, *lookups.ROUTES,
    *quality.ROUTES, *replays.ROUTES,
)  # fmt: skip


def ask_app(source: Source, arrival: Arrival) -> Reply:
    """The App API's answer in its envelope; Rejected for an address that it lacks here. One at a time."""
    scope = re.match(SCOPE, arrival.route.endpoint)
    if scope and scope["project"] not in (None, str(source.engine.project.id)):
        raise Rejected(403, f"No access to project {scope['project'][:40]}")
    with source.saved.turn():  # until it is written down, as it may hold what others change
        found = answer(source, arrival)
        if isinstance(found, Reply):
            return found
        return (found if isinstance(found, Told) else Told(found)).reply()


def answer(source: Source, arrival: Arrival) -> Any:
    """What an address answers: one of the table above, or one at which things of a kind stand."""
    endpoint, methods = arrival.route.endpoint, []
    for method, pattern, ask in ROUTES:
        if (match := re.fullmatch(pattern, endpoint)) and method == arrival.method:
            parts = {name: unquote(part) for name, part in match.groupdict().items() if part is not None}
            return ask(Request(source, arrival, parts))
        methods += [method] if match else []
    kept = source.saved.entities.answer(Request(source, arrival, {}))
    if kept is None and methods:
        raise Rejected(405, f"Method {arrival.method} is not allowed, use {' or '.join(methods)}")
    if kept is None:
        raise Rejected(404, f"{arrival.method} {arrival.path} is not supported by the sandbox yet")
    return kept
