"""Random ids, names and policies: no request leaves its path, no denied call is sent, no secret shows.

`MP_RANDOM_CASES=100000 pytest tests/governance/test_random_policies.py` is the long form.
"""

from __future__ import annotations

import logging
import os
import random
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

import mixpanel_headless as mp
from mixpanel_headless.app_api import at, delete
from mixpanel_headless.governance.documents import PRESETS, read_policy
from mixpanel_headless.governance.facts import VERBS, Facts
from mixpanel_headless.governance.policy import Act, Effect, decide, fits
from mixpanel_headless.governance.targets import Entity, Target
from mixpanel_headless.options import Pin
from tests.answering import Answering

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CASES = int(os.environ.get("MP_RANDOM_CASES", "3000"))
SENT = max(150, CASES // 100)
FAMILIES = ("annotations", "cohorts", "dashboards", "alerts")
PIECES = (
    "a",
    "Revenue",
    "..",
    ".",
    "/",
    "\\",
    "%2F",
    "%2e%2e",
    "?",
    "#",
    ";",
    " ",
    "\n",
    "\r",
    "\0",
    "ü",
    "5",
    "*",
    "[",
    "",
    "@",
)
RANK: dict[Effect, int] = {"allow": 0, "confirm": 1, "deny": 2}


@pytest.fixture
def chance() -> random.Random:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    return random.Random(seed)


def text_of(chance: random.Random) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randrange(6)))


def some(chance: random.Random, values: tuple[Any, ...]) -> list[Any]:
    return chance.sample(values, chance.randrange(1, len(values)))


def rule_of(chance: random.Random) -> dict[str, Any]:
    """One random rule."""
    choices: dict[str, Callable[[], Any]] = {
        "families": lambda: some(chance, FAMILIES),
        "verbs": lambda: some(chance, VERBS),
        "operations": lambda: [chance.choice(["delete_*", "*.update_*", "get_annotation", "*"])],
        "projects": lambda: [chance.choice([12345, "1*", 7])],
        "workspaces": lambda: [chance.choice([9, 8])],
        "ids": lambda: [chance.choice([5, "7*", "*"])],
        "names": lambda: [chance.choice(["Revenue*", "*a*", "[R]evenue", "Draft"])],
        "destructive": lambda: chance.random() < 0.5,
        "bulk": lambda: chance.random() < 0.5,
        "reaches_people": lambda: chance.random() < 0.5,
    }
    return {name: choices[name]() for name in chance.sample(list(choices), chance.randrange(3))}


def document_of(chance: random.Random) -> dict[str, Any]:
    """One random policy."""
    effects = ("allow", "deny", "confirm")
    document: dict[str, Any] = {one: [rule_of(chance) for _ in range(chance.randrange(3))] for one in effects}
    if chance.random() < 0.4:
        document["preset"] = chance.choice(list(PRESETS))
    if chance.random() < 0.2:
        document["caps"] = {"mutations": chance.randrange(3), "entities": chance.randrange(3)}
    return document


def act_of(chance: random.Random) -> Act:
    """One random call."""
    verb, family = chance.choice(VERBS), chance.choice(FAMILIES)
    destroys, bulk, reaches = (chance.random() < 0.3 for _ in range(3))
    count = chance.randrange(4)
    entities = tuple(
        Entity(
            chance.choice([None, "5", "71"]),
            (),
            tuple(some(chance, ("Revenue", "Draft", "a", "b"))),
            chance.random() < 0.6,
        )
        for _ in range(count)
    )
    facts = Facts(family, f"{verb}_{family}", verb, destroys, bulk, reaches)
    target = Target(entities, chance.choice([count, None]) if bulk else count)
    return Act(facts, chance.choice(["12345", "7"]), chance.choice([None, 8, 9]), target)


