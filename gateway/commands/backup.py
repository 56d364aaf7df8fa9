"""`backup`, `restore`, `confirm-restore`: a site in two files, and back again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import click

from gateway import restore as restoring
from gateway.aside import set_aside
from gateway.backup import Secrets, back_up, back_up_keys
from gateway.backup_file import BackupError
from gateway.commands.errors import BadInput
from gateway.commands.running import as_json, data_dir, guarded, run, say, settings_for
from gateway.opening import UnsoundError, bring_up_to_date, compose, locate, opened
from gateway.program import Program
from gateway.settings import Settings
from gateway.store.data_directory import prepare
from gateway.store.dump import DumpError
from gateway.store.places import Places
from gateway.store.sealing import SealedDataError

T = TypeVar("T")

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_keys = click.option("--keys", is_flag=True, help="the key store, and not the data")
_passphrase = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="its first line seals the file  [data: a key of the key store; keys: the key-encryption key]",
)


@click.command("backup")
@_file
@_keys
@_passphrase
@as_json
@data_dir
def backup(file: Path, keys: bool, passphrase_file: Path | None, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Copy the data to a new, encrypted FILE while the site runs. No participant's key is in it.

    The keys have a backup of their own, `backup --keys FILE`, taken after that of the data, to another place.
    """

    async def work(program: Program, places: Places) -> dict[str, object]:
        secrets = Secrets(program.settings, program.store.keys, _words(passphrase_file))
        copy = back_up_keys if keys else back_up
        return asdict(await copy(places, secrets, file, program.now()))

    settings = settings_for(data_dir, quiet=True)

    async def whole() -> dict[str, object]:
        async with opened(settings, make=False) as (program, places):
            return await _refusing(lambda: work(program, places))

    say(guarded(whole, settings), json=as_json)


@click.command("restore")
@_file
@_keys
@_passphrase
@click.option("--journal-incomplete", is_flag=True, help="go on though the journal is lost, or damaged")
@as_json
@data_dir
def restore(
    file: Path,
    keys: bool,  # noqa: FBT001  -- click passes flags so
    passphrase_file: Path | None,
    journal_incomplete: bool,  # noqa: FBT001  -- likewise
    as_json: bool,  # noqa: FBT001  -- likewise
    data_dir: Path | None,
) -> None:
    """Load the FILE of a backup into an empty site. Nothing leaves it until `confirm-restore`.

    Put the key-encryption key, the journal and the checkpoints into the data directory first, then restore the keys,
    then the data. A file that was changed, cut short, or sealed by another key is refused, and nothing is changed.
    """
    if not file.is_file():
        raise BadInput("`FILE`: must be a file that is there and can be read")
    settings = settings_for(data_dir, quiet=True)

    async def work(program: Program, places: Places) -> dict[str, object]:
        secrets = Secrets(settings, program.store.keys, _words(passphrase_file))
        if keys:
            return {"keys": await restoring.restore_keys(places, secrets, file)}
        at = program.now()
        done = await restoring.restore(program.store, places, secrets, file, at=at, incomplete=journal_incomplete)
        return _told(done)

    async def whole() -> dict[str, object]:
        async with _reached(settings) as (program, places):
            return await _refusing(lambda: work(program, places))

    say(guarded(whole, settings), json=as_json)


def _told(done: restoring.Restored) -> dict[str, object]:
    found = asdict(done)
    found["replay"] = ", ".join(f"{name} {number}" for name, number in done.replay.items()) or "nothing"
    found |= {"damaged": list(done.damaged), "lifts": list(done.lifts)}
    return {**found, "held": "nothing leaves until a privacy officer says `confirm-restore`"}


@click.command("confirm-restore")
@click.option("--by", required=True, help="the staff id of the privacy officer who confirms, for the ledger")
@as_json
@data_dir
def confirm_restore(by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Let a restored site send again, once every stop of the lost hours is seen to be in force."""

    async def work(program: Program) -> dict[str, object]:
        try:
            deliveries = await restoring.confirm(program.store, by=by, at=program.now())
        except restoring.ConfirmationError as error:
            raise BadInput(str(error)) from None
        set_aside(program.settings.checkpoint_dir)  # should the restore have died at its very last step
        return {"deliveries": deliveries, "by": by.strip()}

    say(run(work, data_dir), json=as_json)


def _words(path: Path | None) -> str | None:
    if path is None:
        return None
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[0].strip() if lines else ""


async def _refusing(work: Callable[[], Awaitable[T]]) -> T:
    """Do it; what was wrong with what was handed in is exit 2."""
    try:
        return await work()
    except (BackupError, DumpError) as error:
        raise BadInput(str(error)) from None
    except SealedDataError:
        raise BadInput("`journal` in the data directory: was changed, or is of another site") from None


@asynccontextmanager
async def _reached(settings: Settings) -> AsyncIterator[tuple[Program, Places]]:
    """Reach the databases as they are, with nothing in them if they are new: whoever restores makes no site first."""
    with ExitStack() as stack:
        prepare(settings.data_dir)
        places = locate(settings, stack)
        if settings.database_url is None:
            bring_up_to_date(places)
        if unsound := places.problems():
            raise UnsoundError(unsound[0])
        program = compose(settings, places)
        try:
            yield program, places
        finally:
            await program.close()
