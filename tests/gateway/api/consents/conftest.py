from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.gateway.api.consents.stage import Stage, opened_stage
from tests.gateway.conftest import DatabaseUrls


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Stage]:
    async with opened_stage(tmp_path / "site", database_urls) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_stage(
    tmp_path_factory: pytest.TempPathFactory, module_database_urls: DatabaseUrls
) -> AsyncIterator[Stage]:
    """One for all the tests of a module, each of which leaves alone whom another looks at."""
    async with opened_stage(tmp_path_factory.mktemp("stage") / "site", module_database_urls) as opened:
        yield opened
