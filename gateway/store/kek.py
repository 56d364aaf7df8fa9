"""The key-encryption key, under which every data key is wrapped: from a 0600 file, the environment, or a command.

A source may hold several keys, one base64 text per line, newest first: the first wraps, all unwrap. So a rotation that
is interrupted leaves nothing unreadable.
"""

import base64
import binascii
import hashlib
import os
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from gateway.settings import Settings
from gateway.store.data_directory import create_private, is_private, prepare, private_folder, write_private
from gateway.store.sealing import KEY_BYTES, DataKey, new_secret

COMMAND_SECONDS: Final = 30


class KeyEncryptionKeyError(Exception):
    """There is no usable key-encryption key. One line that names the source and the rule, nothing of the key."""


@dataclass(frozen=True, slots=True)
class KeyEncryptionKey:
    """A key that wraps keys. `id` is made from the key itself, so that equal keys have equal ids."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> Self:
        """Make it from 32 bytes."""
        return cls(f"kek-{hashlib.sha256(b'lead-gateway kek id' + secret).hexdigest()[:16]}", secret)

    @classmethod
    def new(cls) -> Self:
        """Make a fresh one."""
        return cls.of(new_secret())

    def as_data_key(self) -> DataKey:
        """Give the form in which `sealing` takes keys."""
        return DataKey(self.id, self.secret)

    def text(self) -> str:
        """Give the base64 line that a source holds."""
        return base64.b64encode(self.secret).decode()


def default_file(settings: Settings) -> Path:
    """Name the file that holds the key unless a setting says otherwise."""
    return settings.kek_file or settings.data_dir / "secrets" / "kek"


def load_keks(settings: Settings) -> tuple[KeyEncryptionKey, ...]:
    """Read the keys, newest first, never empty; makes the file on first run. Raises KeyEncryptionKeyError."""
    if settings.kek_command is not None:
        return parse_keks(_run(settings.kek_command), "`LEAD_KEK_COMMAND`")
    if settings.kek_env is not None:
        return parse_keks(os.environ.get(settings.kek_env, ""), f"`{settings.kek_env}` (named by `LEAD_KEK_ENV`)")
    if settings.kek_file is None:
        private_folder(prepare(settings.data_dir) / "secrets")
    return read_file(default_file(settings), create=True)


def read_file(path: Path, *, create: bool = False) -> tuple[KeyEncryptionKey, ...]:
    """Read a key file of this account, 0600 or narrower. Raises KeyEncryptionKeyError."""
    try:
        if create and not path.exists():
            create_private(path, f"{KeyEncryptionKey.new().text()}\n".encode())
        if not is_private(path):
            raise KeyEncryptionKeyError(
                f"`{path}`: must belong to this account and be closed to all others (mode 0600)"
            )
        content = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise KeyEncryptionKeyError(f"`{path}`: cannot be read: {(error.strerror or 'unknown').lower()}") from None
    return parse_keks(content, f"`{path}`")


def write_file(path: Path, keks: tuple[KeyEncryptionKey, ...]) -> None:
    """Replace the file, whole or not at all; the first key is the one that wraps from now on. Raises OSError."""
    write_private(path, "".join(f"{kek.text()}\n" for kek in keks).encode())


def parse_keks(text: str, source: str) -> tuple[KeyEncryptionKey, ...]:
    """Read base64 keys parted by white space. `source` names the place in the error."""
    keks = tuple(KeyEncryptionKey.of(_decoded(word)) for word in text.split())
    if not keks or any(len(kek.secret) != KEY_BYTES for kek in keks):
        raise KeyEncryptionKeyError(f"{source}: must hold a key of {KEY_BYTES} bytes, base64")
    return keks


def _decoded(word: str) -> bytes:
    try:
        return base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _run(command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  -- the operator's own command; no shell, nothing of ours in it
            shlex.split(command),
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        raise KeyEncryptionKeyError("`LEAD_KEK_COMMAND`: did not succeed") from None
    return done.stdout
