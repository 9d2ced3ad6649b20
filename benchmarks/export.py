"""What exporting costs: CPU per event, memory at its peak, and whether three cuts lose or repeat a row.

    python benchmarks/export.py [--events 100000] [--reference PYTHON] [--rounds 3] [--seed N]

The server is another process; it sends gzipped lines of some 450 bytes, unpacked. Each way is a process of its own: it
exports one small day first, so that imports and connections are not measured, then one with all events. Figures are medians
over the rounds, in each of which every way takes its turn. Floors do a part of the work on a body that is in memory already:
no client in Python can take less than unpacking, decoding with msgspec, and packing with zstd take. `--reference` names the Python of an environment in which
PyPI's mixpanel-headless 0.4.0 is installed; without it, the peer is the standard library's HTTP, gzip and json.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import random
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import zlib
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from report import goal, print_report, use_checkout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SMALL, LARGE, CUT = "2026-01-01", "2026-01-05", "2026-01-09"
"""Days on which few events came, all of them, and all of them with a connection that breaks three times."""
CUTS = 3
PIECE = 1 << 16
MOST_MEMORY = 150.0
PACKED = 31
"""How zlib is told to read and write gzip."""


def event_line(number: int) -> bytes:
    """One event as the service writes it."""
    properties = {
        "time": 1767571200 + number % 86400,
        "distinct_id": f"user-{number % 50000:06d}",
        "$insert_id": f"{number:016x}",
        "mp_processing_time_ms": 1767571300000 + number,
        "$browser": "Chrome", "$os": "Mac OS X", "$city": "Berlin", "$region": "Land Berlin", "mp_country_code": "DE",
        "$current_url": f"https://shop.example.com/products/{number % 1000}", "$lib_version": "2.55.1",
        "$screen_width": 1920, "amount": number % 97 * 1.5, "plan": "team", "seats": number % 40,
        "beta": bool(number % 2), "tags": ["a", "b"],
    }  # fmt: skip
    name = ("Login", "Purchase", "Search")[number % 3]
    return json.dumps({"event": name, "properties": properties}, separators=(",", ":")).encode() + b"\n"


def write_body(path: Path, events: int) -> None:
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.writelines(map(event_line, range(events)))


def serve(folder: Path, seed: int) -> None:
    """Answers exports until standard input ends; prints its port first."""
    chance = random.Random(seed)
    cuts = [chance.uniform(0.05, 0.95) for _ in range(CUTS)]
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def reply(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(PIECE)
            body = folder / ("small.gz" if SMALL.encode() in head else "large.gz")
            size = body.stat().st_size
            left = int(size * cuts.pop()) if CUT.encode() in head and cuts else size
            lines = ["HTTP/1.1 200 OK", "Content-Encoding: gzip", f"Content-Length: {size}", "Connection: close"]
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            with body.open("rb") as file:
                while left > 0 and (piece := file.read(min(PIECE, left))):
                    connection.sendall(piece)
                    left -= len(piece)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=reply, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


class Tally:
    """How many rows there are, and a sum of their ids that no other set of so many ids has by chance."""

    def __init__(self) -> None:
        self.rows = self.sum = 0

    def add(self, insert_id: str) -> None:
        self.rows += 1
        self.sum += zlib.crc32(insert_id.encode())


def read_by_reference(base: str, day: str) -> Iterator[Any]:
    """The rows of PyPI's mixpanel-headless, which is installed where this runs."""
    os.environ.update(MP_USERNAME="u", MP_SECRET="s", MP_PROJECT_ID="1", MP_REGION="us", MP_API_BASE_URL=base)
    import mixpanel_headless

    yield from mixpanel_headless.Workspace().stream_events(from_date=day, to_date=day)


def read_by_hand(base: str, day: str) -> Iterator[Any]:
    """What one writes without any client."""
    from urllib.request import urlopen

    with urlopen(f"{base}/api/2.0/export?from_date={day}&to_date={day}") as reply, gzip.open(reply) as lines:
        for line in lines:
            yield {"insert_id": (event := json.loads(line))["properties"].pop("$insert_id"), **event}


def open_workspace(base: str) -> Any:
    from mixpanel_headless import Workspace

    return Workspace(project=1, username="u", secret="s", api_base_url=base, store="memory", cache="off")


def read_dictionaries(base: str, day: str) -> Iterator[Any]:
    with open_workspace(base) as ws:
        yield from ws.stream_events(from_date=day, to_date=day)


def write_files(base: str, day: str, form: Any) -> Iterator[Any]:
    """A file is made; its rows are read from it only on the day of cuts, when they are to be compared."""
    with tempfile.TemporaryDirectory() as folder, open_workspace(base) as ws:
        done = ws.export_events(folder, from_date=day, to_date=day, format=form)
        if day != CUT:
            yield from range(done.rows)
        elif form == "parquet":
            import duckdb

            for (insert_id,) in duckdb.execute(f"SELECT insert_id FROM '{folder}/*.parquet'").fetchall():
                yield {"insert_id": insert_id}
        else:
            for path in Path(folder).glob("*.gz"):
                with gzip.open(path) as lines:
                    yield from ({"insert_id": json.loads(line)["properties"]["$insert_id"]} for line in lines)


def unpack(folder: str, day: str) -> Iterator[bytes]:
    """The text of a body, in pieces as a client has them."""
    from mixpanel_headless.transport import Packing

    body = (Path(folder) / ("small.gz" if day == SMALL else "large.gz")).read_bytes()
    packing = Packing("gzip")
    for start in range(0, len(body), PIECE):
        yield from packing.unpack(body[start : start + PIECE])


def split(folder: str, day: str) -> Iterator[bytes]:
    from mixpanel_headless.exports.lines import Splitter

    splitter = Splitter()
    return (splitter.feed(piece) for piece in unpack(folder, day))


