"""The one folder that a site lives in: private to whoever runs the program, and checked before anything is written.

INVARIANT: no parent of the data directory is ever changed, and a folder that already held other files keeps its mode.
"""

import os
import secrets
import stat
from pathlib import Path

LONGEST_PATH = 90
"""Bytes. The socket below it must fit the 107 bytes that Linux allows: 90 + len("/pg/.s.PGSQL.5432")."""

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
_SHARED_WRITE = stat.S_IWGRP | stat.S_IWOTH


class DataDirectoryError(Exception):
    """The data directory cannot be used. The message is one clear line: which folder, which rule."""

    def __init__(self, path: Path, rule: str) -> None:
        super().__init__(f"data directory `{path}` {' '.join(rule.split())}")


def refuse_os_error(path: Path, error: OSError) -> DataDirectoryError:
    """One line for what the system said (full, read-only, not permitted), naming the folder."""
    return DataDirectoryError(path, f"cannot be used: {(error.strerror or type(error).__name__).lower()}")


def prepare(path: Path) -> Path:
    """Make or check the data directory; return its absolute path. Raises DataDirectoryError.

    A new or empty folder becomes 0700. A folder with files in it keeps its mode, and is refused if others may write.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100  -- resolve() could lengthen the path through a link
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise DataDirectoryError(path, f"has a path of more than {LONGEST_PATH} bytes; choose a shorter one")
    try:
        _make(path)
        _check(path)
    except OSError as error:
        raise refuse_os_error(path, error) from None
    return path


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=PRIVATE_FOLDER)
    except FileExistsError:
        if not path.is_dir():
            raise DataDirectoryError(path, "is not a folder") from None


def _check(path: Path) -> None:
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise DataDirectoryError(path, f"belongs to account {found.st_uid}, and this is account {os.geteuid()}")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise DataDirectoryError(path, "is not writable")
    if not any(path.iterdir()):
        path.chmod(PRIVATE_FOLDER)
    elif found.st_mode & _SHARED_WRITE:
        raise DataDirectoryError(path, "may be written by other accounts; it must be private (0700)")


def private_folder(path: Path) -> Path:
    """Make `path` if it is missing, 0700, and return it; the parent must exist."""
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return path


def write_private(path: Path, content: bytes) -> None:
    """Write a 0600 file whole or not at all, on the disk before this returns."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
        sync_folder(path.parent)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def create_private(path: Path, content: bytes) -> bool:
    """Like `write_private`, but False, and nothing changed, if `path` is there already (also when two race)."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write_private(draft, content)
        os.link(draft, path)
        sync_folder(path.parent)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def sync_folder(path: Path) -> None:
    """Put the folder's own entries on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_private(path: Path) -> bool:
    """Whether only this account may read and write the file: owner is this account, no bit for group or others."""
    found = path.stat()
    return found.st_uid == os.geteuid() and not found.st_mode & 0o077
