"""Every error that leaves this package, classed by what the caller should do next.

MixpanelHeadlessError                 code, message, hint, retryable, retry_after, sent, details, to_dict()
├── InvalidArgumentError (ValueError)     fix the call
│   ├── ParamValidationError              one bad field of a value class
│   │   ├── ParamTypeError (TypeError)    the field has the wrong kind
│   │   └── BusinessContextValidationError  it is too long
│   ├── ReportLinkParseError              not a link to a report
│   ├── UnsupportedReportLinkError        a link to something else, such as a whole dashboard
│   ├── ReportLinkScopeMismatchError      a report of another region, project or workspace
│   └── BookmarkValidationError           every problem of a query at once, each a ValidationError
├── ConfigError                           fix the setup
│   ├── MissingExtraError (ImportError)   install the extra that it names
│   ├── CredentialsRefused                `me` was refused with them (401)
│   └── WorkspaceScopeError               name a workspace
├── PolicyDenied                          not allowed here
├── AuditError                            the change could not be written down, so it was not made
├── UnexplainedOperation                  nothing says what the call does: a flaw of its definition
├── PlanOutdated                          what a plan would change is no longer what it was
├── MirrorError                           the local mirror lacks what the answer needs
├── BudgetError                           wait, or ask for less
│   ├── BudgetExhausted                   no slot inside the time that the caller gave
│   ├── DeadlineUnreachable               carries the eta that made it hopeless
│   ├── QueueFull                         too many calls wait already
│   └── TaskCeilingReached                the task has spent what it was given
├── TransportError                        nothing was answered; `sent` says whether it may have arrived
├── ClosedError                           the workspace is closed, or belongs to another process
├── InvalidResponseError                  the answer cannot be read
│   ├── UnsupportedReplayFormatError      it is a recording of another kind
│   └── ResponseValidationError           it lacks a field, or holds one of the wrong kind
└── APIError                              the service answered: status_code, response_body, request
    ├── AuthenticationError
    ├── RateLimitError
    ├── QueryError
    │   ├── EventNotFoundError            carries similar names
    │   ├── ReportLinkNotFoundError       nothing is kept where the link points
    │   ├── ReplayNotFoundError           nothing is kept of a session recording
    │   └── SessionReplayAccessError      the credentials may not see session recordings
    ├── SignedURLExpiredError             the address of a recording's files is good no longer
    └── ServerError
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from .suggestions import ask_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


SHOWN = 80
"""Letters of a value that an error quotes."""


def shown(value: object) -> str:
    """A value as an error quotes it: in one short line, and whatever it is."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a number of 5,000 digits, or a class of the caller's
        text = f"<{type(value).__name__}>"
    return shortened(text)


def shortened(text: str) -> str:
    """A text as an error quotes it: the beginning of one that is long."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


class MixpanelHeadlessError(Exception):
    """Anything that went wrong here; subclasses say what to do about it."""

    default_code: ClassVar[str] = "UNKNOWN_ERROR"
    default_hint: ClassVar[str] = ""
    default_retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        sent: bool | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = self.default_hint if hint is None else hint
        self.retryable = self.default_retryable if retryable is None else retryable
        self.retry_after = retry_after
        self.sent = sent
        self.details: dict[str, Any] = dict(details or {})

    def __str__(self) -> str:
        if not self.hint:
            return self.message
        stop = "" if self.message.endswith((".", "?", "!", ":")) or not self.message else "."
        return f"{self.message}{stop} {self.hint}".lstrip()

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON-ready data: what an agent or a log needs, never a secret."""
        return {
            "error": type(self).__name__,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
            "retry_after": self.retry_after,
            "sent": self.sent,
            "details": self.details,
        }


class InvalidArgumentError(MixpanelHeadlessError, ValueError):
    """An argument cannot be used; nothing was sent."""

    default_code = "INVALID_ARGUMENT"
    exit_code = 2


class ParamValidationError(InvalidArgumentError):
    """One field of a value class is out of its documented set."""

    default_code = "PARAM_VALIDATION_ERROR"

    def __init__(self, message: str, code: str | None = None, *, path: str = "", **more: Any) -> None:
        super().__init__(message, code=code, **more)
        self.path = path
        if path:
            self.details.setdefault("path", path)


class ParamTypeError(ParamValidationError, TypeError):
    """One field of a value class has the wrong kind."""


class BadQuery(InvalidArgumentError):  # noqa: N818
    """An expression or a question is wrong; the message is what the service would answer with status 400."""

    default_code = "BAD_QUERY"


class BusinessContextValidationError(ParamValidationError):
    """What was to be said of a project or an organization is too long."""

    default_code = "BUSINESS_CONTEXT_TOO_LONG"


