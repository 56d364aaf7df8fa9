"""Make the demo site, start its receiver, serve it on the loopback address, tell the story, keep serving."""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from adapters.key_sets import KeySetFetch
from consent.codes import OrganizationKind
from gateway import ingesting
from gateway.caps import scopes_of
from gateway.demo import keys
from gateway.demo.authority import Authority, authority
from gateway.demo.loopback import Loopback
from gateway.demo.site import PROSECUTOR, RAY, build_site
from gateway.demo.story import Say, Stage, started, tell
from gateway.opening import opened
from gateway.program import Program, utc_now
from gateway.serving import check_mark, run_server, server
from gateway.settings import Settings
from gateway.store.places import Places
from gateway.web.demo_door import make_link
from gateway.web.roles import Role


@contextmanager
def receiver(folder: Path) -> Iterator[str]:
    """Give the prosecutor's receiver, another process; yields its address."""
    command = [sys.executable, "-m", "gateway.demo.receiver", "--store", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  -- our own module
    try:
        line = process.stdout.readline() if process.stdout else ""
        yield line.rsplit(" ", 1)[-1].strip()
    finally:
        process.terminate()
        process.wait(10)


async def run_demo(settings: Settings, port: int, say: Say, *, then_serve: bool = True) -> None:
    """Run the demo until interrupted. The site is marked `demo` and can never be served in earnest."""
    async with opened(settings, mark="demo") as (program, places):
        await check_mark(program, "demo")
        program.key_sets = KeySetFetch(private=True)  # the demo's partners are on this machine
        with TemporaryDirectory(prefix="lead-receiver-") as folder, receiver(Path(folder)) as address:
            clients = await _make_site(program, address)
            await _serve(
                program,
                places,
                port,
                Stage(program, settings.base_url, address, clients, say, _trust(settings)),
                then_serve,
            )


async def _make_site(program: Program, receiver_url: str) -> dict[str, keys.DemoClient]:
    folder = program.settings.data_dir
    site = build_site(program.now().date())
    names = [str(o["id"]) for o in site["organizations"]]
    clients = keys.read_clients(folder) or keys.make_clients(names)
    content = orjson.dumps(_dressed(site, clients, f"{receiver_url}/fhir", program.now()))
    await ingesting.ingest(program.store, content, program.now())
    async with program.store.unit_of_work() as uow:
        settings = program.settings
        await uow.registry.put_windows(settings.release_delay_seconds, settings.release_window_seconds)
        await uow.commit()
    await program.refresh()
    links = {role.value: f"{settings.base_url}{await make_link(program.store, role, program.now())}" for role in Role}
    keys.write(
        folder, settings.base_url, receiver_url, clients, links, await _participants(program, site), _ca(settings)
    )
    return clients


def _authority(settings: Settings) -> Authority | None:
    """Give the demo's own certificate authority where it is served over https."""
    return authority(settings.data_dir, utc_now()) if settings.base_url.startswith("https:") else None


def _trust(settings: Settings) -> ssl.SSLContext | None:
    found = _authority(settings)
    return None if found is None else found.trust()


def _ca(settings: Settings) -> Path | None:
    found = _authority(settings)
    return None if found is None else found.ca


def _dressed(site: dict[str, Any], clients: dict[str, keys.DemoClient], endpoint: str, at: datetime) -> dict[str, Any]:
    """Give the site with the receiver's address, the clients' keys, and Ray's consent signed anew for this telling."""
    for organization in site["organizations"]:
        if organization["id"] == PROSECUTOR:
            organization["endpoint"] = {"url": endpoint, "kind": "fhir"}
    for roi in site["rois"]:
        if roi["participant"] == RAY:
            roi["id"] = f"{roi['id']}-{started(at)}"
    kinds = {each["id"]: OrganizationKind(each["kind"]) for each in site["organizations"]}
    registered = [each.registration(scopes_of(kinds[name])) for name, each in clients.items() if name in kinds]
    return {**site, "clients": registered}


async def _participants(program: Program, site: dict[str, Any]) -> dict[str, str]:
    async with program.store.unit_of_work() as uow:
        found = {_name(p): await uow.participants.find(p["id"]) for p in site["participants"]}
    return {name: str(identity) for name, identity in found.items() if identity is not None}


def _name(participant: dict[str, Any]) -> str:
    return " ".join((*participant["name"]["given"], participant["name"]["family"]))


async def _serve(program: Program, places: Places, port: int, stage: Stage, then_serve: bool) -> None:  # noqa: FBT001  -- internal
    own = _authority(program.settings)
    pair: dict[str, Any] = {} if own is None else {"ssl_certfile": own.certificate, "ssl_keyfile": own.key}
    outside = partial(Loopback, port=port)
    http = server(program, places, host="127.0.0.1", port=port, outside=outside, demo=True, **pair)
    serving = asyncio.create_task(run_server(http))
    try:
        while not http.started:
            if serving.done():
                await serving
            await asyncio.sleep(0.05)
        await tell(stage, started(program.now()))
        if then_serve:
            stage.say(
                f"Serving at {stage.base_url}; keys and ids are in {keys.FILE} of the data directory. Ctrl-C stops it."
            )
            await serving
    finally:
        http.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
