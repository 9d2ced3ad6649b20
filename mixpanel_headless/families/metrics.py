"""Saved metrics: one definition of a number for the whole project.

ws.create_metric(mp.CreateMetricParams(name="Buyers", definition=mp.Metric("Order", math="unique")))
ws.query(ws.get_metric(601)).df
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import attrs

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, patch, post
from mixpanel_headless.errors import (
    InvalidResponseError,
    MixpanelHeadlessError,
    ParamValidationError,
    QueryError,
)
from mixpanel_headless.operation import Async, Mode, Surface, composite, operation
from mixpanel_headless.query.saved_definitions import (
    METRICS,
    Definition,
    metric_definition,
    presentation_flaws,
    refuse,
)
from mixpanel_headless.replies import unwrap
from mixpanel_headless.results.discovery import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_headless.models import metrics as kinds
    from mixpanel_headless.models.entity import Entity
    from mixpanel_headless.request import Json, Request
else:
    kinds = LazyModule("mixpanel_headless.models.metrics")

E = TypeVar("E", bound="Entity")


class Metrics(Surface[Mode]):
    """Saved metrics of the project, whatever the pinned workspace; none of these calls costs a query."""

    @operation
    def _list_metric_rows(self) -> Request[Listing[kinds.SavedMetric]]:
        """Every saved metric."""
        return by_id(get("metrics", list[kinds.SavedMetric]))

    @composite
    async def list_metrics(
        self: Metrics[Async],
        *,
        metric_type: str | None = None,
        verified: bool | None = None,
        name_contains: str | None = None,
        viewable_only: bool = False,
    ) -> Listing[kinds.SavedMetric]:
        """The saved metrics that meet every condition that is given; one request.

        - `metric_type`: only metrics of this type: metric, formula or warehouse.
        - `verified`: only those that somebody vouches for, or nobody.
        - `name_contains`: only those with this text in their names, in any case.
        - `viewable_only`: only those whose numbers the caller may see.
        """
        found = await self._list_metric_rows()
        return kept(found, metric_type, verified, name_contains, viewable_only)

    @operation
    def _get_metric_rows(self, metric_id: int) -> Request[Listing[kinds.SavedMetric]]:
        """One saved metric, as a list."""
        return by_id(get(at("metrics/{}", metric_id), list[kinds.SavedMetric]))

    @composite
    async def get_metric(self: Metrics[Async], metric_id: int) -> kinds.SavedMetric:
        """One saved metric."""
        return only(await self._get_metric_rows(metric_id))

    @operation
    def _create_metric_rows(self, fields: Mapping[str, Json]) -> Request[Listing[kinds.SavedMetric]]:
        """A new saved metric, as a list."""
        return by_id(post("metrics", list[kinds.SavedMetric], json=fields))

    @operation(before="get_metric")
    def _update_metric_rows(self, metric_id: int, fields: Mapping[str, Json]) -> Request[Listing[kinds.SavedMetric]]:
        """A changed saved metric, as a list."""
        return by_id(patch(at("metrics/{}", metric_id), list[kinds.SavedMetric], json=fields))

    @composite
    async def create_metric(
        self: Metrics[Async], params: kinds.CreateMetricParams, *, validate: bool = True
    ) -> kinds.SavedMetric:
        """A new saved metric; a second request says who owns it and whether it is verified, if that is given.

        When only the second request failed, the error is CREATE_FOLLOW_UP_FAILED and has the metric's id among its details.

        Raises ParamValidationError for what the service would not keep, before anything is sent, unless `validate` is off.

        - `validate`: whether definitions are checked before anything is sent.
        """
        made = kinds.presented(metric_definition(params.definition, new=True, validate=validate), params)
        check_presentation(made, validate)
        source = {} if made.source is None else {"warehouse_source_id": made.source}
        fields = {"type": made.type, **kinds.metadata_of(params), "definition": made.body, **source}
        try:
            saved = only(await self._create_metric_rows(fields))
        except QueryError as error:
            raise_plainly(error)
        after = ownership(params)
        if after.get("verified") is False:
            del after["verified"]
        if not after:
            return saved
        try:
            return only(await self._update_metric_rows(saved.id, after))
        except MixpanelHeadlessError as error:
            raise MixpanelHeadlessError(
                f"Metric {saved.id} is saved, but {' and '.join(after)} could not be set: {error.message}",
                code="CREATE_FOLLOW_UP_FAILED",
                hint="Set it with update_metric, or delete the metric.",
                sent=True,
                details={"id": saved.id},
            ) from error

    @composite
    async def update_metric(
        self: Metrics[Async], metric_id: int, params: kinds.UpdateMetricParams, *, validate: bool = True
    ) -> kinds.SavedMetric:
        """The changed saved metric; what is not given stays, and so does how it is shown.

        One request, and one more to read it first when its definition, display or goals change.

        - `validate`: whether definitions are checked before anything is sent.
        """
        fields = {**kinds.metadata_of(params), **ownership(params)}
        changed = [params.definition, params.display, params.goals]
        if any(isinstance(one, (list, kinds.MetricDisplay, *METRICS)) for one in changed):
            check_presentation(kinds.presented(Definition("metric", {}), params), validate)
            fields["definition"] = await self._renewed(metric_id, params, validate)
        refuse_nothing(fields)
        return only(await self._update_metric_rows(metric_id, fields))

    async def _renewed(self: Metrics[Async], metric_id: int, params: Any, validate: bool) -> Json:
        """The definition that a stored metric is to have."""
        stored = await self.get_metric(metric_id)
        if not isinstance(params.definition, METRICS):
            return kinds.presented(Definition(stored.type, stored.definition), params).body
        renewed = kinds.renewed(stored, params.definition, validate=validate)
        return (kinds.presented(renewed, params) if hasattr(params, "display") else renewed).body

    @operation
    def _bulk_update_metric_rows(self, rows: Sequence[Json]) -> Request[Listing[kinds.SavedMetric]]:
        """Several changed saved metrics."""
        return by_id(patch("metrics", list[kinds.SavedMetric], json={"metrics": list(rows)}))

    @composite
    async def bulk_update_metrics(
        self: Metrics[Async], entries: Sequence[kinds.BulkUpdateMetricEntry], *, validate: bool = True
    ) -> Listing[kinds.SavedMetric]:
        """The changed saved metrics; each entry with a definition costs one request to read its metric first.

        - `validate`: whether definitions are checked before anything is sent.
        """
        rows = []
        for entry in entries:
            row = {"id": entry.id, **kinds.metadata_of(entry), **ownership(entry)}
            if isinstance(entry.definition, METRICS):
                row["definition"] = await self._renewed(entry.id, entry, validate)
            rows.append(row)
        return await self._bulk_update_metric_rows(rows) if rows else Listing()

    @operation(before="_list_metric_rows")
    def _delete_metric_rows(self, ids: Sequence[int]) -> Request[None]:
        """Delete saved metrics."""
        return delete("metrics", json={"metrics": [{"id": one} for one in ids]})

    @composite
    async def delete_metric(self: Metrics[Async], metric_id: int, *, force: bool = False) -> None:
        """Delete a saved metric for good; one that these credentials may not edit only with `force`. Two requests.

        - `force`: also what the caller may not edit.
        """
        try:
            found = await self.get_metric(metric_id)
        except QueryError as error:
            if error.status_code != 404:
                raise
            complaint = f"There is no saved metric {metric_id} in project {self.pin.project}; nothing was deleted."
            raise ParamValidationError(complaint, "SM5_NOT_FOUND_FOR_DELETE", path="metric_id", sent=True) from error
        check_editable([found], force, "SM6_DELETE_NOT_PERMITTED")
        await self._delete_metric_rows([metric_id])

    @composite
    async def delete_metrics(self: Metrics[Async], metric_ids: Sequence[int], *, force: bool = False) -> None:
        """Delete saved metrics for good, all of them or none; those that may not be edited only with `force`.

        - `force`: also what the caller may not edit.
        """
        if not metric_ids:
            return
        if not force:
            wanted = set(metric_ids)
            check_editable(
                [one for one in await self._list_metric_rows() if one.id in wanted], force, "SM6_DELETE_NOT_PERMITTED"
            )
        await self._delete_metric_rows(metric_ids)


def by_id(asked: Request[Any]) -> Request[Any]:
    """The same, its rows being the values of an object by id."""
    return attrs.evolve(asked, read=lambda tree, provenance: asked.read(rows_of(tree), provenance), paged=False)


def rows_of(tree: Json) -> Json:
    found = unwrap(tree)
    if not isinstance(found, dict) or not all(isinstance(row, dict) for row in found.values()):
        kind = type(found).__name__
        raise InvalidResponseError(
            f"The answer is no object of rows by id, but a {kind}.", code="UNKNOWN_ERROR", sent=True
        )
    return {"results": list(found.values())}


def only(rows: Listing[E]) -> E:
    """The one row of an answer."""
    if len(rows) != 1:
        raise InvalidResponseError(
            f"The answer has {len(rows)} rows where one belongs.", code="UNKNOWN_ERROR", sent=True
        )
    return attrs.evolve(rows[0], provenance=rows.provenance)


def kept(
    rows: Listing[Any], kind: str | None, verified: bool | None, name_contains: str | None, viewable_only: bool = False
) -> Listing[Any]:
    """The rows that meet every condition that is given."""
    part = (name_contains or "").casefold()
    return Listing(
        [
            row
            for row in rows
            if (kind is None or row.type == kind)
            and (verified is None or row.verified is verified)
            and part in row.name.casefold()
            and not (viewable_only and row.can_view is False)
        ],
        provenance=rows.provenance,
    )


def ownership(fields: Any) -> dict[str, Json]:
    """Who owns something saved, and whether it is verified, as far as that is given."""
    owner = {"owned_by": {"id": fields.owned_by}} if isinstance(fields.owned_by, int) else {}
    return {**owner, **({"verified": fields.verified} if isinstance(fields.verified, bool) else {})}


def check_presentation(made: Definition, validate: bool) -> None:
    """Raise what the service would not take of how a metric is shown."""
    if validate and (flaws := list(presentation_flaws(made.body))):
        refuse(f"{flaws[0][0]}: {flaws[0][1]}", flaws[0][0])


def refuse_nothing(fields: Mapping[str, Json]) -> None:
    """Raise what says that an update changes nothing."""
    if not fields:
        raise ParamValidationError("The update changes nothing.", path="params", hint="Give what is to change.")


def check_editable(rows: Sequence[Any], force: bool, code: str) -> None:
    """Raise unless all may be edited, or are to be deleted all the same."""
    locked = [f"{row.id} ({row.name})" for row in rows if row.can_update_basic is False]
    if locked and not force:
        hint = "A superadmin may delete it with force=True."
        raise ParamValidationError(f"These credentials may not edit {', '.join(locked)}.", code, path="id", hint=hint)


def raise_plainly(error: QueryError) -> NoReturn:
    """The error of a refused definition, in words that people can read: where, and what is wrong."""
    body = error.response_body
    details = body.get("details") if isinstance(body, dict) else None
    if error.status_code == 400 and isinstance(details, dict) and isinstance(details.get("path"), list):
        where = ".".join(str(part) for part in reversed(details["path"]) if part != "root")
        what = html.unescape(error.message).split("{'")[0].strip()
        error.message = f"The service refused the definition: {what}" + (f" (at {where})" if where else "")
        error.args = (error.message,)
    raise error
