"""`sign-in`: a way in for a demo, and for nothing else."""

from pathlib import Path

import httpx2
import orjson
import psycopg
from fastapi import FastAPI
from sqlalchemy.engine import make_url

from gateway.demo.keys import FILE
from gateway.web.demo_door import PATH, make_link
from gateway.web.installing import install
from gateway.web.roles import Role
from tests.gateway.commands.conftest import Command
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import opened_scene


def test_a_site_in_earnest_has_no_links(command: Command, site: DatabaseUrls) -> None:
    said = command("sign-in", "auditor")
    assert (said.code, said.line) == (2, "lead-gateway: `sign-in`: is for a demo only")


def test_a_role_that_there_is_not(command: Command, site: DatabaseUrls) -> None:
    assert command("sign-in", "root").code == 2


def test_the_link_of_a_demo_is_whole(command: Command, site: DatabaseUrls, tmp_path: Path) -> None:
    url = make_url(site.data_owner).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE site SET mark = 'demo'")
    (tmp_path / "site" / FILE).write_bytes(orjson.dumps({"base_url": "http://127.0.0.1:8470"}))
    link = command("sign-in", "auditor", "--json").json()["link"]
    assert link.startswith(f"http://127.0.0.1:8470{PATH}/")


async def test_the_door_is_mounted_on_a_demo_alone(tmp_path: Path, database_urls: DatabaseUrls) -> None:
    async with opened_scene(tmp_path / "site", database_urls) as scene:
        live, demo = FastAPI(), FastAPI()
        install(live, scene.program)
        install(demo, scene.program, demo=True)
        link = await make_link(scene.store, Role.AUDITOR, scene.clock())
        assert [await _status(app, link) for app in (live, demo)] == [404, 303]


async def _status(app: FastAPI, path: str) -> int:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1:8000") as http:
        return (await http.get(path)).status_code
