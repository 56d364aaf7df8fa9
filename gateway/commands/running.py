"""Open the site for one command, run it, and turn whatever goes wrong into one line and an exit code."""

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import orjson

from adapters.prosecutor.fhir_push import EndpointError
from adapters.staff.nudge import ContactError
from gateway import ledger
from gateway.approval import ApprovalError
from gateway.commands.errors import BadInput, Failed
from gateway.conference import ConferenceError
from gateway.defending import DefenderError
from gateway.delegating import DelegationError
from gateway.duties import DutyError
from gateway.emergency import EmergencyError
from gateway.feeds import FeedSetupError
from gateway.incidents import IncidentError
from gateway.journal import JournalError
from gateway.legal import LegalError
from gateway.log import configure
from gateway.matching import MatchError
from gateway.opening import NoSiteError, UnsoundError, opened
from gateway.program import Program
from gateway.registering import RegistrationError
from gateway.reporting import ReportingError
from gateway.serving import AddressError
from gateway.settings import Settings, SettingsError, load
from gateway.standing import StandingError
from gateway.stopping import StopError
from gateway.store.data_directory import DataDirectoryError
from gateway.store.failures import database_line, is_unreachable
from gateway.store.kek import KeyEncryptionKeyError
from gateway.store.keys import KeyStoreError
from gateway.store.unit_of_work import SiteNotConfiguredError
from gateway.unlinking import UnlinkError
from mappings.lead.site_file import LeadFileError

T = TypeVar("T")

_BAD_INPUT = (
    SettingsError,
    LeadFileError,
    StopError,
    ApprovalError,
    AddressError,
    NoSiteError,
    DutyError,
    ContactError,
    DelegationError,
    StandingError,
    ConferenceError,
    EmergencyError,
    LegalError,
    DefenderError,
    UnlinkError,
    MatchError,
    IncidentError,
    RegistrationError,
    FeedSetupError,
    ReportingError,
)
_FAILED = (
    UnsoundError,
    DataDirectoryError,
    KeyEncryptionKeyError,
    KeyStoreError,
    JournalError,
    SiteNotConfiguredError,
    EndpointError,
)
STAFF: Final = "command line"  # who looked, as the ledger has it: whoever may run commands on this machine
_FULL: Final = 1 << 20  # bytes: with less than that left, PostgreSQL cannot go on

data_dir = click.option(
    "--data-dir", type=click.Path(path_type=Path), default=None, help="the folder of the site [LEAD_DATA_DIR, data]"
)
as_json = click.option("--json", "as_json", is_flag=True, help="print JSON")


def settings_for(data_dir: Path | None, *, quiet: bool = False, **more: Any) -> Settings:
    """Give the settings of this call; BadInput with one line where one breaks its rule.

    `quiet`: a command that ends by itself says what failed in its one line, not in the log as well.
    """
    try:
        settings = load(data_dir=data_dir, **more)
    except SettingsError as error:
        raise BadInput(str(error)) from None
    configure("critical" if quiet and settings.log_level != "debug" else settings.log_level)
    return settings


def run(work: Callable[[Program], Awaitable[T]], data_dir: Path | None, *, make: bool = False) -> T:
    """Open the site, do the work, seal what it wrote on the ledger. `make`: a site that is not there yet is made."""
    settings = settings_for(data_dir, quiet=True)
    return guarded(lambda: _open_and_run(work, settings, make=make), settings)


async def _open_and_run(work: Callable[[Program], Awaitable[T]], settings: Settings, *, make: bool) -> T:
    async with opened(settings, make=make) as (program, _):
        result = await work(program)
        with contextlib.suppress(Exception):  # the work is done and committed; whoever comes next seals it
            await ledger.seal_once(program.store, program.now())
        return result


def guarded(make: Callable[[], Awaitable[T]], settings: Settings) -> T:
    """Run to the end; known errors become one line, unknown ones one line that names their class and nothing else."""
    try:
        return asyncio.run(_awaited(make))
    except click.ClickException:
        raise
    except _BAD_INPUT as error:
        raise BadInput(str(error)) from None
    except _FAILED as error:
        raise Failed(str(error)) from None
    except Exception as error:  # noqa: BLE001  -- a traceback could show a participant
        raise Failed(_line(error, settings)) from None


async def _awaited(make: Callable[[], Awaitable[T]]) -> T:
    return await make()


def _line(error: Exception, settings: Settings) -> str:
    """Say what is the matter, without anything that a statement, a row or a message contained."""
    line = database_line(error)
    if line is not None and is_unreachable(error) and _is_full(settings):
        return "database: is out of disk space, nothing half-done was kept"
    if line is None and isinstance(error, OSError):
        line = f"storage: {(error.strerror or 'cannot be used').lower()}"
    return line or f"`{type(error).__name__}`: the work was not done, nothing half-done was kept"


def _is_full(settings: Settings) -> bool:
    """Whether the embedded server, which goes down when its disk is full, can have gone for that reason."""
    with contextlib.suppress(OSError):
        return settings.database_url is None and shutil.disk_usage(settings.data_dir).free < _FULL
    return False


def say(value: dict[str, Any], *, json: bool) -> None:
    """Print JSON, or lines."""
    if json:
        click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
    else:
        for name, content in value.items():
            click.echo(f"{name}: {content}")


def say_rows(name: str, rows: list[dict[str, Any]], *, json: bool) -> None:
    """Print rows as JSON under a name, or each as a line."""
    if json:
        say({name: rows}, json=True)
    for row in [] if json else rows:
        click.echo("  ".join(f"{key}={_cell(value)}" for key, value in row.items()))


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(str(each) for each in value) or "-"
    return "-" if value is None else str(value)
