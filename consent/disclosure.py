"""The sealed types: what is cleared, what is accounted for, the one neutral answer, the one notice of an end.

Anyone may import the types; only `consent.clearance` may make one.
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Any, Final, Never

from consent.codes import Category
from consent.decision import Obligation

_SEAL: Final = object()  # INVARIANT: consent.clearance is the only module that passes this on (tests/architecture)


class SealError(TypeError):
    """Somebody tried to make a sealed value outside consent.clearance."""


def _check(seal: object) -> None:
    if seal is not _SEAL:
        raise SealError("only `consent.clearance` makes clearances and disclosures")


class _Sealed:
    """What is never subclassed, pickled or copied: each would be a way round the seal (tests/architecture)."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        if cls.__bases__ != (_Sealed,):
            raise SealError(f"`{cls.__name__}`: a sealed type has no subclasses")

    def __reduce__(self) -> Never:
        raise SealError("a sealed value does not travel as a pickle or a copy")


@dataclass(frozen=True, slots=True)
class ClearedItem:
    """One redacted item with its own participant, version and basis. `resource` is R4 JSON, already filtered.

    `source`: the organization it came from. Two senders may both count from 1, so that a reference is to what came from
    the same one (None: from nobody known). It is for matching; it is not told, and the digest does not cover it.
    """

    item: str
    version: int
    participant: str
    category: Category
    basis: str
    part2: bool
    resource: Mapping[str, Any] | None = field(hash=False)
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """The statement that travels with a disclosure (42 CFR 2.32(a)), by version, with its frozen text."""

    version: str
    text: str
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clearance(_Sealed):
    """What may leave, exactly: redacted, with notice and scope, bound by its digest. Not yet accounted for.

    `digest`: SHA-256 (hex) over canonical JSON of recipient, purpose, item ids and versions, redacted content,
    summary text, notice version and scope text: no clock, no ledger id, no transport id.
    """

    seal: InitVar[object]
    request: str
    recipient: str
    purpose: str
    participant: str
    items: tuple[ClearedItem, ...]
    notice: Notice | None
    scope: str | None
    summary: str | None
    obligations: tuple[Obligation, ...]
    digest: str

    def __post_init__(self, seal: object) -> None:
        _check(seal)


@dataclass(frozen=True, slots=True)
class LedgerReceipt:
    """Proof that an accounting entry is committed: its id, the digest it holds, the moment of its commit."""

    entry: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Disclosure(_Sealed):
    """A clearance with its committed ledger entry. The only thing that an outbound door takes."""

    seal: InitVar[object]
    clearance: Clearance
    entry: str
    at: datetime

    def __post_init__(self, seal: object) -> None:
        _check(seal)


@dataclass(frozen=True, slots=True)
class NeutralAnswer(_Sealed):
    """The words "nothing helpful to share", the one answer for every refusal (GR-03).

    Echoes only the asker's own reference.
    """

    seal: InitVar[object]
    recipient: str
    reference: str
    entry: str

    def __post_init__(self, seal: object) -> None:
        _check(seal)


@dataclass(frozen=True, slots=True)
class EndOfPermission(_Sealed):
    """The words that nothing more will be sent under one permission: the same for every reason, and none is given.

    Only to a recipient that got something under it (P2-71(5)). `reference`: the identifier of that earlier message, as
    the recipient has it; `entry`: the ledger entry of this notice.
    """

    seal: InitVar[object]
    recipient: str
    reference: str
    entry: str

    def __post_init__(self, seal: object) -> None:
        _check(seal)


Message = Disclosure | NeutralAnswer | EndOfPermission
"""All that may go to a recipient."""
