"""What waits for a person: opened once, pushed up by age, closed by whoever has done it.

A duty belongs to a role at an organization. The longer it waits, the higher it goes: case manager, supervisor, privacy
officer. Telling staff that something waits is `gateway.nudging`; deciding a proposal is `gateway.approval`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from gateway import ledger
from gateway.store.repositories.duties import Duty
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork

OPEN: Final = "open"
DONE: Final = "done"
SYSTEM: Final = "system"
LADDER: Final[Mapping[str, str]] = MappingProxyType({"case-manager": "supervisor", "supervisor": "privacy-officer"})
"""To whom a role's duty goes next. A role that is not here (a defender, a privacy officer) keeps what it has."""


class DutyError(ValueError):
    """A duty cannot be opened or closed so. Names the field and the rule."""


@dataclass(frozen=True, slots=True)
class DutyKind:
    """How a kind of duty is pushed. All in hours.

    `steps`: when it goes up, once and again, counted from its opening; `from_due`: counted from its `due_at` instead
    (below zero: before it). `again`: staff are reminded so often. `urgent`: reminded in quiet hours, too.
    `acknowledged`: it is done when a person says that they have seen it; the others end by the deed alone.
    """

    steps: tuple[float, float]
    again: float = 24
    from_due: bool = False
    urgent: bool = False
    acknowledged: bool = False


_DAY: Final = 24
_WITHOUT_DUE: Final = (24.0, 72.0)  # hours from the opening, where a kind that counts from `due_at` has none

KINDS: Final[Mapping[str, DutyKind]] = MappingProxyType(
    {
        "approval": DutyKind((4, 24), again=4),
        # Booked: a dose is missed within the day, and a hand-off is ideally within 30 minutes (LEAD toolkit).
        "custody-alert": DutyKind((0.5, 2), again=1, urgent=True, acknowledged=True),
        "intake-deadline": DutyKind((-3 * _DAY, 0), from_due=True, acknowledged=True),
        "consent-expiring": DutyKind((-7 * _DAY, 0), from_due=True, acknowledged=True),
        "consent-unverified": DutyKind((24, 72)),
        "emergency-undocumented": DutyKind((2, 8), again=2),  # 42 CFR 2.51(c): immediately following the disclosure
        "emergency-review": DutyKind((72, 168)),
        "legal-request": DutyKind((-2 * _DAY, -1 * _DAY), from_due=True),
        "incident": DutyKind((-30 * _DAY, -14 * _DAY), from_due=True),  # 45 CFR 164.404(b): 60 days at the latest
        "defender-alert": DutyKind((24, 72), acknowledged=True),
        "enforcement-review": DutyKind((72, 168), acknowledged=True),
        "dead-letter": DutyKind((4, 24), acknowledged=True),
        "case-status": DutyKind((72, 168), acknowledged=True),
        "not-sent": DutyKind((24, 72), acknowledged=True),  # approved, and then not allowed or too late to leave
        "end-unacknowledged": DutyKind((24, 72), acknowledged=True),
        "consent-stopped": DutyKind((24, 72), acknowledged=True),  # whom to talk to after a stop (P2-71(6), (8))
        "match-review": DutyKind((24, 48), again=12),  # quarantine is purged after 72 hours
        "feed-silent": DutyKind((4, 24)),  # ends when a message comes, or the feed is paused
        "feed-malformed": DutyKind((4, 24)),  # ends when a message can be read again, likewise
        "accounting-request": DutyKind((-7 * _DAY, -1 * _DAY), from_due=True),  # 42 CFR 2.24: 30 days
    }
)
"""Every kind of duty there is. Nothing opens another."""


