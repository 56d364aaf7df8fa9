"""The signed release of information as a document: the scan or the captured form, and how it was signed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SignedForm:
    """A document. Exactly one of `content` (its bytes) and `url` (where it is kept) is known."""

    kept_at: datetime
    content_type: str
    content: bytes | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class CapturedSignature:
    """The mark that somebody made: an image or a cryptographic signature, as captured."""

    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Signing:
    """How a form was signed. `custodian`: the organization that took it; `witness`: a staff member of it, by id."""

    recorded_at: datetime
    custodian: str
    signature: CapturedSignature | None = None
    witness: str | None = None
