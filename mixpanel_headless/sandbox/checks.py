"""How many things there are and may be, and what the service would say of one before it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless.sandbox.entities import check_required, fields_in, rows_in
from mixpanel_headless.sandbox.kinds import kinds
from mixpanel_headless.sandbox.replies import Rejected
from mixpanel_headless.sandbox.routes import SCOPE
from mixpanel_headless.sandbox.signed import signed_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.sandbox.app import Request
    from mixpanel_headless.sandbox.replies import Json

NOBODY = "The sandbox tells nobody."


def used_and_most(request: Request, path: str) -> tuple[int, int]:
    """How many things of a kind there are, and how many there may be."""
    return len(request.source.saved.entities.own(path)), kinds()[path].most or 0


def alert_count(request: Request) -> Json:
    """How many alerts there are, and whether there may be more."""
    used, most = used_and_most(request, "alerts/custom")
    return {"anomaly_alerts_count": used, "alert_limit": most, "is_below_limit": used < most}


def flag_limits(request: Request) -> Json:
    """How many flags there are and may be."""
    used, most = used_and_most(request, "feature-flags")
    return {"limit": most, "current_usage": used, "is_trial": False, "contract_status": "active"}


def filter_limits(request: Request) -> Json:
    """How many drop filters there may be."""
    return {"filterLimit": used_and_most(request, "data-definitions/events/drop-filters")[1]}


def experiments_of_reports(request: Request) -> list[Json]:
    """The experiments as the service's own reports list them."""
    found = request.source.saved.entities.own("experiments").values()
    return [{name: one.get(name) for name in ("id", "name", "status")} for one in found]


def try_alert(request: Request) -> Json:
    """Whom an alert would tell."""
    check_required(kinds()["alerts/custom"], fields_in(request))
    targets = [one.get("value") for one in rows_in(request.body, "subscriptions")]
    return {"sent": False, "targets": targets, "message": NOBODY}


def try_webhook(request: Request) -> Json:
    """That no address was tried."""
    if not fields_in(request).get("url"):
        raise Rejected(400, "url: required field")
    return {"success": False, "status_code": None, "message": NOBODY}


def screenshot(request: Request) -> Json:
    """Where the picture of an alert would be, if there was one."""
    if not (key := request.arrival.query.get("gcs_key")):
        raise Rejected(400, "gcs_key is a required parameter")
    return {"signed_url": signed_address(request, f"screenshots/{key}")}


def fitting_alerts(request: Request) -> Json:
    """Which alerts would still have something to look at if their report became what is given."""
    reason = complaint_about(request, request.body.get("bookmark_params"))
    numbers = request.body.get("alert_ids")
    if not isinstance(numbers, list) or not numbers:
        raise Rejected(400, "alert_ids must be a list of ids")
    alerts = [request.source.saved.entities.thing("alerts/custom", number) for number in numbers]
    rows = [{"alert_id": one["id"], "alert_name": one["name"], "valid": not reason, "reason": reason} for one in alerts]
    return {"alert_validations": rows, "invalid_count": len(rows) if reason else 0}


def complaint_about(request: Request, params: Any) -> str | None:
    """What keeps a question from being asked, if anything does."""
    from mixpanel_headless.engine import BadQuery

    if not isinstance(params, dict):
        raise Rejected(400, "bookmark_params must be an object")
    try:
        request.source.engine.insights(params)
    except BadQuery as problem:
        return problem.message
    return None


def check_property(request: Request) -> Json:
    """Whether a custom property can be computed; Rejected says why it cannot."""
    given = request.body
    if given.get("displayFormula"):
        owner = "people" if given.get("resourceType") == "people" else "events"
        group = {"customProperty": given, "resourceType": owner, "propertyType": given.get("propertyType") or "string"}
        event = {"type": "event", "name": "$all_events", "filters": []}
        show = [{"type": "metric", "behavior": event, "measurement": {"math": "total"}}]
        time = [{"dateRangeType": "in the last", "unit": "day", "window": {"unit": "day", "value": 1}}]
        sections = {"show": show, "time": time, "filter": [], "group": [group]}
        asked = {"sections": sections, "displayOptions": {"chartType": "bar", "analysis": "linear"}}
        if problem := complaint_about(request, asked):
            raise Rejected(400, problem)
    elif not given.get("behavior"):
        raise Rejected(400, "displayFormula or behavior is a required field")
    return {"valid": True, "propertyType": given.get("propertyType")}


def preview_filters(request: Request) -> list[Any]:
    """What a request to delete events would be understood as."""
    check_required(kinds()["data-definitions/events/deletion-requests"], fields_in(request))
    filters = request.body.get("filters") or []
    return filters if isinstance(filters, list) else [filters]


ROUTES: tuple[tuple[str, str, Callable[[Request], Any]], ...] = (
    ("GET", rf"{SCOPE}/alerts/custom/alert-count", alert_count),
    ("POST", rf"{SCOPE}/alerts/custom/test", try_alert),
    ("GET", rf"{SCOPE}/alerts/custom/screenshot", screenshot),
    ("POST", rf"{SCOPE}/alerts/custom/validate-alerts-for-bookmark", fitting_alerts),
    ("POST", rf"{SCOPE}/webhooks/test", try_webhook),
    ("GET", rf"{SCOPE}/feature-flags/limits", flag_limits),
    ("GET", rf"{SCOPE}/experiments/erf", experiments_of_reports),
    ("POST", rf"{SCOPE}/custom_properties/validate", check_property),
    ("GET", rf"{SCOPE}/data-definitions/events/drop-filters/limits", filter_limits),
    ("POST", rf"{SCOPE}/data-definitions/events/deletion-requests/preview-filters", preview_filters),
)
