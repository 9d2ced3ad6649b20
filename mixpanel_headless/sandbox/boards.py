"""What stands in dashboards, and dashboards that are made from templates or to explain a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless.sandbox.entities import check, fields_in, rows_in
from mixpanel_headless.sandbox.kinds import kinds
from mixpanel_headless.sandbox.replies import Rejected
from mixpanel_headless.sandbox.routes import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mixpanel_headless.sandbox.app import Request
    from mixpanel_headless.sandbox.replies import Json

BOARDS = "dashboards"
TEMPLATES = {"onboarding": 2, "company_kpis": 3}
"""The blueprints, and how many reports each has."""


def add_board(fields: Json, request: Request) -> Json:
    """A new dashboard, its rows taken apart into its contents."""
    entities = request.source.saved.entities
    check(kinds()[BOARDS].made_of, fields)
    source = entities.thing(BOARDS, fields["duplicate"]) if fields.get("duplicate") else {}
    inside = [content for row in fields.pop("rows", None) or () for content in row.get("contents") or ()]
    contents = [*(source.get("contents") or ()), *(placed(content, request) for content in inside)]
    return entities.add(kinds()[BOARDS], {**fields, "contents": contents}, request)


def create_board(request: Request) -> Json:
    """A new dashboard."""
    return add_board(dict(fields_in(request)), request)


def change_board(request: Request) -> Json:
    """A dashboard after a change of itself, or of what stands in it."""
    board, fields = board_in(request), dict(fields_in(request))
    content = fields.pop("content", None)
    if isinstance(content, dict):
        fields["contents"] = contents_after(board, content, request)
    return request.source.saved.entities.change(kinds()[BOARDS], board, fields, request)


def contents_after(board: Json, content: Json, request: Request) -> list[Json]:
    """What stands in a dashboard after something was put in or taken out."""
    match content.get("action"):
        case "create":
            return [*board["contents"], placed(content, request)]
        case "delete":
            gone = find_in(board, str(content.get("content_type")), content.get("content_id"))
            return [one for one in board["contents"] if one is not gone]
    raise Rejected(400, "content.action must be create or delete")


def board_in(request: Request) -> Json:
    return request.source.saved.entities.thing(BOARDS, request.parts["id"])


def placed(content: Json, request: Request) -> Json:
    """A saved report, or something that gets an id of its own, as it stands in a dashboard."""
    kind, params = content.get("content_type"), content.get("content_params")
    if kind not in ("report", "report-link", "text") or not isinstance(params, dict):
        raise Rejected(400, "content_type must be report, report-link or text, and content_params an object")
    source = params.get("source_bookmark_id")
    if kind != "text" and source is not None:
        source = request.source.saved.report(source)["id"]
    number = source if kind == "report" and source is not None else request.source.saved.entities.new_id()
    return {"content_type": kind, "content_id": number, "content_params": params}


def find_in(board: Json, kind: str, number: object) -> Json:
    for one in board["contents"]:
        if one["content_type"] == kind and str(one["content_id"]) == str(number):
            found: Json = one
            return found
    raise Rejected(404, f"Dashboard {board['id']} has no {kind} {str(number)[:40]}")


def change_card(kind: str) -> Callable[[Request], Json]:
    """What changes the text, or the way, in which something stands in a dashboard."""

    def change(request: Request) -> Json:
        found = find_in(board_in(request), kind, request.parts["card"])
        found["content_params"] = {**found["content_params"], **fields_in(request)}
        return {}

    return change


def boards_of(request: Request, kind: str) -> list[int]:
    """The ids of the dashboards in which a saved report stands in this way."""
    report = request.source.saved.report(request.parts["id"])["id"]

    def means(content: Json) -> bool:
        named = (content["content_id"], content["content_params"].get("source_bookmark_id"))
        return content["content_type"] == kind and report in named

    boards = request.source.saved.entities.own(BOARDS).values()
    return [board["id"] for board in boards if any(map(means, board["contents"]))]


def forget_reports(numbers: Iterable[object], request: Request) -> None:
    """Take saved reports that are deleted out of all dashboards."""
    gone = set(map(str, numbers))
    for board in request.source.saved.entities.own(BOARDS).values():
        left = [one for one in board["contents"] if one["content_type"] == "text" or str(one["content_id"]) not in gone]
        board["contents"] = left


def report_metrics(request: Request) -> Json:
    """The reports of a dashboard as the service's own reports know them."""
    reports = request.source.saved.reports
    numbers = [one["content_id"] for one in board_in(request)["contents"] if one["content_type"] == "report"]
    return {"metrics": [{"id": one, "name": reports[one]["name"]} for one in numbers if one in reports], "version": 1}


