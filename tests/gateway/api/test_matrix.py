"""Every partner route x client kind x cause: whoever may not be told gets one answer, byte for byte (GR-03).

What a client's own question is called and when it came in are blanked out of the answer: nothing else may differ. In
`make test` each route meets a stranger, and in turn a cause, for two kinds of clients; in the slow run, all for all.
"""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from consent.codes import Purpose
from gateway.demo.site import HOSPITAL, HOUSING, JAIL_HEALTH, PROSECUTOR
from tests.gateway.api.pulling.partner import CAUSES, STRANGER, Partner, opened_door
from tests.gateway.api.rows import (
    CONSENT_READS,
    CONSULT,
    EXCEPTIONS,
    FILINGS,
    READS,
    Call,
    Row,
    Somebody,
    consultation,
    routes,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

Said = tuple[int, list[tuple[bytes, bytes]], bytes]
NOBODY = Somebody("stranger", STRANGER)
KINDS = {
    "hospital": (HOSPITAL, Purpose.TREATMENT),
    "jail health": (JAIL_HEALTH, Purpose.TREATMENT),
    "prosecutor": (PROSECUTOR, Purpose.CASE_ALIGNMENT),
    "housing": (HOUSING, Purpose.CARE_COORDINATION),
}
PERMITTED = {"pine", "yew"}
"""A consultation is about consents: of these two there is one, whatever is on record, so it is no refusal."""
NARROW = frozenset({"system/Practitioner.r"})
_OWN = re.compile(
    rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: Any, module_database_urls: Any) -> AsyncIterator[Partner]:
    folder = tmp_path_factory.mktemp("site") / "data"
    async with opened_door(
        folder, module_database_urls, client_requests_per_second=100_000, client_requests_at_once=1_000_000
    ) as made:
        yield made


async def known(partner: Partner, name: str) -> Somebody:
    participant = await partner.scene.participant(name)
    async with partner.scene.store.unit_of_work() as uow:
        items = await uow.record.items(participant)
        signed = await uow.consents.signed(participant)
    given = partner.own.given  # as the organization that is signed in would know it
    ids = {str(one.resource["resourceType"]): given(UUID(one.id)) for one in items if one.resource}
    consent = next((given(UUID(one.id)) for one, _ in signed), None)
    return Somebody(name.removeprefix("p-"), str(participant), ids, consent)


async def people(partner: Partner) -> list[Somebody]:
    return [await known(partner, name) for name in CAUSES.values()]


async def said(partner: Partner, row: Row, who: Somebody) -> Said:
    """What the answer says, without the names and moments of the client's own question."""
    call: Call = row.make(who)
    headers = {"Content-Type": call.kind} | ({"Authorization": f"Bearer {partner.token}"} if partner.token else {})
    answer = await partner.http.request(row.method, call.path, content=call.body, headers=headers)
    blank = answer.headers.raw, answer.content
    if row.status in {0, 202} or (row.method == "POST" and not row.route.endswith("_search")):
        blank = (
            [(name, _OWN.sub(b"", value)) for name, value in answer.headers.raw],
            _OWN.sub(b"", answer.content),
        )
    return answer.status_code, *blank


def rows_for(organization: str) -> list[Row]:
    own = CONSENT_READS if organization == JAIL_HEALTH else ()
    return [*READS, *own, consultation(organization), *FILINGS]


async def check(partner: Partner, row: Row, among: list[Somebody], status: int | None = None) -> Said:
    first = await said(partner, row, NOBODY)
    assert first[0] == (status or row.status or first[0]), row.name
    for who in among:
        if row.route == CONSULT and who.stem in PERMITTED and status is None:
            continue
        assert await said(partner, row, who) == first, (row.name, who.stem)
    return first


class TestEveryRouteIsInIt:
    async def test_or_is_an_exception_with_a_reason(self) -> None:
        rows = {f"{row.method} {row.route}" for row in rows_for(JAIL_HEALTH)}
        assert rows | set(EXCEPTIONS) == routes()
        assert not rows & set(EXCEPTIONS)
        assert all(EXCEPTIONS.values())


class TestTheRowsWouldTell:
    """Control: about somebody who may be told about, the same requests are answered otherwise."""

    async def test_a_hospital_that_may_be_told(self, door: Partner) -> None:
        await door.signs_in(HOSPITAL)
        ash = await known(door, "p-ash")
        kinds = {f"/fhir/{kind}" for kind in ash.items}
        told = [row for row in READS if row.route.removesuffix("/{identity}") in kinds and row.method == "GET"]
        assert len(told) == 3 * len(ash.items)
        for row in (*told, consultation(HOSPITAL)):
            assert await said(door, row, ash) != await said(door, row, NOBODY), row.name


class TestTheMatrix:
    @pytest.mark.parametrize("kind", KINDS)
    async def test_each_route_with_a_cause_in_turn(self, door: Partner, kind: str) -> None:
        organization, purpose = KINDS[kind]
        await door.signs_in(organization, purpose=purpose)
        among, turn = await people(door), list(KINDS).index(kind)
        for number, row in enumerate(row for row in rows_for(organization) if row.method != "HEAD"):
            if (number + turn) % 2 == 0:
                await check(door, row, [among[(number + turn) % len(among)]])

    @pytest.mark.slow
    @pytest.mark.timeout(1800)
    @pytest.mark.parametrize("kind", KINDS)
    async def test_each_route_with_every_cause(self, door: Partner, kind: str) -> None:
        organization, purpose = KINDS[kind]
        await door.signs_in(organization, purpose=purpose)
        among = await people(door)
        for row in rows_for(organization):
            await check(door, row, among)

    @pytest.mark.parametrize("kind", ["hospital", "prosecutor"])
    async def test_who_has_no_scope_learns_no_more(self, door: Partner, kind: str) -> None:
        organization, purpose = KINDS[kind]
        await door.signs_in(organization, purpose=purpose, scopes=NARROW)
        among = (await people(door))[:2]
        for row in rows_for(JAIL_HEALTH):
            if row.method != "HEAD" and row.route not in {"/fhir", "/fhir/"}:  # a batch says so entry by entry
                await check(door, row, among, 403)

    async def test_who_has_no_token_learns_nothing_at_all(self, door: Partner) -> None:
        door.token = ""
        among = (await people(door))[:2]
        answers = {str(await check(door, row, among, 401)) for row in rows_for(JAIL_HEALTH) if row.method != "HEAD"}
        assert len(answers) == 1
