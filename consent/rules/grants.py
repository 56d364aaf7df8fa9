"""One grant: whom it names, for what, until when, and whether it is void (42 CFR 2.31(a), (b), (c), (d))."""

from datetime import datetime
from typing import Final

from consent.codes import (
    CLASS_PREFIX,
    HEALTH_KINDS,
    JUSTICE_KINDS,
    NOTES,
    TREATING_PROVIDERS,
    ConsentKind,
    LegalRole,
    Purpose,
)
from consent.matter import Matter
from consent.model import Consent, ConsentGrant
from consent.rules.annexes import EFFECTIVE_2024
from consent.rules.purposes import AGAINST_THE_PARTICIPANT
from consent.rules.rule import (
    CONSENT_BASIS,
    Effect,
    Rule,
    Scope,
    Verdict,
    either,
    not_applicable,
    require,
    satisfied,
    unknown,
    violated,
)
from consent.wording import is_blank

EVENT_PREFIX: Final = "event:"
NO_EXPIRY: Final = "none"
_CLASS: Final = CLASS_PREFIX + TREATING_PROVIDERS
_OF_PROCEEDINGS: Final = AGAINST_THE_PARTICIPANT | {Purpose.PROCEEDING}
_PROCEEDING: Final = ConsentKind.PROCEEDING  # looked up once: members of an enum are slow to reach
_NOTES_KIND: Final = ConsentKind.NOTES
_TPO: Final = ConsentKind.TPO

# These rules run on every grant there is, so what they mostly say is made beforehand.
_NAMED: Final = satisfied("the grant names the requester")
_NOT_NAMED: Final = violated("the grant does not name the requester")
_NO_CLASS: Final = not_applicable("the grant does not reach the requester by a class")
_HAS_ROLE: Final = satisfied("the asker has the named role")
_OTHER_ROLE: Final = violated("not the role that is named")
_NO_ROLE: Final = not_applicable("the grant names no role")
_LISTED: Final = satisfied("the grant lists the purpose")
_NOT_LISTED: Final = violated("the grant does not list the purpose")
_UNTIL_DATE: Final = satisfied("in force until its date")
_PAST_DATE: Final = violated("expired by its date")
_REVOKED: Final = violated("this grant is revoked")
_NOT_REVOKED: Final = satisfied("this grant is not revoked by itself")
_HELD: Final = violated("a hold on this grant is in force")
_NOT_HELD: Final = satisfied("no hold on this grant")
_NO_PROCEEDING: Final = satisfied("lists no proceeding")
_MIXED_PROCEEDING: Final = violated("void: lists a proceeding outside a proceeding consent")
_NO_NOTES: Final = satisfied("lists no notes")
_MIXED_NOTES: Final = violated("void: lists notes outside a consent for notes")
_NOT_FOR_NOTES: Final = not_applicable("not a consent for notes")


def _recipient(matter: Matter, _consent: Consent, grant: ConsentGrant) -> Verdict:
    """2.31(a)(4): by name, or by a class that the register resolves (part2.md section 0.2)."""
    if matter.name in grant.recipient:
        return _NAMED
    if matter.requester is None:
        return unknown("the requester is not known")
    return _treats(matter) if _CLASS in grant.recipient else _NOT_NAMED


def _treats(matter: Matter) -> Verdict:
    """2.11, 2.31(a)(4)(ii), H-07: the class reaches those who treat this participant, and nobody else."""
    requester, participant = matter.requester, matter.participant
    if requester is None or participant is None or participant.treating is None:
        return unknown("it is not known who treats the participant")
    treating = requester.id in participant.treating and TREATING_PROVIDERS in requester.classes
    return either(
        treating and requester.kind in HEALTH_KINDS,
        "the requester is a treating provider of this participant",
        "the requester is no treating provider of this participant",
    )


def _class(matter: Matter, consent: Consent, grant: ConsentGrant) -> Verdict:
    """2.31(a)(4)(ii), 2.24: a class needs the 2024 rule, and at an intermediary the consent that names it (P2-05)."""
    if _CLASS not in grant.recipient or matter.name in grant.recipient:
        return _NO_CLASS
    if matter.day(consent.signed_at) < EFFECTIVE_2024:
        return violated("signed before a class could be a recipient")
    site = matter.facts.site
    if site.legal_role is not LegalRole.INTERMEDIARY:
        return satisfied("signed under the 2024 rule, no intermediary in between")
    return either(
        consent.intermediary == site.name, "the consent names this intermediary", "the consent names no intermediary"
    )


def _role(matter: Matter, _consent: Consent, grant: ConsentGrant) -> Verdict:
    """Justice is named with a role, and a named role is the asker's own (C-04)."""
    if not is_blank(grant.role):
        person = matter.request.person
        return _HAS_ROLE if person is not None and person.role == grant.role else _OTHER_ROLE
    if matter.kind is None:
        return unknown("it is not known what the requester is")
    if matter.kind in JUSTICE_KINDS:
        return violated("a grant to justice names a role, this one names none")
    return _NO_ROLE


