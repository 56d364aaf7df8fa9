"""What a recipient would read if a form were signed as it is filled in: decided by the engine that enforces.

A dry run: nothing is cleared, nothing can be sent, nothing is kept but that a member of staff has looked.

INVARIANT: only what the participant's own case management may read anyway (gateway.use.inside) is shown. A form names
others' records too; that it is filled in, unsigned, does not open them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from consent.codes import Category, Integrity, Purpose
from consent.decision import Decision
from consent.engine import decide
from consent.explain import preview
from consent.facts import Facts
from consent.model import Consent, Event, Person
from consent.overlays import Surroundings, narrowed, of_state
from consent.request import DisclosureRequest
from gateway import ledger
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.use import inside


@dataclass(frozen=True, slots=True)
class Preview:
    """What they would read (`told`: a neutral answer or what is disclosed); what stays, each with why."""

    recipient: str
    purpose: Purpose
    told: Mapping[str, Any] = field(hash=False)
    kept: tuple[tuple[Category, tuple[str, ...]], ...] = ()

    @property
    def is_something(self) -> bool:
        """Whether anything would leave."""
        return bool(self.told["answer"] == "disclosed")


async def previews(store: Store, form: Consent, *, staff: str, at: datetime) -> tuple[Preview, ...]:
    """Show every row of a form as its recipient would see it, as if signed now. A Use of the record, and recorded."""
    participant = UUID(form.participant)
    async with store.unit_of_work() as uow:
        facts, _ = await uow.load(participant, at)
        known = await uow.participants.get(participant)
        organization = None if known is None else known[0].case_management
        facts = replace(facts, record=inside(facts.record or (), organization, facts.organizations))
        facts = _as_if_signed(uow, facts, form, at)
        found = tuple(
            _preview(facts, form, recipient, purpose, at) for recipient, purpose in sorted(_asked(form), key=str)
        )
        content = {
            "staff": staff,
            "read": ["release-preview"],
            "recipients": sorted({each.recipient for each in found}),
        }
        await ledger.append(uow, "use", at=at, content=content, participant=participant, organization=organization)
        await uow.commit()
    return found


def _asked(form: Consent) -> set[tuple[str, Purpose]]:
    return {(who, why) for grant in form.grants for who in grant.recipient for why in grant.purposes}


def _as_if_signed(uow: UnitOfWork, facts: Facts, form: Consent, at: datetime) -> Facts:
    events: tuple[Event, ...] = ()
    signer = replace(form.signer, name=form.signer.name or form.patient_name)
    signed = replace(form, id="preview", signed_at=at, signer=signer, integrity=Integrity.OK, events=events)
    law = of_state(uow.overlays, facts.site.state)
    lawful = narrowed((signed,), law, at, Surroundings(facts.organizations))
    return replace(facts, consents=None if facts.consents is None else (*facts.consents, *lawful))


def _preview(facts: Facts, form: Consent, recipient: str, purpose: Purpose, at: datetime) -> Preview:
    role = next((g.role for g in form.grants if recipient in g.recipient and purpose in g.purposes), None)
    person = Person("Preview", role or "")
    request = DisclosureRequest("preview", at, recipient, form.participant, purpose, person=person, attested=True)
    decision = decide(request, facts)
    return Preview(recipient, purpose, preview(decision, facts.record or ()), _kept(decision, facts))


def _kept(decision: Decision, facts: Facts) -> tuple[tuple[Category, tuple[str, ...]], ...]:
    """Say what stays, by category, each with the first rule that keeps it."""
    items = {each.id: each for each in facts.record or ()}
    found: dict[Category, dict[str, None]] = {}
    for each in decision.withheld:
        if each.item in items:
            found.setdefault(items[each.item].category, {}).update(dict.fromkeys(each.because[:1]))
    return tuple((category, tuple(rules)) for category, rules in found.items())
