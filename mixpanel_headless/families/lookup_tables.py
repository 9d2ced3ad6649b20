"""Lookup tables: columns for the values of a property, from a CSV file.

ws.upload_lookup_table(mp.UploadLookupTableParams(name="Countries", file_path="countries.csv"))
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import delete, get, patch, post, signed
from mixpanel_headless.errors import (
    APIError,
    InvalidArgumentError,
    InvalidResponseError,
    MixpanelHeadlessError,
    TransportError,
    shown,
)
from mixpanel_headless.operation import Async, Mode, Surface, composite, operation
from mixpanel_headless.replies import unwrap
from mixpanel_headless.request import Json, Request, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_headless.models import lookup_tables as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.lookup_tables")

VIEW = Scope.WORKSPACE_IF_PINNED
PATH = "data-definitions/lookup-tables/"
FAILED = {"FAILURE": "UPLOAD_FAILED", "REVOKED": "UPLOAD_FAILED", "NOTFOUND": "UPLOAD_NOT_FOUND"}
"""What the service says of an upload that came to nothing, with the code of the error."""


class LookupTables(Surface[Mode]):
    """Columns for the values of a property; none of these calls costs a query."""

    @operation
    def list_lookup_tables(self, *, data_group_id: int | None = None) -> Request[Listing[kinds.LookupTable]]:
        """The tables, or the one of a data group.

        - `data_group_id`: only the table with this id.
        """
        query: dict[str, Any] = {"data-group-id": data_group_id}
        return get(PATH, list[kinds.LookupTable], scope=VIEW, **query)

    @operation
    def get_lookup_upload_url(self, content_type: str = "text/csv") -> Request[kinds.LookupTableUploadUrl]:
        """Where a file may be put for a while, for `mark_lookup_table_ready`; `upload_lookup_table` does it all.

        - `content_type`: what the file is.
        """
        query: dict[str, Any] = {"content-type": content_type}
        return get(f"{PATH}upload-url/", kinds.LookupTableUploadUrl, scope=VIEW, **query)

    @operation(verb="create")
    def _put_lookup_file(self, url: str, content: bytes) -> Request[None]:
        """Put a file where the service said."""
        return signed("PUT", url, lambda reply: None, content)

    @operation(before="list_lookup_tables")
    def _save_lookup_table(self, fields: Mapping[str, str]) -> Request[Any]:
        """The table of a file that was put, or how to ask for it while the service still reads it."""
        return attrs.evolve(post(PATH, object, scope=VIEW, form=fields), replaces="data-group-id" in fields)

    @composite
    async def upload_lookup_table(
        self: LookupTables[Async],
        params: kinds.UploadLookupTableParams,
        *,
        poll_interval: float = 2.0,
        max_poll_seconds: float = 300.0,
    ) -> kinds.LookupTable:
        """The table that a CSV file has become: a new one, or one that gets other rows.

        The file is read and looked through before anything is sent. Three requests, and one each `poll_interval` seconds
        while the service reads the file; after `max_poll_seconds` UPLOAD_TIMEOUT names what `get_lookup_upload_status` asks.

        - `poll_interval`: seconds from one question to the next whether the file was read.
        - `max_poll_seconds`: how many seconds to wait for that.
        """
        content = await anyio.to_thread.run_sync(read_table, params.file_path)
        place = await self.get_lookup_upload_url()
        try:
            await self._put_lookup_file(place.url, content)
        except (APIError, TransportError) as error:
            complaint = f"The file was not taken where the service said: {error.message}"
            raise MixpanelHeadlessError(complaint, code="UPLOAD_ERROR", hint="Try again.", sent=True) from error
        saved = await self._save_lookup_table(table_fields(params, place.key, path=place.path))
        return await self._finished_table(saved, params.name, poll_interval, max_poll_seconds)

    @composite
    async def mark_lookup_table_ready(
        self: LookupTables[Async], params: kinds.MarkLookupTableReadyParams
    ) -> kinds.LookupTable:
        """The table of a file that was put where `get_lookup_upload_url` said; waits up to five minutes for it."""
        saved = await self._save_lookup_table(table_fields(params, params.key))
        return await self._finished_table(saved, params.name, 2.0, 300.0)

    @operation
    def get_lookup_upload_status(self, upload_id: str) -> Request[dict[str, Any]]:
        """How far an upload is (`uploadStatus`), and its table when it is through (`result`)."""
        query: dict[str, Any] = {"upload-id": upload_id}
        return get(f"{PATH}upload-status/", dict[str, Any], scope=VIEW, **query)

    @operation
    def update_lookup_table(
        self, data_group_id: int, params: kinds.UpdateLookupTableParams
    ) -> Request[kinds.LookupTable]:
        """The table under another name."""
        return patch(PATH, kinds.LookupTable, scope=VIEW, json={**params.to_wire(), "data-group-id": data_group_id})

    @operation
    def delete_lookup_tables(self, data_group_ids: Sequence[int]) -> Request[None]:
        """Delete tables for good; the service refuses those that properties use."""
        return delete(PATH, scope=VIEW, json={"data-group-ids": list(data_group_ids)})

    @operation
    def download_lookup_table(
        self, data_group_id: int, *, file_name: str | None = None, limit: int | None = None
    ) -> Request[bytes]:
        """The table as CSV, its first `limit` rows if that is given.

        - `file_name`: what the file is to be called.
        - `limit`: only so many rows, the first.
        """
        query: dict[str, Any] = {"data-group-id": data_group_id, "file-name": file_name, "limit": limit}
        asked: Request[Any] = get(f"{PATH}download/", object, scope=VIEW, **query)
        return attrs.evolve(asked, decode=lambda reply: reply.body, read=lambda content, _: content)

    @operation
    def get_lookup_download_url(self, data_group_id: int) -> Request[str]:
        """Where the table can be fetched for a while; the address is a key."""
        query: dict[str, Any] = {"data-group-id": data_group_id}
        asked: Request[Any] = get(f"{PATH}download-url/", object, scope=VIEW, **query)
        return attrs.evolve(asked, read=lambda tree, _: read_url(unwrap(tree)))

    async def _finished_table(
        self: LookupTables[Async], saved: Json, name: str, interval: float, most_seconds: float
    ) -> kinds.LookupTable:
        """The table, waited for while the service reads its file."""
        from mixpanel_headless.convert import structure

        found = saved
        if isinstance(saved, dict) and (upload := saved.get("uploadId")):
            with anyio.move_on_after(most_seconds) as scope:
                found = await self._wait_for_upload(str(upload), interval)
            if scope.cancelled_caught or found is saved:
                raise MixpanelHeadlessError(
                    f"The service has not read the file in {most_seconds:g} s.",
                    code="UPLOAD_TIMEOUT",
                    hint=f"Ask get_lookup_upload_status({str(upload)!r}) later.",
                    sent=True,
                    details={"upload_id": upload},
                )
        table = structure(found, kinds.LookupTable, "The service's answer about the table")
        return table if table.name else attrs.evolve(table, name=name)

    async def _wait_for_upload(self: LookupTables[Async], upload: str, interval: float) -> Json:
        """What the service says of an upload when it is through."""
        while True:
            await anyio.sleep(interval)
            status = await self.view(options=attrs.evolve(self.options, freshness="fresh")).get_lookup_upload_status(
                upload
            )
            state = status.get("uploadStatus")
            if state == "SUCCESS":
                if not isinstance(status.get("result"), dict):
                    raise InvalidResponseError(f"The upload {upload} is through, and has no table.", sent=True)
                return status["result"]
            if state in FAILED:
                why = f": {status['error']}" if status.get("error") else ""
                raise MixpanelHeadlessError(
                    f"The upload {upload} has failed ({state}){why}.",
                    code=FAILED[state],
                    hint="Mend the file and upload it again.",
                    sent=True,
                    details=status,
                )


def table_fields(params: Any, key: str, **more: str) -> dict[str, str]:
    """The fields of the form that makes a table of a file."""
    group = {"data-group-id": str(params.data_group_id)} if isinstance(params.data_group_id, int) else {}
    return {"name": params.name, "key": key, **more, **group}


def read_table(path: Any) -> bytes:
    """The file's bytes; InvalidArgumentError for one that cannot be read, or is no CSV with a header and rows alike."""
    try:
        content = Path(path).read_bytes()
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        widths = {len(row) for row in rows if row}
    except (OSError, TypeError, ValueError) as error:  # UnicodeDecodeError is a ValueError
        raise InvalidArgumentError(
            f"file_path {shown(path)} cannot be read: {error}.", hint="Give a CSV file."
        ) from None
    except csv.Error as error:
        raise InvalidArgumentError(f"{path} is no CSV: {error}.", hint="Give a CSV file.") from None
    if len(widths) != 1:
        what = f"rows of {min(widths)} to {max(widths)} columns" if widths else "no rows"
        raise InvalidArgumentError(f"{path} has {what}.", hint="Give a CSV file with a header and rows of one length.")
    return content


def read_url(found: Json) -> str:
    """The address in an answer, however it stands there."""
    url = (found.get("url") or found.get("download_url")) if isinstance(found, dict) else found
    if not isinstance(url, str) or not url:
        raise MixpanelHeadlessError("The answer holds no address.", code="MISSING_URL", sent=True)
    return url
