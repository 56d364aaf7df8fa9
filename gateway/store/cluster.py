"""Makes the cluster of a new data directory: passwords only, no TCP, checksums, UTF-8 without the system's locales."""

import os
import shutil
from pathlib import Path

from gateway.store.binaries import Account, run_as
from gateway.store.data_directory import DataDirectoryError, private_folder, sync_folder, write_private
from gateway.store.provision import SUPERUSER

_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)
_ACCESS = b"local all all scram-sha-256\n"
_TELLING = ("FATAL:", "PANIC:", "error:")
_PASSING = "the database system is"


def here(cluster: Path, account: Account | None) -> str:
    """Name the working directory so that the account can follow: parents closed to it do not matter to it."""
    return "/proc/self/cwd" if account else str(cluster)


def initialize(place: Path, binaries: Path, account: Account | None, password: str, *, durable: bool) -> None:
    """Make the cluster beside its place and move it there whole, so that a crash leaves none or all of it.

    Raises DataDirectoryError with PostgreSQL's reason (no space left, say); OSError.
    """
    draft = place.with_name(f"{place.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    cluster = private_folder(private_folder(draft) / "cluster")
    try:
        _hand_over(draft, cluster, account, password)
        name = here(cluster, account)
        options = [*_OPTIONS, f"--pgdata={name}", f"--pwfile={name}/../password", *([] if durable else ["--no-sync"])]
        done = run_as(account, [str(binaries / "initdb"), *options], cluster)
        if done.returncode != 0:
            raise DataDirectoryError(place.parent, f"cannot hold a database: {last_words(done.stderr)}")
        _admit_by_password_only(cluster)
        cluster.rename(place)
        sync_folder(place.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _hand_over(draft: Path, cluster: Path, account: Account | None, password: str) -> None:
    write_private(draft / "password", password.encode())
    if account is not None:
        for path in (draft / "password", cluster, draft):
            os.chown(path, account.user, account.group)


def _admit_by_password_only(cluster: Path) -> None:
    with (cluster / "pg_hba.conf").open("r+b") as file:  # in place: it stays the account's file
        file.truncate()
        file.write(_ACCESS)
        file.flush()
        os.fsync(file.fileno())


def last_words(said: str) -> str:
    """Give the most telling line of what PostgreSQL wrote, without its time stamp."""
    lines = [line for line in said.splitlines() if line.strip() and _PASSING not in line]
    for line in reversed(lines):
        for mark in _TELLING:
            if mark in line:
                return line.partition(mark)[2].strip()
    return lines[-1].strip() if lines else "postgresql ended without a word"
