"""Fixtures for every test: one embedded PostgreSQL per worker."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.postgres import EmbeddedPostgres

MEMORY = Path("/dev/shm")  # noqa: S108  -- a private folder is made in it
ROOM = 2 << 30


def in_memory() -> str | None:
    """Memory where there is enough (a database is copied in 10 ms instead of 300), else the usual folder."""
    if not os.access(MEMORY, os.W_OK):
        return None
    found = os.statvfs(MEMORY)
    return str(MEMORY) if found.f_bavail * found.f_frsize > ROOM else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The server of this worker, started at its first use, not durable, in a folder with a short path."""
    folder = Path(tempfile.mkdtemp(prefix="lead-", dir=in_memory()))
    try:
        with EmbeddedPostgres(folder / "site", durable=False) as server:
            yield server
    finally:
        shutil.rmtree(folder)
