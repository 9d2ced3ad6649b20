"""Links to reports: what a link points at, and how one is written. Nothing here asks the service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from urllib.parse import SplitResult, parse_qs, urljoin, urlsplit

import attrs

from mixpanel_headless.errors import (
    AuthenticationError,
    InvalidResponseError,
    ParamValidationError,
    ReportLinkParseError,
    ReportLinkScopeMismatchError,
    UnsupportedReportLinkError,
    shown,
)
from mixpanel_headless.suggestions import did_you_mean, listed

from .fields import is_positive_integer

if TYPE_CHECKING:
    from collections.abc import Collection

LinkType = Literal["insights", "funnels", "retention", "flows"]
SavedType = Literal["insights", "funnels", "funnel", "retention", "flows", "launch-analysis"]
LINK_TYPES: Final[tuple[LinkType, ...]] = get_args(LinkType)
HOSTS: Final = {"mixpanel.com": "us", "eu.mixpanel.com": "eu", "in.mixpanel.com": "in", "mixpanel.org": "us"}
"""The hosts that reports are looked at on, with their regions."""
SAVED_PATHS: Final = {
    "insights": "insights#report",
    "funnels": "funnels#view",
    "funnel": "funnels#view",
    "retention": "retention#report",
    "flows": "flows#report",
    "launch-analysis": "impact#report",
}
"""Where each type of saved report is looked at; its id comes after it."""
SLUG_LENGTH: Final = 12
SLUG_LETTERS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""What slugs are made of: letters and digits without those that look alike."""

_SLUG: Final = re.compile(rf"[0-9A-Za-z_-]{{{SLUG_LENGTH}}}")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_NUMBER: Final = r"[1-9][0-9]{0,17}"
_PATHS: Final = (
    re.compile(rf"/project/(?P<project>{_NUMBER})(?:/view/(?P<view>{_NUMBER}))?/app/(?P<app>[\w-]+)"),
    re.compile(rf"/report/(?P<project>{_NUMBER})(?:/view/(?P<view>{_NUMBER}))?/(?P<app>[\w-]+)"),
)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SHORT: Final = re.compile(r"/s/(?P<code>[\w-]+)")
_SAVED: Final = re.compile(rf"(?:report|segmentation-report|view)/(?P<id>{_NUMBER})(?:/.*)?")


@attrs.frozen
class LinkTarget:
    """What a link points at: a slug, a saved report, or a short link that stands for another."""

    slug: str | None = None
    bookmark_id: int | None = None
    short_code: str | None = None
    region: str | None = None
    project: int | None = None
    workspace: int | None = None
    app: str | None = None


def parse_report_link(text: str) -> LinkTarget:
    """What a link, or a bare slug, points at.

    Raises ReportLinkParseError for what is no link to a report, UnsupportedReportLinkError for one to a whole board or to a
    report that nobody has saved.
    """
    link = text.strip() if isinstance(text, str) else ""
    if _SLUG.fullmatch(link):
        return LinkTarget(slug=link)
    parts = split_link(link)
    path = parts.path.rstrip("/")
    region = HOSTS[parts.hostname or ""]
    if short := _SHORT.fullmatch(path):
        return LinkTarget(short_code=short["code"], region=region)
    place = next((match for pattern in _PATHS if (match := pattern.fullmatch(path))), None)
    if place is None:
        raise ReportLinkParseError(
            f"The path {shown(parts.path)} is not that of a report or of a short link.",
            code="REPORT_LINK_UNRECOGNIZED_PATH",
        )
    slug, bookmark_id = read_fragment(parts.fragment, place["app"])
    return LinkTarget(
        slug=slug,
        bookmark_id=bookmark_id,
        region=region,
        project=int(place["project"]),
        workspace=int(place["view"]) if place["view"] else None,
        app=place["app"],
    )


