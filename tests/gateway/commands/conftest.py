"""The command line, called in this process, on databases of its own; what it says and how it ends."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from sqlalchemy.engine import make_url

from gateway.cli import run
from gateway.demo.site import build_site
from tests.gateway.conftest import DatabaseUrls

ALDER, RAY_ID = "Alder", "WA90000001"


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return orjson.loads(self.out)

    @property
    def line(self) -> str:
        """The one line on stderr."""
        (line,) = self.err.splitlines()
        return line


Command = Callable[..., Said]


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command configures the log of its process: put back what this one had; no setting comes from outside."""
    for name in [name for name in os.environ if name.startswith("LEAD_")]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    root.handlers[:], root.level = handlers, level
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(capture=False)
    logging.raiseExceptions = True


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run one command as `lead-gateway ...` would."""

    def call(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["lead-gateway", *map(str, words)])
        capsys.readouterr()
        code = run()
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return call


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_urls: DatabaseUrls) -> DatabaseUrls:
    """Fresh databases, to which the environment points. No site is in them yet."""
    monkeypatch.setenv("LEAD_DATA_DIR", str(tmp_path / "site"))
    monkeypatch.setenv("LEAD_DATABASE_URL", database_urls.data)
    monkeypatch.setenv("LEAD_KEYS_URL", database_urls.keys)
    return database_urls


@pytest.fixture
def site(command: Command, reached: DatabaseUrls, tmp_path: Path) -> DatabaseUrls:
    """The demo's people, ingested by the command line."""
    done = command("ingest", "lead", written(tmp_path, lead_file()))
    assert (done.code, done.err) == (0, "")
    return reached


def lead_file() -> dict[str, Any]:
    """The demo's people as of yesterday, so that no form is signed in the future in any time zone."""
    return build_site(datetime.now(UTC).date() - timedelta(days=1))


def written(folder: Path, content: object, name: str = "site.json") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    return path


def counts(urls: DatabaseUrls) -> dict[str, int]:
    """How many rows each table has, for its owner."""
    url = make_url(urls.data_owner).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        names = [n for (n,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return {n: connection.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for n in names}  # type: ignore[index] # noqa: S608  -- names of tables


def nobody_in(said: Said) -> bool:
    """Nothing about a participant is in what a command said."""
    return not any(word in said.out + said.err for word in (ALDER, RAY_ID, "1986-03-02"))
