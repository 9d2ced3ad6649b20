"""Lookup tables: files are looked through first, keys of addresses show nowhere, refusals are handled as everywhere."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from pathlib import Path

    from tests.answering import Answering

TABLE: dict[str, Any] = {"id": 5500, "name": "Countries"}


@pytest.fixture
def countries(tmp_path: Path) -> Path:
    path = tmp_path / "countries.csv"
    path.write_text('code,name\nDE,"Germany, Federal Republic"\nFR,France\n', encoding="utf-8")
    return path


def place(service: Answering) -> dict[str, Any]:
    return {"results": {"url": f"{service.url}/put/abc?X-Signature=s%2B3cr3t", "path": "lookups/abc.csv", "key": "k3y"}}


def upload(path: Any) -> mp.UploadLookupTableParams:
    return mp.UploadLookupTableParams(name="Countries", file_path=path)


def test_a_file_becomes_a_table_and_goes_out_without_the_credentials(service: Answering, countries: Path) -> None:
    service.tell(place(service)).tell(b"").tell({"results": TABLE})
    with service.workspace() as ws:
        assert ws.upload_lookup_table(upload(countries)).id == 5500
    asked, put, saved = service.asked
    assert asked.authorization is not None
    assert (put.verb, put.path, put.params, put.authorization) == (
        "PUT",
        "/put/abc",
        [("X-Signature", "s+3cr3t")],
        None,
    )
    assert "Germany, Federal Republic" in str(put.body)
    assert saved.verb == "POST"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read"),  # upload_lookup_table/missing_file_after_url
        (b"", "has no rows"),
        (b"a,b\n1\n", "rows of 1 to 2 columns"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b'a,b\n"1,2\n', "is no CSV"),
    ],
)
def test_a_file_that_is_no_table_is_refused_before_anything_is_sent(
    service: Answering, tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content)
    with service.workspace() as ws, pytest.raises(mp.InvalidArgumentError, match=why):
        ws.upload_lookup_table(upload(path))
    assert service.sent == []


def test_only_line_breaks_end_the_rows_of_a_table(service: Answering, tmp_path: Path) -> None:
    (path := tmp_path / "table.csv").write_text("id,text\n1,a\u2028b\x0bc\x85d\n", encoding="utf-8")
    with service.workspace() as ws, pytest.raises(mp.MixpanelHeadlessError) as caught:
        ws.upload_lookup_table(upload(path))
    assert not isinstance(caught.value, mp.InvalidArgumentError)
    assert service.sent


def test_the_key_of_a_signed_address_is_in_no_plan(service: Answering, tmp_path: Path) -> None:
    (path := tmp_path / "table.csv").write_text("id\n1\n")
    address = f"{service.url}/put/abc?X-Signature=s3cr3t"
    service.tell({"results": {"url": address, "path": "gs://b/k", "key": "k"}})
    with service.workspace() as ws, ws.dry_run() as plan, contextlib.suppress(mp.MixpanelHeadlessError):
        ws.upload_lookup_table(upload(path))
    assert plan.changes
    assert "s3cr3t" not in f"{plan.to_dict()} {plan} {plan!r} {plan.table}"


def test_an_id_may_be_text(service: Answering) -> None:  # list_lookup_tables/uuid_id_refused
    service.tell({"results": [{"id": "55b4fb2b", "name": "Accounts"}]})
    with service.workspace() as ws:
        assert ws.list_lookup_tables()[0].id == "55b4fb2b"


def test_a_refusal_of_the_last_step_waits_and_asks_again(service: Answering, countries: Path) -> None:
    """upload_lookup_table/register_rate_limited_not_retried."""
    service.tell(place(service)).tell(b"").tell({"error": "Too many"}, 429, Retry_After="0").tell({"results": TABLE})
    with service.workspace() as ws:
        assert ws.upload_lookup_table(upload(countries)).name == "Countries"


def test_a_refusal_of_a_download_waits_and_asks_again(service: Answering) -> None:
    """download_lookup_table/rate_limited_not_retried."""
    service.tell({"error": "Too many"}, 429, Retry_After="0").tell(b"code,name\nDE,Germany\n")
    with service.workspace() as ws:
        assert ws.download_lookup_table(5500, limit=0) == b"code,name\nDE,Germany\n"
    assert ("limit", "0") in service.asked[1].params


def test_both_ways_to_a_table_take_an_answer_without_a_name(service: Answering) -> None:
    """mark_lookup_table_ready/answer_without_name."""
    service.tell({"results": {"id": 5500}})
    with service.workspace() as ws:
        table = ws.mark_lookup_table_ready(mp.MarkLookupTableReadyParams(name="Countries", key="abc"))
    assert (table.id, table.name) == (5500, "Countries")


def test_an_upload_that_failed_is_told_with_what_the_service_says(service: Answering, countries: Path) -> None:
    service.tell(place(service)).tell(b"").tell({"results": {"uploadId": "up-1"}})
    service.tell({"results": {"uploadStatus": "STARTED"}}, path="upload-status")
    service.tell({"results": {"uploadStatus": "FAILURE", "error": "row 3"}}, path="upload-status")
    with service.workspace() as ws, pytest.raises(mp.MixpanelHeadlessError, match="row 3") as caught:
        ws.upload_lookup_table(upload(countries), poll_interval=0.01)
    assert caught.value.code == "UPLOAD_FAILED"


def test_keys_show_in_no_error_log_or_representation(
    service: Answering, countries: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service.tell(place(service)).tell(b"SignatureDoesNotMatch", 403)
    service.tell(place(service))
    with caplog.at_level(logging.DEBUG), service.workspace() as ws:
        with pytest.raises(mp.MixpanelHeadlessError) as caught:
            ws.upload_lookup_table(upload(countries))
        shown = repr(ws.get_lookup_upload_url())
    told = f"{caught.value!s} {caught.value.to_dict()} {caught.value.__cause__!r} {shown} {caplog.text}"
    assert caught.value.code == "UPLOAD_ERROR"
    assert "3cr3t" not in told
    assert "k3y" not in shown
