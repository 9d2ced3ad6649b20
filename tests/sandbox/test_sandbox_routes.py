"""Which addresses there are, what they spend, and who may use them."""

from __future__ import annotations

import base64

import pytest

from mixpanel_headless.sandbox.credentials import Credentials
from mixpanel_headless.sandbox.routes import Route, find_route, pools_spent


def spent(path: str, **parameters: str) -> tuple[str, ...]:
    return pools_spent(find_route(path), parameters)


@pytest.mark.parametrize(
    "path",
    [
        "/api/query/insights",
        "/api/query/events/names",
        "/api/query/events/properties/top",
        "/api/query/funnels/list",
        "/api/query/cohorts/list",
        "/api/query/engage/",
        "/api/2.0/segmentation",
    ],
)
def test_queries_spend_the_query_pool(path: str) -> None:
    assert spent(path) == ("query",)


@pytest.mark.parametrize(
    "path",
    ["/api/query/annotations", "/api/query/custom_events", "/api/query/workspaces", "/api/query/project", "/favicon.ico"],
)  # fmt: skip
def test_uncounted_routes_spend_nothing(path: str) -> None:
    assert spent(path) == ()


def test_only_the_first_page_of_profiles_counts() -> None:
    assert spent("/api/query/engage", page="0") == ("query",)
    assert spent("/api/query/engage", page="1", session_id="abc") == ()
    assert spent("/api/query/engage/aliases") == ()


def test_statistics_over_profiles_count_even_with_a_session() -> None:
    assert spent("/api/query/engage/stats", session_id="abc") == ("query",)


def test_jql_spends_its_own_pool_and_the_queries() -> None:
    assert spent("/api/query/jql") == ("query", "jql")


def test_export_schemas_and_the_rest_of_the_app_have_pools_of_their_own() -> None:
    assert spent("/api/2.0/export") == ("export",)
    assert spent("/api/app/projects/1/schemas/event") == ("schemas",)
    assert spent("/api/app/me") == ("app",)


def test_both_spellings_of_a_query_path_lead_to_the_same_route() -> None:
    assert find_route("/api/2.0/events/names") == find_route("/api/query/events/names/")


def test_an_endpoint_that_mixpanel_does_not_have_is_not_known() -> None:
    assert not find_route("/api/query/insights/more").known
    assert find_route("/api/query/insights").known
    assert find_route("/somewhere") == Route("unknown", "somewhere")


def basic(username: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()


ACCOUNT = Credentials("robot", "s3:cret-ä")


@pytest.mark.parametrize("header", [basic("robot", "s3:cret-ä"), "Bearer s3:cret-ä", "bearer s3:cret-ä"])
def test_the_account_enters_by_password_and_by_token(header: str) -> None:
    assert ACCOUNT.accept(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic /w==",
        basic("robot", ""),
        basic("robot", "s3:cret"),
        basic("ROBOT", "s3:cret-ä"),
        "Bearer ",
        "Digest s3:cret-ä",
    ],
)
def test_anything_else_stays_out(header: str | None) -> None:
    assert not ACCOUNT.accept(header)


def test_the_secret_does_not_show() -> None:
    assert "cret" not in repr(ACCOUNT)
