"""`ingest FEED FILE...`: hand files to an inbound feed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.progress import Progress

from adapters.jail import ojbc
from consent.codes import OrganizationKind
from gateway import ingesting, intake
from gateway.commands.errors import BadInput
from gateway.commands.running import as_json, data_dir, run, say
from gateway.intake import Envelope, Receipt, Source
from gateway.program import Program

FEEDS = ("lead", "jail")
Work = Callable[[Program], Awaitable[dict[str, int]]]


@click.command()
@click.argument("feed", type=click.Choice(FEEDS))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@as_json
@data_dir
def ingest(feed: str, files: tuple[Path, ...], as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Hand FILE... to FEED: `lead` takes LEAD files (JSON), `jail` NIEM booking reports. Twice changes nothing."""
    contents = [_read(path) for path in files]
    work = _lead(contents) if feed == "lead" else _jail(contents)
    say(run(work, data_dir), json=as_json)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"`FILE`: {(error.strerror or 'cannot be read').lower()}") from None


def _lead(contents: Sequence[bytes]) -> Work:
    async def work(program: Program) -> dict[str, int]:
        total: dict[str, int] = {}
        for content in contents:
            done = asdict(await ingesting.ingest(program.store, content, program.now()))
            total = {name: total.get(name, 0) + count for name, count in done.items()}
        return total

    return work


def _jail(contents: Sequence[bytes]) -> Work:
    async def work(program: Program) -> dict[str, int]:
        source = await jail_source(program)
        total = Receipt()
        with Progress(transient=True, disable=len(contents) < 2) as progress:  # noqa: PLR2004  -- one file needs no bar
            for content in progress.track(contents, description="bookings"):
                envelope = Envelope(content, program.now())
                total += await intake.receive(program.store, envelope, source, program.weights)
        return asdict(total)

    return work


async def jail_source(program: Program) -> Source:
    """Give the jail's feed: behind it stands the one organization of the site that is a jail."""
    async with program.store.unit_of_work() as uow:
        site = await uow.registry.site()
        organizations = await uow.registry.organizations()
    jails = [o.id for o, _ in organizations.values() if o.kind is OrganizationKind.JAIL_CUSTODY]
    if site is None or len(jails) != 1:
        raise BadInput("`FEED`: the site must have exactly one organization of kind `jail-custody`")
    return Source("jail", jails[0], site.timezone, ojbc.split)