def split_link(link: str) -> SplitResult:
    """The parts of a link to one of the service's hosts; the scheme may be left out, and `#` may be `%23`."""
    link = link if "#" in link else link.replace("%23", "#", 1)
    try:
        parts = urlsplit(link if _SCHEME.match(link) else f"https://{link}")
        known = parts.scheme in {"http", "https"} and parts.hostname in HOSTS and parts.port in {None, 80, 443}
    except ValueError:  # such as a port that is none
        known = False
    if not known or "@" in parts.netloc:
        raise ReportLinkParseError(
            f"Could not parse report link: {shown(link)}",
            hint=f"Give a slug of {SLUG_LENGTH} characters, or a link to a report on {' or '.join(HOSTS)}.",
        )
    return parts


def read_fragment(fragment: str, app: str) -> tuple[str | None, int | None]:
    """The slug or the id of a saved report behind the `#` of a link."""
    if "~" not in fragment:
        fragment = fragment.partition("?")[0].rstrip("/")
    if not fragment:
        raise ReportLinkParseError(
            f"The link has nothing after '#': it points at the app {app}, not at a report.",
            code="REPORT_LINK_EMPTY_HASH",
        )
    if app == "boards":
        return read_board(fragment), None
    if _SLUG.fullmatch(fragment):
        return fragment, None
    if saved := _SAVED.fullmatch(fragment):
        return None, int(saved["id"])
    if fragment.startswith("~"):
        raise UnsupportedReportLinkError(
            "The link holds an unsaved report in itself.",
            code="UNSUPPORTED_INLINE_REPORT_LINK",
            hint="Save the report, or share it by its button, and use that link.",
        )
    raise unrecognized(fragment)


def read_board(fragment: str) -> str:
    """The slug of the report that a link to a board opens for editing."""
    values = {name: texts[0] for name, texts in parse_qs(fragment).items()}
    slug = values.get("edited-bookmark", "")
    if _SLUG.fullmatch(slug):
        return slug
    if re.fullmatch(_NUMBER, values.get("id", "")):
        raise UnsupportedReportLinkError(
            f"The link points at dashboard {values['id']}, not at a single report.",
            code="UNSUPPORTED_DASHBOARD_LINK",
            hint="Open one of its reports, and use that link.",
        )
    raise unrecognized(fragment)


def unrecognized(fragment: str) -> ReportLinkParseError:
    return ReportLinkParseError(
        f"{shown(fragment)} after '#' is not a slug, a saved report, or a dashboard.",
        code="REPORT_LINK_UNRECOGNIZED_HASH",
    )


def read_short_link(status: int, location: str | None, host: str) -> str:
    """The link that a short link was answered with."""
    if status != 200 and status not in _REDIRECTS:
        raise InvalidResponseError(
            f"The short link was answered with {status}.", code="SHORT_LINK_UNEXPECTED_RESPONSE", sent=True
        )
    if not location:
        raise ReportLinkParseError("The short link leads nowhere.", code="SHORT_LINK_NO_LOCATION", sent=True)
    link = urljoin(host, location)
    path = urlsplit(link).path
    if path.startswith("/login"):
        raise AuthenticationError("The short link leads to the log-in page: these credentials cannot read it.")
    if path.startswith("/s/"):
        raise ReportLinkParseError(
            "The short link leads to another short link.", code="SHORT_LINK_CHAIN", sent=True,
            hint="Open it in a browser, and use the link that it leads to.",
        )  # fmt: skip
    return link


def check_region(region: str | None, own: str) -> None:
    """Raises ReportLinkScopeMismatchError for a link of another region."""
    if region not in {None, own}:
        raise ReportLinkScopeMismatchError(
            f"The link belongs to the region {region}, and this workspace to {own}.",
            code="REPORT_LINK_REGION_MISMATCH",
            hint=f"Open a workspace with region={shown(region)}.",
        )


