"""`serve`, `worker`, `check`, `migrate`: run the program, and ask whether it is fit to run."""

from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import click

from gateway import serving
from gateway.commands.errors import Failed
from gateway.commands.running import as_json, data_dir, guarded, say, settings_for
from gateway.opening import bring_up_to_date, compose, locate, opened
from gateway.settings import Settings, unknown_variables
from gateway.store.places import Places

_existing = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--tls-cert", type=_existing)
@click.option("--tls-key", type=_existing)
@click.option("--behind-proxy", metavar="ADDRESS", help="forwarded headers are believed only from there")
@click.option("--no-worker", is_flag=True, help="leave the jobs to `worker` processes")
@data_dir
def serve(
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: str | None,
    no_worker: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Serve partners over HTTPS, and work on jobs."""
    settings = settings_for(data_dir)

    async def run() -> None:
        serving.check_address(host, tls=tls_cert is not None, proxy=behind_proxy)
        async with opened(settings, mark="live") as (program, places):
            await serving.check_mark(program, "live")
            await serving.server(
                program,
                places,
                host=host,
                port=port,
                worker=not no_worker,
                certificate=tls_cert,
                key=tls_key,
                proxy=behind_proxy,
            ).serve()

    guarded(run)


@click.command()
@data_dir
def worker(data_dir: Path | None) -> None:
    """Work on jobs alone: for a second process, or a second machine."""
    settings = settings_for(data_dir)
    guarded(lambda: serving.work(settings))


@click.command()
@data_dir
def migrate(data_dir: Path | None) -> None:
    """Bring the databases to the shape that this program knows, as their owner."""
    settings = settings_for(data_dir)

    async def run() -> None:
        with ExitStack() as stack:
            places = locate(settings, stack)
            bring_up_to_date(places)

    guarded(run)
    click.echo("the databases are at the newest migration")


@click.command()
@as_json
@data_dir
def check(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Say whether this installation is sound: packages, settings, database, roles, keys, site, ledger, agreements."""
    settings = settings_for(data_dir)
    found = guarded(lambda: _findings(settings))
    say({name: "ok" if not bad else "; ".join(bad) for name, bad in found.items()}, json=as_json)
    if any(found.values()):
        raise Failed("check: " + ", ".join(f"`{name}`" for name, bad in found.items() if bad))


async def _findings(settings: Settings) -> dict[str, list[str]]:
    found = {"packages": _packages(), "settings": [f"`{v}`: is no setting" for v in unknown_variables()]}
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
            organizations = [o for o, _ in (await uow.registry.organizations()).values()]
        day = program.now().date()
        late = [o.id for o in organizations if o.agreement_expires is not None and o.agreement_expires < day]
        return {
            "keys": keys,
            "site": [] if site is not None else ["no site yet: `lead-gateway ingest lead FILE`"],
            "agreements": [f"`{name}`: has expired" for name in late],
        }
    finally:
        await program.store.close()


def _packages() -> list[str]:
    """All four packages must come from one root: their names could collide with somebody else's."""
    roots = set()
    for name in ("gateway", "adapters", "consent", "mappings"):
        spec = find_spec(name)
        places = [] if spec is None else list(spec.submodule_search_locations or [])
        roots |= {str(Path(place).parent) for place in places} or {f"missing {name}"}
    return [] if len(roots) == 1 else ["gateway, adapters, consent and mappings do not come from one root"]
