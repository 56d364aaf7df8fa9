"""What partners' systems file about consents (HL7 FAST): a consent, a revocation, a disclosure of their own.

INVARIANT: who files learns nothing by it: whoever it is about, the caller gives one answer at one pace.

A filed consent has no effect: it is put on record without any grant and unverified, its papers sealed, and a privacy
officer is asked to verify it (gateway.verifying). One that nobody can read, or that forbids, suspends until then
(42 CFR 2.31(c), rule `participant.consents-readable`). A filed revocation acts in its own transaction, like any other:
it reaches the consent that it names where who files it is a party to it, or had filed it; what cannot be understood
is a hold on the participant until a person has looked. Of somebody who is no participant nothing is kept but that
somebody filed something.
"""

import hashlib
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from consent.codes import Capacity, ConsentKind, Integrity, RevocationMode
from consent.model import Consent, ReleaseOfInformation, Signer
from gateway import ledger
from gateway.duties import close_duties, open_duty
from gateway.parties import Filer, parties, reference_of, whose
from gateway.stopping import hold_in, record_stop
from gateway.store.repositories.consents import unlifted
from gateway.store.repositories.exchange import new_id
from gateway.store.repositories.filings import Filing, Filings
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import Stop, StopKind
from gateway.store.vault import UNREADABLE
from gateway.withdrawing import tell_staff, withdraw
from mappings.fhir.consult.names import Names
from mappings.fhir.filed import FiledConsent, FiledDisclosure, FiledRevocation

DUTY: Final = "consent-unverified"
NOT_UNDERSTOOD: Final = "hold-for-revocation-written"


async def file_consent(store: Store, filer: Filer, filed: FiledConsent, at: datetime) -> None:
    """Take a consent in, unverified. One that says it is over revokes what it names; again the same is nothing new."""
    async with store.unit_of_work() as uow:
        people = await whose(uow, filed.patient, filer)
        named = Names(identifiers=frozenset(filed.identifiers))
        if filed.withdrawn and await parties(uow, filer, people, named):
            await _revoke(uow, filer, people, named, filed.resource, at)
        elif len(people) == 1:
            await _keep(uow, filer, people[0], filed, at)
        elif people:
            await _ask_whose(uow, filer, people, filed, at)
        else:
            await unplaced(uow, filer, "consent", at)
        await uow.commit()


async def file_revocation(store: Store, filer: Filer, filed: FiledRevocation, at: datetime) -> None:
    """Take a revocation in; in force when this returns."""
    async with store.unit_of_work() as uow:
        people = await whose(uow, filed.patient, filer)
        await _revoke(uow, filer, people, filed.consent, filed.resource, at)
        await uow.commit()


async def file_disclosure(store: Store, filer: Filer, filed: FiledDisclosure, at: datetime) -> None:
    """Put a partner's own disclosure on the ledger, once, with what the partner said of it kept sealed."""
    async with store.unit_of_work() as uow:
        people = await whose(uow, filed.patient, filer)
        found = await parties(uow, filer, people, filed.consent)
        about = {participant for participant, _ in found} or set(people)
        if len(about) != 1:
            await unplaced(uow, filer, "disclosure", at)
        else:
            await _record(uow, filer, about.pop(), [row for _, row in found], filed, at, people)
        await uow.commit()


async def _keep(uow: UnitOfWork, filer: Filer, participant: UUID, filed: FiledConsent, at: datetime) -> None:
    """Put a filed consent on record, without a grant, and on the list of the privacy officer."""
    await uow.consents.lock_and_raise(participant)  # before any other row
    content = {"consent": filed.resource, "papers": list(filed.papers)}
    digest = _digest(content)
    name = reference_of(filer.organization, filed.identifiers[0] if filed.identifiers else ("", digest))
    shelf = Filings(uow.connection, uow.vault)
    made = _filing("consent", filer, participant, "unverified", at, {**content, "reference": name})
    if not await shelf.add(made, digest):
        return
    await _supersede(uow, made, name, at)
    row, changed = await uow.consents.put(participant, name, _draft(filed, participant, name, at), at)
    if changed:  # what was verified before has changed, or cannot be read: less goes on than before
        await withdraw(uow, participant, at, by=_by(filer))
    known = await uow.participants.get(participant)
    said = {"filing": str(made.id), "consent": str(row), "suspends": _suspends(filed), "by": _by(filer)}
    await _account(uow, "consent-filed", filer, participant, said, at)
    if known is not None:
        await _ask(uow, known[0].case_management, made, at, "filed")


