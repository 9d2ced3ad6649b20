"""Several real processes on one store, and how tests talk to them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

AGENT = Path(__file__).with_name("agent.py")


class Agents:
    """Processes that share a store, and the journal of the service that they ask."""

    def __init__(self, store: str, journal: Path) -> None:
        self.store, self.journal = store, journal
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, **order: Any) -> subprocess.Popen[str]:
        """Another process; those that ask `questions` share their answers."""
        order = {"store": self.store, "journal": str(self.journal), "name": str(len(self.processes)), **order}
        if "questions" in order:
            order["answers"] = str(self.journal.with_name("answers.sqlite"))
        process = subprocess.Popen(
            [sys.executable, str(AGENT), json.dumps(order)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.processes.append(process)
        assert said(process) == "ready\n"
        return process

    def go(self, *some: subprocess.Popen[str]) -> None:
        for process in some or self.processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()

    def lines(self) -> list[tuple[str, str, float]]:
        parts = [line.split() for line in self.journal.read_text().splitlines()]
        return [(sign, name, float(moment)) for sign, name, moment in parts]

    def sent(self) -> list[tuple[float, str]]:
        return sorted((moment, name) for sign, name, moment in self.lines() if sign == "+")

    def peak(self) -> int:
        running = peak = 0
        for sign, _, _ in sorted(self.lines(), key=lambda line: line[2]):
            running += {"+": 1, "-": -1}.get(sign, 0)
            peak = max(peak, running)
        return peak

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                stream.close()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def finish(process: subprocess.Popen[str]) -> None:
    assert said(process) == "done\n"
    assert process.wait() == 0
