"""What a report must look like to be kept by the service, which is stricter than what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mixpanel_headless.errors import BookmarkValidationError, ValidationError

from .bookmark import validate_bookmark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .vocabulary import ReportType

_REPORT: Final = {"sections": ("show", "time"), "displayOptions": ("chartType",)}
"""The parts that a report must have, and what they must hold."""
_FLOW: Final[dict[str, tuple[str, ...]]] = {"steps": (), "date_range": ()}
_OPTIONAL: Final = frozenset({"sorting", "columnWidths"})


def check_schema(params: Mapping[str, Any], report_type: ReportType) -> None:
    """Raises BookmarkValidationError with everything for which the service would not keep the report.

    First the outline (`B0`, and `S3` for names that do not belong there); if that is sound, the structure of
    `validate_bookmark`, sorting included. A flow may hold names that are not known here.
    """
    report = dict(params)
    flaws = list(outline_problems(report, report_type)) or validate_bookmark(report, report_type)
    if any(flaw.severity == "error" for flaw in flaws):
        raise BookmarkValidationError(flaws)


def outline_problems(params: Mapping[str, Any], report_type: ReportType) -> Iterator[ValidationError]:
    """The parts of a report that are missing, and those that it cannot have."""
    parts = _FLOW if report_type == "flows" else _REPORT
    for part, fields in parts.items():
        if part not in params:
            yield ValidationError(part, "Field required", "B0_MISSING_FIELD")
        elif isinstance(params[part], dict):
            for field in fields:
                if field not in params[part]:
                    yield ValidationError(f"{part}.{field}", "Field required", "B0_MISSING_FIELD")
    for name in params:
        if report_type != "flows" and name not in _OPTIONAL | parts.keys():
            yield ValidationError(str(name), "This field is not known here.", "S3_UNKNOWN_FIELD")


def check_parts(params: Mapping[str, Any]) -> None:
    """Raises BookmarkValidationError for what is wrong with the parts that are given of a report, each of them whole."""
    report = dict(params)
    given = {part: fields for part, fields in _REPORT.items() if isinstance(report.get(part), dict)}
    missing = [
        ValidationError(f"{part}.{field}", "Field required", "B0_MISSING_FIELD")
        for part, fields in given.items()
        for field in fields
        if field not in report[part]
    ]
    parts = tuple(name for name in (*_REPORT, "sorting") if name in report)
    found = [flaw for flaw in validate_bookmark(report) if flaw.path.startswith(parts)] if parts else []
    if any(flaw.severity == "error" for flaw in missing or found):
        raise BookmarkValidationError(missing or found)
