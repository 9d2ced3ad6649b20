"""Lookup tables in the sandbox: a file is put at a signed address, read while the client waits, and fetched again."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mixpanel_headless.sandbox import Sandbox

ROWS = "code,name\nDE,Germany\nFR,France\n"


@pytest.fixture
def upload(ws: mp.Workspace, tmp_path: Path) -> Callable[..., mp.LookupTable]:
    """Uploads a file of rows as a table."""

    def upload_rows(name: str = "Countries", rows: str = ROWS, group: int | None = None) -> mp.LookupTable:
        (path := tmp_path / "rows.csv").write_text(rows)
        params = mp.UploadLookupTableParams(name=name, file_path=path, data_group_id=group)
        return ws.upload_lookup_table(params, poll_interval=0.001)

    return upload_rows


def test_a_table_comes_back_as_it_was_uploaded(ws: mp.Workspace, upload: Callable[..., mp.LookupTable]) -> None:
    table = upload()
    assert (table.name, table.extra["rowCount"]) == ("Countries", 2)
    assert ws.download_lookup_table(int(table.id)) == ROWS.encode()
    assert ws.download_lookup_table(int(table.id), limit=1) == b"code,name\nDE,Germany\n"


def test_the_client_polls_until_the_file_is_read(
    box: Sandbox, ws: mp.Workspace, upload: Callable[..., mp.LookupTable]
) -> None:
    upload()
    assert [one.path.rstrip("/").rpartition("/")[2] for one in box.requests].count("upload-status") == 2
    assert ws.get_lookup_upload_status("unknown") == {"uploadStatus": "NOTFOUND"}


def test_other_rows_take_the_place_of_the_old_ones(ws: mp.Workspace, upload: Callable[..., mp.LookupTable]) -> None:
    first = upload()
    second = upload(rows="code\nIT\n", group=int(first.id))
    assert second.id == first.id
    assert ws.download_lookup_table(int(first.id)) == b"code\nIT\n"
    assert len(ws.list_lookup_tables()) == 1


def test_a_table_is_renamed_and_deleted(ws: mp.Workspace, upload: Callable[..., mp.LookupTable]) -> None:
    one, two = upload("One"), upload("Two")
    assert ws.update_lookup_table(int(one.id), mp.UpdateLookupTableParams(name="Uno")).name == "Uno"
    assert [table.name for table in ws.list_lookup_tables(data_group_id=int(two.id))] == ["Two"]
    with pytest.raises(mp.QueryError, match="Lookup table 77 does not exist"):
        ws.delete_lookup_tables([int(one.id), 77])
    ws.delete_lookup_tables([int(one.id)])
    assert [table.name for table in ws.list_lookup_tables()] == ["Two"]
    with pytest.raises(mp.QueryError, match="does not exist"):
        ws.download_lookup_table(int(one.id))


def test_a_file_that_was_put_by_hand_is_made_a_table(ws: mp.Workspace) -> None:
    place = ws.get_lookup_upload_url()
    put(place.url, b"a,b\n1,2\n")
    table = ws.mark_lookup_table_ready(mp.MarkLookupTableReadyParams(name="Mine", key=place.key))
    assert ws.download_lookup_table(int(table.id)) == b"a,b\n1,2\n"
    with pytest.raises(mp.QueryError, match="no file was put"):
        ws.mark_lookup_table_ready(mp.MarkLookupTableReadyParams(name="Mine", key="another"))


def test_a_file_that_is_no_table_fails_while_it_is_read(ws: mp.Workspace) -> None:
    place = ws.get_lookup_upload_url()
    put(place.url, b"a,b\n1\n")
    with pytest.raises(mp.MixpanelHeadlessError, match="rows of other lengths") as caught:
        ws.mark_lookup_table_ready(mp.MarkLookupTableReadyParams(name="Mine", key=place.key))
    assert caught.value.code == "UPLOAD_FAILED"


def test_a_signed_address_opens_by_its_signature_alone(ws: mp.Workspace, upload: Callable[..., mp.LookupTable]) -> None:
    url = ws.get_lookup_download_url(int(upload().id))
    with urllib.request.urlopen(url, timeout=10) as found:
        assert found.read() == ROWS.encode()
    assert status_of(urllib.request.Request(url.replace("signature=", "signature=0"))) == 403
    assert status_of(urllib.request.Request(url, headers={"Authorization": "Basic eDp5"})) == 400


def put(url: str, content: bytes) -> None:
    request = urllib.request.Request(url, content, {"Content-Type": "text/csv"}, method="PUT")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def status_of(request: urllib.request.Request) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    with caught.value as refused:
        return refused.code
