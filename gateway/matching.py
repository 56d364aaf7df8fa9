"""A doubtful match that waits in quarantine, decided by a person: it is this participant, or it is none of ours."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from gateway import intake, ledger
from gateway.duties import close_duties
from gateway.intake import Envelope, Source
from gateway.store.repositories.affairs import Affairs
from gateway.store.unit_of_work import Store, UnitOfWork

DUTY: Final = "match-review"
DOUBTFUL: Final = "doubtful match"


class MatchError(ValueError):
    """A match cannot be decided so. Names the field and the rule, never a person."""


async def confirm(store: Store, identity: UUID, participant: UUID, source: Source, *, by: str, at: datetime) -> int:
    """Keep what waits as this participant's, as if it had matched; returns how many parts that were.

    Only one of the candidates that the matching found. Raises MatchError: nothing doubtful waits by that id, or another
    participant, or the message cannot be read any more.
    """
    async with store.unit_of_work() as uow:
        feed, received_at, content = await _waiting(uow, identity, by)
        if feed != source.feed:
            raise MatchError("`ID`: came by another feed")
        if str(participant) not in content.get("candidates", []):
            raise MatchError("`PARTICIPANT`: is none of those whom it may be about")
        message = Envelope(bytes.fromhex(content["message"]), received_at)
        kept = await intake.keep_confirmed(uow, message, participant, source, at)
        await _decided(uow, identity, feed, "confirmed", by, at, participant)
        await uow.commit()
    return kept


async def reject(store: Store, identity: UUID, *, by: str, at: datetime) -> None:
    """Forget what waits: it is about nobody of ours, and only the count is kept. Raises MatchError."""
    async with store.unit_of_work() as uow:
        feed, _, _ = await _waiting(uow, identity, by)
        await _decided(uow, identity, feed, "rejected", by, at, None)
        await uow.commit()


async def waiting(store: Store) -> list[dict[str, Any]]:
    """Give what waits for a person, without its content: id, feed, since when, until when."""
    async with store.unit_of_work() as uow:
        found = [each for each in await uow.inbound.waiting() if each.reason == DOUBTFUL]
    return [
        {
            "id": str(each.id),
            "feed": each.feed,
            "received_at": each.received_at.isoformat(),
            "expires_at": each.expires_at.isoformat(),
        }
        for each in found
    ]


async def close_purged(uow: UnitOfWork, at: datetime) -> int:
    """Close the duties about what has been purged meanwhile, since nobody can decide it any more; returns how many."""
    late = await uow.duties.open(kinds=[DUTY], due_before=at, bare=True)
    return sum([await close_duties(uow, kinds=[DUTY], reference=each.reference, at=at) for each in late])


async def _waiting(uow: UnitOfWork, identity: UUID, by: str) -> tuple[str, datetime, dict[str, Any]]:
    if not by.strip():
        raise MatchError("`--by`: must name somebody")
    found = await Affairs(uow.connection, uow.vault).quarantined(identity)
    if found is None or found[1] != DOUBTFUL:
        raise MatchError("`ID`: names nothing doubtful that waits")
    return found[0], found[2], found[3]


async def _decided(
    uow: UnitOfWork, identity: UUID, feed: str, outcome: str, by: str, at: datetime, participant: UUID | None
) -> None:
    await Affairs(uow.connection, uow.vault).leave_quarantine(identity)
    await uow.inbound.count(feed, outcome, at)
    await close_duties(uow, kinds=[DUTY], reference=identity, at=at)
    content = {"quarantine": str(identity), "outcome": outcome, "by": by}
    await ledger.append(uow, "match-decided", at=at, content=content, participant=participant)
