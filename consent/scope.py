"""The clear explanation of the scope of the consent that accompanies a disclosure (42 CFR 2.32(b)).

It names the recipient and no other (P2-51): that somebody is treated somewhere is itself a disclosure. It holds no
moment of sending, so that the same clearance has the same digest a day later.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from consent.codes import JUSTICE_KINDS, JUSTICE_PURPOSES, NEVER_SERVED, NOTES, Category, ConsentKind, Purpose
from consent.model import Consent, ConsentGrant, Organization, Site
from consent.rules.ceilings import ceiling
from consent.rules.grants import EVENT_PREFIX, NO_EXPIRY


def scope_text(
    consent: Consent,
    grant: ConsentGrant,
    *,
    site: Site,
    recipient: Organization,
    disclosers: Iterable[Organization],
    redisclose_to: Iterable[Organization] = (),
    purpose: Purpose,
) -> str:
    """Return who may tell whom, what, why, until when, and whether it stands. No participant is named.

    `disclosers`: only those that disclose this time. `redisclose_to`: whom the recipient may tell further.
    """
    named = _one_line(grant.role or "")
    role = f" ({named})" if named else ""
    onward = _names(redisclose_to)
    sentences = (
        f"Scope of consent {_one_line(consent.id)}, grant {_one_line(grant.id)} (42 CFR 2.32(b)).",
        f"May disclose: {_names(disclosers) or _one_line(site.name)}.",
        f"May receive: {_one_line(recipient.name)}{role}.",
        f"Information: {_codes(_told(consent, grant, recipient, purpose))}.{_record_dates(grant)}",
        f"Purpose: {_codes(_purposes(consent, grant, recipient))}.",
        f"Valid until: {_until(grant, ZoneInfo(site.timezone))}.",
        "Neither revoked nor held; the person concerned may revoke it at any time.",
        f"May be passed on to: {onward}." if onward else "May not be passed on to anybody else under this consent.",
    )
    return " ".join(sentences)


def _told(consent: Consent, grant: ConsentGrant, recipient: Organization, purpose: Purpose) -> frozenset[Category]:
    """Return what the recipient may hear: naming more would tell what is kept back."""
    if consent.kind is ConsentKind.NOTES:
        return grant.categories & NOTES
    if consent.kind is ConsentKind.PROCEEDING:
        return grant.categories - NOTES
    return grant.categories & ceiling(recipient.kind, purpose)


def _purposes(consent: Consent, grant: ConsentGrant, recipient: Organization) -> frozenset[Purpose]:
    servable = grant.purposes - NEVER_SERVED
    if consent.kind is ConsentKind.CJ_2_35:
        return servable & {Purpose.SUPERVISION_MONITORING}
    if consent.kind is not ConsentKind.PROCEEDING and recipient.kind in JUSTICE_KINDS:
        return servable & JUSTICE_PURPOSES
    return servable - {Purpose.SUPERVISION_MONITORING}


def _names(organizations: Iterable[Organization]) -> str:
    return "; ".join(sorted({_one_line(organization.name) for organization in organizations}))


def _one_line(text: str) -> str:
    """Return `text` with all white space collapsed, so that no name can look like a line of this text."""
    return " ".join(text.split())


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(sorted(codes))


def _record_dates(grant: ConsentGrant) -> str:
    since = f" from {grant.record_from.isoformat()}" if grant.record_from else ""
    until = f" to {grant.record_to.isoformat()}" if grant.record_to else ""
    return f" Records made{since}{until} only." if since or until else ""


def _until(grant: ConsentGrant, zone: ZoneInfo) -> str:
    if isinstance(grant.expires, datetime):
        try:
            return grant.expires.astimezone(zone).isoformat()
        except OverflowError:
            return grant.expires.isoformat()
    if grant.expires == NO_EXPIRY:
        return "revoked in writing"
    return f"the event {_one_line(grant.expires.removeprefix(EVENT_PREFIX))!r}"