def test_no_id_or_name_leaves_its_place_in_the_path(chance: random.Random) -> None:
    for _ in range(CASES):
        names = [text_of(chance), text_of(chance)]
        try:
            request = delete(at("dashboards/{}/text-cards/{}", *names))
        except mp.InvalidArgumentError:
            assert any(not name.strip() or name in {".", ".."} for name in names)
            continue
        segments = urlsplit(f"https://h{request.full_path(Pin('12345'))}").path.split("/")
        assert segments == ["", "projects", "12345", "dashboards", segments[4], "text-cards", segments[6]]
        assert [unquote(segments[4]), unquote(segments[6])] == names


def test_policies_only_narrow_each_other_and_a_denial_that_fits_always_holds(chance: random.Random) -> None:
    for _ in range(CASES):
        one, two, act = read_policy(document_of(chance)), read_policy(document_of(chance)), act_of(chance)
        spent = chance.randrange(3)
        alone = [decide([policy], act, [spent]).effect for policy in (one, two)]
        both = decide([one, two], act, [spent, spent])
        assert RANK[both.effect] == max(map(RANK.__getitem__, alone)), (one, two, act)
        denied = any(fits(rule, act) for policy in (one, two) for rule in policy.having("deny"))
        assert both.effect == "deny" or not denied, (one, two, act)
        assert RANK[decide([one], act, [spent], attended=False).effect] >= RANK[alone[0]]


def test_an_allowed_call_is_one_that_a_permission_surely_fits(chance: random.Random) -> None:
    for _ in range(CASES):
        policy, act = read_policy(document_of(chance)), act_of(chance)
        allowing = policy.having("allow")
        if allowing and decide([policy], act).effect == "allow":
            assert any(fits(rule, act) for rule in allowing)


def call_of(chance: random.Random, ws: mp.Workspace) -> Any:
    """One random call, some with an id that is none."""
    number: Any = chance.choice([5, 7, 71, text_of(chance)])
    words = chance.choice(["Revenue 2026", "Draft", text_of(chance)])
    return chance.choice(
        [
            lambda: ws.get_annotation(number),
            lambda: ws.delete_annotation(number),
            lambda: ws.update_annotation(number, mp.UpdateAnnotationParams(description=words)),
            lambda: ws.create_dashboard(mp.CreateDashboardParams(title=words)),
            lambda: ws.update_dashboard(number, mp.UpdateDashboardParams(title=words)),
            lambda: ws.bulk_delete_dashboards([5, 7][: chance.randrange(3)]),
            lambda: ws.delete_cohort(number),
            ws.list_alerts,
        ]
    )


def test_no_denied_call_is_sent_and_no_secret_shows(
    chance: random.Random, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = f"hush-{chance.randrange(1 << 60):x}"
    shown: list[str] = []
    denials = 0
    with Answering() as service, service.workspace(state_dir=tmp_path, secret=secret, workspace=9) as ws:
        caplog.set_level(logging.DEBUG)
        for _ in range(SENT):
            service.answers.clear()
            service.tell({"error": f"who sent {secret}?"}, chance.choice([200, 400, 404, 409]))
            changes = sum(not sent.startswith("GET") for sent in service.sent)
            policy = document_of(chance)
            try:
                with ws.task("one", policy=policy):
                    shown.append(repr(call_of(chance, ws)()))
            except mp.PolicyDenied as error:
                denials += 1
                assert sum(not sent.startswith("GET") for sent in service.sent) == changes, policy
                shown += [str(error), repr(error.to_dict())]
            except mp.MixpanelHeadlessError as error:
                shown += [str(error), repr(error.to_dict())]
        report = ws.audit.verify()
        shown += [repr(ws), repr(ws.settings), str(report), *map(repr, ws.audit.log(limit=None))]
    assert (report.ok, report.open_intents, denials > SENT // 20) == (True, [], True)
    assert all(sent.split(" ")[1].startswith("/api/app/workspaces/9/") for sent in service.sent)
    written = b"".join(path.read_bytes() for path in (tmp_path / "audit").iterdir())
    everything = "\n".join([*shown, *(record.getMessage() for record in caplog.records), *capsys.readouterr()])
    assert secret not in everything
    assert secret.encode() not in written
