"""Keeps one PostgreSQL server for as long as somebody uses it: a script of its own, standard library only.

`postgres.py` starts it as `python -I -S keeper.py LOCK CLUSTER ACCOUNT -- postgres ARGUMENTS...`, detached, with the
keeper's lock inherited. Every process that uses the server holds a shared flock on LOCK; the kernel drops it when the
process ends, however it ends. The keeper waits for the exclusive one: having it means that nobody is left.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

SHUTDOWN_SECONDS = 60
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)


def _stop_with_the_keeper() -> None:
    """Ask Linux to shut the server down should the keeper be killed; elsewhere there is no such call."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGINT)


def _start(cluster: str, account: str, command: list[str]) -> "subprocess.Popen[bytes]":
    identity: dict[str, Any] = {}
    if account:
        user, group = (int(number) for number in account.split(":"))
        identity = {"user": user, "group": group, "extra_groups": []}
    return subprocess.Popen(  # noqa: S603  -- the command is composed by postgres.py from constants
        command,
        cwd=cluster,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_stop_with_the_keeper,  # noqa: PLW1509  -- the keeper has no thread yet
        **identity,
    )


def _leave_with(server: "subprocess.Popen[bytes]") -> None:
    server.wait()
    os._exit(1)  # the main thread sits in flock and would not hear of it


def _stop(server: "subprocess.Popen[bytes]") -> None:
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, last resort
        server.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(SHUTDOWN_SECONDS)
            return


def main(arguments: list[str]) -> int:
    """Start the server, wait until nobody holds the lock, stop it. 0: stopped; 1: it could not be run or died."""
    lock_path, cluster, account, _, *command = arguments
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # meant for the users; the server goes when they have gone
    try:
        server = _start(cluster, account, command)
    except (OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"FATAL:  cannot run `{command[0]}`: {error}\n")
        return 1
    with Path(lock_path).open("rb") as lock:
        # The watching thread leaves at once if the server dies while the lock is waited for.
        threading.Thread(target=_leave_with, args=(server,), daemon=True).start()
        fcntl.flock(lock, fcntl.LOCK_EX)
        _stop(server)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