@attrs.frozen
class ValidationError:
    """One problem of a query: where, what, which rule, and what may have been meant."""

    path: str
    message: str
    code: str = ""
    severity: str = "error"
    suggestion: Sequence[str] | None = None

    def __str__(self) -> str:
        message = self.message.removesuffix(".") + ask_for(self.suggestion) if self.suggestion else self.message
        return f"[{self.severity.upper()}] {self.path}: {message}"

    def to_dict(self) -> dict[str, Any]:
        """The problem as JSON-ready data; `suggestion` only when there is one."""
        plain: dict[str, Any] = {
            "path": self.path,
            "message": self.message,
            "code": self.code,
            "severity": self.severity,
        }
        if self.suggestion:
            plain["suggestion"] = list(self.suggestion)
        return plain


class BookmarkValidationError(InvalidArgumentError):
    """A query has problems; `errors` holds all of them, warnings included."""

    default_code = "BOOKMARK_VALIDATION_ERROR"

    def __init__(self, errors: Sequence[ValidationError]) -> None:
        bad = sum(problem.severity == "error" for problem in errors)
        head = f"The query has {bad} error(s) and {len(errors) - bad} warning(s):"
        super().__init__(
            "\n  ".join([head, *map(str, errors)]), details={"errors": [problem.to_dict() for problem in errors]}
        )
        self.errors: list[ValidationError] = list(errors)


class ReportLinkParseError(InvalidArgumentError):
    """The text is not a link to a report."""

    default_code = "REPORT_LINK_UNPARSEABLE"
    default_hint = "Copy the link from the address bar while the report is open."


class UnsupportedReportLinkError(InvalidArgumentError):
    """The link leads to something that cannot be asked, such as a whole dashboard."""

    default_code = "UNSUPPORTED_REPORT_LINK"


class ReportLinkScopeMismatchError(InvalidArgumentError):
    """The report belongs to another region, project or workspace than the one that calls speak of."""

    default_code = "REPORT_LINK_SCOPE_MISMATCH"


class ConfigError(MixpanelHeadlessError):
    """The setup lacks something, or holds something that cannot be used."""

    default_code = "CONFIG_ERROR"
    exit_code = 3


class MissingExtraError(ConfigError, ImportError):
    """A feature needs a package that is not installed; the hint names the extra that brings it."""

    default_code = "MISSING_EXTRA"

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the extra {extra!r}, which is not installed.",
            hint=f"Run: pip install 'mixpanel-headless[{extra}]'.",
            details={"extra": extra},
        )


class CredentialsRefused(ConfigError):  # noqa: N818 - the name says what happened
    """The credentials were refused (401) when it was asked whose they are."""

    exit_code = 4


class WorkspaceScopeError(ConfigError):
    """No workspace, or more than one, fits the call."""

    default_code = "NO_WORKSPACES"


class PolicyDenied(MixpanelHeadlessError):  # noqa: N818 - the public name says what happened
    """A policy forbids this call; nothing was sent."""

    default_code = "POLICY_DENIED"
    exit_code = 5


class PlanOutdated(MixpanelHeadlessError):  # noqa: N818 - the name says what happened
    """What a plan would change is no longer what it was when the plan was made; nothing was sent."""

    default_code = "PLAN_OUTDATED"
    default_hint = "Make the plan again, and look at it."


class AuditError(MixpanelHeadlessError):
    """A change was not made, because it could not be written down first."""

    default_code = "AUDIT_UNWRITABLE"
    default_hint = "See to the folder that MP_STATE_DIR names, or set MP_AUDIT=best-effort."


class UnexplainedOperation(MixpanelHeadlessError):  # noqa: N818 - it says what it is
    """A call of which nothing says what it does, so that no policy can speak of it: its family's author mends that."""

    default_code = "UNEXPLAINED_OPERATION"


class MirrorError(MixpanelHeadlessError):
    """The local mirror lacks what the answer needs; nothing was sent."""

    default_code = "NOT_MIRRORED"
    default_hint = 'Export those days with ws.mirror(), or ask with source="auto".'
    exit_code = 9


class BudgetError(MixpanelHeadlessError):
    """The budget has no room now; nothing was sent for this attempt."""

    default_code = "BUDGET"
    default_retryable = True
    exit_code = 6


class BudgetExhausted(BudgetError):  # noqa: N818
    """No slot comes free inside the time that the caller allows."""

    default_code = "BUDGET_EXHAUSTED"
    default_hint = "Wait retry_after seconds, allow a longer wait, or accept an older answer with max_age."


class DeadlineUnreachable(BudgetError):  # noqa: N818
    """The call cannot be, or was not, answered before its deadline; `retry_after` is its estimated wait in seconds.

    With `sent` its request was under way, and may be counted.
    """

    default_code = "DEADLINE_UNREACHABLE"
    default_hint = "Give a later deadline or a higher priority."


