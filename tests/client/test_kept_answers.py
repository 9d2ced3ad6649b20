"""Answers outlive the program that asked, for those with the same credentials."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.accounts.settings import resolve_settings

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_headless.sandbox import Sandbox


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


@pytest.mark.parametrize("setting", [{"MP_CACHE": "redis"}, {"MP_CACHE_BYTES": "-1"}, {"MP_CACHE_BYTES": "much"}])
def test_a_cache_that_does_not_exist_is_refused(setting: dict[str, str]) -> None:
    with pytest.raises(mp.ConfigError, match=next(iter(setting))):
        resolve_settings(environment=ENVIRONMENT | setting)
