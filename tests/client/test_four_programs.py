"""Four programs on one project's budget: no refusal, shares by weight, and one request for equal questions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixpanel_headless.sandbox import Sandbox

PROGRAM = Path(__file__).with_name("program.py")
LIMIT = 60
WEIGHTS = {"report": 2, "dashboard": 2, "agent": 1, "notebook": 1}


class Programs:
    """Programs that share a state, and the end of the pipe to which they write whom their schedulers let go."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.running: dict[str, subprocess.Popen[str]] = {}
        reading, self.journal = os.pipe()
        self.admitted = os.fdopen(reading)

    def start(self, name: str, **order: Any) -> None:
        order = {"name": name, "journal": self.journal, **order}
        self.running[name] = process = subprocess.Popen(
            [sys.executable, str(PROGRAM), json.dumps(order)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self.environment, pass_fds=[self.journal],
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    def go(self) -> None:
        for process in self.running.values():
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()

    def answers(self, name: str) -> list[list[str]]:
        process = self.running[name]
        assert process.stdout is not None
        answers: list[list[str]] = json.loads(process.stdout.readline())
        assert process.wait() == 0
        return answers

    def end(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            process.stdout.close()
        self.admitted.close()
        os.close(self.journal)


@pytest.fixture(params=["redis", "sqlite"])
def shared_state(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """What tells a program where budgets and answers are."""
    store = request.getfixturevalue("redis_server").url if request.param == "redis" else request.param
    answers = "disk" if store == "sqlite" else "redis"
    return {"MP_STORE": store, "MP_CACHE": answers, "MP_STATE_DIR": str(tmp_path)}


@pytest.fixture
def open_programs(shared_state: dict[str, str]) -> Iterator[Callable[[Sandbox], Programs]]:
    opened: list[Programs] = []

    def open_them(box: Sandbox) -> Programs:
        environment = {**os.environ, **box.environment(), **shared_state, "PYTHONPATH": os.pathsep.join(sys.path)}
        opened.append(Programs(environment))
        return opened[-1]

    yield open_them
    for programs in opened:
        programs.end()


def test_four_programs_are_never_refused_and_have_their_weights_share(
    open_box: Callable[..., Sandbox], open_programs: Callable[[Sandbox], Programs]
) -> None:
    box = open_box(limit=LIMIT, window=2.0)
    programs = open_programs(box)
    for number, (name, weight) in enumerate(WEIGHTS.items()):
        questions = list(range(1000 * number + 2, 1000 * number + 302))
        programs.start(name, weight=float(weight), questions=questions)
    programs.go()
    admitted = [next(programs.admitted).strip() for _ in range(3 * LIMIT)]
    assert box.refused == 0
    # The first window goes to whoever is up first; all four have more to ask for than the other two hold.
    served = Counter(admitted[LIMIT:])
    assert all(abs(served[name] - weight * LIMIT // 3) <= 1 for name, weight in WEIGHTS.items()), served


def test_equal_questions_of_four_programs_are_one_request(
    open_box: Callable[..., Sandbox], open_programs: Callable[[Sandbox], Programs]
) -> None:
    box = open_box(limit=LIMIT, window=2.0)
    programs = open_programs(box)
    for name in WEIGHTS:
        programs.start(name, questions=[7])
    programs.go()
    assert [programs.answers(name) for name in WEIGHTS] == [[["free", "pro"]]] * 4
    assert (box.counted, box.refused) == (1, 0)
