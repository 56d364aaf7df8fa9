"""One door for the tests of a module, which only look; a fresh one for those that stop something."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.gateway.api.pulling.partner import Partner, opened_door


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory, module_database_urls) -> AsyncIterator[Partner]:
    async with opened_door(tmp_path_factory.mktemp("site") / "data", module_database_urls) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def partner(door: Partner) -> Partner:
    await door.signs_in()
    return door


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(tmp_path, database_urls) -> AsyncIterator[Partner]:
    async with opened_door(tmp_path / "site", database_urls) as made:
        yield made
