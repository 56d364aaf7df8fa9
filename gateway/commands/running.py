"""Open the site for one command, run it, and turn whatever goes wrong into one line and an exit code."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson
import sqlalchemy.exc

from adapters.prosecutor.fhir_push import EndpointError
from gateway import ledger
from gateway.approval import ApprovalError
from gateway.commands.errors import BadInput, Failed
from gateway.journal import JournalError
from gateway.log import configure
from gateway.opening import UnsoundError, opened
from gateway.program import Program
from gateway.settings import Settings, SettingsError, load
from gateway.stopping import StopError
from gateway.store.data_directory import DataDirectoryError
from gateway.store.kek import KeyEncryptionKeyError
from gateway.store.keys import KeyStoreError
from gateway.store.unit_of_work import SiteNotConfiguredError
from mappings.lead.site_file import LeadFileError

T = TypeVar("T")

_BAD_INPUT = (SettingsError, LeadFileError, StopError, ApprovalError)
_FAILED = (
    UnsoundError,
    DataDirectoryError,
    KeyEncryptionKeyError,
    KeyStoreError,
    JournalError,
    SiteNotConfiguredError,
    EndpointError,
)

data_dir = click.option(
    "--data-dir", type=click.Path(path_type=Path), default=None, help="the folder of the site [LEAD_DATA_DIR, data]"
)
as_json = click.option("--json", "as_json", is_flag=True, help="print JSON")


def settings_for(data_dir: Path | None, **more: Any) -> Settings:
    """Give the settings of this call; BadInput with one line where one breaks its rule."""
    try:
        settings = load(data_dir=data_dir, **more)
    except SettingsError as error:
        raise BadInput(str(error)) from None
    configure(settings.log_level)
    return settings


def run(work: Callable[[Program], Awaitable[T]], data_dir: Path | None, *, mark: str = "live") -> T:
    """Open the site, do the work, seal what it wrote on the ledger."""
    return guarded(lambda: _open_and_run(work, settings_for(data_dir), mark))


async def _open_and_run(work: Callable[[Program], Awaitable[T]], settings: Settings, mark: str) -> T:
    async with opened(settings, mark=mark) as (program, _):
        result = await work(program)
        await ledger.seal_once(program.store, program.now())
        return result


def guarded(make: Callable[[], Awaitable[T]]) -> T:
    """Run to the end; known errors become one line, unknown ones one line that names their class and nothing else."""
    try:
        return asyncio.run(_awaited(make))
    except click.ClickException:
        raise
    except _BAD_INPUT as error:
        raise BadInput(str(error)) from None
    except _FAILED as error:
        raise Failed(str(error)) from None
    except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
        raise Failed(_storage_line(error)) from None
    except Exception as error:  # noqa: BLE001  -- a traceback could show a participant
        raise Failed(f"`{type(error).__name__}`: the work was not done, nothing half-done was kept") from None


async def _awaited(make: Callable[[], Awaitable[T]]) -> T:
    return await make()


def _storage_line(error: Exception) -> str:
    """Give what is the matter with the storage, without anything that a statement contained."""
    if isinstance(error, OSError):
        return f"storage: {(error.strerror or 'cannot be used').lower()}"
    code = getattr(getattr(error, "orig", None), "sqlstate", None)
    reasons = {
        "53100": "the disk is full",
        "57P01": "the database is shutting down",
        "25006": "the database is read-only",
    }
    return f"database: {reasons.get(code or '', 'cannot be used now')}, nothing half-done was kept"


def say(value: Any, *, json: bool) -> None:
    """Print JSON, or lines."""
    if json:
        click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
    else:
        for name, content in value.items():
            click.echo(f"{name}: {content}")