async def open_duty(  # noqa: PLR0913  -- everything but the first two is named by the caller
    uow: UnitOfWork,
    kind: str,
    *,
    organization: str,
    role: str,
    at: datetime,
    participant: UUID | None = None,
    due_at: datetime | None = None,
    assignee: str | None = None,
    reference: UUID | None = None,
    detail: dict[str, Any] | None = None,
) -> UUID:
    """Put something on the list of a role at an organization, inside the caller's transaction. Returns its id.

    With a `reference` it is there once: an open duty of that kind about the same row and participant is given back.
    `assignee`: the staff id of whoever it is for at first. `detail` is sealed. Raises DutyError for a kind that KINDS
    has not.
    """
    if kind not in KINDS:
        raise DutyError("`kind`: is not in the table of duties")
    if reference is not None:
        for known in await uow.duties.open(kinds=[kind], reference=reference):
            if known.participant == participant:
                return known.id
    duty = Duty(
        id=new_id(),
        kind=kind,
        participant=participant,
        organization=organization,
        role=role,
        created_at=at,
        due_at=due_at,
        assignee=assignee,
        reference=reference,
        detail=detail or {},
    )
    await uow.duties.add(duty)
    return duty.id


async def close_duties(
    uow: UnitOfWork,
    *,
    kinds: Sequence[str] | None = None,
    reference: UUID | None = None,
    participant: UUID | None = None,
    at: datetime,
) -> int:
    """Close what is open about a row or a participant; returns how many. Raises DutyError where neither is given."""
    if reference is None and participant is None:
        raise DutyError("`reference`, `participant`: at least one must be given")
    closed = await uow.duties.open(kinds=kinds, reference=reference, participant=participant)
    for duty in closed:
        await uow.duties.set(replace(duty, state=DONE, done_at=at))
    return len(closed)


async def acknowledge(store: Store, identity: UUID, *, by: str, at: datetime) -> None:
    """Take note of an alert, by name. Raises DutyError for what is not open, or ends by a deed and not by a look."""
    async with store.unit_of_work() as uow:
        duty = await uow.duties.get(identity, lock=True)
        if duty is None or duty.state != OPEN:
            raise DutyError("`duty`: there is none open by that id")
        if not KINDS[duty.kind].acknowledged:
            raise DutyError("`duty`: ends only when what it asks for is done")
        await uow.duties.set(replace(duty, state=DONE, done_at=at))
        await _account(uow, "duty-acknowledged", duty, by, at)
        await uow.commit()


def holder(duty: Duty) -> str:
    """Say which role has a duty by now: the one that it was opened for, as many steps up as it was escalated."""
    role = duty.role
    for _ in range(duty.level):
        role = LADDER.get(role, role)
    return role


def level_at(duty: Duty, now: datetime) -> int:
    """Say how high a duty has to be by now: 0, 1 or 2."""
    kind = KINDS[duty.kind]
    if kind.from_due and duty.due_at is not None:
        since, steps = duty.due_at, kind.steps
    else:
        since, steps = duty.created_at, _WITHOUT_DUE if kind.from_due else kind.steps
    return sum(now >= since + timedelta(hours=step) for step in steps)


async def escalate(store: Store, now: datetime) -> int:
    """Push up what has waited too long, and account for it; returns how many. Any number of processes may call."""
    async with store.unit_of_work() as uow:
        late = [duty for duty in await uow.duties.open(bare=True) if level_at(duty, now) > duty.level]
        pushed = 0
        for duty in late:
            current = await uow.duties.get(duty.id, lock=True)
            if current is not None and current.state == OPEN and current.level == duty.level:
                await _push(uow, current, now)
                pushed += 1
        await uow.commit()
    return pushed


async def _push(uow: UnitOfWork, duty: Duty, now: datetime) -> None:
    """Raise a duty as far as its age says; whoever has it then is told anew."""
    raised = replace(duty, level=level_at(duty, now))
    if holder(raised) != holder(duty):
        raised = replace(raised, assignee=None, nudged_at=None)
    await uow.duties.set(raised)
    await _account(uow, "duty-escalated", raised, SYSTEM, now)


async def _account(uow: UnitOfWork, kind: str, duty: Duty, by: str, at: datetime) -> None:
    content = {"duty": str(duty.id), "kind": duty.kind, "role": holder(duty), "level": duty.level, "by": by}
    await ledger.append(uow, kind, at=at, content=content, participant=duty.participant, organization=duty.organization)
