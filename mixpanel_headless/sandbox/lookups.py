"""Lookup tables: files that are put at a signed address, read while the client waits, and fetched again."""

from __future__ import annotations

import csv
import secrets
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.query.fields import read_digits
from mixpanel_headless.sandbox.entities import fields_in
from mixpanel_headless.sandbox.histories import number_of
from mixpanel_headless.sandbox.replies import Json, Rejected, Reply
from mixpanel_headless.sandbox.routes import SCOPE
from mixpanel_headless.sandbox.signed import signed_address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mixpanel_headless.sandbox.app import Request
    from mixpanel_headless.sandbox.arrivals import Arrival

CSV = "text/csv"
FIRST_ID = 5499
UPLOADS, DOWNLOADS = "uploads/", "downloads/"


@attrs.define
class Upload:
    """A file that is read, and the table that comes of it; asked for the first time it is not ready yet."""

    table: Json
    asked: int = 0
    error: str | None = None


@attrs.define
class Lookups:
    """The tables by the id of their data group, their contents, and files on their way."""

    tables: dict[int, Json] = attrs.field(factory=dict)
    contents: dict[str, bytes] = attrs.field(factory=dict)
    """What stands below signed addresses."""
    uploads: dict[str, Upload] = attrs.field(factory=dict)
    last_id: int = FIRST_ID

    def new_id(self) -> int:
        """An id that no other table has had."""
        self.last_id += 1
        return self.last_id

    def table(self, number: object) -> Json:
        """One table; Rejected says that there is none."""
        found = self.tables.get(read_digits(str(number)) or 0)
        if found is None:
            raise Rejected(404, f"Lookup table {str(number)[:40]} does not exist")
        return found


def take_or_give(lookups: Lookups, place: str, arrival: Arrival) -> Reply:
    """Take a file (PUT), or give it."""
    if arrival.method == "PUT" and place.startswith(UPLOADS):
        lookups.contents[place] = arrival.body
        return Reply(200, b"", content_type="text/plain")
    if arrival.method != "GET" or place not in lookups.contents:
        raise Rejected(404, "There is no such file")
    return Reply(200, lookups.contents[place], content_type=CSV)


def told(request: Request) -> Lookups:
    return request.source.saved.lookups


def in_query(request: Request, name: str) -> str:
    """A parameter that must be there."""
    if not (text := request.arrival.query.get(name)):
        raise Rejected(400, f"{name} is a required parameter")
    return text


def list_tables(request: Request) -> list[Json]:
    """The tables, or the one of a data group."""
    wanted = request.arrival.query.get("data-group-id")
    return [table for number, table in told(request).tables.items() if wanted in (None, str(number))]


def upload_url(request: Request) -> Json:
    """Where a file may be put."""
    key = secrets.token_hex(8)
    return {
        "url": signed_address(request, UPLOADS + key),
        "path": f"lookups/{request.project}/{key}.csv",
        "key": key,
    }


def register(request: Request) -> Json:
    """The table of a file that was put; one that comes with its path is read while the client asks how far it is."""
    fields, lookups = request.arrival.parameters, told(request)
    name, content = fields.get("name"), lookups.contents.get(UPLOADS + str(fields.get("key")))
    if not name:
        raise Rejected(400, "name: required field")
    if content is None:
        raise Rejected(400, "key: no file was put under this key")
    group = fields.get("data-group-id")
    old = lookups.table(group) if group else {"id": lookups.new_id(), "createdAt": request.now}
    table = {
        "token": secrets.token_hex(4), "hasMappedProperties": False, **old,
        "name": name, "lastModifiedAt": request.now, "rowCount": len(rows_of(content)) - 1,
    }  # fmt: skip
    error = (
        None if len({len(row) for row in rows_of(content)}) == 1 else "The file has no header, or rows of other lengths"
    )
    if not error:
        lookups.tables[table["id"]] = table
        lookups.contents[f"{DOWNLOADS}{table['id']}"] = content
    if fields.get("path") or error:
        number = secrets.token_hex(6)
        lookups.uploads[number] = Upload(table, error=error)
        return {"uploadId": number}
    return table


def rows_of(content: bytes) -> Sequence[list[str]]:
    return [row for row in csv.reader(content.decode("utf-8-sig", "replace").splitlines()) if row]


def upload_status(request: Request) -> Json:
    """How far a file is read."""
    upload = told(request).uploads.get(in_query(request, "upload-id"))
    if upload is None:
        return {"uploadStatus": "NOTFOUND"}
    upload.asked += 1
    if upload.asked == 1:
        return {"uploadStatus": "PENDING"}
    if upload.error:
        return {"uploadStatus": "FAILURE", "error": upload.error}
    return {"uploadStatus": "SUCCESS", "result": upload.table}


def rename(request: Request) -> Json:
    """A table under another name."""
    table = told(request).table(fields_in(request).get("data-group-id"))
    name = request.body.get("name")
    if isinstance(name, str) and name:
        table.update(name=name, lastModifiedAt=request.now)
    return table


def delete_tables(request: Request) -> Json:
    """Delete tables, all or none."""
    numbers = fields_in(request).get("data-group-ids")
    if not isinstance(numbers, list):
        raise Rejected(400, "data-group-ids must be a list of ids")
    for table in [told(request).table(number) for number in numbers]:
        told(request).tables.pop(table["id"], None)
        told(request).contents.pop(f"{DOWNLOADS}{table['id']}", None)
    return {}


def download(request: Request) -> Reply:
    """A table as the file that it is, its first rows only if that is asked."""
    table = told(request).table(in_query(request, "data-group-id"))
    content, limit = told(request).contents[f"{DOWNLOADS}{table['id']}"], request.arrival.query.get("limit")
    if limit is not None:
        content = b"".join(content.splitlines(keepends=True)[: number_of(limit, "limit") + 1])
    return Reply(200, content, content_type=CSV)


def download_url(request: Request) -> Json:
    """Where a table can be fetched without credentials."""
    table = told(request).table(in_query(request, "data-group-id"))
    return {"url": signed_address(request, f"{DOWNLOADS}{table['id']}")}


TABLES = rf"{SCOPE}/data-definitions/lookup-tables"
ROUTES: tuple[tuple[str, str, Callable[[Request], Any]], ...] = (
    ("GET", TABLES, list_tables),
    ("POST", TABLES, register),
    ("PATCH", TABLES, rename),
    ("DELETE", TABLES, delete_tables),
    ("GET", f"{TABLES}/upload-url", upload_url),
    ("GET", f"{TABLES}/upload-status", upload_status),
    ("GET", f"{TABLES}/download", download),
    ("GET", f"{TABLES}/download-url", download_url),
)