def decode_dictionaries(folder: str, day: str) -> Iterator[Any]:
    from mixpanel_headless.exports.lines import lines_of
    from mixpanel_headless.exports.rows import AT_ONCE, _events

    for lines in map(lines_of, split(folder, day)):
        for start in range(0, len(lines), AT_ONCE):
            _events.decode_lines(b"".join(lines[start : start + AT_ONCE]))
            yield from ()


def decode_columns(folder: str, day: str) -> Iterator[list[Any]]:
    from mixpanel_headless.exports.columns import _plain_events, _plain_facts

    for text in split(folder, day):
        properties = [event.properties for event in _plain_events.decode_lines(text)]
        list(map(_plain_facts.decode, properties))
        yield properties


def pack_columns(folder: str, day: str) -> Iterator[Any]:
    from mixpanel_headless.exports.parquet import Packer

    packer = Packer()
    for properties in decode_columns(folder, day):
        packer.encoded(properties)
        yield from ()


FLOORS: dict[str, Callable[[str, str], Iterator[Any]]] = {
    "unpack": unpack,
    "unpack, decode to dictionaries": decode_dictionaries,
    "unpack, decode to columns": decode_columns,
    "unpack, decode to columns, pack properties": pack_columns,
}
WAYS: dict[str, Callable[[str, str], Iterator[Any]]] = {
    "reference": read_by_reference,
    "by hand": read_by_hand,
    "dictionaries": read_dictionaries,
    "parquet": lambda base, day: write_files(base, day, "parquet"),
    "jsonl.gz": lambda base, day: write_files(base, day, "jsonl.gz"),
    **FLOORS,
}


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run_way(way: str, base: str, day: str) -> None:
    """Export the small day and then another one, and print what that took."""
    for _ in WAYS[way](base, SMALL):
        pass
    start, tally, rows = cpu_seconds(), Tally(), 0
    for row in WAYS[way](base, day):
        rows += 1
        if day == CUT:
            tally.add(row["insert_id"])
    took = cpu_seconds() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    print(json.dumps({"rows": rows, "sum": tally.sum, "cpu": took, "peak": peak}))


def ask(python: str, way: str, base: str, day: str, home: str) -> dict[str, Any]:
    """What one way took, in a process of its own that finds no settings of this machine's user."""
    command = [python, __file__, "--way", way, "--base", base, "--day", day]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, "HOME": home})
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--reference", help="the Python of an environment with PyPI's mixpanel-headless 0.4.0")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    for hidden in ("--serve", "--way", "--base", "--day"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way != "reference":
        use_checkout()
    if options.serve:
        serve(Path(options.serve), options.seed)
    elif options.way:
        run_way(options.way, options.base, options.day)
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    write_body(folder / "small.gz", 500)
    write_body(folder / "large.gz", options.events)
    peer = "reference" if options.reference else "by hand"
    pythons = dict.fromkeys(("dictionaries", "parquet", "jsonl.gz"), sys.executable)
    pythons = {peer: options.reference or sys.executable, **pythons}
    taken: dict[str, list[dict[str, Any]]] = {way: [] for way in pythons}
    cut: dict[str, dict[str, Any]] = {}
    floors: dict[str, list[float]] = {way: [] for way in FLOORS}
    for number in range(options.rounds + 1):
        for way, python in pythons.items():
            if number < options.rounds:
                with serving(folder, options.seed) as base:
                    taken[way].append(ask(python, way, base, LARGE, str(folder)))
            elif way != peer:
                with serving(folder, options.seed) as base:
                    cut[way] = ask(python, way, base, CUT, str(folder))
        for way in FLOORS if number < options.rounds else ():
            floors[way].append(ask(sys.executable, way, str(folder), LARGE, str(folder))["cpu"])
    tell(options, peer, taken, cut, {way: median(used) for way, used in floors.items()})


@contextlib.contextmanager
def serving(folder: Path, seed: int) -> Iterator[str]:
    command = [sys.executable, __file__, "--serve", str(folder), "--seed", str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        assert server.stdin is not None
        server.stdin.close()


def tell(
    options: argparse.Namespace,
    peer: str,
    taken: dict[str, list[dict[str, Any]]],
    cut: dict[str, dict[str, Any]],
    floors: dict[str, float],
) -> None:
    events = options.events
    tally = Tally()
    for number in range(events):
        tally.add(f"{number:016x}")
    cpu = {way: median(one["cpu"] for one in runs) for way, runs in taken.items()}
    peak = {way: max(one["peak"] for one in runs) for way, runs in taken.items()}
    assert all(one["rows"] == events for runs in taken.values() for one in runs), "every event was read"
    wrong = {way: abs(one["rows"] - events) + (one["sum"] != tally.sum) for way, one in cut.items()}
    ratios = {f"CPU of {way} to {peer}": cpu[way] / cpu[peer] for way in cut}
    ratios |= {f"floor: {way}, to {peer}": used / cpu[peer] for way, used in floors.items()}
    print_report(
        ratios,
        {
            f"CPU of dictionaries to {peer}": goal(ratios[f"CPU of dictionaries to {peer}"], 1 / 2.5),
            f"CPU of parquet to {peer}": goal(ratios[f"CPU of parquet to {peer}"], 1 / 5),
            **{f"peak of {way} in MB": goal(peak[way], MOST_MEMORY) for way in cut},
            **{f"rows of {way} lost or repeated in {CUTS} cuts": goal(wrong[way], 0) for way in cut},
        },
        events=events,
        seed=options.seed,
        microseconds_an_event={way: round(used / events * 1e6, 2) for way, used in cpu.items()},
        peak_megabytes={way: round(most, 1) for way, most in peak.items()},
    )


if __name__ == "__main__":
    main()
