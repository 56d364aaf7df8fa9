"""The record: items of participants, labelled, sealed and versioned; a stored version never changes.

INVARIANT: nothing is stored without its labels, by source and content (42 CFR 2.11, 2.12), whichever feed brought it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from consent.labels import kept, label_item
from consent.model import Item
from gateway.log import get_logger
from gateway.store import tables
from gateway.store.exchange_tables import unlink
from gateway.store.repositories.registry import Registry
from gateway.store.shelf import Shelf
from gateway.store.values import StoredItem
from gateway.store.vault import UNREADABLE, Vault, row
from mappings.tables.sensitivity import load_sensitivity

_log = get_logger(__name__)


class Record:
    """What is on record about participants, and the emergencies documented there (42 CFR 2.51(c))."""

    def __init__(self, connection: AsyncConnection, vault: Vault, shelf: Shelf | None = None) -> None:
        self._connection = connection
        self._vault = vault
        self._shelf = shelf or Shelf(connection)

    async def put(self, participant: UUID, stored: StoredItem, at: datetime) -> tuple[UUID, bool]:
        """Keep an item, or a new version of it where something changed. Returns its id and whether it did."""
        token = await self._vault.token("item", f"{participant}|{stored.reference}")
        known = await self._latest(participant, token)
        identity = uuid7() if known is None else UUID(known.id)
        version = 1 if known is None else known.version + 1
        new = await self._labelled(
            Item(
                str(identity),
                str(participant),
                stored.category,
                stored.source,
                stored.created,
                stored.resource,
                version,
            ),
            known,
        )
        if known is not None and _same(known, new) and not await self._is_off(participant, identity, known.version):
            return identity, False
        values = {
            "id": identity,
            "version": version,
            "participant": participant,
            "envelope": stored.envelope,
            "reference": token,
            "sealed": await self._vault.seal(participant, new, table="item", row=row(identity, version)),
            "recorded_at": at,
        }
        await self._connection.execute(insert(tables.item).values(values))
        return identity, True

    async def known(self, participant: UUID, reference: str) -> Item | None:
        """Give an item in its newest version by the reference under which it was put, or None."""
        return await self._latest(participant, await self._vault.token("item", f"{participant}|{reference}"))

    async def versions_since(
        self, participant: UUID, identities: Iterable[str], since: datetime
    ) -> frozenset[tuple[str, int]]:
        """Give the versions of these items of a participant that came in at a moment or after it. None is opened."""
        t = tables.item
        wanted = t.c.id.in_([UUID(identity) for identity in identities]) & (t.c.recorded_at >= since)
        rows = await self._connection.execute(select(t.c.id, t.c.version).where(t.c.participant == participant, wanted))
        return frozenset((str(r.id), r.version) for r in rows)

    async def _labelled(self, item: Item, known: Item | None) -> Item:
        """Label an item by who it came from, as that is known now, and by all that it says.

        Told again, the same content keeps what it had; what has changed is looked at afresh, or a diagnosis that was
        a mistake would stay on the person.
        """
        source = None if item.source is None else await Registry(self._connection).organization(item.source)
        found = label_item(item, source, load_sensitivity())
        is_same = known is not None and (known.category, known.resource) == (item.category, item.resource)
        return replace(item, labels=kept(found, known.labels if known is not None and is_same else None))

    async def _is_off(self, participant: UUID, identity: UUID, version: int) -> bool:
        """Say whether a version came by an envelope that was taken off: then it is not there, whatever it says."""
        t = tables.item
        off = select(unlink.c.envelope).where(unlink.c.participant == participant)
        here = (t.c.id == identity) & (t.c.version == version) & t.c.envelope.in_(off)
        return (await self._connection.execute(select(t.c.id).where(here))).one_or_none() is not None

    async def _latest(self, participant: UUID, reference: bytes) -> Item | None:
        t = tables.item
        statement = select(t).where(t.c.participant == participant, t.c.reference == reference)
        found = (await self._connection.execute(statement.order_by(t.c.version.desc()).limit(1))).one_or_none()
        return None if found is None else await self._open(found)

    async def _open(self, found: Any) -> Item:
        place = row(found.id, found.version)
        return await self._vault.open(found.participant, found.sealed, Item, table="item", row=place)

    async def items(
        self,
        participant: UUID,
        only: Iterable[tuple[str, int]] | None = None,
        *,
        without: frozenset[UUID] = frozenset(),
    ) -> tuple[Item, ...]:
        """Everything on record in its newest version, oldest first; or exactly the versions asked for.

        `without`: envelopes that were about somebody else; what they brought is not there, and what it hid is again.
        """
        kept = self._shelf.rows(tables.item, participant)
        if kept is None:
            rows = await self._rows(participant, newest=only is None, without=without)
        else:
            rows = [r for r in kept if r.envelope is None or r.envelope not in without]
            rows = list({r.id: r for r in rows}.values()) if only is None else rows  # of one id, the last is the newest
        wanted = None if only is None else set(only)
        chosen = [r for r in rows if wanted is None or (str(r.id), r.version) in wanted]
        opened = [await self._readable(r) for r in sorted(chosen, key=lambda r: str(r.id))]
        return tuple(item for item in opened if item is not None)

    async def _rows(self, participant: UUID, *, newest: bool, without: frozenset[UUID]) -> Sequence[Any]:
        t = tables.item
        statement = select(t).where(t.c.participant == participant)
        if without:
            statement = statement.where(or_(t.c.envelope.is_(None), t.c.envelope.not_in(without)))
        if newest:
            statement = statement.ext(distinct_on(t.c.id)).order_by(t.c.id, t.c.version.desc())
        return (await self._connection.execute(statement)).all()

    async def _readable(self, found: Any) -> Item | None:
        """Open an item, or leave out one that cannot be read: an error inside one item withholds that item only."""
        try:
            return await self._open(found)
        except UNREADABLE as error:
            _log.error("item unreadable", error_class=type(error).__name__)
            return None

    async def document_emergency(
        self, participant: UUID, detail: dict[str, Any], owed: tuple[str, ...], at: datetime
    ) -> UUID:
        """Write what 42 CFR 2.51(c) wants into the participant's record; `owed` names what is still missing."""
        identity = uuid7()
        values = {
            "id": identity,
            "participant": participant,
            "sealed": await self._vault.seal(participant, detail, table="emergency", row=row(identity)),
            "owed": list(owed),
            "at": at,
        }
        await self._connection.execute(insert(tables.emergency).values(values))
        return identity

    async def emergencies(self, participant: UUID) -> list[tuple[dict[str, Any], tuple[str, ...]]]:
        """Give the emergencies on record, each with what is still owed."""
        t = tables.emergency
        rows = await self._connection.execute(select(t).where(t.c.participant == participant).order_by(t.c.id))
        return [
            (await self._vault.open_json(participant, r.sealed, table="emergency", row=row(r.id)), tuple(r.owed))
            for r in rows.all()
        ]


def _same(known: Item, new: Item) -> bool:
    return known == replace(new, version=known.version)
