"""The real data of these tests: loaded into engines, and read by plain Python to check their answers."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.engine import Engine, Project

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    return DATA


@pytest.fixture(scope="session")
def flights() -> Iterator[Engine]:
    with Engine(Project(now=dt.datetime(2013, 2, 1, tzinfo=dt.UTC))) as engine:
        engine.load_events(DATA / "flights-2013-01.jsonl.gz")
        engine.load_profiles(DATA / "flights-2013-01-profiles.jsonl.gz")
        yield engine


@pytest.fixture(scope="session")
def flight_lines() -> list[dict[str, Any]]:
    with gzip.open(DATA / "flights-2013-01.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def aircraft() -> dict[str, dict[str, Any]]:
    with gzip.open(DATA / "flights-2013-01-profiles.jsonl.gz", "rt", encoding="utf-8") as lines:
        profiles = [json.loads(line) for line in lines]
    return {profile["$distinct_id"]: profile["$properties"] for profile in profiles}


@pytest.fixture(scope="session")
def ecom() -> Iterator[Engine]:
    with Engine() as engine:
        engine.load_events(DATA / "ecom.csv.gz", user_column="user_id")
        yield engine


@pytest.fixture(scope="session")
def ecom_rows() -> list[dict[str, str]]:
    with gzip.open(DATA / "ecom.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
