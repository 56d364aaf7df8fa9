"""Bad input at every route that takes a body: one constant with the right status, nothing stored, nothing revealed."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from gateway.demo.site import HOSPITAL
from tests.gateway.api.pulling.partner import Partner, opened_door
from tests.gateway.api.rows import CONSULT, FILINGS, FORM, READS, STRANGER_STEM, Row, Somebody, consultation

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = Somebody(STRANGER_STEM, "0190f3a0-0000-7000-8000-00000000dead")
BODIES = {
    row.route: row
    for row in (*READS, *FILINGS, consultation(HOSPITAL))
    if row.method == "POST" and row.make(NOBODY).kind != FORM
}
DEEP = b'{"resourceType":"Task","canary":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001
HUGE = 20 << 20
BAD = {
    "not JSON": (b"{canary", {400}),
    "no object": (b'["canary"]', {400}),
    "a name twice": (b'{"canary":1,"canary":2}', {400}),
    "not UTF-8": (b'{"canary":"\xff"}', {400}),
    "deeply nested": (DEEP, {400}),
    "another type": (orjson.dumps({"resourceType": "Canary"}), {400, 422}),
    "20 MB": (b'{"canary":"' + b"x" * HUGE + b'"}', {413}),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: Any, module_database_urls: Any) -> AsyncIterator[Partner]:
    async with opened_door(tmp_path_factory.mktemp("site") / "data", module_database_urls) as made:
        yield made


async def stored(partner: Partner) -> list[int]:
    """How much there is on the ledger, and asked."""
    names = ("p-ash", *(name for name in partner.ids if name != "p-ash"))
    return [len(await partner.entries(name)) for name in names] + [len(await partner.found("Task?_count=100"))]


class TestBodies:
    @pytest.mark.parametrize("fault", BAD)
    async def test_each_is_refused_and_leaves_nothing(self, door: Partner, fault: str) -> None:
        body, statuses = BAD[fault]
        before = await stored(door)
        for row in BODIES.values():
            answer = await self.sent(door, row, body)
            assert answer.status_code in statuses, (row.name, answer.status_code)
            told = answer.json()
            assert told.get("resourceType") == "OperationOutcome" or row.route == CONSULT
            assert "canary" not in answer.text.lower()
        assert await stored(door) == before

    async def sent(self, partner: Partner, row: Row, body: bytes, kind: str = "") -> Any:
        made = row.make(NOBODY)
        headers = {"Authorization": f"Bearer {partner.token}", "Content-Type": kind or made.kind}
        return await partner.http.post(made.path, content=body, headers=headers)

    async def test_another_media_type(self, door: Partner) -> None:
        for row in BODIES.values():
            for kind in ("application/fhir+xml", "text/plain", "application/fhir+json; charset=latin-1"):
                assert (await self.sent(door, row, b"{}", kind)).status_code == 415, row.name
