"""Whom and which consent a partner names: by the ids that we gave it, or by identifiers of its own. Never by guess."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from gateway.public_ids import PublicIds, public_ids
from gateway.store.repositories.filings import Filings
from gateway.store.repositories.pulls import NOBODY, Pulls
from gateway.store.sealing import person_tokens
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import UNREADABLE
from mappings.fhir import codes
from mappings.fhir.consult.names import Identifier, Names, plain

MOST_NAMES: Final = 20


@dataclass(frozen=True, slots=True)
class Filer:
    """Who files or asks: an organization, by one of its systems.

    `fhir_url`: the site's own FHIR address, for literal references.
    """

    organization: str
    client_id: str
    fhir_url: str


async def whose(uow: UnitOfWork, names: Names, filer: Filer) -> tuple[UUID, ...]:
    """Give the participants whom the names name, by id or by identifier, sorted: nobody, one, or several.

    Somebody of more than MOST_NAMES names is nobody.
    """
    found: set[UUID] = set()
    if len(names.identifiers) + len(names.literals) > MOST_NAMES:
        return ()
    ids = await public_ids(uow.vault, filer.organization)
    for given in _ids(names, "Patient", codes.PARTICIPANT, filer):
        found.add(await Pulls(uow.connection, uow.vault).person(meant(ids, given)))
    others = [pair for pair in names.identifiers if pair[0] != codes.PARTICIPANT]
    tokens = set(person_tokens(family="", birth_date=None, identifiers=others))
    for known in await uow.participants.candidates(sorted(tokens)):
        if tokens & set(person_tokens(family="", birth_date=None, identifiers=known.identifiers)):
            found.add(known.id)
    return tuple(sorted(found - {NOBODY}))


def _ids(names: Names, kind: str, system: str, filer: Filer) -> list[str]:
    """Give the ids by which a thing of this kind is named as ours: `Patient/ID` here, or an identifier of ours."""
    here, at = {"", filer.fhir_url.rstrip("/")}, f"{kind}/"
    own = [tail for base, tail in names.literals if base in here and tail.startswith(at)]
    return sorted(
        {tail.removeprefix(at) for tail in own} | {value for found, value in names.identifiers if found == system}
    )


async def parties(uow: UnitOfWork, filer: Filer, people: Iterable[UUID], names: Names) -> list[tuple[UUID, UUID]]:
    """Give the consents that the names name and that the filer is a party to, or has filed: (participant, row).

    A consent of ours is named by the id that the filer was given, or by the one in the scope that travels with a
    disclosure.
    """
    shelf, ids = Filings(uow.connection, uow.vault), await public_ids(uow.vault, filer.organization)
    found: dict[UUID, UUID] = {}
    if len(names.identifiers) + len(names.literals) > MOST_NAMES:
        return []
    for row in [row for given in _ids(names, "Consent", codes.CONSENT, filer) for row in meant(ids, given)]:
        owner = await shelf.owner(row)
        if owner is not None and await _is_party(uow, filer.organization, owner, row):
            found[row] = owner
    for who in people:
        for identifier in sorted(names.identifiers):
            filed = await shelf.consent(who, reference_of(filer.organization, identifier))
            if filed is not None:
                found[filed] = who
    return sorted((owner, row) for row, owner in found.items())


async def _is_party(uow: UnitOfWork, organization: str, participant: UUID, row: UUID) -> bool:
    """Say whether an organization is named in a consent. A class names nobody, and neither does what is damaged."""
    try:
        signed = await uow.consents.signed(participant)
    except UNREADABLE:
        return False
    return any(
        consent.id == str(row) and any(organization in grant.recipient | grant.discloser for grant in consent.grants)
        for consent, _ in signed
    )


def reference_of(organization: str, identifier: Identifier) -> str:
    """Name a filed consent as its filer names it: the same name is the same consent, in another version."""
    return f"filed|{organization}|{'|'.join(plain(*identifier))}"


def meant(ids: PublicIds, given: str) -> tuple[UUID, UUID]:
    """Give the rows that an id may mean: by the organization's own ids, or by the id that a row has in the house.

    INVARIANT: over this door nobody is given an id of the house; who has one has it from the site, by another way.
    """
    return ids.row(given), row_named(given)


def row_named(text: str) -> UUID:
    """Give the row id that a text is; of any other text nobody's."""
    try:
        return UUID(text) if len(text) == len(str(NOBODY)) else NOBODY
    except ValueError:
        return NOBODY
