"""`backup`: one consistent, encrypted file while the site runs. The data without any key; the keys by themselves.

The file of the data is sealed under a key of the site, which lives in the key store; that of the keys under the
key-encryption key, which is in neither; either under a passphrase instead. So no file alone tells anybody anything.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gateway.backup_file import BackupError, Header, Writer, new_salt
from gateway.settings import Settings
from gateway.store import dump
from gateway.store.kek import load_keks
from gateway.store.keys import KeyMissing, KeyStore
from gateway.store.places import Places
from gateway.store.sealing import KEY_BYTES

DATA: Final = "data"
KEYS: Final = "keys"
SITE_KEY: Final = "backup"
SHORTEST_PASSPHRASE: Final = 16
_SPOKEN: Final = "passphrase"  # how the header says that the secret is in somebody's head or safe
_SCRYPT: Final = {"n": 1 << 15, "r": 8, "p": 1}  # 32 MiB, a tenth of a second; RFC 7914


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where the secret of a file comes from: a passphrase, where one is given, else what the site has.

    `keys` and `settings` lead to the site's own: the key store, and the key-encryption key.
    """

    settings: Settings
    keys: KeyStore
    passphrase: str | None = None

    async def new(self, what: str) -> tuple[str, bytes, str]:
        """Give the name of the secret for a new file, the secret, and the salt of that file."""
        salt = new_salt()
        if self.passphrase is not None:
            return _SPOKEN, stretched(self.passphrase, salt), salt
        if what == KEYS:
            kek = load_keks(self.settings)[0]
            return f"kek:{kek.id}", kek.secret, salt
        key = await self.keys.named(SITE_KEY)
        return f"site:{key.id}", key.secret, salt

    async def of(self, header: Header) -> bytes:
        """Give the secret that a file names. Raises BackupError where it is not at hand."""
        if header.key == _SPOKEN:
            if self.passphrase is None:
                raise BackupError("`--passphrase-file`: is needed, the file is sealed under a passphrase")
            return stretched(self.passphrase, header.salt)
        found = await self._named(header.key)
        if found is None:
            rule = "the key store is another one, restore its own backup first"
            raise BackupError(f"`FILE`: is sealed under `{header.key}`, which is not at hand; " + rule)
        return found

    async def _named(self, name: str) -> bytes | None:
        known = {f"kek:{kek.id}": kek.secret for kek in load_keks(self.settings)}
        try:
            key = await self.keys.existing(SITE_KEY)
            known[f"site:{key.id}"] = key.secret
        except KeyMissing:
            pass
        return known.get(name)


def stretched(passphrase: str, salt: str) -> bytes:
    """Give the secret that a passphrase stands for. Raises BackupError for one that is too short."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BackupError(f"`--passphrase-file`: must hold at least {SHORTEST_PASSPHRASE} characters")
    return Scrypt(salt=bytes.fromhex(salt), length=KEY_BYTES, **_SCRYPT).derive(passphrase.encode())


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a new file holds. `bytes`: its length."""

    what: str
    rows: int
    bytes: int
    taken_at: str
    ledger_seq: int


async def back_up(places: Places, secrets: Secrets, path: Path, at: datetime) -> BackedUp:
    """Copy the data, as it is at one moment, to a new file at `path`. Nobody has to stop working for it.

    Raises BackupError where something is there already; OSError.
    """
    name, secret, salt = await secrets.new(DATA)
    journal = journal_end(secrets.settings.journal_dir)  # before the moment: what comes after it is replayed
    async with dump.snapshot(places.data) as connection:
        found = await dump.moment(connection)
        header = Header(
            DATA, at.isoformat(), name, salt, found.revision, found.mark, found.seq, found.hash, journal=journal
        )
        written = Writer.begin(path, header, secret)
        return await _fill(written, header, dump.frames(connection))


async def back_up_keys(places: Places, secrets: Secrets, path: Path, at: datetime) -> BackedUp:
    """Copy the key store, each key as it is wrapped, to a new file at `path`. Raises as `back_up`.

    Taken after a copy of the data it opens all that is in that; taken before, what used new keys since stays shut.
    """
    await secrets.keys.named(SITE_KEY)  # made, if no data was copied yet: what is sealed under it later must open
    name, secret, salt = await secrets.new(KEYS)
    async with dump.snapshot(places.keys) as connection:
        header = Header(KEYS, at.isoformat(), name, salt)
        written = Writer.begin(path, header, secret)
        return await _fill(written, header, dump.frames(connection, dump.KEYS))


async def _fill(written: Writer, header: Header, frames: dump.Frames) -> BackedUp:
    rows = 0
    try:
        async for kind, body in frames:
            rows += body.count(b"\n") if kind == dump.ROWS else 0
            written.frame(kind, body)
        length = written.finish()
    except BaseException:
        written.abandon()
        raise
    return BackedUp(header.what, rows, length, header.taken_at, header.ledger_seq)


def journal_end(folder: Path) -> tuple[int, int]:
    """Give the number and the length of the newest segment of a journal; (0, 0) where there is none."""
    segments = sorted(folder.glob("[0-9]*.log"), key=lambda path: int(path.stem))
    return (int(segments[-1].stem), segments[-1].stat().st_size) if segments else (0, 0)
