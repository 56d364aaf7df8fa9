"""State law that asks for more than Part 2 and HIPAA do (42 CFR 2.20; P2-29; section 11 of the list).

State law may forbid what Part 2 permits; none can permit what Part 2 forbids (2.20: read). So an overlay can only take
away: `narrowed` hands back the same consents with less in them, and there is no effect that adds anything. Which
states ask for what is configuration from memory; this module knows no state.

INVARIANT: for every request at `at`, deciding on `narrowed(consents, ...)` releases no item that deciding on
`consents` would not. A taking away that would heal a void grant empties it instead (2.31(b)).
What rests on no consent (45 CFR 164.506, 164.512(k)(5)) is narrowed by `restrictions_of`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from consent.codes import CLASS_PREFIX, HEALTH_KINDS, NOTES, Capacity, Category, ConsentKind, OrganizationKind
from consent.model import Consent, ConsentGrant, Organization, Restriction
from consent.rules.grants import EVENT_PREFIX, NO_EXPIRY

_EVERYTHING: Final = frozenset(Category)


class Effect(StrEnum):
    """What an overlay may do. Each takes away; there is no other."""

    NARROW = "narrow"
    """The categories are not disclosed on a consent at all."""
    EXTRA_SIGNER = "extra-signer"
    """The categories count only where somebody in this capacity has signed besides."""
    MAX_DURATION = "max-duration"
    """A grant with one of the categories ends so many days after signing, whatever it says."""
    EXTRA_NOTICE = "extra-notice"
    """The categories leave only with the state's notice beside them."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """One requirement of one jurisdiction. Empty `kinds`: whoever receives. Empty `categories`: whatever is told.

    `days` belongs to MAX_DURATION, `signer` to EXTRA_SIGNER, `notice` (its text) to EXTRA_NOTICE.
    `standing`: how sure this is, `memory` or `checked: SOURCE`. mappings/tables/overlays.py builds and checks it.
    """

    id: str
    jurisdiction: str
    effect: Effect
    source: str
    standing: str
    categories: frozenset[Category] = frozenset()
    kinds: frozenset[OrganizationKind] = frozenset()
    days: int | None = None
    signer: Capacity | None = None
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What `narrowed` has to know besides; what is not known takes away.

    `cosigned`: by consent id, in which capacities others signed it. `attached`: ids of overlays whose notice the
    caller attaches. `organizations`: the register, for the kinds of recipients.
    """

    organizations: Mapping[str, Organization] = field(hash=False)
    cosigned: Mapping[str, frozenset[Capacity]] = field(default_factory=dict, hash=False)
    attached: frozenset[str] = frozenset()


def of_state(overlays: Iterable[Overlay], state: str) -> tuple[Overlay, ...]:
    """Return the overlays of one state. Codes compare exactly."""
    return tuple(each for each in overlays if each.jurisdiction == state)


def narrowed(
    consents: Iterable[Consent], overlays: Iterable[Overlay], at: datetime, known: Surroundings
) -> tuple[Consent, ...]:
    """Return the consents as state law leaves them at the moment `at`, in the same order, with the same ids.

    For gateway's loading of facts: give it the overlays of the site's own state (`of_state`).
    """
    applied = tuple(overlays)
    return tuple(
        replace(each, grants=tuple(_narrow(each, grant, applied, at, known) for grant in each.grants))
        for each in consents
    )


def last_moment(
    consent: Consent, grant: ConsentGrant, overlays: Iterable[Overlay], known: Surroundings
) -> datetime | None:
    """Return the moment at which state law ends a grant at the latest; None where it sets no end.

    To be shown at signing: "until 2027-03-01, or the event, whichever is first".
    """
    ends = [
        _after(consent.signed_at, each.days)
        for each in overlays
        if each.effect is Effect.MAX_DURATION and each.days is not None and _touched(grant, each, known)
    ]
    return min(ends, default=None)