def _purpose(matter: Matter, _consent: Consent, grant: ConsentGrant) -> Verdict:
    """2.31(a)(5): each purpose is listed."""
    return _LISTED if matter.request.purpose in grant.purposes else _NOT_LISTED


def _unexpired(matter: Matter, consent: Consent, grant: ConsentGrant) -> Verdict:
    """2.31(a)(7), (c)(1): a moment, an event, or for TPO alone none. In force while the moment is before it."""
    if isinstance(grant.expires, datetime):
        return _UNTIL_DATE if matter.request.at < grant.expires else _PAST_DATE
    if grant.expires == NO_EXPIRY:
        tpo = consent.kind is _TPO
        return either(tpo, "a TPO consent needs no expiry", "only a TPO consent may have no expiry")
    if consent.events is None:
        return unknown("it is not known whether the event has happened")
    name = grant.expires.removeprefix(EVENT_PREFIX)
    happened = any(event.name == name and event.at <= matter.request.at for event in consent.events)
    return either(not happened, "in force until its event", "expired by its event")


def _not_revoked(matter: Matter, consent: Consent, grant: ConsentGrant) -> Verdict:
    """2.31(c)(3): a revocation may name single grants; it reaches only its own consent."""
    for revocation in consent.revocations:
        if revocation.at <= matter.request.at and revocation.grants != "all" and grant.id in revocation.grants:
            return _REVOKED
    return _NOT_REVOKED


def _not_held(matter: Matter, _consent: Consent, grant: ConsentGrant) -> Verdict:
    """P2-70: a hold on a grant id stops that id in every consent of the participant."""
    if matter.stops is None:
        return unknown("holds could not be loaded")
    return _HELD if grant.id in matter.stops.grants else _NOT_HELD


def _no_mixed_proceeding(_matter: Matter, consent: Consent, grant: ConsentGrant) -> Verdict:
    """2.31(d): a grant that mixes a proceeding with anything else is void; its neighbours are not (P2-42)."""
    if consent.kind is _PROCEEDING:
        return either(grant.purposes <= _OF_PROCEEDINGS, "for the proceeding alone", "void: lists another purpose")
    return _NO_PROCEEDING if grant.purposes.isdisjoint(_OF_PROCEEDINGS) else _MIXED_PROCEEDING


def _no_mixed_notes(_matter: Matter, consent: Consent, grant: ConsentGrant) -> Verdict:
    """2.31(b): notes are consented to alone; a grant that mixes them is void as a whole (P2-40)."""
    if consent.kind is _NOTES_KIND:
        return either(grant.categories <= NOTES, "for notes alone", "void: lists more than notes")
    return _NO_NOTES if grant.categories.isdisjoint(NOTES) else _MIXED_NOTES


def _one_category(_matter: Matter, consent: Consent, grant: ConsentGrant) -> Verdict:
    """Counseling notes and psychotherapy notes are not combined in one grant (2.31(b), 45 CFR 164.508(b)(3)(ii))."""
    if consent.kind is not _NOTES_KIND:
        return _NOT_FOR_NOTES
    return either(len(grant.categories) == 1, "one category of notes", "not exactly one category of notes")


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "grant.recipient",
        Scope.GRANT,
        Effect.OPEN,
        ("42 CFR 2.31(a)(4)(i)", "42 CFR 2.31(a)(4)(ii)", "42 CFR 2.33(a)(1)", "42 CFR 2.33(b)", "42 CFR 2.12(d)(2)"),
        _recipient,
        CONSENT_BASIS,
    ),
    require("grant.class", Scope.GRANT, _class, "42 CFR 2.31(a)(4)(ii)", "42 CFR 2.11", "42 CFR 2.24"),
    require("grant.role", Scope.GRANT, _role, "42 CFR 2.31(a)(4)(i)"),
    require("grant.purpose", Scope.GRANT, _purpose, "42 CFR 2.31(a)(5)", "42 CFR 2.13(a)"),
    require("grant.unexpired", Scope.GRANT, _unexpired, "42 CFR 2.31(a)(7)", "42 CFR 2.31(c)(1)"),
    require("grant.not-revoked", Scope.GRANT, _not_revoked, "42 CFR 2.31(c)(3)", "42 CFR 2.31(a)(6)"),
    require("grant.not-held", Scope.GRANT, _not_held, "42 CFR 2.31(c)(3)", "42 CFR 2.2(b)(1)"),
    require("grant.proceeding-alone", Scope.GRANT, _no_mixed_proceeding, "42 CFR 2.31(d)", "42 CFR 2.12(d)(1)"),
    require("grant.notes-alone", Scope.GRANT, _no_mixed_notes, "42 CFR 2.31(b)"),
    require("grant.notes-category", Scope.GRANT, _one_category, "42 CFR 2.31(b)", "45 CFR 164.508(b)(3)(ii)"),
)
