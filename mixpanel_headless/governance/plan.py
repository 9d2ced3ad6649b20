"""A dry run: what calls would change, as a value to look at, and to apply as it is or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import attrs

from mixpanel_headless.errors import InvalidArgumentError
from mixpanel_headless.results.provenance import plural

from .absence import absence
from .before import Before, digest_of, token_of
from .foresight import FIRST, Difference, differences, foresee_after, foresee_answer, mask, plain_body
from .governor import PLAN, act_of
from .targets import entity_of

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextvars import Token
    from types import TracebackType

    from rich.console import RenderableType

    from mixpanel_headless.dispatch import Asked
    from mixpanel_headless.operation import Async, Blocking, Surface
    from mixpanel_headless.results.table import Table

    from .policy import Act, Verdict

Mode = TypeVar("Mode")
NOTHING = ("", "nothing changes")
UNFORESEEN = ("", "what it changes cannot be foreseen")


def there(target: str, thing: dict[str, Any]) -> str:
    """That a thing is there, and what it is called where the target does not say it."""
    names = entity_of(thing).names
    return f"there ({names[0]})" if names and not target.endswith(names[0]) else "there"


def masked(tree: Any) -> str:
    """JSON as it may be printed."""
    return repr(mask("", tree))


@attrs.frozen(eq=False)
class PlannedChange:
    """One request that would be sent: to what, and what would be different; it costs as many requests as `cost` says.

    `before` is None where nothing is there, and where nothing reads it: `known` tells which. Ids below zero stand for
    those that things of this plan will get.
    """

    operation: str
    within: str
    verb: str
    target: str
    count: int | None
    method: str
    path: str
    body: dict[str, Any] | None = attrs.field(repr=masked)
    before: dict[str, Any] | None = attrs.field(repr=masked)
    known: bool
    after: dict[str, Any] | None = attrs.field(repr=masked)
    confirm: str
    token: str
    asked: Asked[Any] = attrs.field(repr=False)
    read: Before = attrs.field(repr=False)
    number: int | None = attrs.field(default=None, repr=False)
    cost: int = 1

    @property
    def diff(self) -> list[Difference]:
        """The fields that change, each with its value before and after."""
        if self.after is None:
            return [Difference(thing, state, "deleted") for thing, state in self.gone]
        return differences(self.before or {}, self.after)

    @property
    def gone(self) -> list[tuple[str, str]]:
        """What a deletion deletes, each with what is known of it now."""
        if self.read.several:
            return [
                (name, "not in the list" if one is None else there(name, one))
                for name, one in (self.before or {}).items()
            ]
        if self.before is None:
            target = act_of(self.asked).target
            return [(str(one), "unknown") for one in target.entities] if target else []
        return [(self.target, there(self.target, self.before))]

    @property
    def rows(self) -> list[tuple[str, str | None, Any, Any]]:
        """What is changed, which field of it, and its value before and after; one row at least."""
        if self.after is None:
            return [(thing, None, state, "deleted") for thing, state in self.gone] or [(self.target, None, *NOTHING)]
        fields: list[tuple[str, str | None, Any, Any]] = [(self.target, *field) for field in self.diff]
        return fields or [(self.target, None, *(NOTHING if self.body else UNFORESEEN))]

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON-ready data, without passwords."""
        names = (
            "operation",
            "within",
            "verb",
            "target",
            "count",
            "method",
            "path",
            "known",
            "confirm",
            "token",
            "cost",
        )
        request = self.asked.request
        # The parameters of a signed address are its key.
        params = {} if request.base == "signed" else dict(request.params)
        told = {name: getattr(self, name) for name in names} | {"params": params}
        trees = {name: mask("", getattr(self, name)) for name in ("body", "before", "after")}
        return {**told, **trees, "diff": [one._asdict() for one in self.diff]}

    def __str__(self) -> str:
        if self.after is None and self.gone:
            several = len(self.gone) > 1
            said = "; ".join(f"{thing} {state}" if several else state for thing, state in self.gone) + " -> deleted"
        else:
            said = "; ".join(f"{one.path}: {one.before!r} -> {one.after!r}" for one in self.diff) or self.rows[0][-1]
        return f"{self.operation}({self.target}): {said}"


