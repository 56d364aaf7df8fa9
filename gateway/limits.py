"""How often a partner's system may ask, counted in the database, for all processes of a site together.

Counting each request by itself would cost as much as answering it. A process therefore takes a few pieces of a
system's bucket at once and spends them within a second; what it does not spend by then is lost to that system. So all
processes together never let more through than the bucket holds, and a little less where a system is quiet.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from gateway.store.repositories.knocking import Rate, Rates
from gateway.store.unit_of_work import Store

LEASE_SECONDS: Final = 1.0
REFUSED_SECONDS: Final = 0.1  # who got nothing is not worth another statement so soon
FAILURES: Final = Rate(per_second=1 / 6, burst=20)
"""Failed authentications under one client id from one source: a partner that has lost its key finds out slowly."""
STRANGERS: Final = Rate(per_second=1, burst=120)
"""Failed authentications from one source, whatever ids it names."""
_NAMES: Final = 10_000
_SOURCE_BITS: Final = 64  # of an IPv6 address: the rest is the guest's own choice


@dataclass(slots=True)
class _Lease:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    left: int = 0
    until: float = 0.0
    refused_until: float = 0.0


class Limits:
    """The buckets of this process. `rate`: of each partner's system."""

    def __init__(self, store: Store, rate: Rate) -> None:
        self._store = store
        self._rate = rate
        self._at_once = max(1, int(rate.per_second / 10))
        self._leases: OrderedDict[str, _Lease] = OrderedDict()

    async def may_ask(self, client_id: str, at: datetime) -> bool:
        """Count one request of a system; False: it is one too many."""
        lease = self._lease(client_id)
        async with lease.lock:
            now = asyncio.get_running_loop().time()
            if now < lease.refused_until:
                return False
            if lease.left <= 0 or now >= lease.until:
                lease.left = await self._take(f"client:{client_id}", self._rate, self._at_once, at)
                lease.until = now + LEASE_SECONDS
            if lease.left <= 0:
                lease.refused_until = now + REFUSED_SECONDS
                return False
            lease.left -= 1
            return True

    async def may_try(self, client_id: str, source: str, at: datetime) -> bool:
        """Count one authentication as a failed one, before it is looked at; False: there were too many of those.

        INVARIANT: a known and an unknown client id are counted alike.
        """
        async with self._store.unit_of_work() as uow:
            rates = Rates(uow.connection)
            wanted = _failures(client_id, source)
            taken = [await rates.take(name, rate, 1, at) for name, rate in wanted]
            await uow.commit()
        return all(taken) and len(taken) == len(wanted)

    async def succeeded(self, client_id: str, source: str) -> None:
        """Take the count of `may_try` back: it was no failed one."""
        async with self._store.unit_of_work() as uow:
            for name, rate in _failures(client_id, source):
                await Rates(uow.connection).give_back(name, rate)
            await uow.commit()

    async def _take(self, name: str, rate: Rate, want: int, at: datetime) -> int:
        async with self._store.unit_of_work() as uow:
            taken = await Rates(uow.connection).take(name, rate, want, at)
            await uow.commit()
        return taken

    def _lease(self, name: str) -> _Lease:
        lease = self._leases.setdefault(name, _Lease())
        self._leases.move_to_end(name)
        if len(self._leases) > _NAMES:
            self._leases.popitem(last=False)
        return lease


def _failures(client_id: str, source: str) -> tuple[tuple[str, Rate], ...]:
    """Name the buckets of a failed authentication, always in the same order: two of them never wait for each other."""
    network = _network(source)
    return (f"source:{network}", STRANGERS), (f"try:{network}:{client_id}", FAILURES)


def _network(source: str) -> str:
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _SOURCE_BITS), strict=False))
    return source
