"""`serve`, `worker`, `check`, `migrate`: run the program, and ask whether it is fit to run."""

from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from gateway import ledger, serving
from gateway.commands.errors import Failed
from gateway.commands.running import as_json, data_dir, guarded, say, settings_for
from gateway.log import configure
from gateway.opening import NO_SITE, bring_up_to_date, compose, holds_site, locate, opened
from gateway.program import Program
from gateway.settings import Settings, unknown_variables
from gateway.store.places import Places

_existing = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--tls-cert", type=_existing, help="PEM, with its chain")
@click.option("--tls-key", type=_existing, help="PEM, without a passphrase")
@click.option("--client-ca", type=_existing, help="PEM: who vouches for partners' own certificates (mutual TLS)")
@click.option("--behind-proxy", metavar="ADDRESS", help="forwarded headers are believed only from there")
@click.option("--no-worker", is_flag=True, help="leave the jobs to `worker` processes")
@data_dir
def serve(
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    behind_proxy: str | None,
    no_worker: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Serve partners over HTTPS, and work on jobs, until SIGTERM or Ctrl-C.

    LEAD_BASE_URL is the address under which partners reach it; without, the one that it listens on.
    """
    settings = settings_for(data_dir, quiet=True)
    tls = tls_cert is not None
    if "base_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"base_url": _own_address(host, port, tls=tls)})

    async def run() -> None:
        serving.check_address(host, tls=tls, proxy=behind_proxy)
        serving.check_certificate(tls_cert, tls_key, client_ca)
        async with opened(settings) as (program, places):
            await serving.check_mark(program, "live")
            configure(settings.log_level)  # until here, one line says what is wrong; from here on, the log
            pair: dict[str, Any] = {"ssl_certfile": tls_cert, "ssl_keyfile": tls_key, "ssl_ca_certs": client_ca}
            http = serving.server(
                program, places, host=host, port=port, worker=not no_worker, proxy=behind_proxy, **pair
            )
            await serving.run_server(http)

    guarded(lambda: serving.until_told(run()), settings)


def _own_address(host: str, port: int, *, tls: bool) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}"


@click.command()
@data_dir
def worker(data_dir: Path | None) -> None:
    """Work on jobs alone: for a second process, or a second machine. Until SIGTERM or Ctrl-C."""
    settings = settings_for(data_dir, quiet=True)
    guarded(lambda: serving.until_told(serving.work(settings, lambda: configure(settings.log_level))), settings)


@click.command()
@as_json
@data_dir
def migrate(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Bring the databases to the shape that this program knows, as their owner."""
    settings = settings_for(data_dir, quiet=True)

    async def run() -> None:
        with ExitStack() as stack:
            bring_up_to_date(locate(settings, stack))

    guarded(run, settings)
    say({"databases": "at the newest migration"}, json=as_json)


@click.command()
@as_json
@data_dir
def check(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Say whether this installation is sound: packages, settings, database, roles, keys, site, agreements, ledger."""
    settings = settings_for(data_dir, quiet=True)
    found = guarded(lambda: _findings(settings), settings)
    say({name: "ok" if not bad else "; ".join(bad) for name, bad in found.items()}, json=as_json)
    if any(found.values()):
        raise Failed("check: " + ", ".join(f"`{name}`" for name, bad in found.items() if bad))


async def _findings(settings: Settings) -> dict[str, list[str]]:
    found = {"packages": _packages(), "settings": [f"`{v}`: is no setting" for v in unknown_variables()]}
    if not holds_site(settings):
        return found | {"database": [NO_SITE]}
    with ExitStack() as stack:
        places = locate(settings, stack)
        if settings.database_url is None:
            bring_up_to_date(places)
        found["database"] = places.problems()
        if not found["database"]:
            found |= await _inside(settings, places)
    return found


async def _inside(settings: Settings, places: Places) -> dict[str, list[str]]:
    program = compose(settings, places)
    try:
        keys = await program.store.keys.problems()
        async with program.store.unit_of_work() as uow:
            site = await uow.registry.site()
            held = await uow.registry.is_held()
            organizations = [o for o, _ in (await uow.registry.organizations()).values()]
        day = program.now().date()
        late = [o.id for o in organizations if o.agreement_expires is not None and o.agreement_expires < day]
        return {
            "keys": keys,
            "site": _site_problems(configured=site is not None, held=held),
            "agreements": [f"`{name}`: has expired" for name in late],
            "ledger": await _ledger_problems(program),
        }
    finally:
        await program.close()


def _site_problems(*, configured: bool, held: bool) -> list[str]:
    if not configured:
        return ["has no settings yet, `ingest lead FILE` brings them"]
    return ["is held, nothing leaves"] if held else []


async def _ledger_problems(program: Program) -> list[str]:
    await ledger.seal_once(program.store, program.now())
    found = await ledger.verify(program.store, program.settings.checkpoint_dir)
    return [] if found.sound else [f"`{found.bad}`: {found.reason}"]


def _packages() -> list[str]:
    """All four packages must come from one root: their names could collide with somebody else's."""
    roots = set()
    for name in ("gateway", "adapters", "consent", "mappings"):
        spec = find_spec(name)
        places = [] if spec is None else list(spec.submodule_search_locations or [])
        roots |= {str(Path(place).parent) for place in places} or {f"missing {name}"}
    return [] if len(roots) == 1 else ["gateway, adapters, consent and mappings do not come from one root"]
