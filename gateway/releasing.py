"""A release of information as it is filled in at a desk: made into the consent that it is, reviewed, recorded.

INVARIANT: what is lacking by `consent.review` is not recorded, so no defective form can come of it. A row for each
recipient and purpose alone, never wider than what can be offered (gateway.offering).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from consent.codes import NOTES, Capacity, Category, ConsentKind, Integrity, LegalRole, Purpose
from consent.facts import Policy
from consent.minors import StateAges
from consent.model import (
    Consent,
    ConsentGrant,
    CriminalJusticeTerms,
    Organization,
    ReleaseOfInformation,
    Signer,
    Site,
)
from consent.review import Circumstances, Register, Review, review
from gateway import defender, ledger
from gateway.announcing import consent_changed
from gateway.ending import window
from gateway.exchanges.arriving import after_consent
from gateway.offering import offered
from gateway.store.repositories.filings import Filings
from gateway.store.unit_of_work import SiteNotConfiguredError, Store, UnitOfWork
from gateway.store.values import ParticipantRecord
from gateway.withdrawing import withdraw
from mappings.fhir.signed_form import to_fhir
from mappings.lead.signed_form import SignedForm

FORM: Final = "lead-console-release"
VERSION: Final = "2026-11"
KEPT_AS: Final = "console:signed-form"
REFUSED: Final = "release-refused"
UNSIGNED: Final = Signer("", Capacity.SELF)
Row = tuple[str, Purpose]

STATEMENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "how_to_revoke": "Tell any of us, in person, by phone or in writing. It stops at once. What was told is told",
        "refusal_consequences": "Nothing happens. You can say no to all or to any row. Help does not depend on it",
        "redisclosure_warning": "What they are told could be passed on by them. The law limits that where it can",
    },
    "es": {
        "how_to_revoke": "Dígalo a cualquiera de nosotros, en persona, por teléfono o por escrito. Se para en seguida. "
        "Lo que ya se dijo, dicho está",
        "refusal_consequences": "No pasa nada. Puede decir que no a todo o a una parte. La ayuda no depende de esto",
        "redisclosure_warning": "Lo que se les diga, ellos lo podrían pasar a otros. La ley lo limita donde puede",
    },
}
"""What 42 CFR 2.31(a)(6) and (10) want said on the form, in both languages."""


class ReleaseError(ValueError):
    """A form cannot be recorded so. Names the field and the rule, never a person."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it is filled in. `rows`: what of each recipient and purpose; `until`, `roles`: by recipient."""

    kind: ConsentKind
    language: str
    sources: frozenset[str]
    rows: Mapping[Row, frozenset[Category]] = field(hash=False)
    until: Mapping[str, datetime | str] = field(hash=False)
    roles: Mapping[str, str] = field(hash=False)
    signer: Signer = UNSIGNED
    terms: CriminalJusticeTerms | None = None
    proceeding_cause: str | None = None
    counsel_present: bool | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """What is on the table where a form is filled in: the site, its partners, the policy, the ages of the states."""

    record: ParticipantRecord
    site: Site
    organizations: Mapping[str, Organization] = field(hash=False)
    policy: Policy = field(hash=False)
    ages: Mapping[str, StateAges] = field(hash=False)

    def register(self) -> Register:
        """Give what a form is held against."""
        return Register(self.site, self.organizations, self.record.participant.birth_date, self.ages)


@dataclass(frozen=True, slots=True)
class Signing:
    """How it was signed. `method`: typed | mark | paper; `paper`: the bytes of the document, `media` what they are.

    `copy`: full | card | office; `notice_given`: of the patient notice (42 CFR 2.22).
    """

    reference: str
    method: str
    witness: str
    copy: str
    notice_given: bool
    paper: bytes
    media: str


async def table_of(uow: UnitOfWork, record: ParticipantRecord, ages: Mapping[str, StateAges]) -> Table:
    """Load what is on the table. Raises SiteNotConfiguredError."""
    site = await uow.registry.site_at()
    if site is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    organizations = {name: known for name, (known, _) in (await uow.registry.organizations()).items()}
    return Table(record, site[0], organizations, uow.policy, ages)


def consent_of(filled: Filled, table: Table, at: datetime) -> Consent:
    """Make the consent that a filled-in form is, signed at `at`. What cannot be offered is not in it."""
    statements = STATEMENTS[filled.language]
    return Consent(
        id="filled-in",
        kind=filled.kind,
        participant=table.record.participant.id,
        form=ReleaseOfInformation(FORM, VERSION, filled.language),
        signed_at=at,
        signer=filled.signer,
        patient_name=" ".join((*table.record.name.given, table.record.name.family)),
        grants=tuple(_grants(filled, table)),
        revocations=(),
        integrity=Integrity.OK,
        intermediary=table.site.name if table.site.legal_role is LegalRole.INTERMEDIARY else None,
        proceeding_cause=filled.proceeding_cause,
        counsel_present=filled.counsel_present,
        cj=filled.terms,
        events=(),
        **statements,
    )


