"""`report`: what the law lets go without consent, in fixed fields, by two persons, handed over on paper."""

from pathlib import Path

import click
import orjson

from consent.model import Person
from consent.reports import Addressee, Authority, ReportKind
from gateway import reporting
from gateway.commands.errors import BadInput
from gateway.commands.files import private_folder, write_private
from gateway.commands.running import as_json, data_dir, run, say, say_rows
from gateway.commands.staffing import identity_of
from gateway.commands.stopping import participant_named
from gateway.program import Program

_PARTS = {"participant", "addressee", "fields"}
_ADDRESSEE = {"name", "address", "authority"}
_by = click.option("--by", required=True, metavar="NAME", help="who does it, by name: two persons make a report")
_role = click.option("--role", required=True, metavar="ROLE", help="that person's role: case-manager, supervisor, ...")


@click.group()
def report() -> None:
    """Report a crime on the premises, child abuse or an extreme threat: fixed fields, two persons, no record."""


@report.command("draft")
@click.argument("kind", type=click.Choice([each.value for each in ReportKind]), metavar="KIND")
@click.argument("path", type=click.Path(path_type=Path), metavar="REPORT")
@_by
@_role
@as_json
@data_dir
def draft_report(kind: str, path: Path, by: str, role: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Draft a report from REPORT (JSON: participant, addressee, fields); KIND: premises, child-abuse or threat.

    It has no effect until another person confirms it.
    """
    participant, addressee, fields = _read(path)

    async def work(program: Program) -> dict[str, object]:
        who = await participant_named(program, participant)
        written = reporting.Draft(ReportKind(kind), who, addressee, fields)
        return {"id": str(await reporting.draft(program.store, written, by=Person(by, role), at=program.now()))}

    say(run(work, data_dir), json=as_json)


def _read(path: Path) -> tuple[str, Addressee, dict[str, str]]:
    try:
        raw = orjson.loads(path.read_bytes())
        if raw.keys() != _PARTS or raw["addressee"].keys() != _ADDRESSEE or not isinstance(raw["fields"], dict):
            raise BadInput("`REPORT`: must be an object of addressee (address, authority, name), fields, participant")
        to = raw["addressee"]
        addressee = Addressee(str(to["name"]), str(to["address"]), Authority(to["authority"]))
        return str(raw["participant"]), addressee, raw["fields"]
    except (OSError, ValueError, AttributeError):
        raise BadInput("`REPORT`: must be a JSON file with an authority of its form") from None


@report.command("confirm")
@click.argument("identity", metavar="ID")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR")
@_by
@_role
@as_json
@data_dir
def confirm_report(identity: str, out: Path, by: str, role: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Confirm what another person has drafted: it goes on the ledger, then a text and a PDF are in DIR, once."""
    folder = private_folder(out)

    async def work(program: Program) -> dict[str, object]:
        who = Person(by, role)
        handed = await reporting.confirm(program.store, identity_of(identity), by=who, at=program.now())
        files = write_private(folder, {f"{identity}.txt": handed.text.encode(), f"{identity}.pdf": handed.pdf})
        return {"to": handed.addressee.name, "entry": str(handed.entry), "files": files}

    say(run(work, data_dir), json=as_json)


@report.command("discard")
@click.argument("identity", metavar="ID")
@_by
@_role
@as_json
@data_dir
def discard_report(identity: str, by: str, role: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Close a draft that is not to be made."""

    async def work(program: Program) -> dict[str, object]:
        await reporting.discard(program.store, identity_of(identity), by=Person(by, role), at=program.now())
        return {"discarded": identity}

    say(run(work, data_dir), json=as_json)


@report.command("list")
@as_json
@data_dir
def list_reports(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show the drafts that wait for their second person. Nobody is named."""

    async def work(program: Program) -> list[dict[str, object]]:
        return [
            {"id": str(w.id), "kind": w.kind.value, "to": w.authority.value, "drafted_at": w.drafted_at.isoformat()}
            for w in await reporting.waiting(program.store)
        ]

    say_rows("reports", run(work, data_dir), json=as_json)
