"""Until when a grant holds, as one moment: what an R4 Consent can say of expiry, revocation and hold.

Only moments are weighed here. Whether a consent is good in law (its elements, its kind, who signed) is for the rules of
`consent` to say; a disclosure never rests on a rendered Consent.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from consent.codes import ConsentKind, Integrity
from consent.model import All, Consent, ConsentGrant, Hold
from mappings.fhir.build import Json, moment

REREAD: Final = timedelta(days=1)
"""How long a rendering vouches for a grant that ends with an event or never: then it has to be read again."""

_TICK: Final = timedelta(milliseconds=1)


def ends(consent: Consent, grant: ConsentGrant, *, holds: Iterable[Hold], at: datetime) -> datetime:
    """Find the first moment at which the grant no longer holds, as known at `at`; `signed_at` where it never did."""
    if consent.integrity is not Integrity.OK:
        return consent.signed_at
    known = frozenset(g.id for g in consent.grants)
    revoked = [r.at for r in consent.revocations if _reaches(r.grants, grant.id) or _beyond(r.grants, known)]
    held = [h.at for h in holds if h.participant == consent.participant and _reaches(h.grants, grant.id)]
    return min([_expiry(consent, grant, at), *revoked, *held])


def is_active(consent: Consent, grant: ConsentGrant, *, holds: Iterable[Hold], at: datetime) -> bool:
    """Tell whether the grant holds at `at`: from the second of signing on, before its end."""
    return consent.signed_at <= at < ends(consent, grant, holds=holds, at=at)


def period(consent: Consent, grant: ConsentGrant, *, holds: Iterable[Hold], at: datetime) -> Json:
    """Write the grant's Period, always with an end.

    A FHIR Period holds through its end, a grant ends before its moment: the end is written one millisecond earlier. A
    grant that ended before it was signed has an end only.
    """
    last = ends(consent, grant, holds=holds, at=at) - _TICK
    end = {"end": moment(last, timespec="milliseconds")}
    return end if last < consent.signed_at else {"start": moment(consent.signed_at)} | end


def _expiry(consent: Consent, grant: ConsentGrant, at: datetime) -> datetime:
    """Find the expiry as a moment. What cannot be known has expired: `none` outside a TPO consent, unknown events."""
    if isinstance(grant.expires, datetime):
        return grant.expires
    if grant.expires == "none":
        return at + REREAD if consent.kind is ConsentKind.TPO else consent.signed_at
    if consent.events is None or not grant.expires.startswith("event:"):
        return consent.signed_at
    happened = [e.at for e in consent.events if f"event:{e.name}" == grant.expires]
    return min([*happened, at + REREAD])


def _reaches(stopped: All | frozenset[str], grant: str) -> bool:
    """Tell whether a revocation or hold reaches a grant; one that names none reaches all."""
    return stopped == "all" or not stopped or grant in stopped


def _beyond(stopped: All | frozenset[str], known: frozenset[str]) -> bool:
    """Tell whether a revocation names a grant that its consent lacks: then it counts as all."""
    return stopped != "all" and not frozenset(stopped) <= known
