"""Consents as a party to them may see them (IHE PCF ITI-108): accounted for, and sealed for that one organization.

An organization sees the grants in which it is discloser or recipient, and in them nobody else (mappings.fhir.consent).
A recipient sees what is in force: what was revoked, held, restricted or has run out is to it what a stranger is. Who
discloses sees the end of its authority, too: it may not go on by a consent that it could know to be revoked (42 CFR
2.31(c)(3)). Justice and the community see nothing here (GR-04), nor does who has no agreement, nor anybody while the
site is held or a consent on file cannot be read.

INVARIANT: a `PartyAnswer` is made here and in `gateway.consulting`, after the commit of its entry on the ledger.
"""

from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.codes import Integrity
from consent.model import Consent, ConsentGrant, Organization, Revocation
from consent.notices import notice_for
from consent.validator import counting_grants, validate
from gateway import ledger
from gateway.parties import Filer, whose
from gateway.permissions import Standing, may_receive, standing_of
from gateway.public_ids import PublicIds, public_ids
from gateway.pulling import READERS
from gateway.store.repositories.filings import Filings
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry
from mappings.fhir import codes
from mappings.fhir.build import Json, identifier, named
from mappings.fhir.carried_notice import on_resource, on_searchset
from mappings.fhir.consent import to_fhir
from mappings.fhir.consent_profiles import Profile, Site, rendered
from mappings.fhir.consent_search import ConsentQuery
from mappings.fhir.in_force import is_active
from mappings.fhir.searchset import frame, passed_over

DECOY: Final = UUID(int=0)
_MADE: Final = object()


@dataclass(frozen=True, slots=True)
class PartyAnswer:
    """What a party to a consent is told of it: the body of an answer, for whom it is, and its entry on the ledger."""

    made: InitVar[object]
    recipient: str
    entry: str
    body: Json = field(hash=False, repr=False)

    def __post_init__(self, made: object) -> None:
        if made is not _MADE:
            raise TypeError("only `gateway.showing` makes what a party is told")


def told(recipient: str, entry: LedgerEntry, body: Json) -> PartyAnswer:
    """Make the answer that a committed entry of the ledger accounts for."""
    return PartyAnswer(_MADE, recipient, str(entry.id), body)


async def search(store: Store, asker: Filer, query: ConsentQuery, at: datetime) -> PartyAnswer | None:
    """Give the Consents that fit as a searchset with its notice; None for every reason for which there is nothing."""
    async with store.unit_of_work() as uow:
        people = await whose(uow, query.patient, asker)
        seen = await _look(uow, asker, people[0] if len(people) == 1 else DECOY, at)
        found = [one for one in seen.resources(query.profile) if query.fits(one)]
        entry = await _account(uow, asker, seen, found, at)
        await uow.commit()
    return told(asker.organization, entry, seen.searchset(found, query)) if found else None


