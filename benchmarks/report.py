"""What every benchmark prints: one JSON document with ratios first, goals next, and the machine that it ran on."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCES = [str(CHECKOUT), str(CHECKOUT / "scheduler")]
"""Where this checkout's two packages lie, so that a benchmark measures them without being installed."""


def use_checkout() -> None:
    """Makes this process import the checkout rather than an installed copy."""
    sys.path[:0] = SOURCES


def fresh_environment() -> dict[str, str]:
    """What a fresh interpreter gets: the checkout's packages, and bytecode kept between runs, as an installation has it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": os.pathsep.join(SOURCES)}


def machine() -> dict[str, Any]:
    """Where the figures come from; they compare only within one run."""
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def goal(value: float, at_most: float) -> dict[str, Any]:
    """A figure beside what it may be."""
    return {"value": round(value, 3), "at_most": at_most, "met": value <= at_most}


def print_report(ratios: dict[str, float], goals: dict[str, dict[str, Any]], **figures: Any) -> None:
    """The one document, on standard output."""
    rounded = {name: round(ratio, 3) for name, ratio in ratios.items()}
    json.dump(
        {"ratios": rounded, "goals": goals, **figures, "machine": machine()}, sys.stdout, indent=2, ensure_ascii=False
    )
    print()
