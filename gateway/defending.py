"""What a defender may do for the participant whom they defend: hold everything, and vouch for a form (P2-42)."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from consent.codes import ConsentKind
from gateway import ledger
from gateway.defender import ALERT, NAMESPACE, defenders
from gateway.duties import close_duties
from gateway.exchanges.arriving import after_consent
from gateway.stopping import Stopped, hold_in
from gateway.store.unit_of_work import Store, UnitOfWork


class DefenderError(ValueError):
    """A defender may not do this. Names the field and the rule, the same whether or not a participant is known."""


async def hold(store: Store, participant: UUID, organization: str, *, by: str, at: datetime) -> Stopped:
    """Hold everything about a participant at their defender's word, until a person lifts it. Raises DefenderError."""
    async with store.unit_of_work() as uow:
        await uow.consents.lock_and_raise(participant)
        await _check(uow, participant, organization, by, at)
        stopped = await hold_in(uow, participant, at=at, by=f"{by}, {organization}", how="hold-by-defender")
        await uow.commit()
    return stopped


async def counsel_was_there(
    store: Store, participant: UUID, consent: str, organization: str, *, by: str, at: datetime
) -> None:
    """Record, as a new version of a form for a proceeding, that counsel was present at its signing.

    `consent`: its id, as the duty's reference leads to it. Until then the form has no effect. Raises DefenderError: not
    their defender, or no such form.
    """
    async with store.unit_of_work() as uow:
        await uow.consents.lock_and_raise(participant)
        await _check(uow, participant, organization, by, at)
        signed = [each for each, _ in await uow.consents.signed(participant) if each.id == consent]
        if not signed or signed[0].kind is not ConsentKind.PROCEEDING:
            raise DefenderError("`CONSENT`: names no form for a proceeding")
        await uow.consents.revise(participant, replace(signed[0], counsel_present=True), at)
        content = {"consent": consent, "counsel_present": True, "by": by}
        await ledger.append(uow, "consent", at=at, content=content, participant=participant, organization=organization)
        for each in await defenders(uow, participant, at):
            reference = uuid5(NAMESPACE, f"{consent}|{each}")  # as gateway.defender.tell names it
            await close_duties(uow, kinds=[ALERT], reference=reference, participant=participant, at=at)
        await after_consent(uow, participant, at)
        await uow.commit()


async def _check(uow: UnitOfWork, participant: UUID, organization: str, by: str, at: datetime) -> None:
    if not by.strip():
        raise DefenderError("`--by`: must name somebody")
    if organization not in await defenders(uow, participant, at):
        raise DefenderError("`--organization`: does not defend this participant")
