"""Serve the application over HTTP, and work on jobs, until told to stop."""

import asyncio
import contextlib
import signal
import ssl
from collections.abc import Callable, Coroutine, Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway.app import make_app
from gateway.certificates import ClientCertificate, TlsProtocol
from gateway.housekeeping import keeping_house
from gateway.jobs import working
from gateway.opening import UnsoundError, opened
from gateway.program import Program
from gateway.settings import Settings
from gateway.store.places import Places

GRACE_SECONDS: Final = 3
"""For so long a request that has begun may go on after the end was announced."""


class AddressError(ValueError):
    """The gateway must not, or cannot, listen so. Names the option and the rule."""


def check_address(host: str, *, tls: bool, proxy: str | None) -> None:
    """Refuse to serve in the clear where others could listen, or to believe everybody. Raises AddressError."""
    if proxy is not None and not _is_address(proxy):
        raise AddressError("`--behind-proxy`: must be the IP address of the proxy, or its network")
    if not _is_loopback(host) and not tls and proxy is None:
        raise AddressError("`--host`: an address other than loopback needs TLS or `--behind-proxy ADDRESS`")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_address(proxy: str) -> bool:
    try:
        return ip_network(proxy).prefixlen > 0
    except ValueError:
        return False


def check_certificate(certificate: Path | None, key: Path | None, clients: Path | None = None) -> None:
    """Refuse half a pair, or files that are no certificate and its key, or no certificates. Raises AddressError."""
    if (certificate is None) != (key is None):
        raise AddressError("`--tls-cert`, `--tls-key`: both are needed")
    if clients is not None:
        _check_clients(clients, tls=certificate is not None)
    if certificate is None or key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError):  # a key with a passphrase too: nobody is there to type it
        raise AddressError("`--tls-cert`, `--tls-key`: must be a PEM certificate and its key, no passphrase") from None


def _check_clients(clients: Path, *, tls: bool) -> None:
    if not tls:
        raise AddressError("`--client-ca`: needs `--tls-cert`; a proxy in front judges certificates itself")
    try:
        ssl.create_default_context(cafile=str(clients))
    except (OSError, ValueError):
        raise AddressError("`--client-ca`: must be PEM certificates") from None


async def check_mark(program: Program, wanted: str) -> None:
    """Refuse a demo database in earnest, and any other in a demo. Raises UnsoundError."""
    async with program.store.unit_of_work() as uow:
        mark = await uow.registry.mark()
    if mark != wanted:
        raise UnsoundError(f"`--data-dir`: holds a {mark} site, this command takes a {wanted} one only")


class _Server(uvicorn.Server):
    """Leaves signals alone: whoever runs it says when to stop, and gets to clean up afterwards."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(
    program: Program,
    places: Places,
    *,
    host: str,
    port: int,
    outside: Callable[[Any], Any] | None = None,
    worker: bool = True,
    demo: bool = False,
    **more: Any,
) -> uvicorn.Server:
    """Give a server that writes no access log: paths and query strings are not for logs.

    `outside` wraps the whole application; `demo` mounts the one-time sign-in links. `more`: `ssl_certfile`,
    `ssl_keyfile`; `ssl_ca_certs`, by which certificates of clients are judged; and `proxy`, the one address whose
    forwarded headers are believed.
    """
    app = make_app(program, jobs=places.conninfo if worker else None, demo=demo)
    proxy = more.pop("proxy", None)
    if more.get("ssl_ca_certs") is not None:
        more["ssl_cert_reqs"] = ssl.CERT_OPTIONAL
    config = uvicorn.Config(
        _faced(app if outside is None else outside(app), proxy),
        host=host,
        port=port,
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="critical",  # its lines carry text of others, and would appear as a constant
        server_header=False,
        http=TlsProtocol,
        proxy_headers=False,  # done by `_faced`, inside of what must see who is at the other end
        timeout_graceful_shutdown=GRACE_SECONDS,
        **more,
    )
    return _Server(config)


def _faced(app: Any, proxy: str | None) -> ClientCertificate:
    """Put in front of an application what reads, of the connection and the proxy's headers, who is there."""
    inner: Any = app if proxy is None else ProxyHeadersMiddleware(app, trusted_hosts=proxy)
    return ClientCertificate(inner, proxy)


async def run_server(http: uvicorn.Server) -> None:
    """Serve until cancelled; then what has begun may end, within GRACE_SECONDS. Raises UnsoundError: cannot start."""
    serving = asyncio.create_task(_serve(http))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        http.should_exit = True
        with contextlib.suppress(UnsoundError):
            await serving
        raise


async def _serve(http: uvicorn.Server) -> None:
    try:
        await http.serve()
    except SystemExit:  # uvicorn's way to say that it could not start
        if http.lifespan.should_exit:
            raise UnsoundError("the application did not start, `lead-gateway check` says why") from None
        raise UnsoundError("`--port`: cannot be listened on, it is in use or not allowed") from None


async def until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, or until SIGINT or SIGTERM: then cancel, and return when it has cleaned up."""
    task = asyncio.ensure_future(work)
    told = False

    def tell() -> None:
        nonlocal told
        told = True
        task.cancel()

    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, tell)
    try:
        await task
    except asyncio.CancelledError:
        if not told:
            raise


async def work(settings: Settings, began: Callable[[], None]) -> None:
    """Jobs alone, and keeping house, until cancelled. `began` is called once the site is open and sound."""
    async with (
        opened(settings, make=False) as (program, places),
        keeping_house(program),
        working(program, places.conninfo),
    ):
        began()
        await asyncio.Event().wait()
