"""The doors to recipients' endpoints, kept while no organization changes."""

from adapters.outbound import Outbound
from adapters.prosecutor.fhir_push import FhirPush
from gateway.store.unit_of_work import UnitOfWork


class Endpoints:
    """One process's doors. Connections are used again; decisions never come from here.

    Every version of an organization is a row that stays: as long as there are as many of them, nothing has changed.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._versions: int | None = None
        self._doors: dict[str, FhirPush | None] = {}
        self._retired: list[FhirPush] = []

    async def open(self, uow: UnitOfWork, recipient: str) -> Outbound | None:
        """Give the door to a recipient as it is registered now; None where it has no endpoint.

        Raises EndpointError for an endpoint that cannot be used as configured.
        """
        versions = await uow.registry.versions()
        if versions != self._versions:
            self._retired += [door for door in self._doors.values() if door is not None]
            self._doors, self._versions = {}, versions
        if recipient not in self._doors:
            self._doors[recipient] = await self._make(uow, recipient)
        return self._doors[recipient]

    async def _make(self, uow: UnitOfWork, recipient: str) -> FhirPush | None:
        endpoint = await uow.registry.endpoint(recipient)
        if endpoint is None:
            return None
        organizations = {k: v for k, (v, _) in (await uow.registry.organizations()).items()}
        return FhirPush(endpoint, organizations=organizations, base_url=self._base_url, keep_open=True)

    async def close(self) -> None:
        """Give all connections back."""
        doors = [*self._retired, *(door for door in self._doors.values() if door is not None)]
        self._doors, self._retired, self._versions = {}, [], None
        for door in doors:
            await door.close()
