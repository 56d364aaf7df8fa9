"""`ingest FEED FILE...`: hand files to an inbound feed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click
from rich.progress import Progress

from adapters.jail import ojbc
from consent.codes import OrganizationKind
from gateway import ingesting, intake
from gateway.commands.errors import BadInput
from gateway.commands.running import as_json, data_dir, run, say, settings_for
from gateway.intake import Envelope, Receipt, Source
from gateway.opening import holds_site
from gateway.program import Program
from mappings.lead.site_file import LeadFileError, read_lead_file

TAKES: Final = MappingProxyType({"lead": "LEAD files (JSON)", "jail": "NIEM booking reports (XML)"})
FEEDS: Final = tuple(TAKES)
LARGEST: Final = 256 << 20  # bytes of one file; a message that is merely too large for its feed is quarantined there
Work = Callable[[Program], Awaitable[dict[str, int]]]


@click.command()
@click.argument("feed", type=click.Choice(FEEDS), metavar="FEED")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@as_json
@data_dir
def ingest(feed: str, files: tuple[Path, ...], as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Hand FILE... to FEED: `lead` takes LEAD files (JSON), `jail` NIEM booking reports. Twice changes nothing.

    LEAD files go in all or none. A booking report that cannot be read waits in quarantine, and is counted.
    """
    contents = [_read(path) for path in files]
    if feed == "lead":
        _check_before_making(contents[0], data_dir)
        say(run(_lead(contents), data_dir, make=True), json=as_json)
    else:
        say(run(_jail(contents), data_dir), json=as_json)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"`FILE`: is larger than {LARGEST} bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise BadInput(f"`FILE`: cannot be read: {reason.lower()}") from None


def _check_before_making(content: bytes, data_dir: Path | None) -> None:
    """Refuse a bad file before a site is made for it."""
    if holds_site(settings_for(data_dir, quiet=True)):
        return
    try:
        read_lead_file(content, at=datetime.now(UTC))
    except LeadFileError as error:
        raise BadInput(str(error)) from None


def _lead(contents: Sequence[bytes]) -> Work:
    async def work(program: Program) -> dict[str, int]:
        return asdict(await ingesting.ingest_all(program.store, contents, program.now()))

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
