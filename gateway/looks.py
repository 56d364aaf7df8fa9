"""Who looked at a participant's consents over the FHIR door, and what a partner said it told: for their statement."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import Final

from consent.days import day_of
from consent.model import Organization
from gateway.store.values import LedgerEntry
from mappings.lead.looked import Look, Looked

NOTHING_TO_SHOW: Final = "no-consent-to-show"
"""Why somebody who looked was shown nothing (gateway.showing, gateway.consulting)."""


def looks_of(
    entries: Iterable[LedgerEntry], organizations: Mapping[str, Organization], zone: tzinfo
) -> Iterator[Looked]:
    """Give each look at a consent, in the order of the ledger: who was shown something by name, others by kind."""
    for entry in entries:
        look = _look(entry)
        if look is not None:
            found = organizations.get(entry.organization or "")
            name = (entry.organization or "") if found is None else found.name
            kind = None if found is None else found.kind
            yield Looked(day_of(entry.at, zone), look, None if look is Look.IN_VAIN else name, kind)


def _look(entry: LedgerEntry) -> Look | None:
    if entry.kind == "denial":
        return Look.IN_VAIN if entry.content.get("refused") == NOTHING_TO_SHOW else None
    return next((look for look in (Look.SHOWN, Look.CONSULTED, Look.PASSED_ON) if look == entry.kind), None)
