"""`conference`: from an agenda to one packet for each organization at the table."""

from datetime import datetime
from pathlib import Path

import click

from gateway import conference as meetings
from gateway.commands.errors import BadInput
from gateway.commands.files import private_folder, write_private
from gateway.commands.running import as_json, data_dir, run, say
from gateway.commands.staffing import by, moment
from gateway.program import Program
from mappings.lead.agenda import Agenda, AgendaError, read_agenda


@click.command()
@click.argument("agenda", type=click.Path(path_type=Path), metavar="AGENDA")
@click.option("--at", type=moment, default=None, metavar="TIME", help="when it is, where the agenda does not say")
@click.option("--approve", is_flag=True, help="approve, by your name, whatever of it waits")
@click.option("--out", type=click.Path(path_type=Path), default=None, metavar="DIR", help="print what was approved")
@by
@as_json
@data_dir
def conference(
    agenda: Path,
    at: datetime | None,
    approve: bool,  # noqa: FBT001  -- click passes flags so
    out: Path | None,
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Prepare a case conference from AGENDA (JSON or CSV), and print the packets of what was approved.

    Without --approve what waits is approved one by one (`proposals`, `approve`); run it again afterwards. Each
    organization gets a Bundle and a PDF of only what it may see; printing is a disclosure, decided and accounted for.
    """
    read = _read(agenda, at)
    folder = None if out is None else private_folder(out)

    async def work(program: Program) -> dict[str, object]:
        prepared = await meetings.prepare(program.store, read, by=by, at=program.now())
        done: dict[str, object] = {"conference": str(prepared.id), "waiting": prepared.waiting}
        if approve:
            done["approved"] = await meetings.approve_all(program.store, read, by=by, at=program.now())
            done["waiting"] = prepared.waiting - int(str(done["approved"]))
        if folder is not None:
            done["packets"] = await _print(program, read, by, folder)
        return done

    say(run(work, data_dir), json=as_json)


async def _print(program: Program, read: Agenda, by: str, folder: Path) -> list[str]:
    base_url = program.settings.base_url
    made = await meetings.hand_over(program.store, read, base_url=base_url, by=by, at=program.now())
    stem = f"{program.now():%Y%m%dT%H%M%S%f}"
    files: list[str] = []
    for packet in made:
        name = f"{stem}-{packet.organization.replace(':', '-').replace('/', '-')}"
        files += write_private(folder, {f"{name}.json": packet.bundle, f"{name}.pdf": packet.pdf})
    return files


def _read(path: Path, at: datetime | None) -> Agenda:
    try:
        return read_agenda(path.read_bytes(), at=at)
    except OSError:
        raise BadInput("`AGENDA`: cannot be read") from None
    except AgendaError as error:
        raise BadInput(str(error)) from None