def _grants(filled: Filled, table: Table) -> list[ConsentGrant]:
    found = []
    for (recipient, purpose), wanted in sorted(filled.rows.items(), key=str):
        known = table.organizations.get(recipient)
        most = frozenset() if known is None else offered(filled.kind, known.kind, purpose, table.policy)
        for part in _parts(wanted & most):
            name = "-".join(["g", recipient.rpartition(":")[2], purpose.value, *(sorted(part & NOTES))])
            found.append(_grant(filled, name, recipient, purpose, part))
    return found


def _parts(categories: frozenset[Category]) -> list[frozenset[Category]]:
    """Give each kind of notes a row of its own (42 CFR 2.31(b)); the rest is one, if there is any."""
    rest = categories - NOTES
    return [*([rest] if rest else []), *(frozenset({each}) for each in sorted(categories & NOTES))]


def _grant(
    filled: Filled, name: str, recipient: str, purpose: Purpose, categories: frozenset[Category]
) -> ConsentGrant:
    return ConsentGrant(
        id=name,
        discloser=filled.sources,
        recipient=frozenset({recipient}),
        purposes=frozenset({purpose}),
        categories=categories,
        expires=filled.until.get(recipient, "none"),
        role=filled.roles.get(recipient) or None,
    )


def looked_over(form: Consent, table: Table, circumstances: Circumstances, at: datetime) -> Review:
    """Say what a form lacks, by every law, and what merely warns."""
    return review(form, table.register(), at=at, circumstances=circumstances)


async def record(
    store: Store, form: Consent, table: Table, circumstances: Circumstances, signing: Signing, *, by: str, at: datetime
) -> UUID | Review:
    """Put a signed form in force, its paper sealed beside it; or give the review of one that lacks something.

    The same `signing.reference` again is the same form, and changes nothing.
    """
    participant = UUID(form.participant)
    found = looked_over(form, table, circumstances, at)
    if not found.may_be_finalised:
        return found
    async with store.unit_of_work() as uow:
        await uow.consents.lock_and_raise(participant)  # before any other row
        known = await Filings(uow.connection, uow.vault).consent(participant, signing.reference)
        if known is not None:
            return known
        given = await defender.before_consent(uow, participant, form)
        identity, _ = await uow.consents.put(participant, signing.reference, given, at)
        await withdraw(uow, participant, at, by=by)
        await _file(uow, participant, identity, given, signing, by, at)
        await after_consent(uow, participant, at)
        await defender.after_consent(uow, participant, identity, given, at)
        await consent_changed(uow, participant, identity, await window(uow, at), at)
        await uow.commit()
    return identity


async def _file(
    uow: UnitOfWork, participant: UUID, identity: UUID, form: Consent, signing: Signing, by: str, at: datetime
) -> None:
    """Keep the paper as the document behind the consent, sealed; what was done at the table goes on the ledger."""
    named = _named(form, identity, participant)
    paper = to_fhir(named, SignedForm(at, signing.media, content=signing.paper))
    kept = await uow.inbound.keep(KEPT_AS, participant, orjson.dumps(paper), at)
    content: dict[str, Any] = {
        "consent": str(identity),
        "kind": form.kind.value,
        "method": signing.method,
        "witness": signing.witness,
        "language": form.form.language,
        "paper": str(kept),
        "copy": signing.copy,
        "notice_given": signing.notice_given,
        "by": by,
    }
    await ledger.append(uow, "consent", at=at, content=content, participant=participant)


def _named(form: Consent, identity: UUID, participant: UUID) -> Consent:
    return replace(
        form,
        id=str(identity),
        participant=str(participant),
        form=ReleaseOfInformation(str(identity), form.form.version, form.form.language),
    )


async def refuse(
    store: Store, participant: UUID, organizations: frozenset[str], *, again: str, by: str, at: datetime
) -> None:
    """Record that somebody was asked and said no; `again`: when to ask again. Nothing else follows from it (GR-06).

    Raises ReleaseError for nobody named.
    """
    if not organizations:
        raise ReleaseError("`who`: name whom they said no to")
    async with store.unit_of_work() as uow:
        content = {"organizations": sorted(organizations), "again": again, "by": by}
        await ledger.append(uow, REFUSED, at=at, content=content, participant=participant)
        await uow.commit()
