"""Consents over HTTP, as the API needs them: filed, revoked, recorded, searched, read, consulted about.

A record that cannot be opened any more (its key is gone, its bytes are damaged) is to a partner what a stranger is.
"""

from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar

from consent.sensitivity import SensitivityTables
from gateway import filing, showing
from gateway.consulting import Asker, consulted
from gateway.log import get_logger
from gateway.parties import Filer
from gateway.showing import PartyAnswer
from gateway.store.unit_of_work import Store
from gateway.store.values import Grant
from gateway.store.vault import UNREADABLE
from mappings.fhir.consent_profiles import Profile
from mappings.fhir.consent_search import ConsentQuery
from mappings.fhir.consult.question import Question
from mappings.fhir.filed import FiledConsent, FiledDisclosure, FiledRevocation
from mappings.tables.sensitivity import load_sensitivity

T = TypeVar("T")
_log = get_logger(__name__)


class ConsentWire:
    """What partners' systems may do about consents. `base_url`: the site's address, without a slash at its end."""

    def __init__(self, store: Store, base_url: str) -> None:
        self._store = store
        self._fhir_url = f"{base_url}/fhir"
        self._tables: SensitivityTables | None = None

    async def file(self, grant: Grant, filed: FiledConsent, at: datetime) -> None:
        """Take a consent in, unverified."""
        await self._or_forget(filing.file_consent(self._store, self._filer(grant), filed, at), grant, "consent", at)

    async def revoke(self, grant: Grant, filed: FiledRevocation, at: datetime) -> None:
        """Take a revocation in; it is in force when this returns."""
        work = filing.file_revocation(self._store, self._filer(grant), filed, at)
        await self._or_forget(work, grant, "revocation", at)

    async def record(self, grant: Grant, filed: FiledDisclosure, at: datetime) -> None:
        """Put a partner's own disclosure on the ledger."""
        work = filing.file_disclosure(self._store, self._filer(grant), filed, at)
        await self._or_forget(work, grant, "disclosure", at)

    async def search(self, grant: Grant, query: ConsentQuery, at: datetime) -> PartyAnswer | None:
        """Give what a partner may see of the Consents that it seeks; None for every reason to give nothing."""
        return await self._or_nothing(showing.search(self._store, self._filer(grant), query, at), grant, at)

    async def read(self, grant: Grant, identity: str, profile: Profile, at: datetime) -> PartyAnswer | None:
        """Give one Consent; None for every reason to give nothing."""
        return await self._or_nothing(showing.read(self._store, self._filer(grant), identity, profile, at), grant, at)

    async def consult(self, grant: Grant, question: Question, at: datetime) -> PartyAnswer | None:
        """Give the cards; None for the one fixed card."""
        self._tables = self._tables or load_sensitivity()
        asker = Asker(self._filer(grant), grant.purpose, grant.person)
        return await self._or_nothing(consulted(self._store, asker, question, at, self._tables), grant, at)

    def _filer(self, grant: Grant) -> Filer:
        return Filer(grant.organization, grant.client_id, self._fhir_url)

    async def _or_forget(self, work: Awaitable[None], grant: Grant, kind: str, at: datetime) -> None:
        try:
            await work
        except UNREADABLE as error:
            _log.error("record unreadable", error_class=type(error).__name__)
            await self._unplaced(grant, kind, at)

    async def _or_nothing(self, work: Awaitable[T | None], grant: Grant, at: datetime) -> T | None:
        try:
            return await work
        except UNREADABLE as error:
            _log.error("record unreadable", error_class=type(error).__name__)
            await self._unplaced(grant, "question", at)
            return None

    async def _unplaced(self, grant: Grant, kind: str, at: datetime) -> None:
        async with self._store.unit_of_work() as uow:
            await filing.unplaced(uow, self._filer(grant), kind, at)
            await uow.commit()
