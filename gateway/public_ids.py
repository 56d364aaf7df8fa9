"""The ids by which a recipient knows participants and items over the FHIR door.

A row id stays in the house: it tells the moment at which somebody was entered, and by it two recipients could join what
they got. What goes out is the row id, encrypted under a key of that one recipient: one AES block is one id, so nothing
is stored, every id leads back to exactly one row, and one that was made up, or that another recipient was given, leads
nowhere. AES-256 (FIPS 197); the key of a recipient is HMAC-SHA-256 of its name under a key of the site.
"""

import hmac
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

from gateway.store.sealing import framed
from gateway.store.vault import Vault

KEY: Final = "public-ids"
"""The key of the site. It is never made anew: then every id that a partner has kept would lead nowhere."""


class PublicIds:
    """The ids of one recipient, both ways."""

    def __init__(self, secret: bytes, recipient: str) -> None:
        key = hmac.digest(secret, framed("public-id", recipient), "sha256")
        # one block, always another one: there is nothing that a mode could hide
        self._cipher = Cipher(AES256(key), ECB())  # noqa: S305  -- a permutation of ids, not of a message

    def given(self, row: UUID | str) -> str:
        """Give the id that the recipient knows a row by. Raises ValueError for a text that is no UUID."""
        identity = row if isinstance(row, UUID) else UUID(row)
        worker = self._cipher.encryptor()
        return str(UUID(bytes=worker.update(identity.bytes) + worker.finalize()))

    def row(self, given: str) -> UUID:
        """Give the row id behind an id; of any other text, and of a made-up id, one that no row has.

        The same work whatever the text is.
        """
        worker = self._cipher.decryptor()
        return UUID(bytes=worker.update(_block(given)) + worker.finalize())


def _block(given: str) -> bytes:
    try:
        return UUID(given).bytes if len(given) == len(str(UUID(int=0))) else bytes(16)
    except ValueError:
        return bytes(16)


async def public_ids(vault: Vault, recipient: str) -> PublicIds:
    """Give the ids of a recipient, by the site's key. Raises KeyMissing where that was destroyed."""
    return PublicIds((await vault.site_key(KEY)).secret, recipient)
