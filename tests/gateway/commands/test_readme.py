"""The README's commands, run as they are written, against the demo that it tells to start."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.architecture.source import ROOT
from tests.gateway.commands.test_serving import free_port

PATIENCE = 120.0
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[str]:
    found = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    assert len(found) == 4, "token, question, approval, revocation"
    return found


@contextmanager
def demo(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """What `make run ARGS="--port N"` starts, in a folder of its own."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "lead-gateway"):
        script = folder / ".venv" / "bin" / name
        module = "" if name == "python" else "-m gateway"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        script.chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LEAD_")} | {"PYTHONPATH": str(ROOT)}
    command = [str(folder / ".venv" / "bin" / "lead-gateway"), "demo", "--port", str(port)]
    running = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def told(running: subprocess.Popen[str]) -> list[str]:
    """The story, up to the line that says it serves."""
    assert running.stdout is not None
    lines: list[str] = []
    while not (lines and lines[-1].startswith("Serving at")):
        lines.append(running.stdout.readline())
        assert lines[-1], "the demo has ended: " + "".join(lines)
    return lines


def shell(folder: Path, script: str) -> list[str]:
    """Run the blocks in one shell, as somebody would; give what each printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LEAD_")} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-euc", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("=====\n")


@pytest.mark.timeout(400)
def test_ask_as_the_prosecutor(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path, port) as running:
        story = told(running)
        assert len(story) > 10
        home = tmp_path / "data" / "demo"
        assert stat.S_IMODE((home / "demo.json").stat().st_mode) == 0o600
        here, url = {"trust_env": False}, f"http://127.0.0.1:{port}/health/live"
        assert httpx2.get(url, **here).status_code == 200
        assert httpx2.get(url, headers={"Host": "evil.example"}, **here).status_code == 421
        assert httpx2.get(url, headers={"X-Forwarded-For": "10.0.0.1"}, **here).status_code == 421
        said = shell(tmp_path, "\necho =====\n".join(blocks()))
        ends = time.monotonic()
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 0
        assert time.monotonic() - ends < 10
    assert json.loads(said[1])["resourceType"] == "Task"
    assert "to org:cedar-prosecutor for case-alignment: " in said[2]
    received = said[2][said[2].index("[") :]
    assert "42 CFR part 2" in received or "42 CFR Part 2" in received
    kinds = [entry["kind"] for entry in json.loads(said[3][said[3].index("{") :])["entries"]]
    assert kinds.count("disclosure") == 3  # the story's two, and the reader's own
    assert kinds.count("revocation") == 2
    assert not (home / "pg" / "postmaster.pid").exists()