@attrs.define(eq=False)
class ChangePlan(Generic[Mode]):
    """The changes of a dry run in their order; nothing of it is sent until `apply`."""

    surface: Surface[Mode] = attrs.field(repr=False)
    changes: list[PlannedChange] = attrs.field(factory=list)
    applied: list[Any] = attrs.field(factory=list, repr=False)
    """The answers of the changes that were applied."""
    begun: bool = False

    @property
    def token(self) -> str:
        """Names this plan: another program that means the same changes of the same things has the same token."""
        tokens = [change.token for change in self.changes]
        return tokens[0] if len(tokens) == 1 else digest_of(tokens)[:16]

    @property
    def cost(self) -> int:
        """How many requests applying it sends, those that look whether something has changed meanwhile left out."""
        return sum(change.cost for change in self.changes)

    @property
    def confirm(self) -> list[str]:
        """The rules that want this plan to be confirmed with its token."""
        return list(dict.fromkeys(change.confirm for change in self.changes if change.confirm))

    def take(self, asked: Asked[Any], act: Act, verdict: Verdict, before: Before, within: str) -> Any:
        """Plans a change, and gives what the service may answer to it."""
        if getattr(asked.surface, "runtime", None) is not getattr(self.surface, "runtime", None):
            raise InvalidArgumentError(
                "This dry run is of another workspace.", hint="Make the call outside of it, or by its workspace."
            )
        self.refuse_absent(asked, act, before)
        request, body = asked.request, plain_body(asked.request)
        after = foresee_after(act.facts, before.tree, body)
        number = -FIRST - len(self.changes) if act.facts.verb == "create" else None
        planned = PlannedChange(
            operation=act.facts.full_name, within=within, verb=act.facts.verb, target=str(act.target or ""),
            count=len(before.tree or {}) if before.several else act.target.count if act.target else None, method=request.verb, path=request.full_path(asked.pin),
            body=body, before=before.tree, known=before.known or act.facts.verb == "create", after=after,
            confirm=verdict.rule if verdict.effect == "confirm" else "", token=token_of(asked, before),
            asked=asked, read=before, number=number,
        )  # fmt: skip
        made = next(
            (one.after for one in self.changes if one.number is not None and str(one.number) in request.ids), {}
        )
        self.changes.append(planned)
        return foresee_answer(request, {**(made or {}), **(after or {})}, number)

    def refuse_absent(self, asked: Asked[Any], act: Act, before: Before) -> None:
        """Raises QueryError for a change of what is not there; a list that lacks a thing refuses only its deletion."""
        changed = act.facts.verb == "delete" or (act.facts.verb == "update" and not before.listed)
        if not before.known or before.tree is not None or not changed or not act.target:
            return
        made = {one.target for one in self.changes if one.verb == "create"}
        known = {str(one.number) for one in self.changes if one.number is not None}
        if not any(one.id in known or made & {*one.names} for one in act.target.entities):
            raise absence(asked)

    @overload
    def apply(self: ChangePlan[Blocking], *, confirm: str | None = None) -> list[Any]: ...
    @overload
    def apply(self: ChangePlan[Async], *, confirm: str | None = None) -> Coroutine[Any, Any, list[Any]]: ...
    def apply(self, *, confirm: str | None = None) -> Any:
        """Sends exactly these changes in their order, and gives their answers.

        Raises PlanOutdated, with nothing sent, if one of the things is no longer what it was; also later, if one that was
        to be confirmed is changed by somebody while others are sent. `confirm` is `token`, where a rule wants one, also one of
        the task that applies it. A change that fails ends it: `applied` has the answers of those before.
        """
        from .applying import apply_plan

        if self.surface.blocking:
            return self.surface.wait_for(lambda _: apply_plan(self, confirm))
        return apply_plan(self, confirm)

    @property
    def table(self) -> Table:
        """One row for each field that changes, and for each thing that goes."""
        from mixpanel_headless.results.table import Table

        rows = [(one.operation, *row) for one in self.changes for row in one.rows]
        return Table(("operation", "target", "field", "before", "after"), [tuple(map(cell, row)) for row in rows])

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready data, without passwords."""
        return {
            "token": self.token,
            "cost": self.cost,
            "confirm": self.confirm,
            "changes": [change.to_dict() for change in self.changes],
        }

    def __len__(self) -> int:
        return len(self.changes)

    def __str__(self) -> str:
        return "\n".join([f"{plural(len(self), 'change')}, {self._note}", *map(str, self.changes)])

    @property
    def _note(self) -> str:
        return f"{plural(self.cost, 'request')}, token {self.token}"

    def __rich__(self) -> RenderableType:
        from mixpanel_headless.results.terminal import terminal_table

        return terminal_table(self.table, title="Planned changes", note=self._note)

    def _repr_html_(self) -> str:
        from mixpanel_headless.results.views import html_table

        return html_table(self.table, title="Planned changes", note=self._note)


def cell(value: object) -> object:
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


class DryRun(Generic[Mode]):
    """Inside, calls that change something become entries of a plan, in tasks and threads that carry the context too."""

    def __init__(self, surface: Surface[Mode]) -> None:
        self.plan: ChangePlan[Mode] = ChangePlan(surface)
        self._token: Token[ChangePlan[Any] | None] | None = None

    def __enter__(self) -> ChangePlan[Mode]:
        self._token = PLAN.set(self.plan)
        return self.plan

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            PLAN.reset(self._token)

    async def __aenter__(self) -> ChangePlan[Mode]:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)