async def read(store: Store, asker: Filer, given: str, profile: Profile, at: datetime) -> PartyAnswer | None:
    """Give one Consent by the id that the asker knows it by, with its notice; None for every reason not to."""
    async with store.unit_of_work() as uow:
        ids = await public_ids(uow.vault, asker.organization)
        row = ids.row(given)
        owner = await Filings(uow.connection, uow.vault).owner(row)
        seen = await _look(uow, asker, owner or DECOY, at)
        found = [one for one in seen.resources(profile) if one["id"] == ids.given(row)]
        entry = await _account(uow, asker, seen, found, at)
        await uow.commit()
    return told(asker.organization, entry, seen.noticed(found[0])) if found else None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one organization may see about one participant; `standing` None: nothing."""

    asker: Filer
    organization: Organization | None
    standing: Standing | None
    participant: UUID
    at: datetime
    ids: PublicIds

    def resources(self, profile: Profile) -> list[Json]:
        """Write every Consent that may be seen."""
        standing = self.standing
        if standing is None or any(one.integrity is Integrity.UNREADABLE for one in standing.consents):
            return []
        shown = [(one, self._shown(standing, countable(standing, one, self.at))) for one in standing.consents]
        site = Site(standing.site.name, self.asker.fhir_url)
        return [
            rendered(resource, profile, site, self._self() if discloses(one, self.asker.organization) else None)
            for one, resource in shown
            if resource is not None and self._may_see(standing, one, resource)
        ]

    def _self(self) -> Json:
        name = self.asker.organization
        return named("Organization", codes.ORGANIZATION, name, self.organization.name if self.organization else None)

    def _shown(self, standing: Standing, consent: Consent | None) -> Json | None:
        """Write what may be seen of one consent: of grants by which the asker only receives, those in force.

        INVARIANT: each grant alone, so that who discloses by another one learns no more of these than any recipient.
        """
        if consent is not None:
            consent = _narrowed(consent, [one for one in consent.grants if self._shows(standing, consent, one)])
        return None if consent is None else as_seen(standing, consent, self.asker, self.at, self.ids)

    def _shows(self, standing: Standing, consent: Consent, grant: ConsentGrant) -> bool:
        mine, holds = self.asker.organization, standing.facts.holds or ()
        if mine in grant.discloser:
            return True
        return is_active(consent, grant, holds=holds, at=self.at) and not _restricted(standing, mine)

    def _may_see(self, standing: Standing, consent: Consent, resource: Json) -> bool:
        if discloses(consent, self.asker.organization):
            return True
        return resource["status"] == "active" and not _restricted(standing, self.asker.organization)

    def searchset(self, found: list[Json], query: ConsentQuery) -> Json:
        """Write the searchset, without a total, in the frame of one in which nothing is found."""
        entries: list[Json] = [
            {"fullUrl": f"{self.asker.fhir_url}/Consent/{one['id']}", "resource": one, "search": {"mode": "match"}}
            for one in found
        ]
        ignored = passed_over((), and_others=True)
        entries += [{"resource": ignored, "search": {"mode": "outcome"}}] if query.ignored else []
        bundle = frame("Consent", self.asker.fhir_url.removesuffix("/fhir")) | {"entry": entries}
        return self._with_notice(lambda notice: on_searchset(bundle, notice, None))

    def noticed(self, resource: Json) -> Json:
        """Write the notice onto a Consent that is read by itself."""
        return self._with_notice(lambda notice: on_resource(resource, notice, None))

    def _with_notice(self, on: Callable[[Any], Json]) -> Json:
        if self.organization is None:
            raise LookupError("no organization to tell anything")
        return on(notice_for(self.organization.kind))


async def _look(uow: UnitOfWork, asker: Filer, participant: UUID, at: datetime) -> _Seen:
    """Load what stands about a participant, with the version held still; the same steps for nobody."""
    await uow.consents.lock_shared(participant)
    standing = await standing_of(uow, participant, at)
    organization = await uow.registry.organization(asker.organization)
    held = await uow.registry.is_held()
    site = None if standing is None else standing.site
    may = site is not None and may_receive(organization, site, at) and not held
    welcome = organization is not None and organization.kind in READERS
    ids = await public_ids(uow.vault, asker.organization)
    return _Seen(asker, organization, standing if may and welcome else None, participant, at, ids)


def countable(standing: Standing, consent: Consent, at: datetime) -> Consent | None:
    """Give a consent with those of its grants that can count in law; None: nothing about it can be relied on."""
    if consent.integrity is not Integrity.OK:
        return None
    zone = ZoneInfo(standing.site.timezone)
    failing = validate(consent, standing.facts.organizations, at=at, zone=zone)
    grants = counting_grants(consent, failing)
    return replace(consent, grants=grants) if grants else None


def as_seen(standing: Standing, consent: Consent, asker: Filer, at: datetime, ids: PublicIds) -> Json | None:
    """Write a consent for the eyes of one organization, by the ids that it knows; None: it is no party to it."""
    facts = standing.facts
    shown = to_fhir(consent, facts.organizations, at=at, holds=facts.holds or (), viewer=asker.organization)
    if shown is None:
        return None
    own, whose = ids.given(consent.id), ids.given(consent.participant)
    patient = {**shown["patient"], "identifier": identifier(codes.PARTICIPANT, whose)}
    return shown | {"id": own, "identifier": [identifier(codes.CONSENT, own)], "patient": patient}


def discloses(consent: Consent, organization: str) -> bool:
    """Say whether an organization is one that may disclose by a consent."""
    return any(organization in grant.discloser for grant in consent.grants)


def _narrowed(consent: Consent, kept: Sequence[ConsentGrant]) -> Consent:
    """Give a consent with these of its grants; what was revoked of the others alone ends none of these."""
    known, left = frozenset(one.id for one in consent.grants), frozenset(one.id for one in kept)
    revocations = tuple(
        each
        for each in consent.revocations
        if each.grants == "all" or not each.grants or not each.grants <= known or each.grants & left
    )
    return replace(consent, grants=tuple(kept), revocations=tuple(_reaching(each, known, left) for each in revocations))


def _reaching(each: Revocation, known: frozenset[str], left: frozenset[str]) -> Revocation:
    if each.grants == "all" or not each.grants <= known:
        return each  # it reaches all
    return replace(each, grants=each.grants & left)


def _restricted(standing: Standing, organization: str) -> bool:
    """Say whether an organization is to hear nothing; one that is not to hear of some categories may see its grants."""
    return any(
        one.agreed and one.organization == organization and not one.categories
        for one in standing.facts.restrictions or ()
    )


async def _account(uow: UnitOfWork, asker: Filer, seen: _Seen, found: list[Json], at: datetime) -> LedgerEntry:
    """Write to the ledger what was seen, or that nothing was."""
    known = None if seen.participant == DECOY else seen.participant
    content = {"consents": [str(seen.ids.row(one["id"])) for one in found], "by": asker.client_id}
    kind, refused = ("consent-shown", {}) if found else ("denial", {"outcome": "deny", "refused": "no-consent-to-show"})
    return await ledger.append(
        uow, kind, at=at, content=content | refused, participant=known, organization=asker.organization
    )
