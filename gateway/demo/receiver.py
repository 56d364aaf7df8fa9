"""A prosecutor's receiver, as a process of its own: takes pushed Bundles, each once, and keeps them durably.

    python -m gateway.demo.receiver --port 8099 --store DIR

POST any path: 201 for a new Idempotency-Key, 200 for a repeated one; appended and fsynced before the answer.
GET /received: what has been kept, as JSON. Listens on 127.0.0.1 only and prints nothing of what it gets.
For tests, DIR/control.json is read on each POST: {"delay_seconds": 0.5} waits before storing, {"status": 503} answers
that without storing, {"crash_after_store": true} ends the process between storing and answering.
"""

import fcntl
import json
import os
import sys
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import click

_HOST: Final = "127.0.0.1"
_LARGEST: Final = 10_000_000
_LOG_NAME: Final = "received.jsonl"
_CONTROL_NAME: Final = "control.json"
_CRASHED: Final = 70


class StoreError(Exception):
    """The store cannot be used; one line says why."""


@dataclass(frozen=True, slots=True)
class Received:
    """One Bundle as it came in. `bundle` is the exact text; `sha256` is of its bytes, in hex."""

    key: str
    sha256: str
    received_at: str
    bundle: str


class Store:
    """An append-only file of what was received, one JSON object a line. One process at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._path = folder / _LOG_NAME
        self._turn = threading.Lock()
        self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError("`--store` is in use by another receiver") from None
        self._kept = self._recover()

    def _recover(self) -> dict[str, Received]:
        """Read what is there; a last line that a crash has torn was never answered, so it is cut off."""
        whole, _, _torn = self._path.read_bytes().rpartition(b"\n")
        end = len(whole) + 1 if whole else 0
        os.ftruncate(self._file, end)
        rows = [Received(**json.loads(line)) for line in whole.splitlines()]
        return {row.key: row for row in rows}

    def keep(self, key: str, body: bytes) -> bool:
        """Keep one Bundle durably; False where this key was kept before, whatever the bytes."""
        with self._turn:
            if key in self._kept:
                return False
            row = Received(key, sha256(body).hexdigest(), datetime.now(UTC).isoformat(), body.decode())
            self._append(json.dumps(asdict(row)).encode() + b"\n")
            self._kept[key] = row
            return True

    def _append(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._file, line) :]
        os.fsync(self._file)

    def rows(self) -> list[Received]:
        """List what is kept, in the order of arrival."""
        with self._turn:
            return list(self._kept.values())

    def control(self) -> dict[str, Any]:
        """Read the switches that a test has set."""
        try:
            switches = json.loads((self._folder / _CONTROL_NAME).read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return switches if isinstance(switches, dict) else {}


class _Receiver(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, store: Store) -> None:
        super().__init__((_HOST, port), _Exchange)
        self.store = store

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: a traceback could quote what came in."""


class _Exchange(BaseHTTPRequestHandler):
    server: _Receiver
    server_version = "receiver"
    sys_version = ""
    timeout = 30

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  -- the base class names it so
        """Print nothing: request lines and errors are not for a terminal."""

    def do_GET(self) -> None:
        """List what is kept."""
        if self.path != "/received":
            self._answer(HTTPStatus.NOT_FOUND)
            return
        rows = [asdict(row) | {"bundle": json.loads(row.bundle)} for row in self.server.store.rows()]
        self._answer(HTTPStatus.OK, rows)

    def do_POST(self) -> None:
        """Keep one Bundle, then answer."""
        refused, key, body = self._read()
        if refused is not None:
            self._answer(refused)
            return
        control = self.server.store.control()
        time.sleep(float(control.get("delay_seconds", 0)))
        if "status" in control:
            self._answer(HTTPStatus(control["status"]))
            return
        new = self.server.store.keep(key, body)
        if control.get("crash_after_store"):
            os._exit(_CRASHED)
        time.sleep(float(control.get("delay_after_store_seconds", 0)))
        self._answer(HTTPStatus.CREATED if new else HTTPStatus.OK)

    def _read(self) -> tuple[HTTPStatus | None, str, bytes]:
        key = self.headers.get("Idempotency-Key", "")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            return HTTPStatus.LENGTH_REQUIRED, key, b""
        if int(length) > _LARGEST:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, key, b""
        body = self.rfile.read(int(length))
        if self.headers.get_content_type() != "application/fhir+json":
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, key, body
        if not key or not _is_bundle(body):
            return HTTPStatus.BAD_REQUEST, key, body
        return None, key, body

    def _answer(self, status: HTTPStatus, content: object = None) -> None:
        body = json.dumps({} if content is None else content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _is_bundle(body: bytes) -> bool:
    try:
        parsed = json.loads(body.decode())
    except (ValueError, RecursionError):
        return False
    return isinstance(parsed, dict) and parsed.get("resourceType") == "Bundle"


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="TCP port on 127.0.0.1; 0 takes a free one.")
@click.option("--store", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to keep Bundles.")
def main(port: int, store: Path) -> None:
    """Run the demo prosecutor's receiver until it is stopped."""
    try:
        receiver = _Receiver(port, Store(store))
    except (StoreError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise click.ClickException(f"receiver cannot start: {reason}") from None
    sys.stdout.write(f"receiver listening on http://{_HOST}:{receiver.server_port}\n")
    sys.stdout.flush()
    receiver.serve_forever()


if __name__ == "__main__":
    main()
