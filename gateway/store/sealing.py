"""Seals bytes for one place in the database, and makes tokens by which sealed persons can be searched.

AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D). The associated data names table, row, column and key, so that
a ciphertext which was moved, swapped, or sealed under another key does not open.
"""

import hmac
import os
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import jellyfish
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
TOKEN_BYTES: Final = 16
PREFIX_LETTERS: Final = 3
VERSION: Final = b"\x01"
_UNDECOMPOSED: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "ħ": "h"}
)


class SealedDataError(Exception):
    """Sealed data does not open: changed, moved, or sealed under another key. Never says what is in it."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key and its id. The bytes show in no `repr`."""

    id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"`secret`: must be {KEY_BYTES} bytes")


def new_secret() -> bytes:
    """Make the bytes of a new key, from the system's random source."""
    return os.urandom(KEY_BYTES)


def seal(key: DataKey, plaintext: bytes, *, table: str, row: str, column: str) -> bytes:
    """Seal for one place: version byte, nonce, ciphertext with tag (29 bytes longer than the plaintext)."""
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + nonce + AESGCM(key.secret).encrypt(nonce, plaintext, _place(table, row, column, key.id))


def open_sealed(key: DataKey, sealed: bytes, *, table: str, row: str, column: str) -> bytes:
    """Open what `seal` made with the same key for the same place. Raises SealedDataError for anything else."""
    nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if sealed[:1] != VERSION or len(ciphertext) < TAG_BYTES:
        raise SealedDataError(f"`{table}.{column}`: is not sealed data of a version that this program knows")
    try:
        return AESGCM(key.secret).decrypt(nonce, ciphertext, _place(table, row, column, key.id))
    except InvalidTag:
        raise SealedDataError(f"`{table}.{column}`: sealed data was changed, moved or sealed by another key") from None


def framed(*parts: str) -> bytes:
    """Join texts so that no two different tuples give the same bytes: a count, then each behind its length."""
    encoded = [part.encode() for part in parts]
    return len(encoded).to_bytes(4) + b"".join(len(part).to_bytes(4) + part for part in encoded)


def _place(table: str, row: str, column: str, key_id: str) -> bytes:
    return VERSION + framed(table, row, column, key_id)


def blocking_token(key: DataKey, kind: str, value: str) -> bytes:
    """Give the 16 bytes by which equal values of a kind find each other: HMAC-SHA-256, truncated."""
    return hmac.digest(key.secret, framed(kind, value), "sha256")[:TOKEN_BYTES]


def person_tokens(
    *, family: str, birth_date: date | None, identifiers: Iterable[tuple[str, str]] = ()
) -> Iterator[tuple[str, str]]:
    """Give the (kind, value) pairs under which a person is indexed and sought. What is not known gives none.

    Kinds: `birth-date`; `surname-year` (phonetic, and the year of birth); `identifier` (system and value);
    `surname-prefix` (3 letters, or all of a shorter name).
    """
    letters = letters_of(family)
    if birth_date is not None:
        yield "birth-date", birth_date.isoformat()
    if birth_date is not None and letters:
        yield "surname-year", f"{phonetic(family)}|{birth_date.year:04}"
    if letters:
        yield "surname-prefix", letters[:PREFIX_LETTERS]
    for system, value in identifiers:
        if letters_and_digits := "".join(c for c in value.upper() if c.isalnum()):
            yield "identifier", framed(system.strip(), letters_and_digits).hex()


def letters_of(name: str) -> str:
    """Reduce a name to its letters, lower case, without accents, blanks or hyphens (also outside the Latin script)."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().translate(_UNDECOMPOSED))
    return "".join(letter for letter in decomposed if letter.isalpha())


def phonetic(name: str) -> str:
    """Give the Metaphone code of a name, or its letters where Metaphone hears nothing (another script, say)."""
    letters = letters_of(name)
    return jellyfish.metaphone(letters) or letters