def templates(request: Request) -> Json:
    """The templates by name."""
    return {
        "templates": {
            name: {"title_key": f"{name}.title", "description_key": f"{name}.text", "number_of_reports": number}
            for name, number in TEMPLATES.items()
        }
    }


def create_blueprint(request: Request) -> Json:
    """A dashboard made from a template."""
    name = request.body.get("template_type")
    if not isinstance(name, str) or name not in TEMPLATES:
        raise Rejected(400, f"template_type must be one of {', '.join(TEMPLATES)}")
    return add_board({"title": name.replace("_", " ").capitalize(), "template_type": name}, request)


def blueprint_config(request: Request) -> Json:
    """What the events of a dashboard that was made from a template are called here: the commonest ones."""
    if not board_in(request).get("template_type"):
        raise Rejected(404, f"Dashboard {request.parts['id']} was made from no template")
    names = request.source.engine.event_names(None, None, 2, "general")
    return {"variables": dict(zip(("first_event", "second_event"), names, strict=False))}


def change_cohorts(request: Request) -> Json:
    """Cohorts as blueprints use them: those with ids as they are from now on, the others new."""
    entities, kind = request.source.saved.entities, kinds()["cohorts"]
    for row in rows_in(request.body, "cohorts"):
        fields = {name: value for name, value in row.items() if name != "id"}
        if row.get("id") is None:
            entities.add(kind, fields, request)
        else:
            entities.change(kind, entities.thing(kind.path, row["id"]), fields, request)
    return {}


def finish_blueprint(request: Request) -> Json:
    """A dashboard with its cards as they are given."""
    entities = request.source.saved.entities
    board = entities.thing(BOARDS, request.body.get("dashboard_id"))
    cards = rows_in(request.body, "cards")
    contents = [
        placed({"content_type": kind_of(card), "content_params": card | of_report(card.get("bookmark_id"))}, request)
        for card in cards
    ]
    return entities.change(kinds()[BOARDS], board, {"contents": contents}, request)


def kind_of(card: Json) -> str:
    return "text" if card.get("type") == "text" else "report"


def of_report(number: object) -> Json:
    return {} if number is None else {"source_bookmark_id": number}


def create_rca(request: Request) -> Json:
    """A dashboard that looks for the cause of a change."""
    source = request.body.get("rca_source_data")
    if request.body.get("rca_source_id") is None or not isinstance(source, dict):
        raise Rejected(400, "rca_source_id and rca_source_data are required fields")
    return add_board(
        {"title": f"Root cause of {source.get('type')}", "generation_type": "rca", **request.body}, request
    )


ROUTES: tuple[tuple[str, str, Callable[[Request], Any]], ...] = (
    ("POST", rf"{SCOPE}/dashboards", create_board),
    ("PATCH", rf"{SCOPE}/dashboards/(?P<id>[^/]+)", change_board),
    ("GET", rf"{SCOPE}/dashboards/blueprints-all", templates),
    ("POST", rf"{SCOPE}/dashboards/blueprints", create_blueprint),
    ("PUT", rf"{SCOPE}/dashboards/blueprints/cohorts", change_cohorts),
    ("POST", rf"{SCOPE}/dashboards/blueprints/finish", finish_blueprint),
    ("POST", rf"{SCOPE}/dashboards/rca", create_rca),
    ("GET", rf"{SCOPE}/dashboards/(?P<id>[^/]+)/blueprint-config", blueprint_config),
    ("GET", rf"{SCOPE}/dashboards/(?P<id>[^/]+)/erf", report_metrics),
    ("PATCH", rf"{SCOPE}/dashboards/(?P<id>[^/]+)/report-links/(?P<card>[^/]+)", change_card("report-link")),
    ("PATCH", rf"{SCOPE}/dashboards/(?P<id>[^/]+)/text-cards/(?P<card>[^/]+)", change_card("text")),
    ("GET", rf"{SCOPE}/dashboards/bookmarks/(?P<id>[^/]+)/dashboard-ids", lambda one: boards_of(one, "report")),
    ("GET", rf"{SCOPE}/bookmarks/(?P<id>[^/]+)/linked-dashboard-ids", lambda one: boards_of(one, "report-link")),
)
