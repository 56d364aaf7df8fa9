"""Seals values before they reach a row, and opens them again: under the participant's key, or a key of the site.

The associated data names table, row and column, so a ciphertext that was moved to another place does not open.
"""

from collections.abc import Iterable
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import ValidationError

from gateway.store import codec
from gateway.store.keys import KeyMissing, KeyStore
from gateway.store.sealing import DataKey, SealedDataError, blocking_token, open_sealed, seal

T = TypeVar("T")

UNREADABLE: Final = (SealedDataError, KeyMissing, ValidationError)
"""What a row raises that is damaged, moved, or whose key is gone. Trying again does not help: refuse."""
COLUMN = "sealed"


class Vault:
    """Values in, sealed bytes out. `owner` is a participant's id, or the name of a site key."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys

    async def _key(self, owner: UUID | str) -> DataKey:
        return await (self._keys.participant(str(owner)) if isinstance(owner, UUID) else self._keys.named(owner))

    async def ahead(self, participants: Iterable[UUID]) -> None:
        """Read at once the keys of several participants, for what is opened next."""
        await self._keys.ahead(participants)

    async def new_participant(self, participant: UUID) -> None:
        """Make the participant's data key."""
        await self._keys.create_participant(str(participant))

    async def site_key(self, name: str) -> DataKey:
        """Give a key of the site, made at its first use. Raises KeyMissing where it was destroyed."""
        return await self._keys.named(name)

    async def seal(self, owner: UUID | str, value: object, *, table: str, row: str) -> bytes:
        """Seal a dataclass or a JSON object for one row."""
        return await self.seal_bytes(owner, codec.dump(value), table=table, row=row)

    async def seal_bytes(self, owner: UUID | str, content: bytes, *, table: str, row: str) -> bytes:
        """Seal bytes as they came."""
        return seal(await self._key(owner), content, table=table, row=row, column=COLUMN)

    async def open_bytes(self, owner: UUID | str, sealed: bytes, *, table: str, row: str) -> bytes:
        """Open what `seal_bytes` sealed for that row. Raises SealedDataError on anything else."""
        return open_sealed(await self._key(owner), sealed, table=table, row=row, column=COLUMN)

    async def open(self, owner: UUID | str, sealed: bytes, kind: type[T], *, table: str, row: str) -> T:
        """Open a row and read it as `kind`."""
        return codec.load(kind, await self.open_bytes(owner, sealed, table=table, row=row))

    async def open_json(self, owner: UUID | str, sealed: bytes, *, table: str, row: str) -> dict[str, Any]:
        """Open a row that holds a JSON object."""
        return codec.load_json(await self.open_bytes(owner, sealed, table=table, row=row))

    async def token(self, kind: str, value: str) -> bytes:
        """Give a keyed blocking token: finds equal values without telling which."""
        return blocking_token(await self._keys.named("index"), kind, value)


def row(identity: UUID, version: int | None = None) -> str:
    """Give the name of a row in the associated data: its id, and its version where rows are versioned."""
    return str(identity) if version is None else f"{identity}/{version}"