def notices_of(
    overlays: Iterable[Overlay], kind: OrganizationKind, categories: Collection[Category]
) -> tuple[Overlay, ...]:
    """Return the overlays whose notice must accompany these categories to a recipient of this kind."""
    told = frozenset(categories)
    return tuple(
        each
        for each in overlays
        if each.effect is Effect.EXTRA_NOTICE
        and told & (each.categories or _EVERYTHING)
        and (not each.kinds or kind in each.kinds)
    )


def restrictions_of(
    overlays: Iterable[Overlay], participant: str, organizations: Iterable[Organization]
) -> tuple[Restriction, ...]:
    """Return NARROW overlays as agreed restrictions, so that they stop bases that need no consent too.

    Like any restriction they leave 42 CFR 2.51 and a court order alone.
    """
    narrow = [each for each in overlays if each.effect is Effect.NARROW]
    return tuple(
        Restriction(participant, organization.id, agreed=True, categories=each.categories or _EVERYTHING)
        for organization in organizations
        for each in narrow
        if not each.kinds or organization.kind in each.kinds
    )


def _narrow(
    consent: Consent, grant: ConsentGrant, overlays: Iterable[Overlay], at: datetime, known: Surroundings
) -> ConsentGrant:
    applied = [each for each in overlays if _touched(grant, each, known)]
    gone: frozenset[Category] = frozenset()
    for each in applied:
        if not _is_met(each, consent, known):
            gone |= each.categories or _EVERYTHING
    end = last_moment(consent, grant, applied, known)
    return replace(grant, categories=_without(consent, grant, gone), expires=_ending(consent, grant, end, at))


def _touched(grant: ConsentGrant, overlay: Overlay, known: Surroundings) -> bool:
    """Say whether an overlay means a grant: one of several recipients is enough, for all share its categories."""
    if not grant.categories & (overlay.categories or _EVERYTHING):
        return False
    return not overlay.kinds or any(_kinds(name, known) & overlay.kinds for name in grant.recipient)


def _kinds(name: str, known: Surroundings) -> frozenset[OrganizationKind]:
    """Return which kinds a recipient may be: a class is of any health kind; whom nobody knows may be anything."""
    if name.startswith(CLASS_PREFIX):
        return HEALTH_KINDS
    organization = known.organizations.get(name)
    return frozenset(OrganizationKind) if organization is None else frozenset({organization.kind})


def _is_met(overlay: Overlay, consent: Consent, known: Surroundings) -> bool:
    """Say whether the categories stay. A duration takes no category; an effect that nobody wrote down takes all."""
    match overlay.effect:
        case Effect.MAX_DURATION:
            return overlay.days is not None
        case Effect.EXTRA_SIGNER:
            return overlay.signer is not None and overlay.signer in known.cosigned.get(consent.id, frozenset())
        case Effect.EXTRA_NOTICE:
            return overlay.id in known.attached
        case _:
            return False


def _without(consent: Consent, grant: ConsentGrant, gone: frozenset[Category]) -> frozenset[Category]:
    """Take categories out. Where that could heal a grant that 2.31(b) makes void, take all of them."""
    lost = grant.categories & gone
    if lost and (lost & NOTES or consent.kind is ConsentKind.NOTES):
        return frozenset()
    return grant.categories - gone


def _ending(consent: Consent, grant: ConsentGrant, end: datetime | None, at: datetime) -> datetime | str:
    """Bring the expiry forward. `none` counts on a TPO form only: a date put in its place elsewhere would heal it.

    An event stays while the end has not come: the two are one bound, whichever is first.
    """
    expires = grant.expires
    if end is None:
        return expires
    if isinstance(expires, datetime):
        return min(expires, end)
    if expires == NO_EXPIRY:
        return end if consent.kind is ConsentKind.TPO else expires
    return end if expires.startswith(EVENT_PREFIX) and at >= end else expires


def _after(moment: datetime, days: int) -> datetime:
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return datetime.max.replace(tzinfo=moment.tzinfo)
