"""`proposals`, `approve`, `decline`, `nothing-helpful`: a person says yes or no to exactly what would leave."""

from pathlib import Path
from typing import Any

import click

from consent.adverse import adverse_terms
from gateway import approval, use
from gateway.approval import Edit
from gateway.commands.errors import BadInput
from gateway.commands.running import STAFF, as_json, data_dir, run, say
from gateway.commands.staffing import by, identity_of
from gateway.program import Program


@click.command()
@as_json
@data_dir
def proposals(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show what waits for approval; with --json, exactly what the recipient would get.

    Looking is a Use, and is recorded.
    """

    async def work(program: Program) -> list[dict[str, Any]]:
        return await use.read_waiting(program.store, staff=STAFF, at=program.now())

    found = run(work, data_dir)
    if as_json:
        say({"proposals": found}, json=True)
    for proposal in [] if as_json else found:
        click.echo(
            f"{proposal['id']}  to {proposal['recipient']} for {proposal['purpose']}: {proposal['items']} item(s)"
        )


@click.command()
@click.argument("identity", metavar="ID")
@click.option("--item", "items", multiple=True, metavar="ITEM", help="keep only this; may be given again")
@click.option("--summary", type=click.Path(path_type=Path), default=None, metavar="FILE", help="your own words with it")
@click.option("--knowing", is_flag=True, help="let adverse terms in the summary stand")
@by
@as_json
@data_dir
def approve(
    identity: str,
    items: tuple[str, ...],
    summary: Path | None,
    knowing: bool,  # noqa: FBT001  -- click passes flags so
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Approve a proposal, or less of it. At its window everything is decided once more; only the same bytes leave.

    Words in a summary that may speak against the participant are pointed out: place by place, before it goes.
    """
    edit = Edit(items or None, None if summary is None else _read(summary))

    async def work(program: Program) -> dict[str, object]:
        delivery = await approval.approve(
            program.store,
            program.settings,
            identity_of(identity),
            at=program.now(),
            by=by,
            edit=edit,
            knowing=knowing,
        )
        return {"delivery": str(delivery.id), "due_at": delivery.due_at.isoformat(), **_pointed_out(edit)}

    say(run(work, data_dir), json=as_json)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInput("`--summary`: must be a file of plain text in UTF-8") from None


def _pointed_out(edit: Edit) -> dict[str, object]:
    found = () if edit.summary is None else adverse_terms(edit.summary)
    places = [{"start": f.start, "end": f.end, "category": f.category.value, "because": f.because} for f in found]
    return {"adverse": places} if places else {}


@click.command()
@click.argument("identity", metavar="ID")
@click.option("--why", required=True, help="kept here, never sent")
@by
@as_json
@data_dir
def decline(identity: str, why: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Decline a proposal. Who asked gets the neutral answer at its due time."""

    async def work(program: Program) -> dict[str, object]:
        await approval.decline(program.store, identity_of(identity), why=why, at=program.now(), by=by)
        return {"declined": identity}

    say(run(work, data_dir), json=as_json)


@click.command("nothing-helpful")
@click.argument("identity", metavar="ID")
@by
@as_json
@data_dir
def nothing_helpful(identity: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Decide that there is nothing helpful to share: who asked gets that answer at its due time."""

    async def work(program: Program) -> dict[str, object]:
        await approval.nothing_helpful(program.store, identity_of(identity), at=program.now(), by=by)
        return {"nothing_helpful": identity}

    say(run(work, data_dir), json=as_json)
