import httpx2
import pytest
from fastapi import FastAPI

from gateway.api import install
from tests.gateway.api.fake import FakeGateway


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def app(gateway: FakeGateway) -> FastAPI:
    made = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    install(made, gateway)
    return made


@pytest.fixture
async def http(app: FastAPI):
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://gateway.test") as made:
        yield made
