"""Workload files: what they say, and what is said about a wrong one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from request_scheduler.simulate import Job, Outage, Tenant, WorkloadError, parse_workload, read_workload

if TYPE_CHECKING:
    from pathlib import Path

TOML = """
hours = 12
limit = 30
[service]
shape = "token"
outages = [{ at = 3.0, seconds = 60, kind = "slow" }]
[answers]
today = 0.5
[[tenants]]
name = "analysts"
agents = 4
priority = "interactive"
[[tenants]]
name = "nightly"
minimum = 0.25
jobs = [{ at = 2.0, calls = 60, questions = 60 }]
"""


def test_a_toml_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "workload.toml"
    path.write_text(TOML)
    workload = read_workload(path)
    assert (workload.hours, workload.limit, workload.window) == (12, 30, 3600.0)
    assert workload.service.outages == (Outage(at=3.0, seconds=60, kind="slow"),)
    assert workload.answers.today == 0.5
    assert workload.tenants == (
        Tenant(name="analysts", agents=4, priority="interactive"),
        Tenant(name="nightly", minimum=0.25, jobs=(Job(at=2.0, calls=60, questions=60),)),
    )


def test_a_json_file_says_the_same(tmp_path: Path) -> None:
    import tomllib

    (tmp_path / "w.toml").write_text(TOML)
    (tmp_path / "w.json").write_text(json.dumps(tomllib.loads(TOML)))
    assert read_workload(tmp_path / "w.json") == read_workload(tmp_path / "w.toml")


def test_settings_go_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "workload.toml"
    path.write_text(TOML)
    assert read_workload(path, limit=10, machines=2).limit == 10


TENANT = {"name": "t", "agents": 1}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"tennants": []}, "w: tennants is unknown; did you mean 'tenants'?"),
        ({"tenants": [{**TENANT, "quetions": 3}]}, "w: tenants[1].quetions is unknown; did you mean 'questions'?"),
        ({"tenants": [{**TENANT, "xyz": 3}]}, "w: tenants[1].xyz is unknown; known are name, agents"),
        ({"tenants": [TENANT, {"name": "u", "jobs": [{"cals": 1}]}]}, "w: tenants[2].jobs[1].cals is unknown"),
        ({"tenants": [TENANT], "service": {"shape": "round"}}, "w: service.shape is 'round'; it must be one of rolling"),
        ({"tenants": [TENANT], "service": {"outages": [{"at": 1}]}}, "w: service.outages[1] lacks seconds"),
        ({"tenants": [{**TENANT, "think": 0}]}, "w: tenants[1].think is 0; it must be a number above 0"),
        ({"tenants": [{**TENANT, "think": True}]}, "w: tenants[1].think is True; it must be a number"),
        ({"tenants": [{**TENANT, "minimum": 2}]}, "w: tenants[1].minimum is 2; it must be a number from 0 to 1"),
        ({"tenants": [{**TENANT, "agents": 1.5}]}, "w: tenants[1].agents is 1.5; it must be a whole number"),
        ({"tenants": [{**TENANT, "priority": "high"}]}, "it must be one of interactive, normal, batch, background"),
        ({"tenants": [{"agents": 1}]}, "w: tenants[1] lacks name"),
        ({"tenants": [{**TENANT, "name": " "}]}, "w: tenants[1].name is ' '; it must be text"),
        ({"tenants": [TENANT, TENANT]}, "two tenants are called 't'"),
        ({"tenants": []}, "nobody asks anything"),
        ({"tenants": {}}, "w: tenants is {}; it must be a list of tables"),
        ({"tenants": ["t"]}, "w: tenants[1] is 't'; it must be a table"),
        ({"tenants": [TENANT], "reserve": 60}, "reserve is 60 of a limit of 60"),
        ({"tenants": [TENANT], "cache": 1}, "w: cache is 1; it must be true or false"),
        ({"tenants": [TENANT], "hours": float("nan")}, "w: hours is nan; it must be a number above 0"),
        ({"tenants": [{**TENANT, "minimum": 0.6}, {"name": "u", "jobs": [{}], "minimum": 0.6}]}, "minimums are more than 1"),
        ([], "w is []; it must be a table"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(data: Any, message: str) -> None:
    with pytest.raises(WorkloadError) as raised:
        parse_workload(data, "w")
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("name", "text"), [("w.toml", "hours = 1\nlimit = x\n"), ("w.json", '{"hours": 1,\n"limit": }')]
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(WorkloadError, match=rf"{name}: .*line 2"):
        read_workload(tmp_path / name)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WorkloadError, match="cannot be read"):
        read_workload(tmp_path / "w.toml")
