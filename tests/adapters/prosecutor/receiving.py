"""The demo prosecutor's receiver as the process that it is."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2


class Running:
    def __init__(self, store: Path, port: int = 0) -> None:
        self.store = store
        command = [sys.executable, "-m", "gateway.demo.receiver", "--port", str(port), "--store", str(store)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline() if self.process.stdout else ""
        self.url = line.rpartition(" ")[2].strip()

    def control(self, **switches: object) -> None:
        (self.store / "control.json").write_text(json.dumps(switches))

    def received(self) -> list[dict]:
        return httpx2.get(f"{self.url}/received").json()

    def stop(self) -> str:
        """End the process; give all that it ever printed after its first line."""
        self.process.kill()
        out, err = self.process.communicate()
        return out + err


@contextmanager
def receiver(store: Path) -> Iterator[Running]:
    running = Running(store)
    try:
        yield running
    finally:
        running.stop()
