"""Settings are complete and sane before anything is sent, and never show a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mixpanel_headless as mp
from mixpanel_headless.accounts.credentials import OAuthToken, Secret, ServiceAccount, fingerprint
from mixpanel_headless.accounts.limits import Limits
from mixpanel_headless.accounts.settings import resolve_settings

if TYPE_CHECKING:
    from pathlib import Path

FULL = {"MP_USERNAME": "sa.test", "MP_SECRET": "hush-hush", "MP_PROJECT_ID": "12345"}


def test_the_environment_is_enough() -> None:
    settings = resolve_settings(environment={**FULL, "MP_REGION": "eu", "MP_WORKSPACE_ID": "7"})
    assert settings.base_url("query") == "https://eu.mixpanel.com/api/query"
    assert settings.base_url("export") == "https://data-eu.mixpanel.com/api/2.0"
    assert (settings.project, settings.workspace) == ("12345", 7)


def test_arguments_win_over_the_environment() -> None:
    settings = resolve_settings(project=9, username="other", secret="else", environment=FULL)
    assert settings.project == "9"
    assert isinstance(settings.credentials, ServiceAccount)
    assert settings.credentials.username == "other"


def test_a_token_given_wins_over_an_account_in_the_environment() -> None:
    assert isinstance(resolve_settings(oauth_token="t", environment=FULL).credentials, OAuthToken)


def test_one_error_lists_all_that_is_missing_and_where_to_set_it() -> None:
    with pytest.raises(mp.ConfigError) as caught:
        resolve_settings(environment={})
    assert all(name in str(caught.value) for name in ("MP_USERNAME", "MP_SECRET", "MP_OAUTH_TOKEN", "MP_PROJECT_ID"))
    assert len(caught.value.details["missing"]) == 2


def test_base_urls_move_and_lose_their_last_slash() -> None:
    moved = {"MP_API_BASE_URL": "http://127.0.0.1:1/", "MP_APP_BASE_URL": "http://127.0.0.1:2//"}
    settings = resolve_settings(environment={**FULL, **moved})
    assert settings.base_url("query") == "http://127.0.0.1:1/api/query"
    assert settings.base_url("app") == "http://127.0.0.1:2/api/app"
    assert settings.base_url("export") == "http://127.0.0.1:1/api/2.0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MP_PROJECT_ID", "12/../3"),
        ("MP_PROJECT_ID", "\u0661\u0662"),
        ("MP_REGION", "mars"),
        ("MP_API_BASE_URL", "ftp://host"),
        ("MP_API_BASE_URL", "http://user:pass@host"),
        ("MP_API_BASE_URL", "nonsense"),
        ("MP_LIMIT_QUERY", "many"),
        ("MP_LIMIT_QUERY", "0"),
        ("MP_LIMIT_QUERY_WINDOW", "nan"),
        ("MP_LIMIT_QUERY_WINDOW", "-1"),
        ("MP_LIMIT_QUERY_CONCURRENCY", "2.5"),
        ("MP_LIMIT_EXPORT", "0"),
        ("MP_LIMIT_EXPORT_WINDOW", "soon"),
        ("MP_WORKSPACE_ID", "seven"),
        ("MP_LIFETIME_OPEN", "-5"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_the_way_out(name: str, value: str) -> None:
    with pytest.raises(mp.ConfigError) as caught:
        resolve_settings(environment={**FULL, name: value})
    assert caught.value.hint


def test_a_header_cannot_smuggle_another() -> None:
    smuggled = {"MP_CUSTOM_HEADER_NAME": "X-Proxy", "MP_CUSTOM_HEADER_VALUE": "a\r\nAuthorization: Basic x"}
    with pytest.raises(mp.ConfigError, match="line break"):
        resolve_settings(environment={**FULL, **smuggled})


def test_a_folder_below_home_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve_settings(environment={**FULL, "MP_STATE_DIR": "~/x"}).state_dir == tmp_path / "x"


@pytest.mark.parametrize(
    "name",
    ["X Y", "X:Y", "X-\u00e4", "Authorization", "content-length", "Host", "Transfer-Encoding", "Content-Type"],
)
def test_a_header_that_requests_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(mp.ConfigError, match="MP_CUSTOM_HEADER_NAME") as caught:
        resolve_settings(environment={**FULL, "MP_CUSTOM_HEADER_NAME": name, "MP_CUSTOM_HEADER_VALUE": "v"})
    assert caught.value.hint


@pytest.mark.parametrize("value", ["a\x01b", "a\tb", "\udc80"])
def test_a_header_value_that_cannot_be_sent_is_refused_and_not_shown(value: str) -> None:
    custom = {"MP_CUSTOM_HEADER_NAME": "X-Proxy", "MP_CUSTOM_HEADER_VALUE": f"hidden{value}"}
    with pytest.raises(mp.ConfigError, match="MP_CUSTOM_HEADER_VALUE") as caught:
        resolve_settings(environment={**FULL, **custom})
    assert "hidden" not in str(caught.value.to_dict())


def test_a_header_of_a_proxy_is_taken() -> None:
    custom = {"MP_CUSTOM_HEADER_NAME": "X-Proxy_1", "MP_CUSTOM_HEADER_VALUE": "Basic a=b; c"}
    assert resolve_settings(environment={**FULL, **custom}).custom_header == ("X-Proxy_1", "Basic a=b; c")


def test_limits_are_settings_with_fractions_of_seconds() -> None:
    limits = {"MP_LIMIT_QUERY": "400", "MP_LIMIT_QUERY_WINDOW": "0.5", "MP_LIMIT_QUERY_CONCURRENCY": "9"}
    assert resolve_settings(environment={**FULL, **limits}).limits == Limits(400, 0.5, 9)


@given(st.text(min_size=8, alphabet=st.characters(codec="ascii", categories=["L", "N"])))
def test_no_representation_holds_a_secret(drawn: str) -> None:
    secret = f"Zq7-{drawn}"
    account = ServiceAccount("someone", secret)
    token = OAuthToken(secret)
    shown = f"{account} {account!r} {token} {token!r} {Secret(secret)} {Secret(secret)!r} {fingerprint(account)}"
    settings = resolve_settings(environment={**FULL, "MP_SECRET": secret})
    assert secret not in shown + repr(settings)


def test_two_credentials_have_two_fingerprints() -> None:
    assert (
        fingerprint(ServiceAccount("a", "b")) != fingerprint(ServiceAccount("a", "c")) != fingerprint(OAuthToken("c"))
    )
