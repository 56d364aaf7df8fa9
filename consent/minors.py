"""Who has to sign, by age and by state (42 CFR 2.14, 2.15, 2.31(a)(8); P2-23, P2-24).

2.14 and 2.15 were read in a text older than 2024; the ages of the states come from a table whose rows are marked
`memory`: counsel confirms them before a site relies on one. That 18 counts where a state names no age of majority is
2.14 from memory too.

A decision keeps the narrower rule of the decision case (consent/rules/signing.py): below the age at which a minor
signs alone, no consent counts there. This is for the signing table, which has to say whose signatures are missing.
Nobody tells a parent anything on the strength of this module: where a minor signs alone only the minor consents, a
parent's question included, and the exception of 2.14 for an applicant who cannot choose rationally is for a person.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from consent.codes import Capacity
from consent.days import age_on
from consent.failing import Failing
from consent.model import Signer
from consent.wording import is_blank, same_name

FEDERAL_MAJORITY: Final = 18
"""The age of majority in a state of which the table says nothing (2.14: memory)."""
_PARENTS: Final = frozenset({Capacity.PARENT, Capacity.GUARDIAN})
_REPRESENTATIVES: Final = frozenset({Capacity.GUARDIAN, Capacity.PERSONAL_REPRESENTATIVE, Capacity.EXECUTOR})
_MINORS: Final = "42 CFR 2.14"
_INCAPACITY: Final = "42 CFR 2.15"


class Required(StrEnum):
    """Whose signature a consent needs. UNKNOWN never counts as signed."""

    PARTICIPANT = "participant"
    """The participant, or whoever 2.15 lets sign instead, with stated authority."""
    MINOR = "minor"
    """The minor alone: no parent signs instead, or sees it."""
    MINOR_AND_PARENT = "minor-and-parent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StateAges:
    """One row: from which age a minor obtains care for substance use alone (None: at none), when majority begins.

    Ages in completed years. `standing`: how sure this is, `memory` or `checked: SOURCE`.
    """

    state: str
    minor_alone_from: int | None
    majority: int
    source: str
    standing: str


def required_signers(birth_date: date | None, signed_on: date, state: str, table: Mapping[str, StateAges]) -> Required:
    """Return whose signatures a consent of `signed_on` needs, both days in the site's time zone.

    UNKNOWN: no birth date, a birth after the signing, or a minor in a state that the table does not hold.
    """
    if birth_date is None or birth_date > signed_on:
        return Required.UNKNOWN
    age, ages = age_on(signed_on, birth_date), table.get(state)
    if age >= (FEDERAL_MAJORITY if ages is None else ages.majority):
        return Required.PARTICIPANT
    if ages is None:
        return Required.UNKNOWN
    alone = ages.minor_alone_from is not None and age >= ages.minor_alone_from
    return Required.MINOR if alone else Required.MINOR_AND_PARENT


def signing_faults(required: Required, signers: Collection[Signer], patient_name: str) -> Iterator[Failing]:
    """Yield whose signature is missing, or should not be there. `signers`: everybody who signed the one form.

    That none of them is staff is asked by `consent.validator` and `consent.review`, which know the names.
    """
    own = any(_is_own(signer, patient_name) for signer in signers)
    match required:
        case Required.PARTICIPANT:
            yield from _adult(signers, own=own)
        case Required.MINOR:
            yield from _minor_alone(signers, own=own)
        case Required.MINOR_AND_PARENT:
            yield from _both(signers, own=own)
        case Required.UNKNOWN:
            yield _fault("P2-23", _MINORS, "find out the birth date and the law of the state")


def _is_own(signer: Signer, patient_name: str) -> bool:
    return signer.capacity is Capacity.SELF and same_name(signer.name, patient_name)


def _stated(signer: Signer) -> bool:
    return not is_blank(signer.name) and not is_blank(signer.authority)


def _adult(signers: Collection[Signer], *, own: bool) -> Iterator[Failing]:
    """2.15: a program's director may consent for payment alone, and no form of ours is for that: no such capacity."""
    if not own and not any(signer.capacity in _REPRESENTATIVES and _stated(signer) for signer in signers):
        yield _fault("P2-24", _INCAPACITY, "have the participant sign, or a representative who states the authority")


def _minor_alone(signers: Collection[Signer], *, own: bool) -> Iterator[Failing]:
    if not own:
        yield _fault("P2-23", _MINORS, "have the minor sign, who consents alone in this state")
    if any(signer.capacity is not Capacity.SELF for signer in signers):
        yield _fault("P2-23", _MINORS, "sign anew without the other signature: only the minor consents in this state")


def _both(signers: Collection[Signer], *, own: bool) -> Iterator[Failing]:
    if not own:
        yield _fault("P2-23", _MINORS, "have the minor sign too")
    parents = [signer for signer in signers if signer.capacity in _PARENTS and not is_blank(signer.name)]
    if not parents:
        yield _fault("P2-23", _MINORS, "have a parent or guardian sign too")
    if parents and all(signer.capacity is Capacity.GUARDIAN and is_blank(signer.authority) for signer in parents):
        yield _fault("P2-23", _MINORS, "state by what authority the guardian signs")


def _fault(element: str, cite: str, cure: str) -> Failing:
    return Failing(element, cite, "signer", cure)
