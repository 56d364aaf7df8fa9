"""`legal`: subpoenas, warrants and orders, from the neutral acknowledgement to exactly what an order lists."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import orjson

from consent.codes import OrderFinding, OrderType
from gateway import legal as papers
from gateway.commands.errors import BadInput
from gateway.commands.files import write_private
from gateway.commands.running import as_json, data_dir, run, say, say_rows
from gateway.commands.staffing import by, identity_of
from gateway.commands.stopping import participant_named
from gateway.program import Program
from gateway.store.repositories.affairs import Affairs

_FIELDS = {"participant", "type", "findings", "items", "recipient", "expires"}


@dataclass(frozen=True, slots=True)
class _Order:
    participant: str
    type: OrderType
    findings: frozenset[OrderFinding]
    items: frozenset[str]
    recipient: str
    expires: datetime


@click.group()
def legal() -> None:
    """Take in legal papers, read orders by two persons, print exactly what an order lists, refuse the rest."""


@legal.command("receive")
@click.argument("kind", type=click.Choice(papers.KINDS), metavar="KIND")
@click.option("--from", "sender", required=True, help="who sent it")
@click.option("--reference", required=True, help="the sender's own name for it: a cause number")
@click.option("--participant", default=None, help="whom it is about, if they are known here")
@by
@as_json
@data_dir
def receive_paper(
    kind: str,
    sender: str,
    reference: str,
    participant: str | None,
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Take in a subpoena, a warrant or an order; prints the one acknowledgement, whoever it is about."""

    async def work(program: Program) -> dict[str, object]:
        who = None if participant is None else await participant_named(program, participant)
        identity = await papers.receive(
            program.store, kind, sender=sender, reference=reference, participant=who, by=by, at=program.now()
        )
        return {"id": str(identity), "acknowledgement": papers.ACKNOWLEDGEMENT}

    say(run(work, data_dir), json=as_json)


@legal.command("list")
@as_json
@data_dir
def list_papers(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show the papers that are open: kind, state, due time. Nobody is named."""

    async def work(program: Program) -> list[dict[str, Any]]:
        async with program.store.unit_of_work() as uow:
            found = await Affairs(uow.connection, uow.vault).legal_open()
        return [
            {"id": str(p.id), "kind": p.kind, "state": p.state, "due_at": p.due_at and p.due_at.isoformat()}
            for p in found
        ]

    say_rows("papers", run(work, data_dir), json=as_json)


@legal.command("structure")
@click.argument("identity", metavar="ID")
@click.argument("order", type=click.Path(path_type=Path), metavar="ORDER")
@by
@as_json
@data_dir
def structure_order(identity: str, order: Path, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Read an order into its record from ORDER (JSON: participant, type, findings, items, recipient, expires)."""
    read = _read(order)

    async def work(program: Program) -> dict[str, object]:
        who = await participant_named(program, read.participant)
        draft = papers.Draft(who, read.type, read.findings, read.items, read.recipient, read.expires)
        await papers.structure(program.store, identity_of(identity), draft, by=by, at=program.now())
        return {"structured": identity}

    say(run(work, data_dir), json=as_json)


def _read(path: Path) -> _Order:
    try:
        raw = orjson.loads(path.read_bytes())
        if not isinstance(raw, dict) or raw.keys() != _FIELDS:
            raise BadInput(f"`ORDER`: must be an object of {', '.join(sorted(_FIELDS))}")
        return _Order(
            str(raw["participant"]),
            OrderType(raw["type"]),
            frozenset(OrderFinding(each) for each in raw["findings"]),
            frozenset(str(UUID(each)) for each in raw["items"]),
            str(raw["recipient"]),
            datetime.fromisoformat(raw["expires"]),
        )
    except (OSError, ValueError, TypeError, AttributeError):
        raise BadInput("`ORDER`: must be a JSON file with codes, item ids and a moment of their form") from None


@legal.command("confirm")
@click.argument("identity", metavar="ID")
@by
@as_json
@data_dir
def confirm_order(identity: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Confirm what another person has read in an order; says how many items it lets out."""

    async def work(program: Program) -> dict[str, object]:
        done = await papers.confirm(program.store, identity_of(identity), by=by, at=program.now())
        return {"confirmed": identity, "order": str(done.order), "releases": done.releases}

    say(run(work, data_dir), json=as_json)


@legal.command("print")
@click.argument("identity", metavar="ID")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR")
@by
@as_json
@data_dir
def print_order(identity: str, out: Path, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Print exactly what a confirmed order lists, for whoever it names: a PDF and a Bundle in DIR."""

    async def work(program: Program) -> dict[str, object]:
        handed = await papers.hand_over(
            program.store, identity_of(identity), base_url=program.settings.base_url, by=by, at=program.now()
        )
        files = write_private(out, {f"{identity}.json": handed.bundle, f"{identity}.pdf": handed.pdf})
        return {"recipient": handed.recipient, "files": files}

    say(run(work, data_dir), json=as_json)


@legal.command("refuse")
@click.argument("identity", metavar="ID")
@click.option("--why", required=True, help="kept here, never sent")
@by
@as_json
@data_dir
def refuse_paper(identity: str, why: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Close a paper without releasing anything; prints the one answer."""

    async def work(program: Program) -> dict[str, object]:
        await papers.refuse(program.store, identity_of(identity), why=why, by=by, at=program.now())
        return {"refused": identity, "answer": papers.ANSWER}

    say(run(work, data_dir), json=as_json)