async def _supersede(uow: UnitOfWork, made: Filing, name: str, at: datetime) -> None:
    """Close earlier filings of the same consent that nobody has decided: only the newest can be verified."""
    shelf = Filings(uow.connection, uow.vault)
    for earlier in await shelf.waiting_of(made.participant) if made.participant else []:
        if earlier.id != made.id and earlier.detail.get("reference") == name:
            await shelf.decide(earlier.id, "refused", at)
            await close_duties(uow, kinds=[DUTY], reference=earlier.id, at=at)


def _draft(filed: FiledConsent, participant: UUID, name: str, at: datetime) -> Consent:
    """Write a filed consent as one without effect: no grant, and not to be relied on.

    Its kind is one by which nothing is complete, a diversion least of all, until a person says what it is. INVARIANT: a
    revocation of everything reaches it, so that nobody verifies what has been revoked meanwhile.
    """
    return Consent(
        id=name,
        kind=ConsentKind.NOTES,
        participant=str(participant),
        form=ReleaseOfInformation(id=name, version="", language=""),
        signed_at=filed.signed_at or at,
        signer=Signer("", Capacity.SELF),
        patient_name="",
        how_to_revoke="",
        refusal_consequences="",
        redisclosure_warning="",
        grants=(),
        revocations=(),
        integrity=Integrity.UNREADABLE if _suspends(filed) else Integrity.SUSPECT,
    )


def _suspends(filed: FiledConsent) -> bool:
    return not filed.withdrawn and (filed.refuses or not filed.readable)


async def _ask_whose(
    uow: UnitOfWork, filer: Filer, people: tuple[UUID, ...], filed: FiledConsent, at: datetime
) -> None:
    """Keep a consent that may be one of several people's under a key of the site, for a privacy officer to place.

    One that forbids, or that nobody can read, holds each of them until a person has looked. It keeps the filer's own
    name for it, by which the filer can revoke it once it is placed.
    """
    for one in people if _suspends(filed) else ():
        await uow.consents.lock_and_raise(one)  # before any other row
    content = {"consent": filed.resource, "papers": list(filed.papers)}
    detail = {**content, "candidates": [str(one) for one in people]}
    if filed.identifiers:
        detail["reference"] = reference_of(filer.organization, filed.identifiers[0])
    made = _filing("consent", filer, None, "unverified", at, detail)
    if await Filings(uow.connection, uow.vault).add(made, _digest(content)):
        for one in people if _suspends(filed) else ():
            await hold_in(uow, one, at=at, by=_by(filer), how="hold-for-consent-filed")
        known = await uow.participants.get(people[0])
        await _account(uow, "consent-filed", filer, None, {"filing": str(made.id), "by": _by(filer)}, at)
        if known is not None:
            await _ask(uow, known[0].case_management, made, at, "whose")


async def _revoke(
    uow: UnitOfWork, filer: Filer, people: tuple[UUID, ...], names: Names, body: dict[str, Any], at: datetime
) -> None:
    """Revoke the consent that is named, or hold everybody it may be about."""
    found = await parties(uow, filer, people, names)
    everybody = sorted({*people, *(participant for participant, _ in found)})
    for participant in everybody:
        await uow.consents.lock_and_raise(participant)
    if not everybody:
        await unplaced(uow, filer, "revocation", at)
    elif len(everybody) == 1 and len(found) == 1 and await _is_readable(uow, everybody[0]):
        made = _filing("revocation", filer, everybody[0], "acted", at, {"revocation": body})
        await Filings(uow.connection, uow.vault).add(made, _digest(body))  # the paper, if it has not come before
        await revoke_consent(uow, *found[0], by=_by(filer), at=at)
    else:
        for participant in everybody:
            await _hold(uow, filer, participant, body, at)


