"""What starting costs: `import mixpanel_headless` and `mp --help` over a bare interpreter, and what each loads.

    python benchmarks/imports.py [--runs 25]

Each figure is the least wall time of several fresh interpreters, the kinds taking turns so that a busy moment meets all.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from report import fresh_environment, goal, print_report

HEAVY = (
    "aiohttp",
    "pandas",
    "duckdb",
    "structlog",
    "attr",
    "cattrs",
    "msgspec",
    "click",
    "rich",
    "anyio",
    "cachetools",
)
UNWANTED = {"aiohttp", "pandas", "duckdb", "structlog"}
PROGRAMS = {
    "bare": "",
    "import": "import mixpanel_headless",
    "help": "import sys; sys.argv = ['mp', '--help']\nfrom mixpanel_headless.cli import main; main()",
}
TELL_LOADED = (
    "import atexit, sys\n"
    f"atexit.register(lambda: print('loaded', *[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr))\n"
)


def run(program: str) -> subprocess.CompletedProcess[str]:
    """One fresh interpreter of this kind; ends the benchmark with the program's own words when it fails."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=fresh_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{program}\n{done.stderr}")
    return done


def seconds(program: str) -> float:
    """The wall time of one fresh interpreter."""
    start = time.perf_counter()
    run(program)
    return time.perf_counter() - start


def loaded(program: str) -> list[str]:
    """Which of the heavy packages the program has imported when it ends."""
    return run(TELL_LOADED + program).stderr.split()[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=25)
    runs: int = parser.parse_args().runs
    packages = {name: loaded(program) for name, program in PROGRAMS.items()}  # also writes the .pyc files
    times = [{name: seconds(program) for name, program in PROGRAMS.items()} for _ in range(runs)]
    least = {name: min(turn[name] for turn in times) * 1000 for name in PROGRAMS}
    unwanted = [f"{name}: {package}" for name in packages for package in packages[name] if package in UNWANTED]
    print_report(
        {"import over bare": least["import"] / least["bare"], "help over bare": least["help"] / least["bare"]},
        {
            "import, ms over bare": goal(least["import"] - least["bare"], 30),
            "mp --help, ms": goal(least["help"], 250),
            "packages loaded that should not be": goal(len(unwanted), 0),
        },
        milliseconds={name: round(value, 1) for name, value in least.items()},
        loaded=packages,
        unwanted=unwanted,
        runs=runs,
    )


if __name__ == "__main__":
    main()
