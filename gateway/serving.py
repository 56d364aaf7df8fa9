"""Serve the application over HTTP, and work on jobs, until told to stop."""

import asyncio
import signal
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from gateway.app import make_app
from gateway.housekeeping import keeping_house
from gateway.jobs import working
from gateway.opening import UnsoundError, opened
from gateway.program import Program
from gateway.settings import Settings
from gateway.store.places import Places


def check_address(host: str, *, tls: bool, proxy: str | None) -> None:
    """Refuse to serve in the clear where others could listen. Raises UnsoundError."""
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local and not tls and proxy is None:
        raise UnsoundError("`--host`: an address other than loopback needs TLS or `--behind-proxy ADDRESS`")


async def check_mark(program: Program, wanted: str) -> None:
    """Refuse a demo database in earnest, and any other in a demo. Raises UnsoundError."""
    async with program.store.unit_of_work() as uow:
        mark = await uow.registry.mark()
    if mark is not None and mark != wanted:
        raise UnsoundError(f"`--data-dir`: holds a {mark} site, this command takes a {wanted} one only")


def server(
    program: Program,
    places: Places,
    *,
    host: str,
    port: int,
    worker: bool = True,
    certificate: Path | None = None,
    key: Path | None = None,
    proxy: str | None = None,
) -> uvicorn.Server:
    """Give a server that writes no access log: paths and query strings are not for logs."""
    config = uvicorn.Config(
        make_app(program, jobs=places.conninfo if worker else None),
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy or "",
        timeout_graceful_shutdown=10,
    )
    return uvicorn.Server(config)


async def work(settings: Settings) -> None:
    """Jobs alone, and the sealer, until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with opened(settings) as (program, places), keeping_house(program), working(program, places.conninfo):
        await stop.wait()