async def _is_readable(uow: UnitOfWork, participant: UUID) -> bool:
    """Say whether it can be known what stands. INVARIANT: damage keeps nobody from stopping: then all is held."""
    try:
        await uow.consents.stops(participant)
    except UNREADABLE:
        return False
    return True


async def _is_held(uow: UnitOfWork, participant: UUID) -> bool:
    """Say whether everything about somebody is held; where that cannot be read, nothing leaves anyway."""
    try:
        stops = await uow.consents.stops(participant)
    except UNREADABLE:
        return True
    return any(stop.kind is StopKind.HOLD and stop.grants == "all" for _, stop in unlifted(stops))


async def revoke_consent(uow: UnitOfWork, participant: UUID, consent: UUID, *, by: str, at: datetime) -> bool:
    """Revoke one whole consent in the caller's transaction, which holds the version alone. False: it is revoked."""
    known = [stop for _, stop in await uow.consents.stops(participant) if stop.kind is StopKind.REVOCATION]
    if any(stop.consent == str(consent) and stop.grants == "all" for stop in known):
        return False
    stop = Stop(StopKind.REVOCATION, at, consent=str(consent), grants="all", mode=RevocationMode.WRITTEN, by=by)
    recorded = await record_stop(uow, participant, stop, at)
    taken = await withdraw(uow, participant, at, by=by)
    await tell_staff(uow, participant, recorded, taken, at, how="revocation-written", by=by)
    return True


async def _hold(uow: UnitOfWork, filer: Filer, participant: UUID, body: dict[str, Any], at: datetime) -> None:
    """Hold a participant because of a revocation that nobody understands; the same paper adds nothing while it holds.

    After a person has lifted the hold the same words are a new stop: a form without a date cannot be told from a copy.
    """
    made = _filing("revocation", filer, participant, "acted", at, {"revocation": body})
    shelf, digest = Filings(uow.connection, uow.vault), _digest(body)
    if not await shelf.add(made, digest):
        if await _is_held(uow, participant):
            return
        await shelf.add(made, f"{digest}|{at.isoformat()}")
    await hold_in(uow, participant, at=at, by=_by(filer), how=NOT_UNDERSTOOD)
    known = await uow.participants.get(participant)
    if known is not None:
        await _ask(uow, known[0].case_management, made, at, "revocation-not-understood")


async def _record(
    uow: UnitOfWork,
    filer: Filer,
    participant: UUID,
    rows: list[UUID],
    filed: FiledDisclosure,
    at: datetime,
    people: tuple[UUID, ...],
) -> None:
    """Write a disclosure down, once. `people`: whom it says it is about; the consent that it rests on counts more."""
    made = _filing("disclosure", filer, participant, "acted", at, {"disclosure": filed.resource})
    if await Filings(uow.connection, uow.vault).add(made, _digest(filed.resource)):
        said = {
            "filing": str(made.id),
            "consents": [str(row) for row in rows],
            "recorded": filed.recorded.isoformat(),
            "patient_fits": people == (participant,),
            "by": _by(filer),
        }
        await _account(uow, "partner-disclosure", filer, participant, said, at)


async def unplaced(uow: UnitOfWork, filer: Filer, kind: str, at: datetime) -> None:
    """Remember that something was filed about nobody of ours, and nothing of it."""
    await _account(uow, "filing-unplaced", filer, None, {"kind": kind, "by": _by(filer)}, at)


async def _account(
    uow: UnitOfWork, kind: str, filer: Filer, participant: UUID | None, content: dict[str, Any], at: datetime
) -> None:
    await ledger.append(uow, kind, at=at, content=content, participant=participant, organization=filer.organization)


async def _ask(uow: UnitOfWork, organization: str, made: Filing, at: datetime, matter: str) -> None:
    await open_duty(
        uow,
        DUTY,
        organization=organization,
        role="privacy-officer",
        at=at,
        participant=made.participant,
        reference=made.id,
        detail={"matter": matter, "organization": made.organization},
    )


def _filing(
    kind: str, filer: Filer, participant: UUID | None, state: str, at: datetime, detail: dict[str, Any]
) -> Filing:
    return Filing(new_id(), kind, filer.organization, filer.client_id, participant, state, at, None, detail)


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _by(filer: Filer) -> str:
    return f"{filer.organization}, by its system"