def check_scope(project: int | None, workspace: int | None, own_project: int, pinned: int | None) -> None:
    """Raises ReportLinkScopeMismatchError for a report of another project or data view than calls speak of."""
    if project not in {None, own_project}:
        raise ReportLinkScopeMismatchError(
            f"The report belongs to project {project}, and this workspace speaks of project {own_project}.",
            code="REPORT_LINK_PROJECT_MISMATCH",
            hint=f"Call use(project={project}) first.",
        )
    if pinned is not None and workspace not in {None, pinned}:
        raise ReportLinkScopeMismatchError(
            f"The report belongs to workspace {workspace}, and workspace {pinned} is pinned.",
            code="REPORT_LINK_WORKSPACE_MISMATCH",
            hint=f"Call use(workspace={workspace}) first.",
        )


def write_slug_link(host: str, project: str | int, workspace: int | None, app: str, slug: str) -> str:
    """A link to a report by its slug; `host` with its scheme."""
    return f"{write_project(host, project, workspace)}/app/{app}#{slug}"


def write_saved_link(
    host: str, project: str | int, workspace: int | None, report_type: str, bookmark_id: int, app: str = "insights"
) -> str:
    """A link to a saved report; `app` is where a type that is not known here is looked at."""
    place = SAVED_PATHS.get(report_type, f"{app}#report")
    return f"{write_project(host, project, workspace)}/app/{place}/{bookmark_id}"


def write_project(host: str, project: str | int, workspace: int | None) -> str:
    view = "" if workspace is None else f"/view/{workspace}"
    return f"{host}/project/{project}{view}"


def app_of(report_type: str, app: str | None = None) -> str:
    """The app in which a link by slug shows a type of report; `app` for a type that is not known here."""
    if report_type in LINK_TYPES:
        return "flows" if report_type == "flows" else "insights"
    return app if app and app != "boards" else "insights"


def typed_params(report: object, report_type: str | None) -> tuple[LinkType, Mapping[str, Any]]:
    """A report's type and its question."""
    kind = None if report_type is None else check_type(report_type)
    if isinstance(report, Mapping):
        asked = report.get("params")  # of an answer as JSON; no question has such a field
        return kind or "insights", asked if isinstance(asked, Mapping) else report
    own, params = getattr(report, "report_type", None), getattr(report, "params", None)
    if own is None or not isinstance(params, Mapping):
        raise ParamValidationError(
            f"report is a {type(report).__name__}.", "RL2_INVALID_REPORT", path="report",
            hint="Give what build_params or query returns, or those of another kind of report.",
        )  # fmt: skip
    if kind not in {None, own}:
        raise ParamValidationError(
            f"report_type is {shown(report_type)}, and this {type(report).__name__} is of the type {shown(own)}.",
            "RL4_REPORT_TYPE_CONFLICT", path="report_type", hint="Leave report_type out.",
        )  # fmt: skip
    return check_type(own), params


def check_type(report_type: object) -> LinkType:
    """The type of a report that a slug can stand for; raises ParamValidationError for another."""
    for known in LINK_TYPES:
        if report_type == known:
            return known
    raise unknown_type(report_type, LINK_TYPES)


def check_saved_type(report_type: object) -> None:
    """Raises ParamValidationError for a type of saved report that there is none of."""
    if not isinstance(report_type, str) or report_type not in SAVED_PATHS:
        raise unknown_type(report_type, SAVED_PATHS)


def unknown_type(report_type: object, known: Collection[str]) -> ParamValidationError:
    return ParamValidationError(
        f"There is no report type {shown(report_type)} here{did_you_mean(report_type, known) or '.'}",
        "RL1_UNKNOWN_REPORT_TYPE",
        path="report_type",
        hint=f"Use one of: {listed(known)}.",
    )


def check_text(name: str, value: object) -> None:
    """Raises ParamValidationError for what is no text; None passes."""
    if value is not None and not isinstance(value, str):
        raise ParamValidationError(f"{name} is {shown(value)}; it must be text.", "RL3_INVALID_TEXT", path=name)


def check_id(name: str, value: object) -> None:
    """Raises ParamValidationError for what is no id; None passes."""
    if value is not None and not is_positive_integer(value):
        raise ParamValidationError(
            f"{name} is {shown(value)}; an id is an integer above 0.", "RL6_INVALID_ID", path=name
        )
