"""What a participant's grants let through at a moment, without the record: what stops and reminders need to know.

Nothing here permits anything: whatever leaves is decided by consent/ at the point of no return. This only says which
permissions are over.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.codes import CLASS_PREFIX, TREATING_PROVIDERS, Category, HipaaStatus, Integrity, Purpose
from consent.days import day_of
from consent.facts import Facts
from consent.model import Consent, ConsentGrant, Organization, Site
from gateway.store.seen import Seen, facts_of
from gateway.store.unit_of_work import SiteNotConfiguredError, UnitOfWork
from gateway.store.values import LedgerEntry, ParticipantRecord
from mappings.fhir.in_force import is_active

CONSENT_BASIS: Final = "consent:"
_CLASS: Final = CLASS_PREFIX + TREATING_PROVIDERS


@dataclass(frozen=True, slots=True)
class Standing:
    """A participant and what stands about them; `facts` hold no record, so nothing can be decided on them.

    `events`: the names of what has happened, whatever any form says about it.
    """

    known: ParticipantRecord
    facts: Facts
    events: frozenset[str]

    @property
    def consents(self) -> tuple[Consent, ...]:
        """The consents with what revoked them and what has happened since, as state law leaves them."""
        return self.facts.consents or ()

    @property
    def site(self) -> Site:
        """The site as it is set now."""
        return self.facts.site


async def standing_of(uow: UnitOfWork, participant: UUID, at: datetime) -> Standing | None:
    """Load what stands about a participant; None: nobody by that id. Raises what an unreadable row raises."""
    known, site = await uow.participants.get(participant), await uow.registry.site_at()
    if site is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    if known is None:
        return None
    seen = Seen(
        participant=str(participant),
        site=site,
        known=known,
        signed=await uow.consents.signed(participant),
        stops=await uow.consents.stops(participant),
        orders=[],
        events=await uow.matters.events(participant),
        unlinks=(),
        record=(),
        organizations=await uow.registry.organizations(),
    )
    events = frozenset(event.name for _, event in seen.events)
    return Standing(known[0], facts_of(seen, uow.overlays, uow.policy, at), events)


def grants_in_force(standing: Standing, at: datetime) -> Iterator[tuple[Consent, ConsentGrant]]:
    """Yield the grants that are neither revoked nor over. A hold ends nothing, and neither does a doubtful form."""
    for consent in standing.consents:
        relied_on = replace(consent, integrity=Integrity.OK)
        for grant in consent.grants:
            if is_active(relied_on, grant, holds=(), at=at):
                yield consent, grant


def goes_on(standing: Standing, recipient: str, purpose: Purpose, category: Category, at: datetime) -> bool:
    """Say whether some grant still lets a recipient have something of a category, for a purpose."""
    if any(
        each.agreed and each.organization == recipient and (not each.categories or category in each.categories)
        for each in standing.facts.restrictions or ()
    ):
        return False
    return any(
        purpose in grant.purposes and category in grant.categories and _reaches(standing, grant, recipient)
        for _, grant in grants_in_force(standing, at)
    )


def _reaches(standing: Standing, grant: ConsentGrant, recipient: str) -> bool:
    treating = standing.known.participant.treating or frozenset()
    return recipient in grant.recipient or (_CLASS in grant.recipient and recipient in treating)


def consented(entry: LedgerEntry) -> tuple[tuple[str, Category], ...]:
    """Give what an entry of the ledger says was released under a grant: (basis, category), each once."""
    if entry.kind != "disclosure":
        return ()
    released: list[list[Any]] = entry.content["decision"]["released"]
    return tuple(
        sorted({(basis, Category(category)) for _, basis, category, *_ in released if basis.startswith(CONSENT_BASIS)})
    )


def ended_bases(standing: Standing, entry: LedgerEntry, at: datetime) -> frozenset[str]:
    """Give the grants (as bases) under which an entry released something that may not go there any more."""
    recipient, purpose = entry.organization or "", Purpose(entry.content["request"]["purpose"])
    return frozenset(
        basis for basis, category in consented(entry) if not goes_on(standing, recipient, purpose, category, at)
    )


def may_receive(organization: Organization | None, site: Site, at: datetime) -> bool:
    """Say whether an organization is a partner now: known, and its agreement in date where it needs one (P2-63).

    Its systems and its staff may work only while this holds; the rule `requester.agreement` says the same of a request.
    """
    if organization is None:
        return False
    if organization.agreement_expires is not None:
        return day_of(at, ZoneInfo(site.timezone)) <= organization.agreement_expires
    return organization.hipaa_status is not HipaaStatus.NONE
