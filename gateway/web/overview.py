"""Whose rows somebody sees who sees no content: the whole site's, or only those that tell of their own organization."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from consent.codes import OrganizationKind
from gateway.store.unit_of_work import UnitOfWork
from gateway.web.sessions import Visit

_SITE_WIDE: Final = frozenset({OrganizationKind.CASE_MANAGEMENT, OrganizationKind.PROJECT_MANAGEMENT})
PARTNERS_KINDS: Final = frozenset({"disclosure", "end-of-permission", "promise"})
"""The rows of the ledger that whoever oversees a partner sees: what it was told, and what it promised.

INVARIANT: no row that tells a participant from a stranger, or a refusal from nothing to tell (design.md 3): a question
about somebody known is on the ledger, one about a stranger is not; so is what waited, was declined or was stopped.
"""
PARTNERS_STATES: Final = frozenset({"delivered", "acknowledged", "failed"})
"""The states of a sending that they see: what reached its door, or did not; never what waits for a person or stays."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


async def own_rows_only(uow: UnitOfWork, visit: Visit) -> str | None:
    """Give the one organization whose rows this person may see; None: those of the whole site.

    Case management and project management keep the site. Whoever oversees a partner sees what that partner was told.
    """
    organization = visit.session.organization
    known = await uow.registry.organization(organization)
    return None if known is not None and known.kind in _SITE_WIDE else organization


async def names_of(uow: UnitOfWork) -> dict[str, str]:
    """Give the organizations' names by id."""
    return {key: known.name for key, (known, _) in sorted((await uow.registry.organizations()).items())}


def named(names: Mapping[str, str], organization: str | None) -> str:
    """Write an organization; empty for none."""
    return "" if organization is None else names.get(organization, organization)


def csv_of(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Write a table as CSV, UTF-8 with a byte-order mark; no cell is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(value: object) -> str:
    if isinstance(value, (int, float)):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
