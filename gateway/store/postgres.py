"""The embedded database: PostgreSQL 18, started by us, reachable only through a socket in the data directory.

Layout: `pg/` the cluster and its socket (0700), `secrets/*.pw` one password per role (0600), `locks/`, `pg.log`.
All processes that use one data directory share one server, which ends with the last of them (keeper.py).
"""

import contextlib
import fcntl
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

import psycopg
from sqlalchemy import URL

from gateway.store import keeper
from gateway.store.binaries import Account, choose_account, environment, reachable_binaries
from gateway.store.cluster import here, initialize, last_words
from gateway.store.data_directory import (
    DataDirectoryError,
    create_private,
    prepare,
    private_folder,
    refuse_os_error,
)
from gateway.store.provision import OWNER, SERVE, SUPERUSER, provision

__all__ = ["OWNER", "SERVE", "SUPERUSER", "DataDirectoryError", "EmbeddedPostgres", "start"]

PORT = 5432  # only part of the socket's name: nothing listens on TCP
START_SECONDS = 300  # crash recovery may take long; the server says when it has given up
_POLL_SECONDS = 0.02
_PASSWORD_BYTES = 32

# INVARIANT: what a statement contained never reaches the log: nothing below FATAL, no statement, no detail.
_ALWAYS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "port": str(PORT),
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "track_commit_timestamp": "on",  # which came first, a release or a revocation, can be told afterwards
    "max_connections": "200",
    "max_parallel_workers_per_gather": "0",  # needs no /dev/shm, of which a container has little
}
_FLEETING = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "512MB"}


class EmbeddedPostgres:
    """A share in the server of one data directory; `stop()` or the end of the process gives it back.

    `EmbeddedPostgres(data_dir).start()`, `start(data_dir)`, or as a context manager. `durable=False` is for tests:
    it trades safety against power cuts for speed, and counts only for the process that starts the server.
    """

    def __init__(self, data_directory: Path, *, durable: bool = True) -> None:
        self.data_directory = data_directory
        self.durable = durable
        self._share: IO[bytes] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def socket_folder(self) -> Path:
        """The folder of the socket: `host` for libpq. It is the cluster itself, which only its owner may enter."""
        return self.data_directory / "pg"

    def start(self) -> Self:
        """Use the server, starting it if nobody does; ready when this returns (about a second the first time).

        Raises DataDirectoryError with one clear line: unwritable, full, path too long, wrong owner.
        """
        if self._share is not None:
            return self
        self.data_directory = prepare(self.data_directory)
        try:
            self._start()
        except OSError as error:
            self.stop()
            raise refuse_os_error(self.data_directory, error) from None
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Give the share back. If it was the last, the server has shut down when this returns."""
        if self._share is None:
            return
        share, self._share = self._share, None
        with self._starting():
            share.close()  # the last descriptor of this open file: the kernel drops the lock
            if self._was_the_last():
                self._wait_for_the_keeper()
                if self._keeper is not None:
                    self._keeper.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, database: str = "lead", role: str = SERVE) -> str:
        """Give the SQLAlchemy URL, password included: never log it. Raises FileNotFoundError for an unknown role."""
        url = URL.create(
            "postgresql+psycopg",
            username=role,
            password=self._password(role),
            database=database,
            query={"host": str(self.socket_folder), "port": str(PORT)},
        )
        return url.render_as_string(hide_password=False)

    def conninfo(self, database: str = "lead", role: str = SERVE) -> str:
        """Give the same as a libpq connection string."""
        return psycopg.conninfo.make_conninfo(
            host=str(self.socket_folder), port=PORT, dbname=database, user=role, password=self._password(role)
        )

    def _password(self, role: str) -> str:
        return (self.data_directory / "secrets" / f"{role}.pw").read_text(encoding="ascii")

    def _lock(self, name: str) -> Path:
        return self.data_directory / "locks" / name

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        """One process at a time starts or stops. Order of locks: `start`, then `users`, then `keeper`."""
        with self._lock("start").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start(self) -> None:
        for folder in ("locks", "secrets"):
            private_folder(self.data_directory / folder)
        with self._starting():
            self._share = self._lock("users").open("ab")
            fcntl.flock(self._share, fcntl.LOCK_SH)  # waits while a keeper shuts the server down
            if self._is_kept() and self._lock("provisioned").exists() and self._answers():
                return
            account = choose_account(self.socket_folder)
            binaries = reachable_binaries(self.data_directory, account)
            for role in (SUPERUSER, OWNER, SERVE):
                create_private(
                    self.data_directory / "secrets" / f"{role}.pw", secrets.token_urlsafe(_PASSWORD_BYTES).encode()
                )
            if not self.socket_folder.exists():
                initialize(self.socket_folder, binaries, account, self._password(SUPERUSER), durable=self.durable)
            self._serve(binaries, account)
            with psycopg.connect(self.conninfo("postgres", SUPERUSER), autocommit=True) as connection:
                provision(connection, {role: self._password(role) for role in (OWNER, SERVE)})
            self._lock("provisioned").touch()

    def _serve(self, binaries: Path, account: Account | None) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise DataDirectoryError(self.data_directory, f"is not served after {START_SECONDS} seconds")
            if not self._is_kept():
                self._keep(binaries, account)
            time.sleep(_POLL_SECONDS)

    def _keep(self, binaries: Path, account: Account | None) -> None:
        """Start a keeper. It inherits its lock, so that there is no moment at which a living keeper seems dead."""
        if self._keeper is not None:
            self._explain_the_end()
        settings = _ALWAYS if self.durable else _ALWAYS | _FLEETING
        command = [str(binaries / "postgres"), "-D", here(self.socket_folder, account)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        who = f"{account.user}:{account.group}" if account else ""
        script = [sys.executable, "-I", "-S", keeper.__file__, str(self._lock("users")), str(self.socket_folder), who]
        log = os.open(self.data_directory / "pg.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        with os.fdopen(log, "wb") as output, self._lock("keeper").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._keeper = subprocess.Popen(  # noqa: S603  -- composed here from constants
                [*script, "--", *command],
                cwd="/",
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=(lock.fileno(),),
            )

    def _explain_the_end(self) -> None:
        """Raise what the server said at its end, unless it only found a predecessor that is about to go."""
        said = (self.data_directory / "pg.log").read_text(encoding="utf-8", errors="replace")
        if "postmaster.pid" not in said:
            raise DataDirectoryError(self.data_directory, f"cannot be served: {last_words(said)}")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.conninfo("postgres", SUPERUSER), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "authentication failed" in str(error):
                raise DataDirectoryError(self.data_directory, "has `secrets` that do not fit its database") from None
            return False
        return True

    def _is_kept(self) -> bool:
        return not _is_free(self._lock("keeper"), fcntl.LOCK_EX)

    def _was_the_last(self) -> bool:
        """Whether no share is left. The keeper may have the exclusive lock already, or gets it after this look."""
        users = self._lock("users")
        return _is_free(users, fcntl.LOCK_EX) or not _is_free(users, fcntl.LOCK_SH)

    def _wait_for_the_keeper(self) -> None:
        with self._lock("keeper").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)


def start(data_directory: Path, *, durable: bool = True) -> EmbeddedPostgres:
    """Use the server of this data directory, starting it if nobody does. Raises DataDirectoryError."""
    return EmbeddedPostgres(data_directory, durable=durable).start()


def _is_free(path: Path, kind: int) -> bool:
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
