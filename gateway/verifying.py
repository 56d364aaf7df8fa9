"""Consents that partners filed, verified by a person element by element, or refused (P2-43, 42 CFR 2.31).

Until then they have no effect (gateway.filing). Who verifies has the paper before them: they write down what stands on
it in the form of a LEAD file's `rois`, and say of every element that they have seen it. What the law finds lacking
nobody can verify (consent.review). What has been revoked meanwhile nobody can verify either: one signs again.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from consent.codes import ConsentKind, Integrity, LegalRole, Purpose
from consent.failing import Failing
from consent.minors import StateAges
from consent.model import Consent, Site
from consent.review import Circumstances, Register, review
from gateway import defender, ledger
from gateway.announcing import consent_changed
from gateway.duties import close_duties
from gateway.ending import window
from gateway.exchanges.arriving import after_consent
from gateway.filing import DUTY
from gateway.store.repositories.consents import with_revocations
from gateway.store.repositories.filings import Filing, Filings
from gateway.store.unit_of_work import SiteNotConfiguredError, Store, UnitOfWork
from gateway.withdrawing import withdraw

ALWAYS: Final = frozenset({"C-01", "C-02", "C-03", "C-04", "C-07", "C-09", "C-10", "C-11", "C-12", "C-13"})
"""The elements that a person has to have seen on every form; C-05, C-06 and C-08 where the form needs them."""


class VerifyError(ValueError):
    """A filed consent cannot be verified or refused so. Names the field and the rule, never a person."""


def elements_of(form: Consent, site: Site) -> frozenset[str]:
    """Give the elements that a form has to have (part2.md, section 3)."""
    more = {
        "C-05": site.legal_role is LegalRole.INTERMEDIARY,
        "C-06": form.kind is ConsentKind.TPO,
        "C-08": any(Purpose.FUNDRAISING in grant.purposes for grant in form.grants),
    }
    return ALWAYS | {element for element, needed in more.items() if needed}


async def waiting(store: Store) -> list[dict[str, Any]]:
    """Give what waits, oldest first, without what is in it: nobody is named."""
    async with store.unit_of_work() as uow:
        found = await Filings(uow.connection, uow.vault).waiting()
    return [
        {
            "id": str(each.id),
            "organization": each.organization,
            "filed_at": each.at.isoformat(),
            "placed": each.participant is not None,
        }
        for each in found
    ]


async def read(store: Store, identity: UUID, *, by: str, at: datetime) -> dict[str, Any]:
    """Give what was filed, papers included, to a person of the house: a Use, on the ledger."""
    async with store.unit_of_work() as uow:
        filing = await _waiting(uow, identity, by)
        content = {"filing": str(identity), "by": by.strip()}
        await ledger.append(uow, "filing-read", at=at, content=content, participant=filing.participant)
        await uow.commit()
    return {"organization": filing.organization, "filed_at": filing.at.isoformat(), **filing.detail}


async def verify(  # noqa: PLR0913  -- everything but the first two is named by the caller
    store: Store,
    identity: UUID,
    form: Consent,
    *,
    participant: UUID,
    seen: frozenset[str],
    circumstances: Circumstances,
    ages: Mapping[str, StateAges],
    by: str,
    at: datetime,
) -> tuple[Failing, ...]:
    """Put a filed consent in force as a person has read it off the paper, if nothing is lacking; else what is lacking.

    `seen`: the elements that the person has seen on the paper. Raises VerifyError: nothing waits by that id, it is
    about somebody else, an element was not seen, or it has been revoked meanwhile.
    """
    async with store.unit_of_work() as uow:
        await uow.consents.lock_and_raise(participant)  # before any other row
        filing = await _waiting(uow, identity, by)
        _is_about(filing, participant)
        register = await _register(uow, participant, ages)
        unseen = elements_of(form, register.site) - seen
        if unseen:
            raise VerifyError(f"`--element`: not confirmed: {', '.join(sorted(unseen))}")
        read_so = replace(form, participant=str(participant), integrity=Integrity.OK, revocations=())
        lacking = review(read_so, register, at=at, circumstances=circumstances).failing
        if lacking:
            return lacking
        await _put(uow, filing, participant, read_so, by, at)
        await uow.commit()
    return ()


async def refuse(store: Store, identity: UUID, *, why: str, by: str, at: datetime) -> None:
    """Close a filed consent that is none. What it suspended goes on; the reason stays here, sealed on the ledger."""
    if not why.strip():
        raise VerifyError("`--why`: must not be blank")
    async with store.unit_of_work() as uow:
        found = await Filings(uow.connection, uow.vault).get(identity)
        if found is not None and found.participant is not None:
            await uow.consents.lock_and_raise(found.participant)  # before any other row
        filing = await _waiting(uow, identity, by)
        if filing.participant is not None:
            await _no_more_suspended(uow, filing, filing.participant, at)
        await _decided(uow, filing, filing.participant, "refused", by, at, why=why.strip())
        await uow.commit()


async def _waiting(uow: UnitOfWork, identity: UUID, by: str) -> Filing:
    if not by.strip():
        raise VerifyError("`--by`: must name somebody")
    found = await Filings(uow.connection, uow.vault).get(identity, lock=True)
    if found is None or (found.kind, found.state) != ("consent", "unverified"):
        raise VerifyError("`ID`: names no filed consent that waits")
    return found


def _is_about(filing: Filing, participant: UUID) -> None:
    likely = filing.detail.get("candidates", [str(filing.participant)])
    if str(participant) not in likely:
        raise VerifyError("`FORM`: is about somebody else than what was filed")


async def _register(uow: UnitOfWork, participant: UUID, ages: Mapping[str, StateAges]) -> Register:
    site, known = await uow.registry.site_at(), await uow.participants.get(participant)
    if site is None or known is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    organizations = {name: one for name, (one, _) in (await uow.registry.organizations()).items()}
    return Register(site[0], organizations, known[0].participant.birth_date, ages)


async def _put(uow: UnitOfWork, filing: Filing, participant: UUID, form: Consent, by: str, at: datetime) -> None:
    """Record the form in place of the one without effect. Raises VerifyError where that one has been revoked."""
    stops = await uow.consents.stops(participant)
    reference = filing.detail.get("reference") or f"filed|{filing.organization}|{filing.id}"
    shelf = Filings(uow.connection, uow.vault)
    row = await shelf.consent(participant, reference)
    if row is not None and any(c.revocations for c in with_revocations([replace(form, id=str(row))], stops)):
        raise VerifyError("`ID`: has been revoked since it was filed; have it signed anew")
    given = await defender.before_consent(uow, participant, form)
    identity, _ = await uow.consents.put(participant, reference, given, at)
    await withdraw(uow, participant, at, by=by.strip())  # in place of a wider one, less may go on
    content = {"consent": str(identity), "kind": form.kind.value}
    await ledger.append(uow, "consent", at=at, content=content, participant=participant)
    await _decided(uow, filing, participant, "verified", by, at, consent=str(identity))
    await after_consent(uow, participant, at)
    await defender.after_consent(uow, participant, identity, given, at)
    await consent_changed(uow, participant, identity, await window(uow, at), at)


async def _no_more_suspended(uow: UnitOfWork, filing: Filing, participant: UUID, at: datetime) -> None:
    """Let a consent that could not be read, and that a person has looked at, suspend no longer."""
    row = await Filings(uow.connection, uow.vault).consent(participant, filing.detail["reference"])
    for consent, _ in await uow.consents.signed(participant):
        if consent.id == str(row) and consent.integrity is Integrity.UNREADABLE:
            await uow.consents.revise(participant, replace(consent, integrity=Integrity.SUSPECT), at)


async def _decided(
    uow: UnitOfWork, filing: Filing, participant: UUID | None, state: str, by: str, at: datetime, **more: str
) -> None:
    await Filings(uow.connection, uow.vault).decide(filing.id, state, at)
    await close_duties(uow, kinds=[DUTY], reference=filing.id, at=at)
    content = {"filing": str(filing.id), "outcome": state, "by": by.strip(), **more}
    await ledger.append(
        uow, "filing-decided", at=at, content=content, participant=participant, organization=filing.organization
    )
