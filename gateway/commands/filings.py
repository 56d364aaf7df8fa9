"""`consents`: what partners' systems filed waits for a privacy officer, who verifies it element by element."""

from pathlib import Path
from typing import Any
from uuid import UUID

import click
import orjson

from consent.failing import Failing
from consent.model import Consent
from consent.review import Circumstances
from gateway import verifying
from gateway.commands.errors import BadInput, Failed
from gateway.commands.running import as_json, data_dir, run, say, say_rows
from gateway.commands.staffing import identity_of
from gateway.commands.stopping import participant_named
from gateway.ingesting import read_references
from gateway.program import Program
from mappings.lead.site_checks import KnownIds
from mappings.lead.site_file import read_lead_file
from mappings.tables.minors import load_ages

by = click.option(
    "--by", required=True, help="the privacy officer who does it; a person stands for that, on the ledger"
)


@click.group()
def consents() -> None:
    """Verify what partners filed as consents, element by element, or refuse it."""


@consents.command("list")
@as_json
@data_dir
def list_filed(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show what waits: who filed it, when. Nobody is named."""

    async def work(program: Program) -> list[dict[str, Any]]:
        return await verifying.waiting(program.store)

    say_rows("consents", run(work, data_dir), json=as_json)


@consents.command("show")
@click.argument("identity", metavar="ID")
@by
@as_json
@data_dir
def show_filed(identity: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show what was filed, with its papers. That is a use, and on the ledger."""

    async def work(program: Program) -> dict[str, Any]:
        return await verifying.read(program.store, identity_of(identity), by=by, at=program.now())

    say(run(work, data_dir), json=as_json)


@consents.command("verify")
@click.argument("identity", metavar="ID")
@click.argument("form", type=click.Path(path_type=Path), metavar="FORM")
@click.option(
    "--element", "elements", multiple=True, help="an element (C-01 ... C-13) as seen on the paper; each again"
)
@click.option("--not-conditioned", is_flag=True, help="no treatment, payment or benefit depended on signing")
@click.option("--may-decline", is_flag=True, help="the form lets the participant decline fundraising")
@by
@as_json
@data_dir
def verify_filed(
    identity: str,
    form: Path,
    elements: tuple[str, ...],
    not_conditioned: bool,  # noqa: FBT001  -- click passes flags so
    may_decline: bool,  # noqa: FBT001  -- click passes flags so
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Put a filed consent in force as FORM (a LEAD file with this one form in `rois`) reads it off the paper.

    Exit 1, with what is lacking and what cures it, where the law lets it not count; then nothing is changed.
    """
    content = _read(form)
    known = Circumstances(conditioned=False if not_conditioned else None, may_decline=may_decline or None)

    async def work(program: Program) -> tuple[Failing, ...]:
        read, participant = await _form(program, content)
        return await verifying.verify(
            program.store,
            identity_of(identity),
            read,
            participant=participant,
            seen=frozenset(elements),
            circumstances=known,
            ages=load_ages(),
            by=by,
            at=program.now(),
        )

    lacking = _run(work, data_dir)
    if lacking:
        raise Failed("; ".join(f"{each.element} ({each.cite}) `{each.field}`: {each.cure}" for each in lacking))
    say({"verified": identity}, json=as_json)


@consents.command("refuse")
@click.argument("identity", metavar="ID")
@click.option("--why", required=True, help="kept here, never sent")
@by
@as_json
@data_dir
def refuse_filed(identity: str, why: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Close a filed consent that is none."""

    async def work(program: Program) -> None:
        await verifying.refuse(program.store, identity_of(identity), why=why, by=by, at=program.now())

    _run(work, data_dir)
    say({"refused": identity}, json=as_json)


def _run(work: Any, data_dir: Path | None) -> Any:
    async def told(program: Program) -> Any:
        try:
            return await work(program)
        except verifying.VerifyError as error:
            raise BadInput(str(error)) from None

    return run(told, data_dir)


async def _form(program: Program, content: bytes) -> tuple[Consent, UUID]:
    """Read the one form of a LEAD file, and whose it is. Raises LeadFileError and BadInput."""
    async with program.store.unit_of_work() as uow:
        named = [one for one in read_references(content) if await uow.participants.find(one) is not None]
        organizations = {name: one for name, (one, _) in (await uow.registry.organizations()).items()}
    file = read_lead_file(content, KnownIds(organizations, frozenset(named)), at=program.now())
    others = (file.enrollments, file.partners, file.clients, file.records, file.plans, file.intakes)
    if len(file.rois) != 1 or file.site is not None or any(others):
        raise BadInput("`FORM`: must hold exactly one form in `rois`, and nothing else")
    return file.rois[0], await participant_named(program, file.rois[0].participant)


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        orjson.loads(content)
    except (OSError, ValueError):
        raise BadInput("`FORM`: must be a JSON file") from None
    return content
