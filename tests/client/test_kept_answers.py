"""Answers outlive the program that asked, for those with the same credentials."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.accounts.settings import resolve_settings

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_headless.sandbox import Sandbox
    from tests.redis_server import RedisServer


def ask(box: Sandbox, folder: Path, **options: Any) -> mp.QueryResult:
    with box.workspace(**({"cache": "disk", "state_dir": folder} | options)) as ws:
        return ws.query("Purchase", from_date="2026-01-05", to_date="2026-01-06")


def test_the_next_program_gets_the_answer_of_the_last_with_its_true_age(box: Sandbox, tmp_path: Path) -> None:
    first, second = ask(box, tmp_path), ask(box, tmp_path)
    assert (first.provenance.origin, second.provenance.origin) == ("network", "cache")
    assert second.provenance.computed_at == first.provenance.computed_at
    assert second.provenance.age > 0
    assert second.provenance.cost == 0
    assert second.df.equals(first.df)
    assert box.counted == 1


def test_a_program_that_ends_without_closing_its_workspace_says_nothing(box: Sandbox, tmp_path: Path) -> None:
    program = "import mixpanel_headless as mp; print(mp.Workspace().query('Purchase', from_date='2026-01-05',"
    program += " to_date='2026-01-06').provenance.origin)"
    variables = {**os.environ, **box.environment(), "MP_STATE_DIR": str(tmp_path), "MP_CACHE": "disk"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("network\n", "")


def test_other_credentials_get_an_answer_of_their_own(box: Sandbox, tmp_path: Path) -> None:
    ask(box, tmp_path)
    with pytest.raises(mp.AuthenticationError):
        ask(box, tmp_path, secret="another")


@pytest.mark.parametrize("cache", ["memory", "off"])
def test_answers_stay_in_the_program_if_so_wished(box: Sandbox, tmp_path: Path, cache: str) -> None:
    ask(box, tmp_path, cache=cache)
    assert ask(box, tmp_path, cache=cache).provenance.origin == "network"
    assert not list(tmp_path.iterdir())


def test_nothing_is_kept_when_the_cache_is_off(box: Sandbox) -> None:
    with box.workspace(cache="off") as ws:
        for _ in range(2):
            assert ws.query("Purchase", from_date="2026-01-05", to_date="2026-01-06").provenance.origin == "network"


def test_the_kept_answers_are_for_their_owner_only_and_hold_no_secret(box: Sandbox, tmp_path: Path) -> None:
    ask(box, tmp_path / "state")
    for file in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert box.secret.encode() not in file.read_bytes()
    assert (tmp_path / "state" / "answers-v1.sqlite").exists()


def test_clearing_the_discovery_cache_reaches_what_other_programs_remember(box: Sandbox, tmp_path: Path) -> None:
    with box.workspace(cache="disk", state_dir=tmp_path) as one:
        one.events()
    with box.workspace(cache="disk", state_dir=tmp_path) as two:
        two.events()
        assert box.counted == 1
        with box.workspace(cache="disk", state_dir=tmp_path) as three:
            three.clear_discovery_cache()
        two.events()
        assert box.counted == 2


ENVIRONMENT = {"MP_USERNAME": "u", "MP_SECRET": "s", "MP_PROJECT_ID": "1"}


def test_the_cache_is_set_by_the_environment_and_by_default_on_disk() -> None:
    usual = resolve_settings(environment=ENVIRONMENT)
    assert (usual.cache, usual.cache_file_bytes) == ("disk", 512_000_000)
    given = resolve_settings(environment=ENVIRONMENT | {"MP_CACHE": "memory", "MP_CACHE_BYTES": "1000"})
    assert (given.cache, given.cache_file_bytes) == ("memory", 1000)


@pytest.mark.parametrize(
    ("wished", "cache"),
    [
        ({}, "disk"),
        ({"MP_STORE": "redis://one/0"}, "redis://one/0"),
        ({"MP_STORE": "redis://one/0", "MP_CACHE": "redis"}, "redis://one/0"),
        ({"MP_STORE": "redis://one/0", "MP_CACHE": "disk"}, "disk"),
        ({"MP_STORE": "redis://one/0", "MP_CACHE": "off"}, "off"),
        ({"MP_STORE": "redis://one/0", "MP_CACHE": "redis://two/1"}, "redis://two/1"),
        ({"MP_STORE": "memory", "MP_CACHE": "redis://two/1"}, "redis://two/1"),
    ],
)
def test_answers_are_kept_where_the_budget_is_unless_something_else_is_wished(
    wished: dict[str, str], cache: str
) -> None:
    settings = resolve_settings(environment=ENVIRONMENT | wished)
    assert settings.cache == cache
    assert settings.cache_file_bytes == (128_000_000 if "://" in cache else 512_000_000)


def test_an_address_of_answers_is_checked_and_its_password_shown_nowhere() -> None:
    assert "hidden" not in repr(resolve_settings(environment=ENVIRONMENT | {"MP_CACHE": "redis://u:hidden@host/0"}))
    with pytest.raises(mp.ConfigError, match="MP_CACHE") as raised:
        resolve_settings(environment=ENVIRONMENT | {"MP_CACHE": "redis://u:hidden@host:port/0"})
    assert "hidden" not in repr(raised.value.to_dict())


def test_programs_on_several_machines_know_each_others_answers(
    box: Sandbox, redis_server: RedisServer, tmp_path: Path
) -> None:
    first = ask(box, tmp_path / "one", store=redis_server.url, cache=None)
    second = ask(box, tmp_path / "two", store=redis_server.url, cache="redis")
    assert (first.provenance.origin, second.provenance.origin) == ("network", "cache")
    assert second.df.equals(first.df)
    assert box.counted == 1
    with redis_server.client() as client:
        names = [name for name in client.keys("*") if "answers" in name]
        assert {name.partition(":")[0] for name in names} == {"{mixpanel-headless}"}


def test_answers_are_given_although_their_server_is_gone(
    box: Sandbox, redis_server: RedisServer, tmp_path: Path
) -> None:
    with box.workspace(cache=redis_server.url, state_dir=tmp_path) as ws:
        ws.query("Purchase", from_date="2026-01-05", to_date="2026-01-06")
        redis_server.kill()
        again = ws.query("Purchase", from_date="2026-01-05", to_date="2026-01-06")
        other = ws.query("Purchase", from_date="2026-01-05", to_date="2026-01-07")
    assert (again.provenance.origin, other.provenance.origin) == ("cache", "network")


@pytest.mark.parametrize("setting", [{"MP_CACHE": "redis"}, {"MP_CACHE_BYTES": "-1"}, {"MP_CACHE_BYTES": "much"}])
def test_a_cache_that_does_not_exist_is_refused(setting: dict[str, str]) -> None:
    with pytest.raises(mp.ConfigError, match=next(iter(setting))):
        resolve_settings(environment=ENVIRONMENT | setting)
