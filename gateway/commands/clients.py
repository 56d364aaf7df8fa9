"""`clients`: which systems of partners may knock. Registered, given new keys, and stopped by a privacy officer."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.key_sets import LARGEST, KeySetError, read_key_set
from consent.codes import Purpose
from gateway import caps, registering
from gateway.certificates import thumbprint
from gateway.commands.errors import BadInput
from gateway.commands.running import as_json, data_dir, run, say_rows
from gateway.commands.stopping import by_whom, person
from gateway.program import Program
from gateway.registering import Credentials, Wish
from gateway.store.values import Client

Rows = list[dict[str, Any]]

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_PURPOSES: Final = sorted({purpose.value for capped in caps.PURPOSES.values() for purpose in capped})


def _credentials(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say how a system proves who it is, as one argument `credentials`."""

    @click.option("--jwks", type=_file, help="a file with its public keys, a JWK set")
    @click.option("--jwks-uri", metavar="URL", help="where its public keys are")
    @click.option("--certificate", type=_file, help="PEM: the one that it must show (RFC 8705)")
    @wraps(command)
    def inner(jwks: Path | None, jwks_uri: str | None, certificate: Path | None, **given: Any) -> None:
        keys = None if jwks is None else _read_keys(jwks)
        shown = None if certificate is None else _thumbprint(certificate)
        command(credentials=Credentials(keys, jwks_uri, shown), **given)

    return inner


@click.group()
def clients() -> None:
    """Show the systems of partners that may ask; add one, give one new keys, stop one."""


@clients.command("list")
@as_json
@data_dir
def list_clients(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show every registered system: organization, scopes, key ids, and whether it is disabled."""

    async def work(program: Program) -> Rows:
        async with program.store.unit_of_work() as uow:
            known = await uow.clients.every()
        return [_row(client) for client in known]

    say_rows("clients", run(work, data_dir), json=as_json)


@clients.command("add")
@click.argument("organization")
@_credentials
@click.option("--scope", "scopes", multiple=True, required=True, help="SMART v2, `system/Task.cr`; again for more")
@click.option(
    "--purpose", "purposes", multiple=True, type=click.Choice(_PURPOSES), help="why it asks, the first by default"
)
@click.option("--id", "client_id", default=None, help="its client id  [made up]")
@by_whom
@as_json
@data_dir
def add_client(
    organization: str,
    credentials: Credentials,
    scopes: tuple[str, ...],
    purposes: tuple[str, ...],
    client_id: str | None,
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Register a system of an organization whose agreement is in date, for no more than its kind may hold."""
    who = person(by)
    why = tuple(Purpose(purpose) for purpose in purposes)
    wish = Wish(organization, credentials, scopes, why, client_id)

    async def work(program: Program) -> Rows:
        private = await _is_demo(program)
        return [_row(await registering.register(program.store, wish, by=who, at=program.now(), private=private))]

    say_rows("clients", run(work, data_dir), json=as_json)


@clients.command("rotate")
@click.argument("client_id")
@_credentials
@by_whom
@as_json
@data_dir
def rotate_client(
    client_id: str,
    credentials: Credentials,
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Give a system other keys or another certificate, at once: its tokens are worth nothing any more.

    A file of keys may hold the old key besides the new one for as long as the partner changes over.
    """
    who = person(by)

    async def work(program: Program) -> Rows:
        private, now = await _is_demo(program), program.now()
        return [_row(await registering.rotate(program.store, client_id, credentials, by=who, at=now, private=private))]

    say_rows("clients", run(work, data_dir), json=as_json)


@clients.command("disable")
@click.argument("client_id")
@by_whom
@as_json
@data_dir
def disable_client(client_id: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Stop a system at once: its tokens are worth nothing, and it gets no new ones."""
    who = person(by)

    async def work(program: Program) -> Rows:
        stopped = await registering.disable(program.store, client_id, by=who, at=program.now())
        return [{"client_id": stopped.client_id, "disabled": stopped.disabled}]

    say_rows("clients", run(work, data_dir), json=as_json)


async def _is_demo(program: Program) -> bool:
    """Say whether partners may be on this machine."""
    async with program.store.unit_of_work() as uow:
        return await uow.registry.mark() == "demo"


def _row(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "organization": client.organization,
        "scopes": sorted(client.scopes),
        "purposes": [purpose.value for purpose in client.purposes],
        "keys": [key.get("kid") for key in client.jwks.get("keys", [])],
        "jwks_uri": client.jwks_uri,
        "certificate": client.thumbprint,
        "disabled": client.disabled,
    }


def _read_keys(path: Path) -> dict[str, Any]:
    if path.stat().st_size > LARGEST:
        raise BadInput(f"`--jwks`: must not be larger than {LARGEST} bytes")
    try:
        return read_key_set(path.read_bytes())
    except KeySetError as error:
        rule = "holds a private key" if error.code == "private-key" else "must be a JWK set of public keys with `kid`"
        raise BadInput(f"`--jwks`: {rule}") from None


def _thumbprint(path: Path) -> str:
    try:
        return thumbprint(x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER))
    except ValueError:
        raise BadInput("`--certificate`: must be a PEM certificate") from None
