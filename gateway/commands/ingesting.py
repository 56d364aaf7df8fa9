"""`ingest FEED FILE...`: hand files to an inbound feed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click
from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task
from rich.text import Text

from gateway import ingesting, intake
from gateway.commands.errors import BadInput
from gateway.commands.running import as_json, data_dir, run, say, settings_for
from gateway.feeds import FeedSetupError, find_source
from gateway.intake import Envelope, Receipt, Source
from gateway.opening import holds_site
from gateway.program import Program
from mappings.lead.site_file import LeadFileError, read_lead_file

TAKES: Final = MappingProxyType({"lead": "LEAD files (JSON)", "jail": "NIEM booking reports (XML)"})
LARGEST: Final = 256 << 20  # bytes of one file; a message that is merely too large for its feed is quarantined there
Work = Callable[[Program], Awaitable[dict[str, int]]]


@click.command()
@click.argument("feed", metavar="FEED")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@as_json
@data_dir
def ingest(feed: str, files: tuple[Path, ...], as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Hand FILE... to FEED: `lead` takes LEAD files (JSON), the others what `feeds list` says. Twice changes nothing.

    LEAD files go in all or none. Of any other feed, a file that cannot be read waits in quarantine, and is counted.
    """
    contents = [read_file(path) for path in files]
    if feed == "lead":
        _check_before_making(contents[0], data_dir)
        say(run(_lead(contents), data_dir, make=True), json=as_json)
    else:
        say(run(_inbound(feed, contents), data_dir), json=as_json)


def read_file(path: Path) -> bytes:
    """Give what is in a file of at most LARGEST bytes. Raises BadInput."""
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


def _inbound(feed: str, contents: Sequence[bytes]) -> Work:
    async def work(program: Program) -> dict[str, int]:
        source = await source_named(program, feed)
        total = Receipt()
        with _bar(len(contents)) as progress:
            for content in progress.track(contents, description="messages"):
                envelope = Envelope(content, program.now())
                total += await intake.receive(program.store, envelope, source, program.weights)
        return asdict(total)

    return work


def _bar(number: int) -> Progress:
    """Give a bar with rate and remaining time, on standard error; one message needs none."""
    columns = (*Progress.get_default_columns(), _Rate())
    return Progress(*columns, transient=True, disable=number < 2, console=Console(stderr=True))  # noqa: PLR2004  -- as it says


class _Rate(ProgressColumn):
    """How many in a second."""

    def render(self, task: Task) -> Text:
        """Write it, nothing before it is known."""
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s", style="progress.data.speed")


async def jail_source(program: Program) -> Source:
    """Give the feed `jail`: as registered, or that of the one organization of the site that is a jail."""
    return await source_named(program, "jail")


async def source_named(program: Program, name: str) -> Source:
    """Give a feed by its name. Raises BadInput."""
    async with program.store.unit_of_work() as uow:
        try:
            return await find_source(uow, name)
        except FeedSetupError as error:
            raise BadInput(str(error)) from None
