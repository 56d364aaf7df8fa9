"""The file of a backup: one header in the clear, then sealed chunks that can be neither changed, moved nor cut off.

    magic, length of the header (4 bytes), header (JSON), then chunks: last flag (1), length (4), ciphertext

Each file has a key of its own: HKDF-SHA-256 of the secret, salted, over the digest of the header, so a changed header
opens nothing. Chunks are AES-256-GCM with the number of the chunk and the last flag as nonce (STREAM; Hoang, Reyhani-
tabar, Rogaway and Vizar, 2015). Inside is a row of frames: length (4), kind (1), body. Numbers are big-endian.
"""

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import ValidationError

from gateway.store import codec
from gateway.store.data_directory import PRIVATE_FILE, sync_folder
from gateway.store.sealing import KEY_BYTES, TAG_BYTES

FORMAT: Final = 1
CHUNK_BYTES: Final = 1 << 20
SALT_BYTES: Final = 32
_MAGIC: Final = b"LEAD-GATEWAY BACKUP\n"
_LENGTH: Final = struct.Struct(">I")
_CHUNK: Final = struct.Struct(">?I")
_FRAME: Final = struct.Struct(">Ic")
_LONGEST_HEADER: Final = 1 << 16
_INFO: Final = b"lead-gateway backup file"


class BackupError(ValueError):
    """A file, or the place that it should go to, cannot be taken. One line: which of them, and the rule."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself, in the clear and bound to every chunk. Nothing in it is about a participant.

    `what`: data | keys. `key`: `site:ID`, `kek:ID` or `passphrase`. `ledger_seq`, `ledger_hash`: the last link of the
    chain. `journal`: the newest segment and its length when the copy began.
    """

    what: str
    taken_at: str
    key: str
    salt: str
    revision: str = ""
    mark: str = ""
    ledger_seq: int = 0
    ledger_hash: str = ""
    journal: tuple[int, int] = (0, 0)
    format: int = FORMAT


def new_salt() -> str:
    """Make the salt of a new file."""
    return os.urandom(SALT_BYTES).hex()


def _file_key(secret: bytes, salt: str, header: bytes) -> AESGCM:
    info = _INFO + hashlib.sha256(header).digest()
    return AESGCM(HKDF(SHA256(), KEY_BYTES, bytes.fromhex(salt), info).derive(secret))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


@dataclass(slots=True)
class Writer:
    """Writes a new file beside its place and puts it there whole; 0600. `secret`: 32 bytes."""

    path: Path
    _draft: Path
    _file: IO[bytes]
    _key: AESGCM
    _room: bytearray = field(default_factory=bytearray)
    _number: int = 0

    @classmethod
    def begin(cls, path: Path, header: Header, secret: bytes) -> "Writer":
        """Begin. Raises BackupError where something is at `path` already; OSError."""
        if path.exists():
            raise BackupError("`FILE`: is there already, and is not written over")
        draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
        file = os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb")
        content = orjson.dumps(header)
        file.write(_MAGIC + _LENGTH.pack(len(content)) + content)
        return cls(path, draft, file, _file_key(secret, header.salt, content))

    def frame(self, kind: bytes, body: bytes) -> None:
        """Add a frame; `kind` is one byte."""
        self._room += _FRAME.pack(len(body), kind) + body
        while len(self._room) > CHUNK_BYTES:
            self._seal(bytes(self._room[:CHUNK_BYTES]), last=False)
            del self._room[:CHUNK_BYTES]

    def _seal(self, content: bytes, *, last: bool) -> None:
        sealed = self._key.encrypt(_nonce(self._number, last=last), content, None)
        self._file.write(_CHUNK.pack(last, len(sealed)) + sealed)
        self._number += 1

    def finish(self) -> int:
        """Seal the end and put the file in its place, on the disk when this returns. Gives its length."""
        self._seal(bytes(self._room), last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        length = self._file.tell()
        self._file.close()
        os.link(self._draft, self.path)  # never over another
        self._draft.unlink()
        sync_folder(self.path.parent)
        return length

    def abandon(self) -> None:
        """Leave nothing of a file that was not finished."""
        self._file.close()
        self._draft.unlink(missing_ok=True)


def read_header(path: Path) -> tuple[Header, bytes]:
    """Give the header and its bytes. Nothing of it is proven before a chunk has opened. Raises BackupError; OSError."""
    with path.open("rb") as file:
        return _header(file)


def _header(file: IO[bytes]) -> tuple[Header, bytes]:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise BackupError("`FILE`: is no backup of this program")
    length: int = _LENGTH.unpack(_exactly(file, _LENGTH.size))[0]
    if length > _LONGEST_HEADER:
        raise BackupError("`FILE`: was changed, its header is too long")
    content = _exactly(file, length)
    try:
        header = codec.load(Header, content)
        bytes.fromhex(header.salt)
    except (ValidationError, ValueError):
        raise BackupError("`FILE`: was changed, or is of a format that this program does not know") from None
    if header.format != FORMAT:
        raise BackupError(f"`FILE`: is of format {header.format}, this program reads format {FORMAT}")
    return header, content


def _exactly(file: IO[bytes], length: int) -> bytes:
    content = file.read(length)
    if len(content) < length:
        raise BackupError("`FILE`: is cut short")
    return content


def frames(path: Path, secret: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the frames of a file in their order, each only after its chunk was proven.

    Whoever has come to the end knows that nothing is missing and nothing was added. Raises BackupError; OSError.
    """
    room = bytearray()
    for content in _chunks(path, secret):
        room += content
        start = 0
        while len(room) - start >= _FRAME.size:
            length, kind = _FRAME.unpack_from(room, start)
            end = start + _FRAME.size + length
            if end > len(room):
                break
            yield kind, bytes(room[start + _FRAME.size : end])
            start = end
        del room[:start]
    if room:
        raise BackupError("`FILE`: ends inside a frame")


def _chunks(path: Path, secret: bytes) -> Iterator[bytes]:
    with path.open("rb") as file:
        header, content = _header(file)
        key, last, number = _file_key(secret, header.salt, content), False, 0
        while not last:
            last, length = _CHUNK.unpack(_exactly(file, _CHUNK.size))
            if not TAG_BYTES <= length <= CHUNK_BYTES + TAG_BYTES:
                raise BackupError("`FILE`: was changed, a chunk cannot be so long")
            try:
                yield key.decrypt(_nonce(number, last=last), _exactly(file, length), None)
            except InvalidTag:
                raise BackupError(_refusal(number)) from None
            number += 1
        if file.read(1):
            raise BackupError("`FILE`: was changed, something follows its end")


def _refusal(number: int) -> str:
    if number == 0:
        return "`FILE`: was changed, or was sealed by another key"
    return f"`FILE`: was changed, or its parts are not in their order, at chunk {number}"
