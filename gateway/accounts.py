"""The accountings that the law knows, as views over the ledger: who was told what, when, why, and who asked in vain."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.accounting import (
    Accounting,
    AccountingRow,
    RowKind,
    View,
    consent_accounting,
    hipaa_accounting,
    intermediary_list,
    participant_statement,
)
from consent.codes import ConsentKind, Purpose
from consent.model import Consent, ConsentGrant, Organization
from gateway import reporting
from gateway.store.unit_of_work import SiteNotConfiguredError, UnitOfWork
from gateway.store.values import LedgerEntry

_KINDS = {"disclosure": RowKind.DISCLOSURE, "denial": RowKind.DENIAL}
_CONSENT = "consent:"


async def account_for(uow: UnitOfWork, participant: UUID, view: View, received: date) -> Accounting:
    """One accounting about one participant, as of the day on which it was asked for."""
    site = await uow.registry.site()
    if site is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    organizations = {name: one for name, (one, _) in (await uow.registry.organizations()).items()}
    consents = [consent for consent, _ in await uow.consents.signed(participant)]
    rows = rows_of(await uow.accounting.of(participant), organizations, consents)
    zone = ZoneInfo(site.timezone)
    if view is View.INTERMEDIARY:
        return intermediary_list(rows, received=received, zone=zone)
    if view is View.CONSENT:
        return consent_accounting(rows, received=received, zone=zone)
    if view is View.HIPAA:
        return hipaa_accounting(rows, received=received, zone=zone)
    return participant_statement(rows, today=received, zone=zone)


def rows_of(
    entries: Iterable[LedgerEntry], organizations: Mapping[str, Organization], consents: Iterable[Consent]
) -> list[AccountingRow]:
    """Turn ledger entries into rows, one for each basis of a disclosure; a retry of a sending is not told twice.

    A report of fixed form (gateway.reporting) is a row of its own.
    """
    grants = {f"{_CONSENT}{c.id}/{g.id}": (c, g) for c in consents for g in c.grants}
    told: set[tuple[object, ...]] = set()
    rows: list[AccountingRow] = []
    for entry in entries:
        if entry.kind == reporting.KIND:
            rows.append(reporting.accounted(entry))
            continue
        same = (entry.kind, entry.content.get("digest"), (entry.content.get("request") or {}).get("id"))
        if entry.kind not in _KINDS or (entry.kind == "disclosure" and same in told):
            continue
        told.add(same)
        rows += _rows(entry, organizations.get(entry.organization or ""), grants)
    return rows


def _rows(
    entry: LedgerEntry, recipient: Organization | None, grants: Mapping[str, tuple[Consent, ConsentGrant]]
) -> list[AccountingRow]:
    request = entry.content.get("request")
    if request is None:
        return []
    released = entry.content["decision"]["released"] if entry.kind == "disclosure" else []
    bases = sorted({basis for _, basis, *_ in released}) or [""]
    return [_row(entry, recipient, basis, released, request, grants.get(basis)) for basis in bases]


def _row(
    entry: LedgerEntry,
    recipient: Organization | None,
    basis: str,
    released: list[list[Any]],
    request: Mapping[str, Any],
    given: tuple[Consent, ConsentGrant] | None,
) -> AccountingRow:
    covered = [(category, part2) for _, b, category, _, part2 in released if b == basis]
    return AccountingRow(
        at=entry.at,
        kind=_KINDS[entry.kind],
        recipient=recipient.name if recipient is not None else entry.organization or "",
        recipient_address="",
        recipient_kind=None if recipient is None else recipient.kind,
        description=", ".join(sorted({category for category, _ in covered})),
        purpose=Purpose(request["purpose"]),
        basis=basis,
        part2=any(part2 for _, part2 in covered),
        via_general_designation=given is not None and (entry.organization or "") not in given[1].recipient,
        tpo=given is not None and given[0].kind is ConsentKind.TPO,
    )