class QueueFull(BudgetError):  # noqa: N818
    """The queue holds as many calls as it may."""

    default_code = "QUEUE_FULL"
    default_hint = "Ask again later, or open the workspace with a larger queue."


class TaskCeilingReached(BudgetError):  # noqa: N818
    """The task has spent all the requests that it was given."""

    default_code = "TASK_CEILING_REACHED"
    default_hint = "Give the task a larger max_requests."
    default_retryable = False


class TransportError(MixpanelHeadlessError):
    """No usable answer came back; `sent` tells whether the request may have arrived all the same."""

    default_code = "HTTP_ERROR"
    default_hint = "Check the network and the base URL, then try again."
    default_retryable = True
    exit_code = 7


class ClosedError(MixpanelHeadlessError):
    """The workspace is closed, or was opened in another process or event loop."""

    default_code = "CLOSED"
    default_hint = "Open a new workspace."


class InvalidResponseError(MixpanelHeadlessError):
    """The service answered something that cannot be read as what it should be."""

    default_code = "INVALID_RESPONSE"
    default_hint = "Check that the base URL points at Mixpanel and that no proxy answers in its place."
    exit_code = 8


class ResponseValidationError(InvalidResponseError):
    """The service answered JSON that is not what the call promises; `fields` says where and why."""

    default_code = "RESPONSE_VALIDATION_ERROR"
    default_hint = "Look for a newer release; the service may have changed."

    def __init__(self, message: str, fields: Sequence[str] = (), **more: Any) -> None:
        super().__init__("\n  ".join([message, *fields]), **more)
        self.fields = list(fields)
        self.details["fields"] = self.fields


class APIError(MixpanelHeadlessError):
    """The service answered with an error."""

    default_code = "API_ERROR"
    exit_code = 8

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        response_body: Any = None,
        request_method: str = "",
        request_url: str = "",
        **more: Any,
    ) -> None:
        super().__init__(message, **{"sent": True, **more})
        self.status_code = status_code
        self.response_body = response_body
        self.request_method = request_method
        self.request_url = request_url

    def to_dict(self) -> dict[str, Any]:
        return {
            **super().to_dict(),
            "status_code": self.status_code,
            "request_method": self.request_method,
            "request_url": self.request_url,
        }


class AuthenticationError(APIError):
    """The credentials were refused (401)."""

    default_code = "AUTH_FAILED"
    default_hint = "They come from MP_USERNAME and MP_SECRET (or MP_OAUTH_TOKEN), MP_PROJECT_ID and MP_REGION."
    exit_code = 4


class RateLimitError(APIError):
    """The service still refused after every retry that the call may have (429)."""

    default_code = "RATE_LIMITED"
    default_hint = "Somebody else spends this project's budget: wait, or lower MP_LIMIT_QUERY."
    default_retryable = True
    exit_code = 6


class QueryError(APIError):
    """The service refused or failed the request (4xx, or a 200 whose body is an error)."""

    default_code = "QUERY_FAILED"


class EventNotFoundError(QueryError):
    """No event has that name; `similar_events` holds the nearest ones."""

    default_code = "EVENT_NOT_FOUND"

    def __init__(self, event_name: str, similar_events: Sequence[str] = (), **more: Any) -> None:
        super().__init__(f"Event {event_name!r} not found{ask_for(similar_events) or '.'}", **more)
        self.event_name = event_name
        self.similar_events = list(similar_events)
        self.details.update(event_name=event_name, similar_events=self.similar_events)


class ReportLinkNotFoundError(QueryError):
    """Nothing is kept where the link points (404)."""

    default_code = "REPORT_LINK_NOT_FOUND"
    default_hint = "Check the link, the project and the workspace; what it led to may have been deleted."


class SessionReplayAccessError(QueryError):
    """The credentials may not see session recordings (403)."""

    default_code = "SESSION_REPLAY_ACCESS_ERROR"
    default_hint = "Ask a project admin for access to sensitive session data."


class ReplayNotFoundError(QueryError):
    """Nothing is kept of a session recording: it is too old, was deleted, or never was."""

    default_code = "REPLAY_NOT_FOUND"
    default_hint = "Look for it with list_replays; recordings are kept for 7, 30 or 90 days."


class SignedURLExpiredError(APIError):
    """The address of a recording's files is good no longer, even after it was asked for again."""

    default_code = "SIGNED_URL_EXPIRED"
    default_hint = "Fetch the recording again."


class UnsupportedReplayFormatError(InvalidResponseError):
    """A recording that is not made of rrweb events."""

    default_code = "UNSUPPORTED_REPLAY_FORMAT"
    default_hint = "Look at it in the browser."


class ServerError(APIError):
    """The service failed (5xx)."""

    default_code = "SERVER_ERROR"
    default_hint = "Try again later."
    default_retryable = True
